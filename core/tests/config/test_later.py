"""Sections and blocks still to come: what they say of signals lets the rest of the document be checked."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.config import load_bytes
from petra.config.providers import LATER
from petra.library import plugin

LIBRARY = Catalog.of(plugin)


def types(text: str) -> dict[str, str]:
    """Return the types of the signals of a document that has no errors."""
    loaded = load_bytes(text.encode(), LIBRARY, {}, name="p")
    assert loaded.configuration is not None, "\n".join(map(str, loaded.problems))
    return {signal.name: signal.type.value for signal in loaded.configuration.plant.signals}


MOVES = "blocks: [{name: n, type: MOVE, inputs: {in: level}, outputs: {out: copy}}]\n"
ANDS = "blocks: [{name: n, type: AND, inputs: {a: level, b: level}, outputs: {out: copy}}]\n"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("type: int", "int"),
        ("data_type: integer", "int"),
        ("data_type: float, type: holding", "float"),
        ("type: bool", "bool"),
        ("type: string", "string"),
        ("type: something", "float"),
        ("address: 5", "float"),
    ],
)
def test_a_signal_that_a_section_to_come_writes_has_the_type_that_is_given_there(said, kind):
    section = f"mqtt: {{topics: [{{signal: level, {said}}}]}}\n"
    assert types(section + MOVES) == {"level": kind, "copy": kind}


def test_without_a_type_it_is_what_its_first_reader_wants():
    assert types("mqtt: {topics: [{signal: level}]}\n" + ANDS) == {"level": "bool", "copy": "bool"}


@pytest.mark.parametrize("section", sorted(LATER))
def test_every_section_to_come_is_one_warning_and_heeded(section):
    text = f"{section}: {{deep: [[{{level_signal: level}}]]}}\n{MOVES}"
    loaded = load_bytes(text.encode(), LIBRARY, {}, name="p")
    assert [(problem.code, problem.line) for problem in loaded.serious] == [("not-yet", 1)]
    assert types(text)["level"] == "float"


def test_what_is_no_name_and_what_is_declared_already_is_left_alone():
    section = "mqtt: {a: {signal: 'a b'}, b: {signal: level, type: int}, c: {signal: level}}\n"
    assert types(section + MOVES) == {"level": "int", "copy": "int"}
    declared = "signals: [{name: level, type: string}]\n"
    assert types(declared + section + MOVES) == {"level": "string", "copy": "string"}
    written = "blocks:\n- {name: m, type: NOT, inputs: {in: true}, outputs: {out: level}}\n"
    written += "- {name: n, type: MOVE, inputs: {in: level}, outputs: {out: copy}}\n"
    assert types(section + written) == {"level": "bool", "copy": "bool"}


def test_a_signal_that_nothing_reads_is_not_made():
    assert types("mqtt: {topics: [{signal: level, type: int}]}\nscan_time_ms: 5\n") == {}


def test_the_outputs_of_a_block_to_come_are_signals():
    block = "blocks:\n- {name: m, type: EMAIL, inputs: {trigger: true}, outputs: {sent: level}}\n"
    more = "- {name: n, type: MOVE, inputs: {in: level}, outputs: {out: copy}}\n"
    assert types(block + more) == {"level": "float", "copy": "float"}
