"""What a view is given to show, and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import Factory, define, frozen

from petra.scan.engine_signals import PREFIX

if TYPE_CHECKING:
    from petra.plant import Event, ForceInfo, PlantAct, PlantStatus, SignalInfo, SignalValue
    from petra.signals import Value


class SignalList:
    """The signals of a plant between two reloads: those of its document first, then the engine's own."""

    def __init__(self, infos: Sequence[SignalInfo] = ()) -> None:
        self.infos = sorted(infos, key=lambda info: info.name.startswith(PREFIX))
        self.by_name = {info.name: info for info in self.infos}

    @cached_property
    def names(self) -> list[str]:
        """Their names."""
        return [info.name for info in self.infos]

    @cached_property
    def lower(self) -> list[str]:
        """Their names in small letters, as a search compares them."""
        return [name.lower() for name in self.names]


@frozen
class Told:
    """What became of a request."""

    text: str
    good: bool | None
    """None: it has not ended yet."""


@define
class Scene:
    """What is known of a plant at one moment."""

    now: float
    """Seconds since 1970."""
    status: PlantStatus | None = None
    signals: SignalList = Factory(SignalList)
    values: Mapping[str, SignalValue] = Factory(dict)
    """The signals on the screen."""
    latest: Mapping[str, SignalValue] | None = None
    """All signals, while the view asks for them."""
    forces: Mapping[str, ForceInfo] = Factory(dict)
    events: Sequence[Event] = ()
    problem: str = ""
    """Why there is no connection; empty while there is one."""
    answered: float = 0.0
    """When the plant has answered last; 0 when it never has."""
    notice: str = ""
    """What has happened to the plant of late: it was reloaded or started again."""
    told: Told | None = None


@frozen
class Wanted:
    """What a view needs of a plant now."""

    names: tuple[str, ...] = ()
    """The signals to read."""
    everything: bool = False
    """Whether it needs all signals: to sort by them, or to find those that are not good."""
    forces: bool = False
    """Whether it shows who holds a signal."""


@frozen
class Request:
    """An act that the reader of a view has confirmed."""

    act: PlantAct
    signal: str
    value: Value | None = None
