"""The text of a class's `step` with gaps, written once for each way in which its blocks are wired.

The text computes into local names and stores at its end, so a step that raises leaves every slot unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import frozen

from petra.scan.convert import CONVERSIONS
from petra.scan.inference import Inference, Kind
from petra.scan.subset import OutsideSubsetError, Step, read_step
from petra.scan.writer import Writer
from petra.signals.types import INT_MAX, INT_MIN

if TYPE_CHECKING:
    from petra.blocks import Block

_EDGE = "\0"  # on both sides of a gap's name; Python source cannot contain it
INDENT = " " * 8
_MOST = 10_000


def gap_mark(name: str) -> str:
    """Return the mark of a gap in a text."""
    return f"{_EDGE}{name}{_EDGE}"


class Shape(NamedTuple):
    """All that the text of a block depends on besides slot numbers: blocks of one shape share a template."""

    cls: type[Block]
    inputs: tuple[tuple[Kind, ...], ...]
    """The types that each input reads, in the order of declaration: one for each wire."""
    outputs: tuple[type[Any], ...]
    """The types in which the outputs are stored."""
    wired: tuple[bool, ...]
    """Which outputs are wired to a signal."""
    held: tuple[bool, ...]
    """Which outputs are not stored because their signals are forced."""


@frozen
class Template:
    """Pieces of text with the names of gaps between: text, gap, text, gap, ... text."""

    pieces: tuple[str, ...]
    globals: Mapping[str, Any]
    called: str
    """The reason why the text calls the step of an instance; empty if the step is written out."""

    def fill(self, gaps: Mapping[str, str]) -> str:
        """Return the text with every gap filled."""
        pieces = list(self.pieces)
        pieces[1::2] = [gaps[gap] for gap in pieces[1::2]]
        return "".join(pieces)


class Templates:
    """Makes each template once, and reads each class once, for all programs of an engine."""

    def __init__(self) -> None:
        self._steps: dict[type[Block], Step | OutsideSubsetError] = {}
        self._made: dict[tuple[Shape, bool], Template] = {}

    def reason(self, cls: type[Block]) -> str:
        """Return why the step of a class is called instead of written out; empty if it is written out."""
        step = self._step_of(cls)
        return str(step) if isinstance(step, OutsideSubsetError) else ""

    def of(self, shape: Shape, *, inline: bool) -> Template:
        """Return the text of blocks of this shape, written out or as a call."""
        found = self._made.get((shape, inline))
        if found is None:
            if len(self._made) >= _MOST:  # after years of reloads
                self._made.clear()
            found = self._made[shape, inline] = self._make_template(shape, inline=inline)
        return found

    def call(self, shape: Shape, reason: str) -> None:
        """Call the step of blocks of this shape from now on."""
        self._made[shape, True] = _call_template(shape, reason)

    def _make_template(self, shape: Shape, *, inline: bool) -> Template:
        if not inline:
            return _call_template(shape, "the program was made without writing steps out")
        step = self._step_of(shape.cls)
        if isinstance(step, OutsideSubsetError):
            return _call_template(shape, str(step))
        try:
            return _inline_template(shape, step)
        except (OutsideSubsetError, RecursionError) as outside:
            return _call_template(shape, str(outside))

    def _step_of(self, cls: type[Block]) -> Step | OutsideSubsetError:
        found = self._steps.get(cls)
        if found is None:
            try:
                found = read_step(cls)
            except OutsideSubsetError as outside:
                found = outside
            self._steps[cls] = found
        return found


def _inline_template(shape: Shape, step: Step) -> Template:
    spec = shape.cls.spec
    single, many = _input_types(shape)
    outputs = dict(zip(spec.outputs, shape.outputs, strict=True))
    states = {name: state.type for name, state in spec.states.items()}
    params = {name: param.type for name, param in spec.params.items()}
    inference = Inference(step, {**single, **params, **states, **outputs}, many)
    # An output without a wire has a state slot in place of a signal. Its assignment is left out only if its
    # value needs no conversion: a conversion may raise, and the block must fault in both ways of running.
    unwired = {
        name
        for name, wired in zip(spec.outputs, shape.wired, strict=True)
        if not wired and inference.assigned.get(name) is outputs[name] is float
    }
    counts = [len(kinds) for kinds in shape.inputs]
    writer = Writer(spec, step, counts, many, inference, unwired)
    body = writer.body()
    kept = {name: kind for name, kind in (outputs | states).items() if name in inference.assigned}
    prologue = [f"m_{name} = {gap_mark(name)}" for name in writer.loaded]
    conversions = [
        _conversion_line(f"m_{name}", inference.assigned[name], wanted, bounded=inference.bounded[name])
        for name, wanted in kept.items()
    ]
    unseen = {
        name
        for name, wired in zip(spec.outputs, shape.wired, strict=True)
        if not wired and name not in writer.loaded and inference.assigned.get(name) is outputs[name]
    }
    stores = [f"{gap_mark(name)} = m_{name}" for name in kept if name not in _held_outputs(shape) | unseen]
    lines = [line for line in [*prologue, *body, *conversions, *stores] if line]
    return _split_template(_merge_store(lines or ["pass"]), writer.globals, "")


def _held_outputs(shape: Shape) -> set[str]:
    return {name for name, held in zip(shape.cls.spec.outputs, shape.held, strict=True) if held}


def _input_types(shape: Shape) -> tuple[dict[str, Kind], dict[str, Kind]]:
    single: dict[str, Kind] = {}
    many: dict[str, Kind] = {}
    for (name, port), kinds in zip(shape.cls.spec.inputs.items(), shape.inputs, strict=True):
        own = [port.type if not port.generic else kind for kind in kinds]
        if port.many:
            many[name] = own[0] if len(set(own)) == 1 else None
        else:
            single[name] = own[0]
    return single, many


def _merge_store(lines: list[str]) -> list[str]:
    """Join the last two lines if one computes what the other stores: one local less, in most steps."""
    if len(lines) >= 2 and " = " in lines[-1] and " = " in lines[-2]:
        target, _, local = lines[-1].partition(" = ")
        assigned, _, expression = lines[-2].partition(" = ")
        if assigned == local and not lines[-2].startswith(" "):
            return [*lines[:-2], f"{target} = {expression}"]
    return lines


def _conversion_line(name: str, found: Kind, wanted: type[Any], *, bounded: bool) -> str:
    if wanted is int and found is int:
        if bounded:  # an input or a state, which was stored within 64 bits
            return ""
        return f"if not {INT_MIN} <= {name} <= {INT_MAX}: {name} = to_int({name})"
    if found is wanted and wanted not in (str, tuple):
        return ""
    convert = f"{name} = {CONVERSIONS[wanted].__name__}({name})"
    if found is not None or wanted in (str, tuple):
        return convert
    # An exact class test: a bool is an instance of int, but must be stored as 0 or 1.
    test = f"{name}.__class__ is not {wanted.__name__}"
    if wanted is int:
        test += f" or not {INT_MIN} <= {name} <= {INT_MAX}"
    return f"if {test}: {convert}"


def _call_template(shape: Shape, reason: str) -> Template:
    """Return the template that calls the step of an instance, with the same stores at its end."""
    spec = shape.cls.spec
    counts = dict(zip(spec.inputs, map(len, shape.inputs), strict=True))
    lines = [f"b = {gap_mark('')}"]
    for name, port in spec.inputs.items():
        lines.append(f"b.{name} = {_gap_text(name, counts[name], many=port.many)}")
    for name, quality in spec.qualities.items():
        lines.append(
            f"b.{name} = {_gap_text(name, counts[quality.port], many=spec.inputs[quality.port].many)}"
        )
    kept = {
        **dict(zip(spec.outputs, shape.outputs, strict=True)),
        **{n: s.type for n, s in spec.states.items()},
    }
    lines += [f"b.{name} = {gap_mark(name)}" for name in kept]
    # Outputs and states are set before the step and stored after it: a called step may read its own outputs,
    # and a step that raises leaves nothing behind on the instance that counts in the next scan.
    lines.append("b.step(dt)")
    for name, wanted in kept.items():
        lines += [f"m_{name} = b.{name}", _conversion_line(f"m_{name}", None, wanted, bounded=False)]
    lines += [f"{gap_mark(name)} = m_{name}" for name in kept if name not in _held_outputs(shape)]
    return _split_template(lines, {}, reason)


def _gap_text(name: str, count: int, *, many: bool) -> str:
    if not many:
        return gap_mark(name)
    return f"({''.join(gap_mark(f'{name}.{i}') + ', ' for i in range(count))})"


def _split_template(lines: Sequence[str], names: Mapping[str, Any], reason: str) -> Template:
    text = "".join(f"{INDENT}{line}\n" for line in lines)
    return Template(tuple(text.split(_EDGE)), names, reason)
