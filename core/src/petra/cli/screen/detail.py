"""The page of one signal: all that is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from petra.cli.console.output import shown
from petra.cli.screen.dialog import limits_of
from petra.cli.screen.keys import Cursor, Key
from petra.cli.screen.page import clock
from petra.cli.screen.scene import Wanted
from petra.cli.screen.text import age, wrapped

if TYPE_CHECKING:
    from petra.cli.screen.scene import Scene
    from petra.plant import SignalInfo, SignalValue

_LABEL = 13


class DetailPage:
    """One signal."""

    title = "signal"

    def __init__(self, act: Sequence[Key], back: Callable[[], None]) -> None:
        self.name = ""
        self._cursor = Cursor()
        self._own = (
            *act,
            Key("escape,left,enter", "back", "back to the signals", back),
            *self._cursor.keys(),
        )

    @property
    def keys(self) -> Sequence[Key]:
        """Its keys."""
        return self._own

    @property
    def wanted(self) -> Wanted:
        """The signal, and who holds it."""
        return Wanted((self.name,), forces=True)

    def show(self, name: str) -> None:
        """Show this signal from now on."""
        self.name, self._cursor.at = name, 0

    def lines(self, scene: Scene, columns: int, room: int) -> list[str]:
        """Return what is known of it, line by line."""
        info = scene.signals.by_name.get(self.name)
        if info is None:
            facts = [("signal", self.name), ("", "it is not in the configuration any more")]
        else:
            facts = [
                ("signal", self.name),
                *_now(scene, scene.values.get(self.name)),
                *_held(scene, self.name),
            ]
            facts += [*_declared(info), *_wired(info)]
        found = [
            line
            for label, text in facts
            for line in wrapped(f"{label:{_LABEL}}{text}" if label else text, columns, _LABEL)
        ]
        last = max(0, len(found) - room)
        self._cursor.at = min(self._cursor.at, last)
        return found[self._cursor.at : self._cursor.at + room]

    def where(self, _: Scene) -> str:
        """Return which signal is shown."""
        return self.name


def _now(scene: Scene, now: SignalValue | None) -> Iterator[tuple[str, str]]:
    if now is None:
        return
    yield "value", shown(now.value)
    yield "quality", now.quality.name.lower() + (f": {now.reason}" if now.reason else "")
    if now.time:
        yield "last change", f"{clock(now.time / 1e9)}, {age(scene.now - now.time / 1e9)} ago"


def _held(scene: Scene, name: str) -> Iterator[tuple[str, str]]:
    if scene.status is None or name not in scene.status.forced:
        return
    force = scene.forces.get(name)
    by = f" by {force.actor}" if force and force.actor else ""
    since = f" since {clock(force.since / 1e9)}" if force and force.since else ""
    yield "forced", f"{shown(scene.status.forced[name])}{by}{since}"


def _declared(info: SignalInfo) -> Iterator[tuple[str, str]]:
    signal = info.signal
    yield "type", signal.type.value
    for label, text in (
        ("unit", signal.unit),
        ("limits", limits_of(signal)),
        ("safe value", "" if signal.safe is None else shown(signal.safe)),
        ("category", signal.category),
        ("description", signal.description),
    ):
        if text:
            yield label, text


def _wired(info: SignalInfo) -> Iterator[tuple[str, str]]:
    yield "written by", info.writer
    yield "read by", ", ".join(info.readers) or "nothing"
