"""Slips that people make: each has its place, and what was meant."""

from __future__ import annotations

import json

import jsonschema
import pytest
from attrs import field, frozen

from petra import Catalog, DriverKind, about, hookimpl
from petra.closest import closest
from petra.config import load_bytes
from petra.config.schema import document_schema
from petra.config.wording import duration
from petra.library import plugin
from petra.settings import AnyCase

NAMES = ("int16", "float32", "bool")


@frozen
class LineConfig:
    """A line."""

    port: int = field(default=502, metadata=about("Port"))
    poll_ms: float = field(default=100.0, metadata=about("How often", unit="ms"))
    wait: float | None = field(default=None, metadata=about("How long", unit="s"))
    data_type: str = field(default="bool", validator=AnyCase(NAMES), metadata=about("What"))
    labels: dict[str, str] = field(factory=dict, metadata=about("Texts"))


class LinePlugin:
    PETRA_API = 1
    __name__ = "line"

    @hookimpl
    def petra_drivers(self):
        return [DriverKind("line", LineConfig, build=print)]


CATALOG = Catalog.of(plugin, LinePlugin())
SCALE = "blocks:\n- name: a\n  type: SCALE\n  inputs: {in: 1.0}\n  outputs: {out: b}\n"
TON = "blocks:\n- name: a\n  type: TON\n  inputs: {in: true}\n  outputs: {q: b}\n"

SLIPS = {
    "comma": ("signals:\n- name: a\n  initial: 20,0\n", 3, 12, "wrong-type", "write 20.0: a point, not a"),
    "comma-port": ("line: \n  poll_ms: -1,5\n", 2, 12, "wrong-type", "write -1.5: a point, not a comma"),
    "comma-in-braces": ("signals: [{name: a, initial: 20,0}]\n", 1, 33, "unknown-key", "write a point"),
    "quotes": ('line: {port: "502"}\n', 1, 14, "wrong-type", "leave out the quotes"),
    "quotes-initial": ('signals:\n- {name: a, initial: "20"}\n', 2, 22, "wrong-type", "leave out the quotes"),
    "quotes-limit": ('signals:\n- {name: a, maximum: "20"}\n', 2, 22, "wrong-type", "leave out the quotes"),
    "time-ms": ("line: {poll_ms: T#500ms}\n", 1, 17, "wrong-type", "write 500: it is in ms"),
    "time-s": ("line: {wait: T#500ms}\n", 1, 14, "wrong-type", "write 0.5: it is in s"),
    "time-long": ("line: {wait: TIME#1m30s}\n", 1, 14, "wrong-type", "write 90: it is in s"),
    "time-port": ("line: {port: 5s}\n", 1, 14, "wrong-type", "write the plain number"),
    "time-param": (TON + "  params: {preset_ms: T#1.5s}\n", 6, 23, "wrong-type", "write 1500: it is in ms"),
    "quotes-param": (SCALE + '  params: {in_max: "5"}\n', 6, 20, "wrong-type", "leave out the quotes"),
    "tab": ("signals:\n- name: a\n\ttype: int\n", 3, 1, "yaml-syntax", "indent with spaces, not tabs"),
    "dash": ("signals:\n-name: a\n  type: int\n", 2, 1, "yaml-syntax", "write `- name: a`"),
    "dash-second": ("signals:\n- a\n-name: b\n  type: int\n", 3, 1, "yaml-syntax", "write `- name: b`"),
    "dash-name": ("signals:\n  - a\n  -b\n  - c\n", 3, 3, "yaml-syntax", "write `- b`"),
    "dash-braces": ("signals:\n  - a\n  -{name: b}\n", 3, 3, "yaml-syntax", "write `- {name: b}`"),
    "dash-top": ("signals:\n-name: a\n", 2, 1, "missing-space", "write `- name: ...`"),
    "dash-all": ("signals:\n  -name: a\n", 2, 3, "wrong-type", "after a dash and a space"),
    "quote-within": (
        "signals:\n- {name: a, description: 'it's on'}\n",
        2,
        29,
        "yaml-syntax",
        "a quote inside the text is written '', or put the text in \"...\"",
    ),
    "quote-within-block": ("signals:\n- name: a\n  unit: 'it's'\n", 3, 12, "yaml-syntax", "is written ''"),
    "quote-within-two": ('signals:\n- name: a\n  unit: "a "b" c"\n', 3, 12, "yaml-syntax", 'is written \\"'),
    **{
        f"type-{name}": (f"signals: [{{name: a, type: {name}}}]\n", 1, 27, "bad-value", f"mean {meant!r}?")
        for name, meant in [
            ("REAL", "float"),
            ("LREAL", "float"),
            ("double", "float"),
            ("DINT", "int"),
            ("WORD", "int"),
            ("boolean", "bool"),
            ("text", "string"),
            ("flaot", "float"),
        ]
    },
    "curly-name": ("signals:\n- name: “a”\n", 2, 9, "bad-value", "write straight ones"),
    "curly-number": ("scan_time_ms: ”50”\n", 1, 15, "wrong-type", "write straight ones"),
    "curly-key": ("signals:\n- “name”: a\n", 2, 3, "unknown-key", "write straight ones"),
    "curly-colon": ("line:\n  labels: {a: “b: c”}\n", 2, 17, "yaml-syntax", "write straight ones"),
    "two-colons": ("line:\n  address: holding: 0\n", 2, 19, "yaml-syntax", "write `holding:0` without"),
    "two-colons-braces": ("line: {address: holding: 0}\n", 1, 24, "yaml-syntax", "`holding:0`"),
    "no-space-one": ("line:\n  labels:\n    in1:temp\n", 3, 5, "wrong-type", "write `in1: temp`"),
    "no-space-above": ("line:\n  labels:\n    in1:temp\n    b: c\n", 3, 9, "yaml-syntax", "`in1: temp`"),
    "no-space-top": ("scan_time_ms:50\nsignals: []\n", 1, 14, "yaml-syntax", "write `scan_time_ms: 50`"),
    "no-space-item": ("signals:\n- name:a\n  type: bool\n", 2, 8, "yaml-syntax", "write `name: a`"),
    "no-space-name": ("signals:\n- name:a\n", 2, 3, "missing-space", "write `name: a`"),
    "letters-swapped": ("blocks:\n- {name: a, type: TNO}\n", 2, 19, "unknown-block-type", "mean 'TON'?"),
    "letters-swapped-too": ("blocks:\n- {name: a, type: PDI}\n", 2, 19, "unknown-block-type", "mean 'PID'?"),
    "data-type": ("line: {data_type: flaot32}\n", 1, 19, "bad-value", "did you mean 'float32'?"),
    "open-quote": ('signals:\n- name: "a\n  type: "bool"\n', 2, 9, "yaml-syntax", "it ends in line 3"),
    "open-quote-far": (
        "signals:\n- name: 'a\n  type: bool\n# 1\n- name: 'b'\n", 2, 9, "yaml-syntax", "it ends in line 5",
    ),
    "open-quote-in-braces": ('line: {a: "x, b: 1}\nx-a: "1"\n', 1, 11, "yaml-syntax", "it ends in line 2"),
    "open-quote-to-the-end": ('a: 1\nb: "x\nc: 2\n', 2, 4, "yaml-syntax", ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "code", "hint"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_told_where_it_is_and_what_was_meant(text, line, column, code, hint):
    problems = load_bytes(text.encode(), CATALOG, {}).problems
    found = next((p for p in problems if (p.line, p.column, p.code) == (line, column, code)), None)
    assert found is not None, "\n".join(map(str, problems))
    assert hint in found.hint


GOOD = [
    "line: {labels: {a: “b”, c: T#5s, d: '20,0', e: http://a}}\n",
    'line:\n  labels:\n    a: "two\n      lines"\n    b: "c"\n',
    'signals: ["name:a", b:c]\n',
]


@pytest.mark.parametrize("text", GOOD)
def test_what_is_no_slip(text):
    assert load_bytes(text.encode(), CATALOG, {}).problems == ()


def test_a_text_of_two_lines_above_a_mistake_is_not_blamed():
    text = 'a: "two\n  lines"\nb: c: d\n'
    (problem,) = load_bytes(text.encode(), CATALOG, {}).problems
    assert (problem.line, problem.column) == (3, 5)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("TNO", "TON"), ("PDI", "PID"), ("flaot32", "float32"), ("Tno", "TON"), ("ab", "ba"), ("TN", "TON")],
)
def test_neighbours_that_are_swapped_come_first(name, meant):
    assert closest(name, ["TO", "NOT", "TOF", "TON", "PI", "PID", "float32", "float64", "ba"]) == meant


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("T#500ms", 0.5), ("t#1h2m3s", 3723.0), ("TIME#1d", 86400.0), ("2.5 s", 2.5), ("T#1m_30s", 90.0),
     ("10min", 600.0), ("500", None), ("T#", None), ("5 apples", None), ("ms", None)],
)  # fmt: skip
def test_times(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "path", "hint"),
    [
        ("line: tcp\n", "line", "write its keys: {port: ..., poll_ms: ..., wait: ..., ...}"),
        ("line: [a]\n", "line[0]", "write its keys: {port: ..."),
        ("x-a: &a {port: x}\nline: *a\n", "line.port", ""),
        ("x-a: &a {port: x}\nline: {<<: *a}\n", "line.port", ""),
    ],
)
def test_the_right_shape_and_the_place_where_it_is_used(text, path, hint):
    (problem,) = load_bytes(text.encode(), CATALOG, {}).problems
    assert problem.path == path
    assert hint in problem.hint


def test_data_types_are_enumerated_in_any_case(schema_of_lines):
    assert schema_of_lines.is_valid({"line": {"data_type": "Float32"}})
    assert schema_of_lines.is_valid({"line": {"data_type": "float32"}})
    assert not schema_of_lines.is_valid({"line": {"data_type": "flaot32"}})
    data_type = schema_of_lines.schema["properties"]["line"]["anyOf"][0]["anyOf"][0]["properties"][
        "data_type"
    ]
    assert {"enum": list(NAMES)} in data_type["anyOf"][0]["anyOf"]


@pytest.fixture
def schema_of_lines():
    return jsonschema.Draft202012Validator(json.loads(json.dumps(document_schema(CATALOG))))


def test_a_block_still_to_come_is_one_warning_for_its_type():
    text = """
signals: [{name: a, type: bool}]
blocks:
- {name: b, type: TWILIO, inputs: {trigger: a}, outputs: {success: sent}, params: {to: [1, 2]}}
- {name: c, type: EMAIL, inputs: {trigger: a}, ports: {x: y}}
- {name: d, type: EMAIL}
- {name: e, type: NOT, inputs: {in: sent}, outputs: {out: f}}
"""
    made = load_bytes(text.encode(), CATALOG, {})
    assert [(p.line, p.column, p.code, p.hint) for p in made.problems] == [
        (4, 19, "not-yet", "a later petra-twilio will provide it"),
        (5, 19, "not-yet", "a later petra-mail will provide it"),
    ]
    assert [block.name for block in made.configuration.plant.blocks] == ["e"]
    assert {signal.name for signal in made.configuration.plant.signals} == {"a", "sent", "f"}
