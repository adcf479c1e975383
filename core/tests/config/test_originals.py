"""The documents of both generations of the original load as they were published."""

from __future__ import annotations

from pathlib import Path

import pytest

from petra import Catalog
from petra.config import load
from petra.config.nodes import Mapping
from petra.config.problems import Severity

FOLDER = Path(__file__).parent / "originals"
MISSING = {"blocks", "s7", "modbus"}
LATER = {"alarms", "mqtt", "storage", "twilio", "security", "opcua"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_section_that_nothing_provides_is_one_problem(path):
    loaded = load(path, Catalog([]), {})
    assert isinstance(loaded.root, Mapping)
    present = [name for name in loaded.root.entries if name in LATER | MISSING]
    serious = [problem for problem in loaded.problems if problem.severity is not Severity.NOTE]
    assert [problem.path for problem in serious] == present
    for problem in serious:
        assert problem.code == ("not-installed" if problem.path in MISSING else "not-yet")
        assert problem.hint.startswith("pip install " if problem.path in MISSING else "a later petra-")


def test_signals_and_blocks_are_understood(meter_catalog):
    text = (FOLDER / "complete.yaml").read_bytes()
    loaded = load(FOLDER / "complete.yaml", meter_catalog, {})
    assert b"temperature.value" in text
    found = [p.path for p in loaded.problems if p.code not in ("not-installed", "not-yet")]
    assert found == ["blocks[1].type"]
    assert loaded.problems[0].code == "unknown-block-type"


def test_a_bare_name_is_a_signal_and_a_bare_type_is_a_block(meter_catalog):
    from petra.config import load_bytes

    made = load_bytes(b"signals: [temperature, pressure]\n", meter_catalog).configuration
    assert [(s.name, s.type.value) for s in made.plant.signals] == [
        ("temperature", "float"),
        ("pressure", "float"),
    ]
    loaded = load_bytes(b"blocks: [TON]\n", meter_catalog)
    assert [p.code for p in loaded.problems] == ["missing-input"]
