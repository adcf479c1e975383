"""Sections of a later version: the signals that they mention count as known in the rest of the document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from petra.config.models import SYNONYMS, SignalConfig
from petra.config.nodes import Mapping, Node, Scalar, Sequence
from petra.signals import SignalType, is_name

if TYPE_CHECKING:
    from petra.scan.network import Wired

_NAMES = {**{kind.value: kind for kind in SignalType}, **SYNONYMS[SignalType]}
_KINDS = {name: SignalType(kind) for name, kind in _NAMES.items()}


def mentioned_signals(section: Node) -> dict[str, SignalType | None]:
    """Return the signals that a section of unknown form mentions, with their types if given."""
    found: dict[str, SignalType | None] = {}
    pending, seen = [section], set()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Mapping):
            pending += [entry.value for entry in node.entries.values()]
            for key, entry in node.entries.items():
                if isinstance(entry.value, Scalar) and (key == "signal" or key.endswith("_signal")):
                    found[entry.value.text] = found.get(entry.value.text) or _declared_kind(node)
        elif isinstance(node, Sequence):
            pending += node.items
    return {name: kind for name, kind in found.items() if is_name(name)}


def _declared_kind(node: Mapping) -> SignalType | None:
    written = node.get("data_type") or node.get("type")
    return _KINDS.get(written.text) if isinstance(written, Scalar) else None


def declared_for(
    wired: Iterable[Wired], names: dict[str, SignalType | None], known: Iterable[str]
) -> list[SignalConfig]:
    """Return the signals of later sections that blocks read, in the type that the first reader expects."""
    made: dict[str, SignalConfig] = {}
    missing = names.keys() - set(known)
    for block in wired:
        for port in block.cls.spec.inputs.values():
            for source in block.sources[port.name]:
                if isinstance(source, str) and source in missing and source not in made:
                    first = SignalType.of(float if float in port.types else port.types[0])
                    made[source] = SignalConfig(source, names[source] or first)
    return list(made.values())
