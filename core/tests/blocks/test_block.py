"""Declaring blocks: what a class body says, and what it cannot say."""

import pytest

from petra import Block, Condition, DeclarationError, In, Out, Param, QualityOf, State
from petra.signals import INT_MAX, INT_MIN


class Tank(Block, type="TANK", aliases=("BASIN",)):
    """A tank."""

    inflow = In(float, default=1.5, unit="l/s", aliases=("in",))
    open = In(bool)
    size = Param(float, default=2, minimum=1, maximum=5)
    kind = Param(str, default="round", choices=("round", "square"))
    needed = Param(int)
    level = State(0.0, retain=True)
    output = Out(float)

    def step(self, dt):
        self.level = self.level + self.inflow * dt
        self.output = self.level


def test_a_class_body_is_read_in_order():
    spec = Tank.spec
    assert spec.names == ("TANK", "BASIN")
    assert list(spec.inputs) == ["inflow", "open"]
    assert list(spec.params) == ["size", "kind", "needed"]
    assert list(spec.states) == ["level"]
    assert spec.states["level"].retain
    assert spec.inputs["open"].required
    assert not spec.inputs["inflow"].required
    assert spec.doc == "A tank."


def test_an_instance_holds_plain_values():
    tank = Tank(needed=3)
    assert (tank.inflow, tank.open, tank.size, tank.needed) == (1.5, False, 2.0, 3)
    assert type(tank.size) is float
    tank.step(2.0)
    assert tank.output == 3.0
    assert Tank(needed=3).output == 0.0


def test_a_subclass_inherits_members():
    class Big(Tank, type="BIG_TANK"):
        """A big tank."""

        size = Param(float, default=50.0)

    assert list(Big.spec.inputs) == ["inflow", "open"]
    assert Big(needed=1).size == 50.0
    assert Tank.spec.type == "TANK"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({}, "TANK needs the parameter needed"),
        ({"needed": 1.5}, "TANK.needed is a int, not 1.5"),
        ({"needed": True}, "TANK.needed is a int, not True"),
        ({"needed": 1, "size": 9.0}, "TANK.size must be at most 5"),
        ({"needed": 1, "size": float("nan")}, "TANK.size must be at least 1"),
        ({"needed": 1, "kind": "flat"}, "TANK.kind must be one of 'round', 'square'"),
        ({"needed": 1, "colour": 1}, "TANK has no parameter colour"),
    ],
)
def test_parameters_are_checked(params, error):
    with pytest.raises((TypeError, ValueError)) as raised:
        Tank(**params)
    assert error in str(raised.value)


def declare(body, base=Block, **kwargs):
    kwargs.setdefault("type", "X")
    return type(base)("X", (base,), {"__doc__": "X.", "__qualname__": "X", **body}, **kwargs)


def step(self, dt):
    """Nothing."""


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: declare({"output": Out(bool)}), "needs a method `step"),
        (lambda: declare({"step": step}), "at least one Out"),
        (lambda: declare({"step": lambda self: None, "output": Out(bool)}), "takes self and dt"),
        (lambda: declare({"step": step, "output": Out(bool)}, type="a b"), "'a b' is not a valid name"),
        (
            lambda: declare({"step": step, "output": Out(bool, aliases=("q",)), "q": Out(bool)}),
            "'q' names both 'output' and 'q'",
        ),
        (lambda: declare({"step": step, "output": Out(float)}, base=Condition), "exactly one output"),
        (lambda: In(list), "bool, int, float or str"),
        (lambda: In(bool, default=1), "not of type bool"),
        (lambda: Param(float, default=9.0, maximum=5), "the default 9.0 must be at most 5"),
        (lambda: State([]), "state is bool, int, float, str or a tuple"),
        (lambda: State(INT_MAX + 1), "does not fit into 64 bits"),
        (lambda: State(INT_MIN - 1), "does not fit into 64 bits"),
        (lambda: In(int, default=INT_MAX + 1), "is not of type int"),
        (lambda: In(int | float, default="a"), "is not of type int or float"),
        (lambda: In(bool, many=True, default=True), "takes no default other than ()"),
        (lambda: In(bool, optional=True, default=True), "an optional input takes one signal"),
        (lambda: In(bool, optional=True, many=True), "an optional input takes one signal"),
        (lambda: In(bool, first=1), "`first` needs many=True"),
        (lambda: Param(str, default="c", choices=("a", "b")), "the default 'c' must be one of 'a', 'b'"),
        (lambda: Param(int, default=0, minimum=1), "the default 0 must be at least 1"),
        (
            lambda: declare(
                {"step": step, "q": Out(bool), "a": In(bool, many=True), "b": In(bool, many=True)}
            ),
            "only one input may have many=True",
        ),
        (lambda: declare({"step": step, "q": Out(bool), "a": QualityOf("b")}), "there is no input 'b'"),
        (
            lambda: declare({"step": step, "q": Out(bool), "a": State(0.0, begins_with="q")}),
            "not an output of the type float",
        ),
        (
            lambda: declare({"step": step, "q": Out(bool), "a": State(False, begins_with="b")}),
            "begins with 'b', which is not an output",
        ),
        (
            lambda: declare({"step": step, "q": Out(bool), "a": In(bool, aliases=("b",)), "b": In(bool)}),
            "'b' names both 'a' and 'b'",
        ),
        (
            lambda: declare({"step": step, "q": Out(bool), "a": Param(int, aliases=("b",)), "b": Param(int)}),
            "'b' names both 'a' and 'b'",
        ),
    ],
)
def test_what_cannot_work_is_refused_where_it_is_declared(make, error):
    with pytest.raises(DeclarationError) as raised:
        make()
    assert error in str(raised.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Param(float, minimum=1.0),
        lambda: Param(str, choices=("a", "b")),
        lambda: Param(int, default=1, minimum=1, maximum=1),
        lambda: Param(str, default="b", choices=("a", "b")),
        lambda: In(float, default=1),
        lambda: In(bool, many=True, default=()),
        lambda: In(bool, many=True, first=1),
        lambda: State(INT_MAX),
        lambda: State(INT_MIN),
        lambda: State(()),
        lambda: declare({"step": step, "q": Out(float), "a": State(0.0, begins_with="q")}),
        lambda: declare({"step": step, "a": In(bool), "q": Out(bool, aliases=("a",))}),
        lambda: declare({"step": step, "a": In(bool), "b": QualityOf("a"), "q": Out(bool)}, base=Condition),
    ],
)
def test_what_can_work_is_taken(make):
    assert make() is not None


def test_a_parameter_without_a_default_is_held_within_its_bounds():
    class Bounded(Block, type="BOUNDED"):
        """Has bounds and no default."""

        size = Param(float, minimum=1.0, maximum=5.0)
        kind = Param(str, choices=("a", "b"))
        out = Out(float)

        def step(self, dt):
            self.out = self.size

    assert [Bounded(size=size, kind="a").size for size in (1, 5.0)] == [1.0, 5.0]
    with pytest.raises(ValueError, match="must be at least 1"):
        Bounded(size=0.9, kind="a")
    with pytest.raises(ValueError, match="must be one of 'a', 'b'"):
        Bounded(size=1.0, kind="c")


@pytest.mark.parametrize(
    ("port", "keys", "positions"),
    [
        (In(bool, many=True), ["a", "in7", "x2"], [0, 1, 2]),
        (In(bool, many=True, first=2), ["in2", "in3", "in5"], [0, 1, 3]),
        (In(bool, many=True, first=0), ["in0", "other", "in4", "more"], [0, 1, 4, 5]),
        (In(bool, many=True, first=2), ["in4", "in2"], [2, 3]),
        (In(bool, many=True, first=1), ["IN1", "In3"], [0, 2]),
        (In(bool, many=True, first=1), [], []),
    ],
)
def test_wires_of_many_are_known_by_their_numbers(port, keys, positions):
    assert port.positions(keys) == positions


@pytest.mark.parametrize(
    ("port", "given", "taken"),
    [
        (In(float), bool, bool),
        (In(float, bools=True), bool, float),
        (In(int | float, bools=True), bool, int),
        (In(bool | float, bools=True), bool, bool),
        (In(float, bools=True), int, int),
        (In(float, bools=True), str, str),
    ],
)
def test_a_bool_counts_as_a_number_where_it_may(port, given, taken):
    assert port.taken(given) is taken
