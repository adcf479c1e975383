"""What a configuration model can say of itself beyond its fields.

A model implements the methods that it needs; none of these protocols has to be inherited. Each method is
called once for each model that a document makes, and `petra check` gives the place of what it yields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from attrs import frozen

if TYPE_CHECKING:
    from petra.signals.types import SignalType


class SignalUse(Enum):
    """What a plugin does with the signal that a field names."""

    READS = "reads"
    WRITES = "writes"
    EITHER = "either"  # another field says which


@frozen
class Used:
    """A signal that a section names: in which field, for which use, and what the signal has to hold."""

    field: str
    name: str
    use: SignalUse
    type: SignalType | None = None
    refuses: Callable[[Any], str] | None = None
    """Returns why a value is never written there; an empty text when it is."""


@frozen
class Named:
    """A driver that a section makes: which field holds the name that it runs under."""

    field: str
    name: str


@frozen
class Flaw:
    """Something wrong with a model that its single fields do not show.

    `path` leads from the model to the place, by names of fields and numbers of items.
    """

    path: tuple[str | int, ...]
    message: str
    hint: str = ""
    code: str = "bad-value"


@runtime_checkable
class UsesSignals(Protocol):
    """A model whose fields decide together which signals it reads and writes.

    A field that always does the same says so itself, with `about(..., signal=...)`.

        def signals_used(self) -> Iterator[Used]:
            yield Used("signal", self.signal, SignalUse.WRITES, SignalType.BOOL)
    """

    def signals_used(self) -> Iterable[Used]:
        """Return the signals that it names: what it writes is declared by that, what it reads must exist."""
        ...


@runtime_checkable
class NamesDrivers(Protocol):
    """A model that says under which names its drivers run; a name is unique in a document.

    def drivers_named(self) -> Iterator[Named]:
        yield Named("name", self.name)
    """

    def drivers_named(self) -> Iterable[Named]:
        """Return the names of its drivers."""
        ...


@runtime_checkable
class HasFlaws(Protocol):
    """A model whose fields can contradict each other.

    def flaws(self) -> Iterator[Flaw]:
        if self.low > self.high:
            yield Flaw(("low",), "is above high")
    """

    def flaws(self) -> Iterable[Flaw]:
        """Return the contradictions; a document with any of them is refused."""
        ...


QUESTIONS = ("signals_used", "drivers_named", "flaws")
"""The methods of these protocols; no field can have such a name."""
