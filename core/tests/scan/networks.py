"""Random networks of all blocks of the library, and random lives for them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from petra import Block, Catalog
from petra.library import plugin
from petra.scan import Resolution, Wired, wire
from petra.signals import INT_MAX, INT_MIN, Quality, QualityReason, Signal, SignalType

LIBRARY = [offer.thing for offer in Catalog.of(plugin).offers()]

NASTY: dict[type, list[Any]] = {
    bool: [True, False],
    int: [0, 1, -1, 2, 3, 7, 100, INT_MAX, INT_MIN, INT_MAX - 1, 2**53 + 1],
    float: [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        50.0,
        75.0,
        1e-300,
        1e300,
        -1e300,
        5e-324,
        float("nan"),
        float("inf"),
        float("-inf"),
        2.0**63,
    ],
    str: ["", "a", "12", "-1e3", "nan", "true", "Off", "12.7", "1_000", "٣", "9" * 30],
}
EXPRESSIONS = (
    "a + b * c",
    "max(a, b) if c > d else min(e, f)",
    "sqrt(a) / b",
    "a % b",
    "not a or b",
    "round(a) // b",
    "a and not b and c > 2.5",
    "b if a else not b",
    "a * 2 + round(b, c)",
    "a if b else c",
    "floor(a) > min(b, true)",
    "(d if c else a) or b",
    "b and (a if c else d)",
    "(max(a, b) or c) > 0.5",
)
TEMPLATES = ("{a}", "{a:.2} of {b:08.1}", "{{{c:3}}}", "{d}" * 8)
TIMES = ("00:00", "06:30", "22:00", "24:00")


@frozen
class Life:
    """A network with the signals it runs on, and what happens to it scan by scan."""

    blocks: list[Wired]
    resolution: Resolution
    signals: list[Signal]
    scans: list[Scan]


@frozen
class Scan:
    """What is written and forced before a scan, and the time since the last one."""

    writes: list[tuple[str, Any, QualityReason]]
    forces: list[tuple[str, Any]]
    dt: float


def life(seed: int, scans: int, classes: Sequence[type[Block]] = LIBRARY) -> Life:
    """Make a network and its life out of a number."""
    chance = random.Random(seed)
    externals = {f"x{i}.{kind.__name__}": kind for kind in NASTY for i in range(3)}
    chosen = [chance.choice(classes) for _ in range(chance.randint(1, 14))]
    groups = [_groups(cls, chance) for cls in chosen]
    outputs: list[dict[str, str]] = []
    declared: dict[str, type] = dict(externals)
    params = [_params(cls, chance) for cls in chosen]
    for i, (cls, kinds) in enumerate(zip(chosen, groups, strict=True)):
        wired = {name: f"b{i}.{name}" for name in cls.spec.outputs if chance.random() < 0.9}
        outputs.append(wired)
        for name, signal in wired.items():
            port = cls.spec.outputs[name]
            own = kinds.get(port.types, port.type)
            given = {n: params[i].get(n, param.default) for n, param in cls.spec.params.items()}
            decided = cls.output_type(name, given, dict.fromkeys(cls.spec.inputs)) if port.generic else None
            own = decided or own
            if port.bools:  # a bool may go to a float, but not a float to a bool
                own = chance.choice([decided or float, float])
            if own is float and port.rounds and chance.random() < 0.1:
                own = int
            declared[signal] = float if own is int and chance.random() < 0.2 else own
    blocks = []
    for i, (cls, kinds) in enumerate(zip(chosen, groups, strict=True)):
        inputs = _inputs(cls, kinds, declared, chance)
        _complete(cls, inputs, kinds, declared)
        blocks.append(wire(f"block{i}", cls, inputs, outputs[i], params[i]))
    resolution = Resolution(blocks, declared)
    assert not resolution.mismatches, resolution.mismatches
    written_by = {signal: block.name for block in blocks for signal in block.targets.values()}
    signals = [
        Signal(n, SignalType.of(kind), written_by=written_by.get(n, "")) for n, kind in declared.items()
    ]
    return Life(blocks, resolution, signals, [_scan(externals, declared, chance) for _ in range(scans)])


def _groups(cls: type[Block], chance: random.Random) -> dict[tuple[type, ...], type]:
    """Choose a type for each union that the ports of a class declare."""
    ports = [*cls.spec.inputs.values(), *cls.spec.outputs.values()]
    return {
        types: chance.choice(types) for types in dict.fromkeys(port.types for port in ports) if len(types) > 1
    }


def _inputs(
    cls: type[Block], kinds: dict[tuple[type, ...], type], declared: dict[str, type], chance: random.Random
) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for name, port in cls.spec.inputs.items():
        wanted = kinds.get(port.types, port.type)
        if not port.required and chance.random() < 0.3:
            continue
        numbers = range(chance.randint(1, 5) if port.many else 1)
        if port.first is not None:
            numbers = sorted(chance.sample(range(port.first, port.first + 8), len(numbers)))
        for n in numbers:
            if port.alone:
                wanted = chance.choice(port.types)
            taken = {s: port.taken(kind) for s, kind in declared.items()}
            fits = [s for s, kind in taken.items() if kind is wanted or (wanted is float and kind is int)]
            key = f"in{n}" if port.first is not None else f"{name}{n}" if port.many else name
            if chance.random() < 0.2:
                value = chance.choice(
                    [v for v in NASTY[wanted] if math.isfinite(v)]
                    if wanted in (int, float)
                    else NASTY[wanted]
                )
                inputs[key] = f"'{value}'" if wanted is str else value
            else:
                inputs[key] = chance.choice(fits)
    for types, kind in kinds.items():  # ints alone would make the group one of ints
        if kind is float:
            keys = [k for k in inputs if cls.spec.inputs.get(k, cls.spec.many).types == types]
            if keys and not any(_kind(inputs[k], declared) is float for k in keys):
                inputs[keys[0]] = "x0.float"
    return inputs


def _complete(
    cls: type[Block], inputs: dict[str, Any], kinds: dict[tuple[type, ...], type], declared: dict[str, type]
) -> None:
    """Wire what has to be wired after all."""
    ports = {key: cls.spec.inputs.get(key, cls.spec.many) for key in inputs}
    given = {port.name: _kind(inputs[key], declared) for key, port in ports.items()}
    for name in cls.needs(given):
        if name not in given:
            inputs[name] = f"x0.{kinds[cls.spec.inputs[name].types].__name__}"


def _kind(source: Any, declared: dict[str, type]) -> type:
    return declared.get(source, str) if isinstance(source, str) else type(source)


def _params(cls: type[Block], chance: random.Random) -> dict[str, Any]:
    """Choose parameters that go together."""
    wires = {
        n: [f"{n}{at}" for at in range(9 if p.required else 1)] if p.many else None
        for n, p in cls.spec.inputs.items()
    }
    while True:
        params = _any_params(cls, chance)
        given = {name: params.get(name, param.default) for name, param in cls.spec.params.items()}
        if not list(cls.complaints(wires | given)):
            return params


def _any_params(cls: type[Block], chance: random.Random) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for name, param in cls.spec.params.items():
        if not param.required and chance.random() < 0.4:
            continue
        if param.choices:
            params[name] = chance.choice(param.choices)
        elif param.type is str:
            texts = {"text": TEMPLATES, "expression": EXPRESSIONS, "days": ("mon-fri", "sat,sun")}
            params[name] = chance.choice(texts.get(name, TIMES))
        else:
            pool = [v for v in [*NASTY[param.type], 5, 100.0, 300.0] if math.isfinite(v)]
            fitting = [param.type(v) for v in pool if not param.complaint(param.type(v))]
            small = [v for v in fitting if not (name == "window_size" and v > 50)]
            params[name] = chance.choice(small)
    return params


def _scan(externals: dict[str, type], declared: dict[str, type], chance: random.Random) -> Scan:
    writes = []
    for name, kind in externals.items():
        if chance.random() < 0.4:
            quality = chance.choice([Quality.GOOD] * 6 + [Quality.UNCERTAIN, Quality.BAD])
            status = QualityReason(
                quality, "" if quality is Quality.GOOD else f"reason {chance.randint(0, 2)}"
            )
            writes.append((name, chance.choice(NASTY[kind]), status))
    forces = []
    if chance.random() < 0.1:
        name = chance.choice(list(declared))
        forces.append((name, chance.choice(NASTY[declared[name]]) if chance.random() < 0.5 else None))
    return Scan(writes, forces, chance.choice([0.1, 0.1, 0.01, 1.0, 0.0, 1e-9, 3600.0]))
