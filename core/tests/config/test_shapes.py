"""A section of devices is one mapping, a list, or a list under `connections`, whichever its plugin has."""

from __future__ import annotations

import json
import textwrap

import jsonschema
import pytest
import yaml
from attrs import field, frozen

from petra import Catalog, DriverKind, SignalUse, about, hookimpl
from petra.config import load_bytes
from petra.config.schema import document_schema
from petra.config.show import shown


@frozen
class Line:
    """A connection."""

    name: str = field(metadata=about("Name"))
    host: str = field(metadata=about("Where"))
    poll_ms: float = field(default=100.0, metadata=about("How often"))
    shows: str | None = field(default=None, metadata=about("What it shows", signal=SignalUse.READS))


@frozen
class BusConfig:
    """Connections."""

    connections: tuple[Line, ...] = field(default=(), metadata=about("The connections"))
    poll_ms: float = field(default=1000.0, metadata=about("How often"))


class BusPlugin:
    PETRA_API = 1
    __name__ = "bus"

    @hookimpl
    def petra_drivers(self):
        return [DriverKind("many", BusConfig, build=print), DriverKind("one", Line, build=print)]


CATALOG = Catalog.of(BusPlugin())
JUDGE = jsonschema.Draft202012Validator(json.loads(json.dumps(document_schema(CATALOG))))

A, B = "{name: a, host: x}", "{name: b, host: y, poll_ms: 5}"


def read(text: str):
    text = textwrap.dedent(text)
    loaded = load_bytes(text.encode(), CATALOG, {}, name="plant.yaml")
    assert JUDGE.is_valid(yaml.safe_load(text)) is (loaded.configuration is not None), loaded.problems
    return loaded


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f"many: {{connections: [{A}, {B}]}}", "ab"),
        (f"many: [{A}, {B}]", "ab"),
        (f"many: {A}", "a"),
        (f"many: [{{connections: [{A}]}}, {{connections: [{B}], poll_ms: 7}}]", "ab"),
        (f"many: [{{connections: [{A}]}}, {B}]", "ba"),
    ],
)
def test_a_model_with_connections(text, names):
    made = read(text).configuration.sections["many"]
    assert "".join(line.name for config in made for line in config.connections) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f"one: {A}", "a"),
        (f"one: [{A}, {B}]", "ab"),
        (f"one: {{connections: [{A}, {B}]}}", "ab"),
        ("one: {host: x, poll_ms: 1, connections: [{name: a}, {name: b, poll_ms: 2}]}", "ab"),
    ],
)
def test_a_model_of_one_device(text, names):
    loaded = read(text)
    made = loaded.configuration.sections["one"]
    assert "".join(line.name for line in made) == names
    paths = {value.path: value.source for value in shown(loaded, loaded.configuration)}
    first = "one.name" if len(names) == 1 and "[" not in text else "one[0].name"
    assert paths[first].startswith("plant.yaml:1:")


def test_what_stands_beside_the_list_is_for_all_that_do_not_say():
    made = read("one: {host: x, poll_ms: 1, connections: [{name: a}, {name: b, poll_ms: 2}]}").configuration
    assert [(line.name, line.host, line.poll_ms) for line in made.sections["one"]] == [
        ("a", "x", 1.0),
        ("b", "x", 2.0),
    ]


@pytest.mark.parametrize(
    ("text", "place", "path"),
    [
        ("many:\n- {name: a, host: x, poll: 1}\n", (2, 22), "many[0].poll"),
        ("many:\n- {name: a, host: x}\n- {name: b}\n", (3, 3), "many[1]"),
        ("one:\n  connections:\n  - {name: a, hots: x}\n", (3, 15), "one.connections[0].hots"),
    ],
)
def test_mistakes_keep_their_places(text, place, path):
    problem = next(p for p in read(text).problems if p.path == path)
    assert (problem.line, problem.column) == place


def test_what_goes_to_a_device_needs_a_safe_value():
    text = """
        signals:
        - {name: lamp, type: bool}
        - {name: horn, type: bool, safe: false}
        - {name: valve}
        one:
        - {name: a, host: x, shows: lamp}
        - {name: b, host: x, shows: horn}
        - {name: c, host: x, shows: valve}
    """
    loaded = read(text)
    assert loaded.configuration is not None
    assert [(p.code, p.severity.value, p.line, p.path, p.hint) for p in loaded.problems] == [
        ("no-safe-value", "note", 3, "signals[0]", "`safe: false`"),
        ("no-safe-value", "note", 5, "signals[2]", "`safe: 0.0`"),
    ]


def test_an_alias_that_writes_twice_is_told_so(check):
    result = check("""
        x-points: &points [{signal: x, register: 1}]
        meter:
        - {host: a, points: *points}
        - {host: b, points: *points}
    """)
    assert result.codes == ["two-writers"]
    assert "an alias uses this part in two places" in result.text
