"""What hooks return: a name, a configuration model, and a function that imports the implementation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from attrs import field, frozen

if TYPE_CHECKING:
    import click

    from petra.drivers import Driver
    from petra.plant import Actor, Plant, PlantStatus
    from petra.services import Service, ServiceSettings
    from petra.signals import Bus
    from petra.supervise import Activities

C = TypeVar("C")
S = TypeVar("S", bound="ServiceSettings")


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
class ServiceKind(Generic[S]):
    """A kind of service: the configuration section that it owns, how a service is made, and where it runs.

    `name` is the section: a mapping, or a list of them for several services. `config` is a frozen attrs model
    that inherits from `petra.services.ServiceSettings` and can be imported without the heavy library. `build`
    takes a configuration, returns a service that is run once, and imports the heavy library only when it is
    called; it touches nothing outside itself, because a reload calls it as a trial. `process` is where such
    services run unless the configuration says otherwise: in a process of their own, or in the engine's.
    """

    name: str
    config: type[S]
    build: Callable[[S], Service] = field(repr=False)
    process: bool = field(default=True, kw_only=True)


@frozen
class CliCommand:
    """A command that a plugin adds to `petra`: its name, one line of help, and how to import it."""

    name: str
    summary: str
    load: Callable[[], click.Command] = field(repr=False)


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

    def plant(self, actor: Actor) -> Plant:
        """Return the plant for an actor: everything that acts on it from outside goes this way."""
        ...

    def status(self) -> PlantStatus:
        """Return the state of tasks, drivers and faults."""
        ...
