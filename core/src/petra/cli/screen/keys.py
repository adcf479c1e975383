"""The keys of a page, as a table: the foot, the help and the view itself read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen
from rich.cells import cell_len


@frozen
class Key:
    """What one key does."""

    name: str
    """As the terminal calls it, such as `w` or `page up`; others that do the same after commas."""
    label: str
    """A word for the foot; empty where the foot does not name it."""
    about: str
    """A line for the help."""
    press: Callable[[], None]

    @property
    def names(self) -> list[str]:
        """Every name that it has."""
        return self.name.split(",")


def pressed(keys: Sequence[Key], name: str) -> bool:
    """Do what a key says, and return whether there is such a key."""
    for key in keys:
        if name in key.names:
            key.press()
            return True
    return False


def foot_of(keys: Sequence[Key], columns: int) -> str:
    """Return as many keys with their words as there is room for, whole ones."""
    line = ""
    for key in keys:
        if not key.label:
            continue
        more = f"{line}  {key.names[0]} {key.label}" if line else f"{key.names[0]} {key.label}"
        if cell_len(more) > columns:
            break
        line = more
    return line


class Cursor:
    """The row that a reader is at, and the rows that are seen."""

    def __init__(self) -> None:
        self.at = 0
        self._offset = 0
        self._room = 1

    def keys(self) -> list[Key]:
        """Return the keys that move it."""
        steps = {
            "up": lambda: -1,
            "down": lambda: 1,
            "page up": lambda: -self._room,
            "page down": lambda: self._room,
            "home": lambda: -(2**40),
            "end": lambda: 2**40,
        }
        about = "move the cursor; also page up, page down, home and end"
        return [
            Key(name, "", about if name == "up" else "", lambda step=step: self._move(step()))  # type: ignore[misc]
            for name, step in steps.items()
        ]

    def window(self, count: int, room: int) -> range:
        """Return the rows that are seen, of so many, in so many lines."""
        self._room = max(1, room)
        self.at = max(0, min(self.at, count - 1))
        self._offset = max(0, min(self._offset, count - self._room, self.at))
        self._offset = max(self._offset, self.at - self._room + 1)
        return range(self._offset, min(count, self._offset + self._room))

    def _move(self, by: int) -> None:
        self.at = max(0, self.at + by)
