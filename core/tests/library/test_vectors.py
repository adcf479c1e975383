"""Every block of the standard library answers as its vectors say, compiled and called."""

from __future__ import annotations

from pathlib import Path

import pytest

import petra.library
from petra import Catalog
from petra.library import plugin
from petra.testing import assert_plugin_conforms, assert_vectors

VECTORS = Path(petra.library.__file__).parent / "vectors"
LIBRARY = Catalog.of(plugin)
BLOCKS = {offer.name: offer.thing for offer in LIBRARY.offers()}

ORIGINAL = [
    "AND",
    "OR",
    "NOT",
    "XOR",
    "GT",
    "LT",
    "GTE",
    "LTE",
    "EQ",
    "NEQ",
    "ADD",
    "SUB",
    "MUL",
    "MULTIPLY",
    "DIV",
    "TON",
    "ON_DELAY",
    "TOF",
    "OFF_DELAY",
    "TP",
    "PULSE",
    "SCALE",
    "LIMIT",
    "SELECT",
    "MUX",
    "DEMUX",
    "CTU",
    "CTD",
    "CTUD",
    "COUNTER",
    "R_TRIG",
    "F_TRIG",
    "EDGE_DETECT",
    "SR_LATCH",
    "RS_LATCH",
    "FLIP_FLOP",
    "STATISTICS",
    "CONVERT",
    "MOD",
    "ABS",
    "SQRT",
    "MIN",
    "MAX",
    "NAND",
    "NOR",
    "RAMP",
    "LEADLAG",
    "AVG",
    "MIN_MAX",
    "STDDEV",
    "PID",
    "DATA_GENERATOR",
    "TANK_SIMULATION",
    "HYSTERESIS",
    "DEADBAND",
    "LAG",
    "TOTALIZER",
    "RUNTIME",
    "VOTE",
    "INTERLOCK",
    "LEAD_LAG_PUMPS",
    "SCHEDULE",
    "SEQUENCE",
    "EXPR",
    "GE",
    "LE",
    "NE",
    "SR",
    "RS",
]


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_answers_as_its_vectors_say(name):
    assert_vectors(BLOCKS[name], VECTORS / f"{name}.yaml")


def test_every_file_of_vectors_belongs_to_a_block():
    assert {path.stem for path in VECTORS.glob("*.yaml")} == set(BLOCKS)


@pytest.mark.parametrize("name", ORIGINAL)
def test_names_of_both_generations_are_known(name):
    assert LIBRARY.block(name) is not None


@pytest.mark.parametrize("name", BLOCKS)
def test_every_port_and_parameter_says_what_it_is(name):
    spec = BLOCKS[name].spec
    for member in (
        *spec.inputs.values(),
        *spec.outputs.values(),
        *spec.params.values(),
        *spec.states.values(),
    ):
        assert member.doc, member


def test_the_library_conforms_as_any_plugin_has_to():
    assert_plugin_conforms(plugin)


def test_a_vector_that_is_wrong_is_found(tmp_path):
    """The judge can say no: of an output, of a fault that is missing, of one that is not expected."""
    for text in (
        "- scans: [{in: {input: 2.25}, out: {out: 1.6}}]",
        "- scans: [{in: {input: 2.25}, out: {out: 1}, fault: domain}]",
        "- scans: [{in: {input: -1.0}, out: {out: 0.0}}]",
    ):
        (tmp_path / "SQRT.yaml").write_text(text)
        with pytest.raises(AssertionError, match=r"SQRT.yaml, case 1"):
            assert_vectors(BLOCKS["SQRT"], tmp_path / "SQRT.yaml")
