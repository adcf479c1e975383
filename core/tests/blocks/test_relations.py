"""What an input may declare beside its type, and what a block says about values that do not go together."""

from __future__ import annotations

import pytest

from petra import Block, Catalog, DeclarationError, In, Out, Param, hookimpl
from petra.config import load_bytes
from petra.scan import Bench, Resolution, TuningError, wire


class Between(Block, type="BETWEEN"):
    """Whether a value lies between two."""

    value = In(float, bools=True)
    high = In(float, default=10.0, minimum=0.0, maximum=100.0)
    rest = In(bool, many=True, default=())
    low = Param(float, default=0.0)
    out = Out(bool)

    @classmethod
    def complaints(cls, given):
        if given["high"] is not None and given["low"] > given["high"]:
            yield "low", "is above high"
        if len(given.get("rest", ())) > 1:
            yield "rest", "is more than one"

    def step(self, dt):
        self.out = self.low <= self.value <= self.high and all(self.rest)


def test_an_instance_takes_constants_of_inputs_with_a_default():
    assert Between(high=20, low=5.0).high == 20.0
    assert Between().rest == ()
    with pytest.raises(TypeError, match="has no parameter value"):
        Between(value=1.0)
    with pytest.raises(TypeError, match="has no parameter rest"):
        Between(rest=True)
    with pytest.raises(ValueError, match="must be at most 100, not 101"):
        Between(high=101.0)


def test_values_that_do_not_go_together_make_no_block():
    with pytest.raises(ValueError, match=r"BETWEEN\.low is above high"):
        Between(low=5.0, high=4.0)


@pytest.mark.parametrize("inline", [True, False])
def test_a_constant_input_is_tuned_within_its_bounds(inline):
    bench = Bench(Between, inputs={"value": 12.0}, inline=inline)
    bench.scan()
    assert not bench.outputs()["out"]
    bench.program.tune("block", "high", 20)
    bench.scan()
    assert bench.outputs()["out"]
    with pytest.raises(TuningError, match="must be at least 0"):
        bench.program.tune("block", "high", -1)
    with pytest.raises(TuningError, match=r"there are low, high$"):
        bench.program.tune("block", "rest", 1)


@pytest.mark.parametrize("inline", [True, False])
def test_a_bool_counts_where_a_port_says_so(inline):
    bench = Bench(Between, inputs={"value": True}, inline=inline)
    bench.scan()
    assert bench.outputs()["out"]
    with pytest.raises(TypeError, match=r"BETWEEN\.high: expected a number, not a bool"):
        Bench(Between, inputs={"value": True, "high": True})


def test_an_input_that_takes_many_has_no_other_default():
    with pytest.raises(DeclarationError, match="takes no default other than"):
        In(bool, many=True, default=True)


class Clumsy(Block, type="CLUMSY"):
    """Raises whenever it is asked."""

    value = In(float)
    out = Out(float | bool)

    @classmethod
    def complaints(cls, given):
        raise LookupError("no idea")

    @classmethod
    def output_type(cls, port, params, kinds):
        raise LookupError("no idea")

    def step(self, dt):
        self.out = self.value


class Plugin:
    PETRA_API = 1
    __name__ = "clumsy"

    @hookimpl
    def petra_blocks(self):
        return [Clumsy]


def test_a_class_that_fails_when_it_is_asked_is_a_problem_of_the_document():
    text = b"blocks: [{name: x, type: CLUMSY, inputs: {value: 1.0}, outputs: {out: y}}]"
    (problem,) = load_bytes(text, Catalog.of(Plugin()), {}).problems
    assert "CLUMSY cannot be checked: LookupError: no idea" in problem.message
    resolution = Resolution([wire("x", Clumsy, {"value": 1.0}, {"out": "y"}, {})], {})
    assert resolution.types["y"] is float


class Polite(Block, type="POLITE"):
    """Passes on what its base class says."""

    a = In(int | float)
    b = In(int | float, optional=True)
    out = Out(int | float)

    @classmethod
    def complaints(cls, given):
        yield from super().complaints(given)

    @classmethod
    def remarks(cls, given, outputs):
        yield from super().remarks(given, outputs)
        yield "a", "is looked at"

    @classmethod
    def needs(cls, kinds):
        yield from super().needs(kinds)
        if kinds.get("a") is float:
            yield "b"

    @classmethod
    def output_type(cls, port, params, kinds):
        return super().output_type(port, params, kinds) or kinds["a"]

    def step(self, dt):
        self.out = self.a


class PolitePlugin:
    PETRA_API = 1
    __name__ = "polite"

    @hookimpl
    def petra_blocks(self):
        return [Polite]


@pytest.mark.parametrize(
    ("kind", "codes"), [("int", ["assumed-value", "left-out"]), ("float", ["assumed-value", "missing-input"])]
)
def test_a_class_may_ask_its_base_first(kind, codes):
    text = f"signals: [{{name: a, type: {kind}}}]\nblocks:\n"
    text += "- {name: n, type: POLITE, inputs: {a: a}, outputs: {out: b}}\n"
    loaded = load_bytes(text.encode(), Catalog.of(PolitePlugin()), {})
    assert sorted(problem.code for problem in loaded.problems) == codes
