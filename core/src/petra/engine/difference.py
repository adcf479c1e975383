"""What a reload would change, and what each change means for a running plant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from attrs import asdict, frozen

from petra.engine.drivers import drivers_of, goes_on, written
from petra.engine.heirs import Heirs
from petra.engine.service_plan import services_of

if TYPE_CHECKING:
    from petra.config import BlockConfig, Configuration, SignalConfig
    from petra.drivers.contract.driver import Driver
    from petra.engine.drivers import Placing
    from petra.engine.service_plan import ServicePlan
    from petra.plugin import Catalog


_OF_SIGNAL = (
    *("type", "initial", "unit", "minimum", "maximum", "safe", "safe_after_ms", "on_bad"),
    *("category", "description"),
)


class ChangeAct(Enum):
    """What happens to a thing."""

    ADD = "add"
    REMOVE = "remove"
    CHANGE = "change"


@frozen
class Change:
    """One change: what happens to which thing, how, and what that means."""

    act: ChangeAct
    kind: str
    name: str
    detail: str = ""
    effect: str = ""

    def __str__(self) -> str:
        sign = {ChangeAct.ADD: "+", ChangeAct.REMOVE: "-", ChangeAct.CHANGE: "~"}[self.act]
        detail = f": {self.detail}" if self.detail else ""
        named = f"{self.kind} {self.name}".rstrip()
        return f"{sign} {named}{detail}" + (f" ({self.effect})" if self.effect else "")

    def as_dict(self) -> dict[str, str]:
        """Return it as data."""
        return {**asdict(self), "act": self.act.value}


class Deployed(Protocol):
    """A configuration with its drivers and services."""

    @property
    def configuration(self) -> Configuration:
        """The configuration."""

    @property
    def drivers(self) -> Sequence[Driver]:
        """The drivers that it asks for."""

    @property
    def services(self) -> Sequence[ServicePlan]:
        """The services that it asks for."""


@frozen
class _Undeployed:
    """A configuration with its drivers and services, of which nothing is built."""

    configuration: Configuration
    drivers: Sequence[Driver]
    services: Sequence[ServicePlan]


def diff_configurations(old: Configuration, new: Configuration, catalog: Catalog) -> list[Change]:
    """Return what is different in the new configuration; PetraError when its drivers cannot be made."""
    before, after = (
        _Undeployed(each, drivers_of(each, catalog), services_of(each, catalog)) for each in (old, new)
    )
    return diff_deployments(before, after)


def diff_deployments(before: Deployed, after: Deployed) -> list[Change]:
    """Return what is different in the configuration of another deployment."""
    old, new = before.configuration, after.configuration
    return [
        *_left_alone(before, after),
        *_compared("signal", old.plant.signals, new.plant.signals, _signal),
        *_compared("block", old.plant.blocks, new.plant.blocks, _block),
        *_compared("task", old.plant.tasks, new.plant.tasks, _task),
        *_connections(before, after),
        *_services(before, after),
        *_engine(old, new),
    ]


def _compared(kind: str, old: Sequence[Any], new: Sequence[Any], differ: Any) -> Iterator[Change]:
    before = {thing.name: thing for thing in old}
    after = {thing.name: thing for thing in new}
    for thing in old:
        if thing.name not in after:
            yield Change(ChangeAct.REMOVE, kind, thing.name)
    for thing in new:
        if thing.name not in before:
            yield Change(ChangeAct.ADD, kind, thing.name)
        elif before[thing.name] != thing:
            details, effect = differ(before[thing.name], thing)
            yield Change(ChangeAct.CHANGE, kind, thing.name, ", ".join(details), effect)


def _fields(old: Any, new: Any, names: Iterable[str]) -> list[str]:
    return [
        f"{name} {_said(getattr(old, name))} -> {_said(getattr(new, name))}"
        for name in names
        if getattr(old, name) != getattr(new, name)
    ]


def _said(value: Any) -> str:
    value = getattr(value, "value", value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _signal(old: SignalConfig, new: SignalConfig) -> tuple[list[str], str]:
    details = _fields(
        old,
        new,
        _OF_SIGNAL,
    )
    if old.type is not new.type:
        return details, "its value starts again"
    return details, "it keeps its value" if old.initial != new.initial else ""


def _block(old: BlockConfig, new: BlockConfig) -> tuple[list[str], str]:
    details = _fields(old, new, ("type", "task", "description"))
    for what in ("inputs", "outputs", "params"):
        before, after = getattr(old, what), getattr(new, what)
        for name in dict.fromkeys([*before, *after]):
            if before.get(name) != after.get(name):
                details.append(f"{what[:-1]} {name} {_said(before.get(name))} -> {_said(after.get(name))}")
    if not details:
        return ["the order of its inputs"], "it keeps its state"
    if old.type != new.type:
        return details, "its state starts again"
    return (
        details,
        "it keeps its state" if old.outputs == new.outputs else "it keeps what it declares as state",
    )


def _task(old: Any, new: Any) -> tuple[list[str], str]:
    return _fields(old, new, ("period_ms", "priority")), ""


def _connections(old: Deployed, new: Deployed) -> Iterator[Change]:
    before = {driver.name: driver for driver in old.drivers}
    after = {driver.name: driver for driver in new.drivers}
    places = _placing(old.configuration), _placing(new.configuration)
    for name in before:
        if name not in after:
            yield Change(ChangeAct.REMOVE, "connection", name, effect="what it reads turns bad")
    for name, driver in after.items():
        if name not in before:
            yield Change(ChangeAct.ADD, "connection", name)
        elif not goes_on(before[name], driver, *places):
            same = before[name].config == driver.config
            details = ", ".join(points_changed(before[name], driver)) or (
                "its signals" if same else "its settings"
            )
            yield Change(ChangeAct.CHANGE, "connection", name, details, "its session starts again")


def _left_alone(old: Deployed, new: Deployed) -> Iterator[Change]:
    """Yield the outputs that lose their writer: a point or a block."""
    safe = {signal.name: signal.safe for signal in old.configuration.plant.signals}
    before = _placing(old.configuration)
    now = _placing(new.configuration)
    heirs = Heirs(new.drivers, lambda name: now(name)[0])
    for driver in old.drivers:
        for point in written(driver):
            name = point.signal
            if lost := heirs.lost(driver, point):
                why = lost
            elif before(name)[0] and not now(name)[0] and heirs.keeps(driver, point):
                why = "no block computes it any more"
            else:
                continue
            effect = (
                "it keeps what it has"
                if safe.get(name) is None
                else f"it goes to {_said(safe[name])}, its safe value"
            )
            yield Change(ChangeAct.CHANGE, "output", f"{driver.name} {point.address} of {name}", why, effect)


def points_changed(old: Driver, new: Driver) -> Iterator[str]:
    """Yield how many points a connection gains, loses, and reads or writes in another way."""
    before, after = Counter(old.points), Counter(new.points)
    gone = Counter((point.signal, point.direction) for point in (before - after).elements())
    come = Counter((point.signal, point.direction) for point in (after - before).elements())
    counts = {
        "more": (come - gone).total(),
        "less": (gone - come).total(),
        "changed": (come & gone).total(),
    }
    for word, number in counts.items():
        if number:
            yield f"{number} point{'' if number == 1 else 's'} {word}"


def _placing(configuration: Configuration) -> Placing:
    plant = configuration.plant
    written = {signal for block in plant.blocks for signal in block.outputs.values()}
    types = {signal.name: signal.type for signal in plant.signals}
    return lambda signal: (signal in written, types.get(signal))


def _services(old: Deployed, new: Deployed) -> Iterator[Change]:
    before = {plan.name: plan for plan in old.services}
    after = {plan.name: plan for plan in new.services}
    for name in before:
        if name not in after:
            yield Change(ChangeAct.REMOVE, "service", name)
    for name, plan in after.items():
        was = before.get(name)
        if was is None:
            yield Change(ChangeAct.ADD, "service", name)
        elif was != plan:
            details = _fields(was, plan, ("kind", "process")) or ["its settings"]
            yield Change(ChangeAct.CHANGE, "service", name, ", ".join(details), "it starts again")


def _engine(old: Configuration, new: Configuration) -> Iterator[Change]:
    details = _fields(old.plant.engine, new.plant.engine, ("watchdog_ms", "spin_us", "retain_file"))
    if details:
        yield Change(ChangeAct.CHANGE, "engine", "", ", ".join(details), "at the next start")
