"""One assertion for the whole contract of a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petra.plugin import Catalog


def assert_plugin_conforms(plugin: str | object, catalog: Catalog | None = None) -> None:
    """Raise AssertionError with every rule that a plugin breaks.

    `plugin` is the name of an installed plugin, or a module (or any object) with its hooks. The checks are
    those of `petra plugins certify`: the plugin loads, everything is documented, defaults are valid, blocks
    give the same results twice, and the distribution declares its imports.
    """
    from petra.certify import audit_plugin, check_conformance
    from petra.plugin import Catalog, PluginFault

    if isinstance(plugin, str):
        name, catalog = plugin, catalog or Catalog.load()
    else:
        catalog = Catalog.of(plugin)
        name = catalog.plugins[0].name if catalog.plugins else catalog.faults[0].name
    findings = list(check_conformance(catalog, name))
    found = catalog.plugin(name)
    if not isinstance(found, PluginFault):
        findings.extend(audit_plugin(found))
    broken = [f"{finding.check}: {finding.wrong}" for finding in findings if not finding.good]
    if broken:
        raise AssertionError(f"the plugin {name!r} does not conform:\n  " + "\n  ".join(broken))
