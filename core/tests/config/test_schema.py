"""The JSON Schema says what the check says."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petra.config import load_bytes
from petra.config.schema import document_schema


@pytest.fixture
def validator(meter_catalog):
    schema = json.loads(json.dumps(document_schema(meter_catalog)))
    jsonschema.Draft202012Validator.check_schema(schema)
    return Judge(jsonschema.Draft202012Validator(schema))


class Judge:
    """The schema's verdict, without its text in the report of a failing example."""

    def __init__(self, validator: jsonschema.Draft202012Validator) -> None:
        self.is_valid = validator.is_valid
        self.schema = validator.schema


DOCUMENTS = [
    ({"signals": [{"name": "a", "type": "int", "initial": 5}]}, True),
    ({"signals": ["a", "b"]}, True),
    ({"signals": None}, True),
    ({"signals": [{"name": "a", "type": "flaot"}]}, False),
    ({"signals": [{"type": "int"}]}, False),
    ({"signals": {"a": 1}}, False),
    ({"signal": []}, False),
    ({"scan_time_ms": 50}, True),
    ({"scan_time_ms": "${SCAN}"}, True),
    ({"scan_time_ms": "fast"}, False),
    ({"scan_time_ms": 0}, False),
    ({"x-anything": {"a": [1, 2]}}, True),
    ({"meter": {"host": "a"}}, True),
    ({"meter": {"ip": "a"}}, True),
    ({"meter": {"ip": "a", "host": "b"}}, False),
    ({"meter": [{"host": "a"}, {"host": "b", "port": 503}]}, True),
    ({"meter": {}}, False),
    ({"meter": {"connections": [{"host": "a"}, {"ip": "b"}]}}, True),
    ({"meter": {"port": 5, "connections": [{"host": "a"}]}}, True),
    ({"meter": {"host": "a", "connections": [{"port": 5}, {"ip": "b"}]}}, True),
    ({"meter": {"port": 5, "connections": [{"host": "a"}, {"port": 6}]}}, False),
    ({"meter": {"host": "a", "connections": [{"port": 0}]}}, False),
    ({"meter": {"host": "a", "connection": []}}, False),
    ({"alarms": {"anything": [1]}}, True),
    ({"protocols": {"meter": {"host": "a"}}}, True),
    ({"protocols": {"meter": {}}}, False),
    ({"protocols": {"metre": {}}}, False),
    ({"protocols": None}, True),
    ({"history": {"a": 1}, "version": "1.0", "tags": ["a"]}, True),
    ({"historie": {}}, False),
    ({"signals": [{"name": "a", "type": "integer", "tags": ["b"], "log_to_history": 5}]}, True),
    ({"signals": [{"name": "a", "min_value": 0.5, "maximum": 4}]}, True),
    ({"signals": [{"name": "a", "min_value": "low"}]}, False),
    ({"signals": [{"name": "a", "min_value": 1, "minimum": 1}]}, False),
    (
        {"blocks": [{"name": "a", "type": "TON", "inputs": {"in": True}, "enabled": False, "priority": 1}]},
        True,
    ),
    ({"blocks": [{"name": "a", "type": "TON", "inputs": {"in": True}, "enabled": "no"}]}, False),
    ({"meter": None}, False),
    ({"meter": {"host": ""}}, False),
    ({"meter": {"host": "a", "port": 0}}, False),
    ({"meter": {"host": "a", "port": "502"}}, False),
    ({"meter": {"host": "a", "port": "${PORT}"}}, True),
    ({"meter": {"host": "a", "order": "big"}}, True),
    ({"meter": {"host": "a", "order": "bog"}}, False),
    ({"meter": {"host": "a", "tag": "M12"}}, True),
    ({"meter": {"host": "a", "tag": "xM12"}}, False),
    ({"meter": {"host": "a", "unit_id": None}}, True),
    ({"meter": {"host": "a", "points": [{"signal": "x", "register": 1}]}}, True),
    ({"meter": {"host": "a", "points": [{"signal": "x", "register": -1}]}}, False),
    ({"meter": {"host": "a", "labels": {"a": "b"}}}, True),
    ({"meter": {"host": "a", "labels": {"a": 1}}}, False),
    ({"blocks": [{"name": "a", "type": "TON", "inputs": {"in": True}, "params": {"pt": 5}}]}, True),
    ({"blocks": [{"name": "a", "type": "ON_DELAY", "inputs": {"input": "false"}}]}, True),
    ({"blocks": [{"name": "a", "type": "TON", "inputs": {"in": True}, "params": {"pt": -5}}]}, False),
    ({"blocks": [{"name": "a", "type": "TON", "inputs": {"inn": True}}]}, False),
    ({"blocks": [{"name": "a", "type": "NOPE"}]}, False),
    ({"blocks": [{"name": "a"}]}, False),
]


@pytest.mark.parametrize(("document", "good"), DOCUMENTS, ids=lambda value: json.dumps(value)[:60])
def test_schema_and_check_agree(validator, meter_catalog, document, good):
    variables = {"SCAN": "5", "PORT": "5"}
    loaded = load_bytes(yaml.safe_dump(document).encode(), meter_catalog, variables)
    assert (loaded.configuration is not None) is good, loaded.problems
    assert validator.is_valid(document) is good


values = (
    st.none()
    | st.booleans()
    | st.integers(-3, 70000)
    | st.floats(-2, 2, allow_nan=False).filter(lambda x: not x.is_integer())  # 1.0 is an integer to a schema
    | st.sampled_from(["a", "M1", "", "big"])
)
# two points that write the same signal, and names that no signal can have, are beyond what a schema says
points = st.lists(
    st.fixed_dictionaries(
        {"signal": values.filter(lambda value: value != ""), "register": values}, optional={"scale": values}
    ),
    max_size=2,
    unique_by=lambda point: str(point["signal"]),
)
meters = st.fixed_dictionaries(
    {},
    optional={
        "host": values,
        "ip": values,
        "port": values,
        "unit_id": values,
        "order": values,
        "tag": values,
        "password": values,
        "points": points | values,
        "labels": st.dictionaries(st.sampled_from(["a", "b"]), values, max_size=2) | values,
        "other": values,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=500, deadline=None)
@given(meter=meters)
def test_schema_and_check_agree_on_anything(validator, meter_catalog, meter):
    """What an editor underlines is what the check refuses, for any section."""
    text = json.dumps({"meter": meter}).encode()  # JSON is YAML in which nothing is ambiguous
    loaded = load_bytes(text, meter_catalog, {})
    assert validator.is_valid({"meter": meter}) is (loaded.configuration is not None), loaded.problems


ports = st.sampled_from([5, 0, "x", None])
hosts = st.sampled_from(["a", "", 5])
units = st.sampled_from([None, 5, "x"])
listed = st.lists(
    st.fixed_dictionaries({}, optional={"host": hosts, "ip": hosts, "unit_id": units}), min_size=1, max_size=3
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(shared=st.fixed_dictionaries({}, optional={"port": ports, "order": st.just("big")}), items=listed)
def test_schema_and_check_agree_on_what_devices_share(validator, meter_catalog, shared, items):
    meter = {**shared, "connections": items}
    loaded = load_bytes(json.dumps({"meter": meter}).encode(), meter_catalog, {})
    assert validator.is_valid({"meter": meter}) is (loaded.configuration is not None), loaded.problems


def test_secrets_have_no_default_in_the_schema(validator):
    meter = validator.schema["properties"]["meter"]["anyOf"][0]
    assert "default" not in meter["properties"]["token"]
    assert meter["properties"]["port"]["default"] == 502
    assert meter["properties"]["port"]["description"] == "TCP port"


def test_a_text_is_offered_to_editors_once(validator):
    """Any text may be a reference to the environment: only what is no plain text needs it beside its own."""
    properties = validator.schema["properties"]["meter"]["anyOf"][0]["properties"]
    assert properties["labels"]["anyOf"][0]["additionalProperties"] == {"type": "string"}
    assert properties["alarm"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert {"type": "integer"}.items() <= properties["port"]["anyOf"][0].items()
    assert any("pattern" in each for each in properties["port"]["anyOf"])
