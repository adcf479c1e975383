"""Every block of IEC 61131-3 takes the formal names of the standard, beside ours."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.library import plugin

LIBRARY = Catalog.of(plugin)
MANY = ("IN1", "IN2", "IN3")
BINARY = ("IN1", "IN2")
STANDARD = {
    **dict.fromkeys(("AND", "OR", "XOR", "ADD", "MUL", "MIN", "MAX", "CONCAT"), (MANY, ("OUT",))),
    **dict.fromkeys(("SUB", "DIV", "MOD", "EXPT", "GT", "GE", "EQ", "LE", "LT", "NE"), (BINARY, ("OUT",))),
    **dict.fromkeys(("NOT", "ABS", "SQRT", "MOVE", "LEN"), (("IN",), ("OUT",))),
    "SEL": (("G", "IN0", "IN1"), ("OUT",)),
    "MUX": (("K", "IN0", "IN1", "IN2"), ("OUT",)),
    "LIMIT": (("MN", "IN", "MX"), ("OUT",)),
    "LEFT": (("IN", "L"), ("OUT",)),
    "RIGHT": (("IN", "L"), ("OUT",)),
    "MID": (("IN", "L", "P"), ("OUT",)),
    "SR": (("S1", "R"), ("Q1",)),
    "RS": (("S", "R1"), ("Q1",)),
    "R_TRIG": (("CLK",), ("Q",)),
    "F_TRIG": (("CLK",), ("Q",)),
    "CTU": (("CU", "R", "PV"), ("Q", "CV")),
    "CTD": (("CD", "LD", "PV"), ("Q", "CV")),
    "CTUD": (("CU", "CD", "R", "LD", "PV"), ("QU", "QD", "CV")),
    "TP": (("IN", "PT"), ("Q", "ET")),
    "TON": (("IN", "PT"), ("Q", "ET")),
    "TOF": (("IN", "PT"), ("Q", "ET")),
}


def names(members):
    return {name: member for member in members.values() for name in (member.name, *member.aliases)}


@pytest.mark.parametrize("block", STANDARD)
def test_a_block_of_the_standard_takes_its_formal_names(block):
    spec = LIBRARY.block(block).spec
    inputs, outputs = STANDARD[block]
    known = names(spec.inputs)
    meant = [known[name].name for name in inputs if spec.many is None or name in known]
    assert len(set(meant)) == len(meant), "each name means a port of its own"
    for name in inputs:
        assert name in known or spec.many is not None, name
    assert set(outputs) <= names(spec.outputs).keys()
