"""The services that a configuration asks for, before any of them is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from petra.errors import PetraError
from petra.plugin.groups import OfferGroup

if TYPE_CHECKING:
    from petra.config import Configuration
    from petra.plugin import Catalog
    from petra.services import Service, ServiceSettings


@frozen
class ServicePlan:
    """A service that is to run: what it is made of, and where it runs. Equal plans make equal services."""

    name: str
    kind: str
    """The section that it comes from."""
    process: bool
    """Whether it runs in a process of its own."""
    config: ServiceSettings
    plugin: str
    module: object = field(eq=False, repr=False)
    """The module of the plugin."""
    make: Callable[[Any], Service] = field(eq=False, repr=False)

    def build(self) -> Service:
        """Make the service; PetraError says what cannot be made."""
        try:
            return self.make(self.config)
        except PetraError:
            raise
        except (Exception, SystemExit) as error:
            raise PetraError(
                f"the plugin {self.plugin} cannot build the service {self.name!r}: {error!r}"
            ) from error


def services_of(configuration: Configuration, catalog: Catalog) -> list[ServicePlan]:
    """Return the services that a configuration asks for; PetraError when two have the same name."""
    plans = list(_plans(configuration, catalog))
    names: set[str] = set()
    for plan in plans:
        if plan.name in names:
            raise PetraError(f"two services are called {plan.name!r}; give each a `name` of its own")
        names.add(plan.name)
    return plans


def _plans(configuration: Configuration, catalog: Catalog) -> Iterator[ServicePlan]:
    modules = {plugin.name: plugin.module for plugin in catalog.plugins}
    for section, configs in configuration.sections.items():
        offer = catalog.find("section", section)
        if offer is None or offer.group is not OfferGroup.SERVICE:
            continue
        kind, module = offer.service, modules[offer.plugin]
        for config in configs:
            if config.enabled:
                process = kind.process if config.process is None else config.process
                name = config.name or section
                yield ServicePlan(name, section, process, config, offer.plugin, module, kind.build)
