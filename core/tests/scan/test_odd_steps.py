"""Steps that are legal and odd: compiled or called, they do the same, and none stops a plant."""

from __future__ import annotations

import importlib.util
import linecache
import math
import sys

import pytest

from petra import Block, DeclarationError, In, Out, Param, State
from petra.scan import Bench, Network, Program, Resolution, SignalPlaces, wire
from petra.scan.template import Template, Templates
from petra.signals import LocalBus, Signal, SignalType, Store
from petra.testing import ManualClock

NEG = -2.0
LIMIT = 5.0
changing = 5.0


class Curve:
    """An object that can be called, and hashed by nobody."""

    __hash__ = None
    gain = 2.0

    def __call__(self, value: float) -> float:
        return value * self.gain


curve = Curve()


def bump() -> float:
    global changing  # noqa: PLW0603 - that a global changes is the point
    changing += 1.0
    return changing


class AssignsTime(Block, type="ASSIGNS_TIME"):
    """Limits its dt."""

    out = Out(float)
    sum = State(0.0)

    def step(self, dt):
        dt = min(dt, 0.05)
        self.sum = self.sum + dt
        dt *= 1000.0
        self.out = self.sum + dt


class Power(Block, type="POWER_OF_NEGATIVE"):
    """A negative constant to a power."""

    out = Out(float)

    def step(self, dt):
        self.out = NEG**2 - -LIMIT


class Calls(Block, type="CALLS"):
    """Calls an object, and reads an attribute of it that may change."""

    out = Out(float)
    gain = Out(float)

    def step(self, dt):
        self.out = curve(3.0)
        self.gain = curve.gain


class Globals(Block, type="GLOBALS"):
    """Reads a global that a function changes."""

    out = Out(float)

    def step(self, dt):
        before = bump()
        self.out = changing - before


class Positional(Block, type="POSITIONAL"):
    """Takes its arguments by position."""

    out = Out(float)

    def step(self, dt, /):
        self.out = dt


class Unpacks(Block, type="UNPACKS"):
    """Takes a number apart."""

    many = In(float, many=True)
    out = Out(float)

    def step(self, dt):
        for a, b in self.many:
            self.out = a + b


class Pairs(Block, type="PAIRS"):
    """Stores a tuple where a number belongs."""

    many = In(float, many=True)
    out = Out(float)

    def step(self, dt):
        for pair in zip(self.many):
            self.out = pair


class Nothing(Block, type="NOTHING"):
    """Assigns nothing to nothing."""

    kept: State[tuple[float, ...]] = State(())
    out = Out(float)

    def step(self, dt):
        () = self.kept
        self.out = 1.0


class Text(Block, type="TEXT"):
    """Has a text of several lines."""

    out = Out(str)

    def step(self, dt):
        self.out = """a
            b"""


class Default(Block, type="DEFAULT"):
    """Has an int as the default of a float."""

    gain = In(float, default=1)
    out = Out(str)

    def step(self, dt):
        self.out = "float" if self.gain / 2 == 0.5 and math.copysign(1.0, self.gain) else "int"


class Clamped(State):
    """A state of a class of its own."""

    def __set__(self, instance, value):
        instance.__dict__["state"] = min(value, 3)

    def __get__(self, instance, owner=None):
        return self if instance is None else instance.__dict__.get("state", 0)


class OwnState(Block, type="OWN_STATE"):
    """Counts to three."""

    state = Clamped(0)
    out = Out(int)

    def step(self, dt):
        self.state = self.state + 1
        self.out = self.state


class Nested(Block, type="NESTED"):
    """Loops in a loop."""

    many = In(float, many=True)
    out = Out(float)

    def step(self, dt):
        total = 0.0
        for a in self.many:
            for b in self.many:
                total = total + a * b
        self.out = total


class Objects(Block, type="OBJECTS"):
    """Wants to remember an object."""

    kept: State[tuple[object, ...]] = State((), retain=True)
    out = Out(float)

    def step(self, dt):
        self.kept = (object(),)
        self.out = 1.0


MANY = {f"in{i}": float(i) for i in range(3)}


def runs(cls, inputs=(), scans=4):
    found = []
    for inline in (True, False):
        bench = Bench(cls, dict(inputs), inline=inline)
        rows = []
        for _ in range(scans):
            bench.scan(0.1)
            rows.append((bench.outputs(), bench.fault))
        found.append(rows)
    return found


@pytest.mark.parametrize(
    ("cls", "inputs"),
    [
        (AssignsTime, ()), (Power, ()), (Calls, ()), (Globals, ()), (Positional, ()), (Unpacks, MANY),
        (Pairs, MANY), (Nothing, ()), (Text, ()), (Default, ()), (OwnState, ()), (Nested, MANY),
        (Objects, ()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_odd_steps_do_the_same(cls, inputs):
    compiled, called = runs(cls, inputs)
    assert compiled == called


def test_what_they_do_is_what_they_say():
    assert runs(Power)[0][0][0] == {"out": 9.0}
    assert [row[0]["out"] for row in runs(OwnState)[0]] == [1, 2, 3, 3]
    assert runs(Text)[0][0][0] == {"out": "a\n            b"}
    assert "not a tuple of scalars" in runs(Objects)[0][0][1]


def written(tmp_path, name: str, body: str):
    """Import a module of one block, `Made`, from a file of its own."""
    path = tmp_path / f"{name}.py"
    path.write_text(body)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    del sys.modules[name]
    return module


HEAD = "from petra import Block, In, Out, State\n"


def test_a_long_chain_of_conditions_is_written_flat(tmp_path):
    lines = ["        if self.n == 0:", "            self.out = 0.5"]
    for i in range(1, 150):
        lines += [f"        elif self.n == {i}:", f"            self.out = {i}.5"]
    body = "\n".join(lines)
    text = HEAD + (
        'class Made(Block, type="CHAIN"):\n    """x"""\n    n = In(int)\n    out = Out(float)\n'
        f"    def step(self, dt):\n{body}\n"
    )
    cls = written(tmp_path, "chain", text).Made
    bench = Bench(cls, {"n": 77})
    bench.scan()
    assert bench.outputs() == {"out": 77.5}
    assert bench.program.reason_called("block") == ""


def test_what_python_cannot_compile_is_called_and_the_others_are_not():
    """Should a text ever be too much for Python's parser, the block is called and says so."""
    wired = [wire(name, cls, {}, {"out": name}, {}) for name, cls in (("x", Power), ("y", Default))]
    resolution = Resolution(wired, {})
    slots = {"x": 0, "y": 1}
    templates = Templates()
    good = Program(Network(wired), SignalPlaces(slots, resolution.types), resolution, templates=templates)
    assert good.reason_called("x") == ""
    (shape,) = (shape for shape, _ in templates._made if shape.cls is Power)
    templates._made[shape, True] = Template(("        this is no Python\n",), {}, "")
    bad = Program(Network(wired), SignalPlaces(slots, resolution.types), resolution, templates=templates)
    assert bad.reason_called("x").startswith("Python cannot compile it")
    assert bad.reason_called("y") == ""
    bus = LocalBus(
        Store(
            [Signal("x", SignalType.FLOAT, written_by="x"), Signal("y", SignalType.STRING, written_by="y")],
            ManualClock(),
        )
    )
    bad.scan(bus.store, 0.1)
    assert bus.store.values == [9.0, "float"]


def test_a_sum_of_a_thousand_inputs():
    from petra.library.arithmetic import Add, Multiply

    inputs = {f"in{i}": float(i) for i in range(1_000)}
    assert runs(Add, inputs, 1)[0] == runs(Add, inputs, 1)[1] == [({"out": 499_500.0}, "")]
    assert runs(Multiply, inputs, 1)[0] == runs(Multiply, inputs, 1)[1]


def test_a_file_that_was_changed_since_its_import_is_not_believed(tmp_path):
    """An upgrade of a plugin beneath a running plant: the old classes run the old code, called."""
    text = HEAD + (
        'class Heater(Block, type="HEATER"):\n    """x"""\n    a = In(float)\n    out = Out(float)\n'
        "    def step(self, dt):\n        self.out = 2.0 * self.a\n\n\n"
        'class Cooler(Block, type="COOLER"):\n    """x"""\n    a = In(float)\n    out = Out(float)\n'
        "    def step(self, dt):\n        self.out = -1.0 * self.a\n"
    )
    module = written(tmp_path, "plugin_file", text)
    (tmp_path / "plugin_file.py").write_text(
        text.replace("2.0 *", "X").replace("-1.0 *", "2.0 *").replace("X", "-1.0 *")
    )
    linecache.checkcache()
    assert "source file has changed since" in Templates().reason(module.Heater)
    compiled, called = runs(module.Heater, {"a": 10.0}, 1)
    assert compiled == called == [({"out": 20.0}, "")]


def test_a_loop_over_something_called_enumerate(tmp_path):
    text = HEAD + (
        "def enumerate(values):\n    return [(10 * i, v) for i, v in zip(range(9), values)]\n"
        'class Made(Block, type="ENUMERATES"):\n    """x"""\n'
        "    many = In(float, many=True)\n    out = Out(float)\n"
        "    def step(self, dt):\n        total = 0.0\n        for i, x in enumerate(self.many):\n"
        "            total = total + i\n        self.out = total\n"
    )
    cls = written(tmp_path, "enumerates", text).Made
    compiled, called = runs(cls, MANY, 1)
    assert compiled == called == [({"out": 30.0}, "")]


@pytest.mark.parametrize("declare", [lambda: State(2**70), lambda: Param(int, default=2**70)])
def test_an_int_beyond_64_bits_is_refused(declare):
    with pytest.raises(DeclarationError):
        declare()
