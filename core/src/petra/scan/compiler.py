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
"""Blocks per function. Larger functions run no faster, and tuning one block compiles its whole function."""

_NAMES: dict[str, Any] = {
    **{convert.__name__: convert for convert in CONVERSIONS.values()},
    "GOOD": Quality.GOOD,
    "inf": math.inf,  # repr() of these floats is a name, not a literal
    "nan": math.nan,
}


@frozen
class SignalPlaces:
    """The slots, types and initial values of the signals, by name."""

    slots: Mapping[str, int]
    types: Mapping[str, Type]
    initial: Mapping[str, Value] = field(factory=dict)
    """The declared `initial` values."""


@define
class Unit:
    """One block of a program, with its wiring as slots. The program that made it owns it."""

    wired: Wired
    inputs: dict[str, tuple[int | None, ...]]
    """The slots of the signals at each input; None for a constant."""
    outputs: dict[str, int | None]
    states: dict[str, int]
    """The slots of its states, and of its outputs without a wire."""
    kinds: tuple[type[Any], ...]
    """The types in which its outputs are stored."""
    floats: frozenset[str] = frozenset()
    """The int inputs that its step reads as floats."""

    instance: Block | None = None
    """The instance whose step is called; None while the step is written into the program."""

    @property
    def passes_quality(self) -> tuple[int, ...]:
        """The slots of the inputs whose quality its outputs inherit."""
        asked = self.wired.cls.spec.asked
        found = (slot for name, slots in self.inputs.items() if name not in asked for slot in slots)
        return tuple(slot for slot in found if slot is not None)


def block_template(
    unit: Unit, places: SignalPlaces, templates: Templates, held: frozenset[int], *, inline: bool
) -> Template:
    """Return the template for the text of a block."""
    return templates.of(_shape_of(unit, places, held), inline=inline)


def _shape_of(unit: Unit, places: SignalPlaces, held: frozenset[int]) -> Shape:
    wired = unit.wired
    inputs = wired.cls.spec.inputs
    return Shape(
        wired.cls,
        tuple(
            tuple(
                float if name in unit.floats else port.taken(_source_type(source, places))
                for source in wired.sources[name]
            )
            for name, port in inputs.items()
        ),
        unit.kinds,
        tuple(slot is not None for slot in unit.outputs.values()),
        tuple(slot in held for slot in unit.outputs.values()),
    )


def _source_type(source: Source, places: SignalPlaces) -> Type:
    return type(source.value) if isinstance(source, Constant) else places.types[source]


def gap_texts(unit: Unit, places: SignalPlaces) -> dict[str, str]:
    """Return the text for every gap that a template of this block can have."""
    wired, spec = unit.wired, unit.wired.cls.spec
    found = {name: constant_text(value) for name, value in wired.params.items()}
    found.update((name, f"s[{slot}]") for name, slot in unit.states.items())
    found.update((name, f"v[{slot}]") for name, slot in unit.outputs.items() if slot is not None)
    for name, port in spec.inputs.items():
        read = [
            _read_text(source, slot, port, places, as_float=name in unit.floats)
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


def _read_text(
    source: Source, slot: int | None, port: In[Any], places: SignalPlaces, *, as_float: bool
) -> str:
    if isinstance(source, Constant):
        return constant_text(float(source.value) if as_float else source.value)
    found = places.types[source]
    if as_float:
        return f"to_float(v[{slot}])"
    if found in port.types:
        return f"v[{slot}]"
    return f"to_int(v[{slot}])" if port.taken(found) is int and int in port.types else f"to_float(v[{slot}])"


def constant_text(value: Value) -> str:
    """Return the text of a constant as part of an expression; a negative number gets brackets."""
    text = repr(value)
    return f"({text})" if text.startswith("-") else text  # `-1 ** 2` would be -(1 ** 2)


def compile_part(
    units: Sequence[tuple[int, Unit]],
    places: SignalPlaces,
    templates: Templates,
    held: frozenset[int],
    fault: Callable[[int], None],
    *,
    inline: bool,
) -> Callable[..., None]:
    """Return the function that steps these blocks: `(values, states, dt, flawed)`."""
    try:
        return _compile_text(units, places, templates, held, fault, inline=inline)
    except (
        _TOO_MUCH
    ) as error:  # Python's own parser gives up: find the blocks that it cannot compile, and call them
        for number, unit in units:
            try:
                # One by one, to find the blocks that Python cannot compile; the others stay compiled.
                _compile_text([(number, unit)], places, templates, held, fault, inline=inline)
            except _TOO_MUCH:
                templates.call(_shape_of(unit, places, held), f"Python cannot compile it: {error}")
        return _compile_text(units, places, templates, held, fault, inline=inline)


_TOO_MUCH = (SyntaxError, RecursionError, MemoryError, OverflowError)


def _compile_text(
    units: Sequence[tuple[int, Unit]],
    places: SignalPlaces,
    templates: Templates,
    held: frozenset[int],
    fault: Callable[[int], None],
    *,
    inline: bool,
) -> Callable[..., None]:
    names: dict[str, Any] = {**_NAMES, "fault": fault}
    lines = ["def part(v, s, dt, f):\n"]
    for number, unit in units:
        made = block_template(unit, places, templates, held, inline=inline)
        names.update(made.globals)
        if made.called:
            unit.instance = unit.instance or unit.wired.cls(**unit.wired.params)
            names[f"b_{id(unit):x}"] = unit.instance
        # BaseException: a step that raises SystemExit or KeyboardInterrupt must not end the scan thread.
        lines.append(
            f"    try:\n{made.fill(gap_texts(unit, places))}    except BaseException: fault({number})\n"
        )
    # `v`, `s`, `dt` and `f` are locals of one function, which CPython reads faster than attributes or
    # globals.
    exec(compile("".join(lines), "<program>", "exec"), names)  # noqa: S102 - the text is made of checked parts
    made_function: Callable[..., None] = names["part"]
    return made_function
