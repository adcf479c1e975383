"""Declaring blocks: what a class body says, and what it cannot say."""

import pytest

from petra import Block, Condition, DeclarationError, In, Out, Param, State


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
    ],
)
def test_what_cannot_work_is_refused_where_it_is_declared(make, error):
    with pytest.raises(DeclarationError) as raised:
        make()
    assert error in str(raised.value)
