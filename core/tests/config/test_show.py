"""A configuration as it was understood: every value, its source, no secret."""

from __future__ import annotations

import pytest

from petra.config import load_bytes
from petra.config.show import shown

TEXT = """
signals:
  - {name: a, type: int}
  - b
meter:
  host: "${HOST}"
  port: ${PORT:-1502}
  password: "${PASSWORD}"
  tag: ${METER_TOKEN}
  labels: {url: "http://me:hunter2@x/", file: "${file:pw}"}
"""


@pytest.fixture
def values(check, tmp_path):
    (tmp_path / "pw").write_text("hunter2")
    result = check(TEXT, HOST="plc1", PASSWORD="hunter2", METER_TOKEN="M5")
    return {v.path: v for v in shown(result.loaded, result.good)}


@pytest.mark.parametrize(
    ("path", "value", "source"),
    [
        ("signals[0].type", "int", "plant.yaml:2:21"),
        ("signals[0].unit", "", "default"),
        ("signals[1].name", "b", "plant.yaml:3:5"),
        ("signals[1].type", "float", "default"),
        ("scan_time_ms", 100.0, "default"),
        ("meter.host", "plc1", "plant.yaml:5:9 (env HOST)"),
        ("meter.port", 1502, "plant.yaml:6:9 (default of PORT)"),
        ("meter.order", "big", "default"),
        ("meter.points", [], "default"),
        ("meter.password", "***", "plant.yaml:7:13 (env PASSWORD)"),
        ("meter.token", "", "default"),
        ("meter.tag", "***", "plant.yaml:8:8 (env METER_TOKEN)"),
        ("meter.labels.url", "http://me:***@x/", "plant.yaml:9:17"),
        ("meter.labels.file", "***", "plant.yaml:9:47 (file pw)"),
    ],
)
def test_values_and_sources(values, path, value, source):
    assert values[path].value == value
    assert values[path].source == source


def test_no_secret_is_shown(values):
    assert "hunter2" not in str(values)


@pytest.mark.parametrize(
    "url", ["mqtt://u:hunter/2@h:1883", "mqtt://u:hunt@er2@h", "http://u:hunter2@h/p?q=1"]
)
def test_a_password_within_a_url_is_not_shown(check, url):
    result = check(f"meter: {{host: '{url}'}}")
    (host,) = [v.value for v in shown(result.loaded, result.good) if v.path == "meter.host"]
    assert "hunt" not in host
    assert "er2@" not in host
    assert "@h" in host


@pytest.mark.parametrize("name", ["MQTT_PW", "PIN", "DB_PWD", "API_KEY", "AUTH", "CREDS", "MY_PASSPHRASE"])
def test_a_variable_that_sounds_secret_is_not_shown(check, name):
    result = check(f"meter: {{host: '${{{name}}}'}}", **{name: "hunter2"})
    assert "hunter2" not in str(list(shown(result.loaded, result.good)))


def test_a_block_shows_declared_names_and_where_they_stand(check):
    text = "blocks:\n- name: a\n  type: ON_DELAY\n  inputs: {in: true}\n  params: {pt: 5}\n"
    result = check(text)
    found = {v.path: (v.value, v.source) for v in shown(result.loaded, result.good)}
    assert found["blocks[0].inputs.input"] == (True, "plant.yaml:4:16")
    assert found["blocks[0].params.preset"] == (5.0, "plant.yaml:5:16")


def test_several_sections_are_numbered(check):
    result = check("meter: [{host: a}, {host: b}]")
    paths = {v.path: v.value for v in shown(result.loaded, result.good)}
    assert (paths["meter[0].host"], paths["meter[1].host"]) == ("a", "b")


def test_a_file_that_has_gone_since_is_not_shown_and_ends_nothing(check, tmp_path):
    (tmp_path / "pw").write_text("hunter2")
    result = check("meter: {host: '${file:pw}', tag: M5}")
    (tmp_path / "pw").unlink()
    found = {v.path: (v.value, v.source) for v in shown(result.loaded, result.good)}
    assert found["meter.host"] == ("***", "plant.yaml:1:15 (file pw)")
    assert found["meter.tag"] == ("M5", "plant.yaml:1:34")


def test_a_variable_that_has_gone_since_is_not_shown_and_ends_nothing(meter_catalog, monkeypatch):
    monkeypatch.setenv("PLANT_HOST", "plc1")
    loaded = load_bytes(b"meter: {host: '${PLANT_HOST}', tag: M5}", meter_catalog, name="p")
    monkeypatch.delenv("PLANT_HOST")
    found = {v.path: (v.value, v.source) for v in shown(loaded, loaded.configuration)}
    assert found["meter.host"] == ("***", "p:1:15")
    assert found["meter.tag"] == ("M5", "p:1:37")
