"""`petra plugins`: what is installed, and new plugins."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from petra.cli.console.output import plural, print_json, print_table, tinted
from petra.cli.console.session import Session, json_option, with_session

if TYPE_CHECKING:
    from petra.plugin import Plugin, PluginFault

_NAMED = 4


@click.group()
def plugins() -> None:
    """List, examine, certify and create plugins."""


@plugins.command(name="list")
@json_option
@with_session
def list_(session: Session, *, as_json: bool) -> int:
    """List the plugins; the exit code is 1 when one is in quarantine."""
    catalog = session.catalog
    if as_json:
        print_json(
            {
                "plugins": [_plugin_as_dict(plugin) for plugin in catalog.plugins],
                "quarantined": [_fault_as_dict(fault) for fault in catalog.faults],
            }
        )
        return 1 if catalog.faults else 0
    if catalog.plugins:
        rows = [(p.name, p.distribution, p.version, _offers_in_short(p)) for p in catalog.plugins]
        print_table(("plugin", "distribution", "version", "offers"), rows)
    elif not catalog.faults:
        click.echo("no plugins are installed; pip install petra-s7, petra-modbus, ... or petra plugins new")
    for fault in catalog.faults:
        click.echo(f"{tinted('quarantined', 'red')}: {fault}", err=True)
    return 1 if catalog.faults else 0


def _offers_in_short(plugin: Plugin) -> str:
    """Return what a plugin offers: by name, or how many where there are too many for a line."""
    names: dict[str, list[str]] = defaultdict(list)
    for offer in plugin.offers:
        names[offer.group.value].append(offer.name)
    return ", ".join(
        f"{noun}{'s' if len(named) > 1 else ''} {' '.join(named)}"
        if len(named) <= _NAMED
        else plural(len(named), noun)
        for noun, named in names.items()
    )


def _plugin_as_dict(plugin: Plugin) -> dict[str, object]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "summary": plugin.summary,
        "offers": [{"group": offer.group.value, "name": offer.name} for offer in plugin.offers],
    }


def _fault_as_dict(fault: PluginFault) -> dict[str, object]:
    return {
        "name": fault.name,
        "distribution": fault.distribution,
        "version": fault.version,
        "stage": fault.stage.value,
        "message": fault.message,
    }


@plugins.command()
@click.argument("name")
@json_option
@with_session
def info(session: Session, name: str, *, as_json: bool) -> int:
    """Show what a plugin offers, or one thing that it offers.

    NAME is a plugin, a distribution, a block type, a section or a command.
    """
    from petra.cli.installation.describe import describe_offer, describe_plugin
    from petra.errors import PluginNotFoundError
    from petra.plugin import PluginFault

    catalog = session.catalog
    offers = [offer for space in ("block type", "section", "command") if (offer := catalog.find(space, name))]
    try:
        found = catalog.plugin(name)
    except PluginNotFoundError:
        if not offers:
            raise
        described = [describe_offer(offer) for offer in offers]
        if as_json:
            print_json(described if len(described) > 1 else described[0])
        else:
            click.echo("\n\n".join(_as_text(thing) for thing in described))
        return 0
    if isinstance(found, PluginFault):
        if as_json:
            print_json({**_fault_as_dict(found), "details": found.details})
        else:
            click.echo(f"{found}\n\n{found.details}".strip())
        return 1
    described_plugin = describe_plugin(found)
    if as_json:
        print_json(described_plugin)
    else:
        click.echo(f"{found.name}: {found.distribution} {found.version}".rstrip())
        if found.summary:
            click.echo(found.summary)
        for offer in found.offers:
            click.echo("\n" + _as_text(describe_offer(offer)))
    return 0


def _as_text(thing: dict[str, object]) -> str:
    from petra.cli.installation.describe import as_text

    return as_text(thing)


@plugins.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@json_option
@with_session
def certify(session: Session, names: tuple[str, ...], *, as_json: bool) -> int:
    """Check that plugins keep the contract: loadable, documented, honest about what they import, light.

    NAME is a plugin or a distribution that is installed, or a file of --plugins-dir. The exit code is 1 when
    a check fails. Run it in your own CI.
    """
    from petra.certify.audit import audit_plugin
    from petra.certify.conformance import check_conformance
    from petra.plugin.faults import PluginFault

    reports = {}
    for name in names:
        findings = list(check_conformance(session.catalog, name))
        if not isinstance(plugin := session.catalog.plugin(name), PluginFault):
            findings.extend(audit_plugin(plugin))
        reports[name] = findings
    failed = sum(not finding.good for findings in reports.values() for finding in findings)
    if as_json:
        print_json(
            {
                name: [{"check": f.check, "good": f.good, "wrong": f.wrong} for f in findings]
                for name, findings in reports.items()
            }
        )
        return 1 if failed else 0
    for name, findings in reports.items():
        for finding in findings:
            mark = tinted("good", "green") if finding.good else tinted("bad ", "red")
            click.echo(f"{mark}  {name} {finding.check}" + (f": {finding.wrong}" if finding.wrong else ""))
    click.echo(f"{plural(sum(map(len, reports.values())), 'check')}, {failed} failed")
    return 1 if failed else 0


@plugins.command()
@click.argument("name")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Parent folder."
)
def new(name: str, into: Path) -> None:
    """Write a new plugin: a distribution that builds, is tested and can be published."""
    from petra.cli.installation.new import write_plugin

    folder = write_plugin(name, into)
    click.echo(f"{folder}/ is a plugin with a block, a test of it, and a README.")
    click.echo(f"\nNext:\n  cd {folder}\n  pip install -e '.[test]'\n  pytest\n  petra plugins list")
