"""From wired blocks to Python functions: slots, text, code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from petra.scan.convert import CONVERSIONS
from petra.scan.network import Constant, Source, Wired
from petra.scan.template import Shape, Template, Templates
from petra.signals import Quality, Value

if TYPE_CHECKING:
    from petra.blocks import Block, In
    from petra.scan.resolve import Type

PART = 100
"""Blocks of one function. Bigger functions run no faster, and each change of a block compiles one anew."""

_NAMES: dict[str, Any] = {
    **{convert.__name__: convert for convert in CONVERSIONS.values()},
    "GOOD": Quality.GOOD,
    "inf": math.inf,
    "nan": math.nan,
}


@frozen
class Place:
    """Where signals are: their slots and types by name."""

    slots: Mapping[str, int]
    types: Mapping[str, Type]
    initial: Mapping[str, Value] = field(factory=dict)
    """The values that signals declare to begin with."""


@define
class Unit:
    """One block of a program: its wiring by slots. It belongs to the program that made it."""

    wired: Wired
    inputs: dict[str, tuple[int | None, ...]]
    """The signals' slots of each input; None for a constant."""
    outputs: dict[str, int | None]
    states: dict[str, int]
    """The slots of its states, and of those outputs that are wired to nothing."""
    kinds: tuple[type[Any], ...]
    """The types that its outputs are stored as."""
    floats: frozenset[str] = frozenset()
    """The inputs of ints that its step sees as floats."""

    instance: Block | None = None
    """Made when its step is called; a step that is written into the program needs none."""

    @property
    def passes_quality(self) -> tuple[int, ...]:
        """The slots of the inputs whose quality its outputs inherit."""
        asked = self.wired.cls.spec.asked
        found = (slot for name, slots in self.inputs.items() if name not in asked for slot in slots)
        return tuple(slot for slot in found if slot is not None)


def template(
    unit: Unit, place: Place, templates: Templates, held: frozenset[int], *, inline: bool
) -> Template:
    """Return the template that a block is made from."""
    return templates.of(_shape(unit, place, held), inline=inline)


def _shape(unit: Unit, place: Place, held: frozenset[int]) -> Shape:
    wired = unit.wired
    inputs = wired.cls.spec.inputs
    return Shape(
        wired.cls,
        tuple(
            tuple(
                float if name in unit.floats else port.taken(_kind(source, place))
                for source in wired.sources[name]
            )
            for name, port in inputs.items()
        ),
        unit.kinds,
        tuple(slot is not None for slot in unit.outputs.values()),
        tuple(slot in held for slot in unit.outputs.values()),
    )


def _kind(source: Source, place: Place) -> Type:
    return type(source.value) if isinstance(source, Constant) else place.types[source]


def gaps(unit: Unit, place: Place) -> dict[str, str]:
    """Return the text for every gap that a template of this block may have."""
    wired, spec = unit.wired, unit.wired.cls.spec
    found = {name: constant(value) for name, value in wired.params.items()}
    found.update((name, f"s[{slot}]") for name, slot in unit.states.items())
    found.update((name, f"v[{slot}]") for name, slot in unit.outputs.items() if slot is not None)
    for name, port in spec.inputs.items():
        read = [
            _read(source, slot, port, place, as_float=name in unit.floats)
            for source, slot in zip(wired.sources[name], unit.inputs[name], strict=True)
        ]
        found.update({f"{name}.{i}": item for i, item in enumerate(read)} if port.many else {name: read[0]})
    for name, quality in spec.qualities.items():
        slots = unit.inputs[quality.port]
        asked = [
            "GOOD" if slot is None else f"(f[{slot}].quality if {slot} in f else GOOD)" for slot in slots
        ]
        many = spec.inputs[quality.port].many
        found.update({f"{name}.{i}": item for i, item in enumerate(asked)} if many else {name: asked[0]})
    found[""] = f"b_{id(unit):x}"
    return found


def _read(source: Source, slot: int | None, port: In[Any], place: Place, *, as_float: bool) -> str:
    if isinstance(source, Constant):
        return constant(float(source.value) if as_float else source.value)
    found = place.types[source]
    if as_float:
        return f"to_float(v[{slot}])"
    if found in port.types:
        return f"v[{slot}]"
    return f"to_int(v[{slot}])" if port.taken(found) is int and int in port.types else f"to_float(v[{slot}])"


def constant(value: Value) -> str:
    """Return the text of a constant, ready to stand in an expression."""
    said = repr(value)
    return f"({said})" if said.startswith("-") else said


def function(
    units: Sequence[tuple[int, Unit]],
    place: Place,
    templates: Templates,
    held: frozenset[int],
    fault: Callable[[int], None],
    *,
    inline: bool,
) -> Callable[..., None]:
    """Return the function that steps these blocks: `(values, states, dt, flawed)`."""
    try:
        return _function(units, place, templates, held, fault, inline=inline)
    except _TOO_MUCH as error:  # for Python's own parser: have the blocks called that it cannot read
        for number, unit in units:
            try:
                _function([(number, unit)], place, templates, held, fault, inline=inline)
            except _TOO_MUCH:
                templates.call(_shape(unit, place, held), f"Python cannot compile it: {error}")
        return _function(units, place, templates, held, fault, inline=inline)


_TOO_MUCH = (SyntaxError, RecursionError, MemoryError, OverflowError)


def _function(
    units: Sequence[tuple[int, Unit]],
    place: Place,
    templates: Templates,
    held: frozenset[int],
    fault: Callable[[int], None],
    *,
    inline: bool,
) -> Callable[..., None]:
    names: dict[str, Any] = {**_NAMES, "fault": fault}
    lines = ["def part(v, s, dt, f):\n"]
    for number, unit in units:
        made = template(unit, place, templates, held, inline=inline)
        names.update(made.globals)
        if made.called:
            unit.instance = unit.instance or unit.wired.cls(**unit.wired.params)
            names[f"b_{id(unit):x}"] = unit.instance
        lines.append(f"    try:\n{made.fill(gaps(unit, place))}    except BaseException: fault({number})\n")
    exec(compile("".join(lines), "<program>", "exec"), names)  # noqa: S102 - the text is made of checked parts
    made_function: Callable[..., None] = names["part"]
    return made_function
