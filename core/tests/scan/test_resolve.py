"""The types of wired blocks, whatever a class says of itself or fails to say."""

from __future__ import annotations

import pytest

from petra import Block, Catalog, In, Out
from petra.library import plugin
from petra.scan import Resolution, wire

LIBRARY = {offer.name: offer.thing for offer in Catalog.of(plugin).offers()}


class Plain(Block, type="PLAIN"):
    """Passes on a number."""

    a = In(int | float)
    b = In(int | float, optional=True)
    out = Out(int | float)

    def step(self, dt):
        self.out = self.a


class Failing(Plain, type="FAILING"):
    """Fails at saying its type and what it needs."""

    @classmethod
    def output_type(cls, port, params, kinds):
        raise RuntimeError("not today")

    @classmethod
    def needs(cls, kinds):
        raise RuntimeError("not today")


class Lying(Plain, type="LYING"):
    """Says a type that its output cannot have, and needs what it has not declared."""

    @classmethod
    def output_type(cls, port, params, kinds):
        return str

    @classmethod
    def needs(cls, kinds):
        return ["a", "c"]


@pytest.mark.parametrize("cls", [Plain, Failing, Lying], ids=lambda cls: cls.__name__)
@pytest.mark.parametrize(
    ("inputs", "kind"), [({"a": "i"}, int), ({"a": "f"}, float), ({"a": "i", "b": "f"}, float)]
)
def test_a_class_that_fails_at_saying_its_types_has_those_of_its_inputs(cls, inputs, kind):
    found = Resolution([wire("x", cls, inputs, {"out": "y"}, {})], {"i": int, "f": float})
    assert found.mismatches == []
    assert found.types["y"] is kind


def test_a_type_runs_down_a_chain_whatever_the_order_of_the_document():
    kinds = {}
    for backwards in (False, True):
        blocks = [wire(f"b{i}", Plain, {"a": f"s{i}"}, {"out": f"s{i + 1}"}, {}) for i in range(5)]
        found = Resolution(blocks[::-1] if backwards else blocks, {"s0": int})
        kinds[backwards] = found.types
    assert kinds[True] == kinds[False] == {f"s{i}": int for i in range(6)}


def test_what_only_goes_round_in_a_loop_of_numbers_is_a_float():
    blocks = [wire("x", Plain, {"a": "z"}, {"out": "y"}, {}), wire("y", Plain, {"a": "y"}, {"out": "z"}, {})]
    assert Resolution(blocks, {}).types == {"y": float, "z": float}


def test_ints_and_floats_meet_as_floats_round_a_loop():
    add = LIBRARY["ADD"]
    blocks = [
        wire("x", add, {"a": "z", "b": "i"}, {"out": "y"}, {}),
        wire("y", add, {"a": "y", "b": "f"}, {"out": "z"}, {}),
    ]
    found = Resolution(blocks, {"i": int, "f": float})
    assert (found.types["y"], found.types["z"]) == (float, float)
    assert found.mismatches == []
