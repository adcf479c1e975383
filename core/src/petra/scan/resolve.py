"""The types of signals and generic ports, and where the types of a wiring do not match."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from petra.scan.network import Constant, Unwired, Wired
from petra.scan.remarks import Remark, closed_loops, left_out, without_outputs
from petra.signals.types import SCALAR_NOUN, Value

if TYPE_CHECKING:
    from petra.blocks import In, Out

Type = type[Value]


@frozen
class Mismatch(Remark):
    """A port that is wired to the wrong type, or that must be wired and is not."""


class Resolution:
    """The types of a set of wired blocks.

    `declared` holds the signals whose type is known. A signal that only a block writes takes the type of that
    output. A generic output takes the type of the inputs with the same declaration (float where both ints and
    floats are wired), otherwise the type of the signal that it writes, otherwise float.
    """

    def __init__(self, blocks: Sequence[Wired], declared: Mapping[str, Type]) -> None:
        self._blocks = blocks
        self.types: dict[str, Type] = dict(declared)
        self._declared = declared
        self._generic: dict[tuple[int, tuple[Type, ...]], Type | None] = {}
        self._resolve_types()
        self.mismatches = [m for i in range(len(blocks)) for m in self._check_block(i)]

    @cached_property
    def remarks(self) -> list[Remark]:
        """Notes that do not stop a configuration from running."""
        return [
            *without_outputs(self._blocks),
            *left_out(self._blocks),
            *self._counted_bools(),
            *self._rounded_outputs(),
            *closed_loops(self._blocks),
        ]

    def output(self, block: int, port: Out[Any]) -> Type:
        """Return the type in which a block stores an output."""
        target = self._blocks[block].targets.get(port.name)
        if target is not None and target in self._declared:
            return self._declared[target]
        return self._own_type(block, port)

    def filled(self, block: int) -> Wired:
        """Return a block whose unwired inputs are replaced by the zeros of their types."""
        wired = self._blocks[block]
        if not any(isinstance(s, Unwired) for sources in wired.sources.values() for s in sources):
            return wired
        made = dict(wired.sources)
        for name, port in wired.cls.spec.inputs.items():
            zero = Constant(self._zero_value(block, port))
            made[name] = tuple(zero if isinstance(s, Unwired) else s for s in wired.sources[name])
        return evolve(wired, sources=made)

    def _zero_value(self, i: int, port: In[Any]) -> Value:
        sharing = [] if port.alone else self._sharing_outputs(i, port.types)
        found = self.output(i, sharing[0]) if sharing else self._joined_type(self._blocks[i], port.types)
        zero: Value = found() if found in port.types and found is not None else port.type()
        return zero

    def floats(self, block: int) -> frozenset[str]:
        """Return the int inputs that the step reads as floats, because a `widens` output goes to a float."""
        spec = self._blocks[block].cls.spec
        found: set[str] = set()
        for out in spec.outputs.values():
            if out.widens and (self._own_type(block, out), self.output(block, out)) == (int, float):
                found.update(
                    n for n, port in spec.inputs.items() if port.types == out.types and not port.alone
                )
        return frozenset(found)

    def _sharing_outputs(self, i: int, types: tuple[Type, ...]) -> list[Out[Any]]:
        """Return the generic outputs that share their type with the inputs that declare these types."""
        outputs = self._blocks[i].cls.spec.outputs.values()
        return [out for out in outputs if out.generic and out.types == types]

    def _resolve_types(self) -> None:
        readers: dict[str, list[int]] = {}
        for i, block in enumerate(self._blocks):
            for name in block.reads:
                readers.setdefault(name, []).append(i)
            self._announce_types(i, [])
        generic = [i for i, b in enumerate(self._blocks) if any(p.generic for p in _all_ports(b))]
        self._spread_types(generic, readers)
        for i in (
            generic
        ):  # in a loop each block waits for the others; what is still unknown counts as bool, the least type
            changed: list[str] = []
            self._announce_types(i, changed, unknown=bool)
            self._spread_types([reader for name in changed for reader in readers.get(name, ())], readers)
        for i, block in enumerate(self._blocks):
            for port in block.cls.spec.outputs.values():
                if port.name in block.targets:
                    self.types.setdefault(block.targets[port.name], self._own_type(i, port))

    def _spread_types(self, blocks: Iterable[int], readers: Mapping[str, Sequence[int]]) -> None:
        """Announce the types of these blocks, then of the blocks that read them, until nothing changes."""
        waiting = deque(blocks)
        queued = set(waiting)
        while waiting:
            i = waiting.popleft()
            queued.discard(i)
            changed: list[str] = []
            self._announce_types(i, changed)
            for name in changed:
                for reader in readers.get(name, ()):
                    if reader not in queued:
                        queued.add(reader)
                        waiting.append(reader)

    def _announce_types(self, i: int, changed: list[str], unknown: Type | None = None) -> None:
        """Record the types of a block's outputs that are known; an unknown input counts as `unknown`."""
        block = self._blocks[i]
        for port in block.cls.spec.outputs.values():
            found = self._decided_type(block, port, unknown) if port.generic else port.type
            self._generic[i, port.types] = found
            target = block.targets.get(port.name)
            if found is None or target is None or target in self._declared:
                continue
            if self.types.get(target) in (None, int) and self.types.get(target) is not found:
                self.types[target] = found  # unknown -> int -> float, never back: so the search ends
                changed.append(target)

    def _decided_type(self, block: Wired, port: Out[Any], unknown: Type | None) -> Type | None:
        kinds = {
            name: each.taken(kind)
            if (kind := self._source_type(block.sources[name][0])) is not None
            else unknown
            for name, each in block.cls.spec.inputs.items()
            if not each.many
        }
        try:
            found = block.cls.output_type(port.name, block.params, kinds)
        except Exception:  # noqa: BLE001 - a plugin's class; treated as no answer
            found = None
        return found if found in port.types else self._joined_type(block, port.types)

    def _joined_type(self, block: Wired, types: tuple[Type, ...]) -> Type | None:
        found: Type | None = None
        for name, port in block.cls.spec.inputs.items():
            if port.types != types or port.alone:
                continue
            for source in block.sources[name]:
                one = self._source_type(source)
                one = port.taken(one) if one is not None else None
                # Ints and floats mix to float; any other mix keeps the first type, and _check_block reports
                # it.
                if one in types and (found is None or (found, one) == (int, float)):
                    found = one
        return found

    def _source_type(self, source: str | Constant) -> Type | None:
        if isinstance(source, Unwired):
            return None
        return type(source.value) if isinstance(source, Constant) else self.types.get(source)

    def _own_type(self, i: int, port: Out[Any]) -> Type:
        if not port.generic:
            return port.type
        found = self._generic.get((i, port.types))
        declared = self._declared.get(self._blocks[i].targets.get(port.name, ""))
        if found is bool and port.bools and declared in (int, float):  # stored as 0 or 1
            return declared
        if found is not None:
            return found
        if declared in port.types:
            return declared
        return float if float in port.types else port.type

    def _check_block(self, i: int) -> Iterable[Mismatch]:
        block = self._blocks[i]
        settled: dict[object, Type] = {}
        for name in self._missing_inputs(block):
            yield Mismatch(
                i, name, 0, f"the input {name!r} of {block.cls.spec.type} is not wired", code="missing-input"
            )
        for port in block.cls.spec.inputs.values():
            for at, source in enumerate(block.sources[port.name]):
                found = self._source_type(source)
                if found is None:
                    continue  # a signal without a writer: reported as another problem
                if message := _misfit_message(port, found, settled):
                    yield Mismatch(i, port.name, at, f"{block.cls.spec.type}.{port.name}: {message}")
        for out in block.cls.spec.outputs.values():
            target = block.targets.get(out.name)
            own = self._own_type(i, out)
            if target is None or (declared := self._declared.get(target)) is None:
                continue
            if (
                declared is not own
                and (own, declared) != (int, float)
                and not _is_rounded(out, own, declared)
            ):
                message = f"gives {SCALAR_NOUN[own]}, but {target!r} is {declared_name(declared)}"
                yield Mismatch(i, out.name, 0, f"{block.cls.spec.type}.{out.name} {message}", output=True)

    def _missing_inputs(self, block: Wired) -> list[str]:
        kinds = {
            name: self._source_type(sources[0])
            for name, sources in block.sources.items()
            if sources and not isinstance(sources[-1], Unwired)
        }
        try:
            wanted = list(block.cls.needs(kinds))
        except Exception:  # noqa: BLE001 - a plugin's class; treated as no answer
            return []
        return [name for name in wanted if name in block.cls.spec.inputs and name not in kinds]

    def _rounded_outputs(self) -> Iterable[Remark]:
        for i, block in enumerate(self._blocks):
            for out in block.cls.spec.outputs.values():
                target = block.targets.get(out.name, "")
                if _is_rounded(out, self._own_type(i, out), self._declared.get(target)):
                    message = (
                        f"gives a number, and {target!r} is int: it is rounded to the nearest whole number"
                    )
                    message = f"{block.cls.spec.type}.{out.name} {message}"
                    yield Remark(i, out.name, 0, message, output=True, code="rounded-output")

    def _counted_bools(self) -> Iterable[Remark]:
        for i, block in enumerate(self._blocks):
            for port in block.cls.spec.inputs.values():
                for at, source in enumerate(block.sources[port.name]):
                    if self._source_type(source) is bool and port.taken(bool) is not bool:
                        message = f"{block.cls.spec.type}.{port.name}: a bool counts as 0 or 1 here"
                        yield Remark(i, port.name, at, message, code="bool-as-number")


def _misfit_message(port: In[Any], found: Type, settled: dict[object, Type]) -> str:
    found = port.taken(found)
    if not port.generic:
        return (
            ""
            if found in _FITS[port.type]
            else f"expected {SCALAR_NOUN[port.type]}, not {_with_article(found)}"
        )
    if found not in port.types and not (found is int and float in port.types):
        return f"expected {' or '.join(SCALAR_NOUN[t] for t in port.types)}, not {_with_article(found)}"
    first = settled.setdefault((port.name, port.types) if port.alone else port.types, found)
    if first is found or {first, found} == {int, float}:
        return ""
    return f"{_with_article(found)} cannot be mixed with {_with_article(first)} on another input"


def _is_rounded(out: Out[Any], own: Type, declared: Type | None) -> bool:
    return out.rounds and own is float and declared is int


def _all_ports(block: Wired) -> list[Any]:
    return [*block.cls.spec.inputs.values(), *block.cls.spec.outputs.values()]


def declared_name(found: Type) -> str:
    """Return the name of a type in a configuration."""
    return "string" if found is str else found.__name__


def _with_article(found: Type) -> str:
    name = declared_name(found)
    return f"an {name}" if name == "int" else f"a {name}"


_FITS: dict[Type, tuple[Type, ...]] = {bool: (bool,), int: (int,), float: (int, float), str: (str,)}
