"""Sections still to come: what they say of signals is heeded, so that the rest of the document is good."""

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


def mentioned(section: Node) -> dict[str, SignalType | None]:
    """Return the signals that a section of unknown form mentions, with the types that it gives them."""
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
                    found[entry.value.text] = found.get(entry.value.text) or _kind(node)
        elif isinstance(node, Sequence):
            pending += node.items
    return {name: kind for name, kind in found.items() if is_name(name)}


def _kind(node: Mapping) -> SignalType | None:
    said = node.get("data_type") or node.get("type")
    return _KINDS.get(said.text) if isinstance(said, Scalar) else None


def declared_for(
    wired: Iterable[Wired], names: dict[str, SignalType | None], known: Iterable[str]
) -> list[SignalConfig]:
    """Return the signals of sections to come that blocks read already, each as its first reader wants it."""
    made: dict[str, SignalConfig] = {}
    missing = names.keys() - set(known)
    for block in wired:
        for port in block.cls.spec.inputs.values():
            for source in block.sources[port.name]:
                if isinstance(source, str) and source in missing and source not in made:
                    first = SignalType.of(float if float in port.types else port.types[0])
                    made[source] = SignalConfig(source, names[source] or first)
    return list(made.values())
