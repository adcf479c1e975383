"""Steps that nobody would write do the same compiled and called, to the bit."""

from __future__ import annotations

import importlib.util
import math
import os
import random
import struct
import sys
from typing import Any

import pytest

from petra.scan import Bench
from petra.scan.template import Templates

CASES = int(os.environ.get("PETRA_FUZZ_STEPS", "100"))
BATCHES = 4
SCANS = 12

HEAD = '''
import math
from functools import reduce
from operator import add

from petra import Block, In, Out, Param, State

LIMIT = 42


def helper(a, b):
    return a - b if a > b else b


class Odd(Block, type="ODD"):
    """Odd."""

    x = In(float)
    y = In(float)
    n = In(int)
    k = In(int)
    b = In(bool)
    c = In(bool)
    many = In({many}, many=True)
    p = Param(float, default={param})
    j = Param(int, default=3)
    fs = State(0.5)
    ns = State(1)
    bs = State(False)
    fo = Out(float)
    no = Out(int)
    bo = Out(bool)

    def step(self, dt):
'''
LEAVES = [
    "self.x",
    "self.y",
    "self.n",
    "self.k",
    "self.p",
    "self.j",
    "self.fs",
    "self.ns",
    "self.fo",
    "self.no",
    "dt",
    "1",
    "0",
    "2.5",
    "-1.5",
    "0.0",
    "-0.0",
    "1e308",
    "9223372036854775807",
    "LIMIT",
]
OF_MANY = (
    "len(self.many)",
    "min(self.many)",
    "sum(self.many)",
    "self.many[0]",
    "self.many[self.n]",
    "reduce(add, self.many)",
)
ARITHMETIC = ["+", "-", "*", "+", "-", "*", "/", "//", "%"]
FLOATS = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    1e308,
    -1e308,
    5e-324,
    float("nan"),
    float("inf"),
    float("-inf"),
    2.0**63,
    0.1,
]
INTS = [0, 1, -1, 2, 2**63 - 1, -(2**63), 2**62, 7]


class Author:
    """Writes a body at random."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.names: list[str] = []

    def two(self, depth: int) -> tuple[str, str]:
        return self.number(depth + 1), self.number(depth + 1)

    def number(self, depth: int = 0) -> str:
        pick = self.chance.choice
        if depth > 3:
            return pick(LEAVES + self.names)
        left, right = self.two(depth)
        return self._one(
            [
                (0.35, lambda: pick(LEAVES + self.names)),
                (0.25, lambda: f"({left} {pick(ARITHMETIC)} {right})"),
                (0.10, lambda: f"{pick(['min', 'max'])}({left}, {right}, {pick(LEAVES)})"),
                (0.05, lambda: f"{pick(['abs', 'round', 'int', 'float', '-'])}({left})"),
                (0.06, lambda: f"({left} if {self.truth(depth + 1)} else {right})"),
                (0.04, lambda: f"math.{pick(['sqrt', 'floor', 'exp', 'sin', 'fabs'])}({left})"),
                (0.05, lambda: pick(OF_MANY)),
                (0.05, lambda: f"helper({left}, {right})"),
                (0.05, lambda: f"({self.truth(depth + 1)} and {left})"),
            ]
        )

    def truth(self, depth: int = 0) -> str:
        pick = self.chance.choice
        if depth > 3:
            return pick(["self.b", "self.bs"])
        left, right = self.two(depth)
        return self._one(
            [
                (0.30, lambda: pick(["self.b", "self.c", "self.bs", "self.bo", "True", "False"])),
                (0.25, lambda: f"({left} {pick(['<', '>', '<=', '>=', '==', '!='])} {right})"),
                (0.05, lambda: f"({left} < {right} <= {pick(LEAVES)})"),
                (0.20, lambda: f"({self.truth(depth + 1)} {pick(['and', 'or'])} {self.truth(depth + 1)})"),
                (0.10, lambda: f"(not {self.truth(depth + 1)})"),
                (
                    0.10,
                    lambda: pick(["all(self.many)", "any(self.many)", "math.isnan(self.x)", "bool(self.n)"]),
                ),
            ]
        )

    def statement(self, indent: int, depth: int = 0) -> list[str]:
        pick, pad = self.chance.choice, "    " * indent
        local = f"l{self.chance.randint(0, 2)}"
        ways = [
            (0.42, lambda: [f"{pad}self.{pick(['fo', 'no', 'fs', 'ns'])} = {self.number()}"]),
            (0.15, lambda: [f"{pad}self.{pick(['bo', 'bs'])} = {self.truth()}"]),
            (
                0.08,
                lambda: [
                    f"{pad}self.{pick(['fs', 'ns', 'fo', 'no'])} {pick(['+=', '-=', '*='])} {self.number(2)}"
                ],
            ),
            (
                0.07,
                lambda: (
                    [f"{pad}{local} = {self.number()}"]
                    + (self.names.append(local) or [] if not depth else [])
                ),
            ),
            (0.03, lambda: [f"{pad}self.fs, self.ns = {self.number(2)}, {self.number(2)}"]),
            (0.03, lambda: [f"{pad}pass"]),
        ]
        if depth < 2:
            ways += [(0.07, lambda: self._loop(indent, depth)), (0.15, lambda: self._choice(indent, depth))]
        return self._one(ways)

    def _loop(self, indent: int, depth: int) -> list[str]:
        over = (
            "for z in self.many:",
            "for i, z in enumerate(self.many):",
            "for z, w in zip(self.many, self.many):",
        )
        before, self.names = self.names, [*self.names, "z"]
        lines = [*self.statement(indent + 1, depth + 1), *self.statement(indent + 1, depth + 1)]
        self.names = before
        return ["    " * indent + self.chance.choice(over), *lines]

    def _choice(self, indent: int, depth: int) -> list[str]:
        pad = "    " * indent
        lines = [
            f"{pad}if {self.truth()}:",
            *self.statement(indent + 1, depth + 1),
            *self.statement(indent + 1, depth + 1),
        ]
        return (
            [*lines, f"{pad}else:", *self.statement(indent + 1, depth + 1)]
            if self.chance.random() < 0.5
            else lines
        )

    def _one(self, ways: list[tuple[float, Any]]) -> Any:
        return self.chance.choices([way for _, way in ways], [weight for weight, _ in ways])[0]()


def bits(value: Any) -> Any:
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return type(value), value


def seen(bench: Bench) -> Any:
    states = bench.program.snapshot()["block"]
    return (
        {n: bits(v) for n, v in bench.outputs().items()},
        {n: bits(v) for n, v in states.items()},
        bench.fault,
    )


def made(seed: int, chance: random.Random, folder: Any) -> tuple[type, str]:
    author = Author(chance)
    body = [line for _ in range(chance.randint(1, 6)) for line in author.statement(2)]
    kind = chance.choice(["float", "int", "int | float"])
    source = HEAD.format(many=kind, param=chance.choice(["2.0", "-0.5", "1e300"])) + "\n".join(body) + "\n"
    path = folder / f"odd_{seed}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    del sys.modules[path.stem]
    return module.Odd, kind


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_random_step_does_the_same_compiled_and_called(batch, tmp_path):
    for seed in range(batch, CASES, BATCHES):
        chance = random.Random(seed)
        cls, kind = made(seed, chance, tmp_path)
        assert Templates().reason(cls) == "", seed
        each = {"float": float, "int": int}.get(kind) or chance.choice([int, float])
        inputs = {
            "x": 1.0,
            "y": 2.0,
            "n": 1,
            "k": 2,
            "b": True,
            "c": False,
            **{f"m{i}": each(i) for i in range(3)},
        }
        compiled, called = Bench(cls, inputs), Bench(cls, inputs, inline=False)
        for scan in range(SCANS):
            for name, first in inputs.items():
                if chance.random() < 0.5:
                    value = chance.choice({bool: [True, False], int: INTS, float: FLOATS}[type(first)])
                    compiled.write(name, value)
                    called.write(name, value)
            dt = chance.choice([0.1, 0.0, 1.0])
            compiled.scan(dt)
            called.scan(dt)
            assert seen(compiled) == seen(called), (seed, scan)
