"""The drivers that a configuration asks for, before any of them runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from petra.errors import PetraError
from petra.plugin.groups import OfferGroup

if TYPE_CHECKING:
    from petra.config import Configuration
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.point import Point
    from petra.plugin import Catalog
    from petra.signals import Layout

log = logging.getLogger("petra.engine")

Placing = Callable[[str], tuple[bool, object]]
"""Returns what matters of a signal to a driver: whether a block writes it, and what it holds."""


class DriverSection(NamedTuple):
    """A section of a document with its drivers, and the plugin that has made them."""

    name: str
    plugin: str
    drivers: list[Driver]


def drivers_of(configuration: Configuration, catalog: Catalog) -> list[Driver]:
    """Make the drivers that a configuration asks for; PetraError says what cannot be made."""
    return [driver for section in sections_of(configuration, catalog) for driver in section.drivers]


def sections_of(configuration: Configuration, catalog: Catalog) -> list[DriverSection]:
    """Make the drivers that a configuration asks for, by section; PetraError says what cannot be made."""
    made: list[DriverSection] = []
    for name, configs in configuration.sections.items():
        offer = catalog.find("section", name)
        if offer is None or offer.group is not OfferGroup.DRIVER:
            continue
        section = DriverSection(name, offer.plugin, [])
        made.append(section)
        for config in configs:
            try:
                section.drivers.extend(offer.driver.build(config))
            except PetraError:
                raise
            except (Exception, SystemExit) as error:
                raise PetraError(f"the plugin {offer.plugin} cannot build {name!r}: {error!r}") from error
    names: set[str] = set()
    for driver in (driver for section in made for driver in section.drivers):
        if driver.name in names:
            raise PetraError(f"two connections are called {driver.name!r}; give each a `name` of its own")
        names.add(driver.name)
    return made


def check_signals(sections: Iterable[DriverSection], layout: Layout) -> None:
    """Raise PetraError for a driver with a signal that there is not; its section's model did not name it."""
    for section in sections:
        for driver in section.drivers:
            for name in (*(point.signal for point in driver.points), *filter(None, [driver.online])):
                if name not in layout.index:
                    raise PetraError(
                        f"{section.name}: {driver.name}: {layout.unknown(name)}; the model that the plugin "
                        f"{section.plugin} has for {section.name!r} does not name it in `signals_used`"
                    )


def say_refused_safe_values(drivers: Iterable[Driver], layout: Layout) -> None:
    """Log each safe value that its point would refuse."""
    for driver in drivers:
        for point in written(driver):
            safe = layout.signals[layout.place(point.signal)].safe
            if safe is not None and (reason := point.limits.refusal(safe)):
                message = "the safe value of %s will not be written by %s: %s"
                log.error(message, point.signal, driver.name, reason)


def written(driver: Driver) -> list[Point]:
    """Return the points that a driver writes."""
    return [point for point in driver.points if point.direction.writes]


def place_of(driver: Driver) -> str:
    """Return where a driver's device is, as far as it says so."""
    return driver.place or driver.name


def goes_on(old: Driver, new: Driver, before: Placing, after: Placing) -> bool:
    """Return whether a reload leaves a driver and its session alone."""
    if type(old) is not type(new) or old.config != new.config or old.points != new.points:
        return False
    return all(before(point.signal) == after(point.signal) for point in old.points)


def placing(layout: Layout) -> Placing:
    """Return what tells of signals what matters of them to a driver."""

    def place(signal: str) -> tuple[bool, object]:
        index = layout.place(signal)
        return layout.is_computed(index), layout.types[index]

    return place
