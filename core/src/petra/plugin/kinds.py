"""What hooks return: a name, a configuration model, and a function that imports the implementation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from attrs import field, frozen

if TYPE_CHECKING:
    import click

    from petra.drivers import Driver, DriverStatus
    from petra.signals import Bus, Value
    from petra.supervise import Activities, Health

C = TypeVar("C")


@frozen
class DriverKind(Generic[C]):
    """A kind of driver: the configuration section that it owns, and how its drivers are made.

    `name` is the section. `config` is a frozen attrs model that can be imported without the heavy library;
    its docstring and its fields' `about(...)` are the documentation. `build` takes a configuration, returns a
    driver for each connection in it, and imports the heavy library only when it is called.
    """

    name: str
    config: type[C]
    build: Callable[[C], Sequence[Driver]] = field(repr=False)


@frozen
class CliCommand:
    """A command that a plugin adds to `petra`: its name, one line of help, and how to import it."""

    name: str
    summary: str
    load: Callable[[], click.Command] = field(repr=False)


class RunningStatus(Protocol):
    """What an engine reports of itself at one moment."""

    @property
    def running(self) -> bool:
        """Whether it scans."""
        ...

    @property
    def uptime_s(self) -> float:
        """Seconds since it was started."""
        ...

    @property
    def scans(self) -> int:
        """How many scans it has run."""
        ...

    @property
    def reloads(self) -> int:
        """How many times it was given another configuration."""
        ...

    @property
    def watchdog_trips(self) -> int:
        """How many times a scan took too long."""
        ...

    @property
    def faults(self) -> Mapping[str, str]:
        """Why blocks fail now, by their names."""
        ...

    @property
    def fault_counts(self) -> Mapping[str, int]:
        """How many times blocks have failed, by their names."""
        ...

    @property
    def forced(self) -> Mapping[str, Value]:
        """The signals that are held, with their values."""
        ...

    @property
    def drivers(self) -> Mapping[str, DriverStatus]:
        """How each driver is, by name."""
        ...

    @property
    def activities(self) -> Mapping[str, Health]:
        """How each activity of a plugin is, by name."""
        ...

    @property
    def inbox_waiting(self) -> int:
        """How many values wait for the next scan."""
        ...

    @property
    def inbox_refused(self) -> int:
        """How many writes were refused because too many values waited."""
        ...


class RunningEngine(Protocol):
    """The part of an engine that a life-cycle hook can use."""

    @property
    def bus(self) -> Bus:
        """All signals."""
        ...

    @property
    def activities(self) -> Activities:
        """What plugins run for as long as the plant does."""
        ...

    def status(self) -> RunningStatus:
        """Return the state of tasks, drivers and faults."""
        ...
