"""Making models, and what models report beyond their fields: signals, drivers and flaws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import attrs

from petra.config.nodes import Mapping, Node, Scalar, Sequence
from petra.config.values import Invalid
from petra.config.wording import cure, error_text
from petra.settings.contracts import HasFlaws, NamesDrivers, SignalUse, UsesSignals
from petra.settings.model import optional, settings

if TYPE_CHECKING:
    from petra.config.problems import Problems
    from petra.signals import SignalType


class NamedSignal(NamedTuple):
    """A place in a section that names a signal, and how the section uses the signal."""

    node: Node
    name: str
    use: SignalUse
    type: SignalType | None = None
    refuses: Callable[[Any], str] | None = None


class NamedDriver(NamedTuple):
    """A place in a section that names a driver."""

    node: Node
    name: str


class ModelMaker:
    """Makes the models of one document and collects the signals and drivers that they name."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.signals: list[NamedSignal] = []
        self.drivers: list[NamedDriver] = []
        self.kept: dict[int, list[int]] = {}
        """For lists that contain invalid items: the positions in the document of the valid ones."""

    def make(self, model: Any, values: dict[str, Any], mapping: Mapping, *, whole: bool = True) -> Any:
        """Return a model and collect what it reports; report its flaws and raise Invalid if it has any.

        With `whole=False` some fields are missing, so an error of the constructor is not reported.
        """
        try:
            made = model(**values)
            own = type(made)  # isinstance with a protocol takes 30 µs on Python 3.11, issubclass 0.1 µs
            used = list(made.signals_used()) if issubclass(own, UsesSignals) else []
            flaws = list(made.flaws()) if issubclass(own, HasFlaws) else []
            drivers = list(made.drivers_named()) if issubclass(own, NamesDrivers) else []
        except Exception as error:  # noqa: BLE001 - any error of a model's checks concerns this place
            if whole:
                self._problems.add(mapping, "bad-value", error_text(error))
            raise Invalid from None
        self.signals += [
            NamedSignal(
                self._find_node(mapping, model, (each.field,)), each.name, each.use, each.type, each.refuses
            )
            for each in used
        ]
        self.drivers += [
            NamedDriver(self._find_node(mapping, model, (each.field,)), each.name) for each in drivers
        ]
        for flaw in flaws:
            at = self._find_node(mapping, model, flaw.path)
            self._problems.add(at, flaw.code, flaw.message, hint=flaw.hint or _unquote_hint(at, flaw.message))
        if flaws:
            raise Invalid
        return made

    def _find_node(self, node: Node, kind: Any, path: tuple[str | int, ...]) -> Node:
        """Return the node at a path of fields and items, or the last node on the way that is written."""
        for step in path:
            kind = optional(kind)
            if isinstance(step, int) and isinstance(node, Sequence) and step < len(node.items):
                kept = self.kept.get(id(node))
                node, kind = node.items[step if kept is None else kept[step]], get_args(kind)[0]
            elif isinstance(node, Mapping) and attrs.has(kind):
                setting = next(each for each in settings(kind) if each.name == step)
                written_as = next((key for key in setting.keys if key in node.entries), None)
                if written_as is None:
                    return node
                node, kind = node.entries[written_as].value, setting.type
            else:
                return node
        return node


def _unquote_hint(at: Node, message: str) -> str:
    """Return the hint to leave out the quotes, if the message quotes a number that is written as a text."""
    quoted = isinstance(at, Scalar) and not at.plain and repr(at.text) in message
    return cure(at, int | float) if quoted else ""
