"""A distribution that knows nothing of this workspace, next to a core wheel, in a fresh environment."""

from __future__ import annotations

import json

import pytest

PLANT = """\
signals: [{name: pump.running, type: bool}]
blocks:
- {name: hours, type: PUMP_HOURS, inputs: {running: pump.running}, outputs: {hours: pump.hours}}
"""


@pytest.mark.slow
def test_a_stranger_publishes_a_plugin_and_core_needs_no_change(environment, tmp_path):
    """Installed, listed and used; gone again, and the document says what to do."""
    plant = tmp_path / "plant.yaml"
    plant.write_text(PLANT)
    listed = json.loads(environment.petra("plugins", "list", "--json"))
    assert [p["name"] for p in listed["plugins"]] == ["petra"]
    assert "[unknown-block-type]" in environment.petra("check", plant, code=1)

    environment.install("acme-pumps")
    listed = json.loads(environment.petra("plugins", "list", "--json"))
    assert [(p["name"], p["version"]) for p in listed["plugins"][1:]] == [("acme-pumps", "1.2.0")]
    assert "good: 2 signals, 1 block" in environment.petra("check", plant)
    assert "75%" in environment.petra("acme", "efficiency", "--flow", "36", "--head", "20", "--power", "2.6")
    assert "PUMP_HOURS" in environment.petra("schema")
    assert "0 failed" in environment.petra("plugins", "certify", "acme-pumps")


@pytest.mark.slow
def test_core_needs_nothing_but_what_it_declares(environment):
    """A core wheel alone answers every command."""
    assert "0 bad" in environment.petra("doctor")
    assert environment.petra("--version").startswith("petra 0.")
    environment.petra("schema")
    assert "_PETRA_COMPLETE" in environment.petra("completion", "bash")
