"""Whole documents: sections, owners, and what is said of those without one."""

from __future__ import annotations

import pytest
from attrs import frozen

from petra import Catalog, hookimpl
from petra.config import ConfigurationError, configuration, load, load_bytes
from petra.config.document import load_model


def test_a_document_of_nothing_special(check):
    made = check("signals:\n- name: a\n  type: int\n  initial: 5\nscan_time_ms: 50\n").good
    assert made.plant.scan_time_ms == 50.0
    assert made.plant.signals[0].initial == 5


@pytest.mark.parametrize(
    ("section", "code", "hint"),
    [
        ("s7", "not-installed", "pip install petra-s7"),
        ("modbus", "not-installed", "pip install petra-modbus"),
        ("alarms", "not-yet", "a later petra-core will read it"),
        ("storage", "not-yet", "a later petra-core will read it"),
        ("mqtt", "not-yet", "a later petra-mqtt will read it"),
        ("signal", "unknown-section", "did you mean 'signals'?"),
        ("metre", "unknown-section", "did you mean 'meter'?"),
        ("modbuss", "unknown-section", "did you mean 'modbus'?"),
        ("scan_time", "unknown-section", "did you mean 'scan_time_ms'?"),
        ("qqqqqq", "unknown-section", ""),
    ],
)
def test_a_section_without_an_owner_is_exactly_one_problem(check, section, code, hint):
    problem = check(f'{section}:\n  - {{a: "${{NONE}}", b: no, c: 12:30}}\n').only
    assert (problem.code, problem.path, problem.line, problem.column) == (code, section, 1, 1)
    assert hint in problem.hint


def test_a_section_that_begins_with_x_is_left_alone(check):
    assert check("x-anchors: {a: no, b: '${NONE}'}\n").good.sections == {}


def test_the_section_of_a_quarantined_plugin_says_why():
    class Old:
        PETRA_API = 99
        __name__ = "old"

        @hookimpl
        def petra_drivers(self):
            return []

    loaded = load_bytes(b"old: {}\nscan_time_ms: 5\n", Catalog.of(Old()), {})
    assert [p.code for p in loaded.problems] == ["plugin-quarantined", "quarantined-section"]
    assert "plugin API 99" in loaded.problems[1].message


def test_a_quarantined_plugin_does_not_make_a_document_bad():
    class Old:
        PETRA_API = 99
        __name__ = "old"

    loaded = load_bytes(b"scan_time_ms: 5\n", Catalog.of(Old()), {})
    assert loaded.configuration is not None
    assert [p.code for p in loaded.problems] == ["plugin-quarantined"]


def test_files_are_read_relative_to_the_document(tmp_path, meter_catalog):
    (tmp_path / "pw").write_text("hunter2\n")
    (tmp_path / "plant.yaml").write_text("meter: {host: a, password: '${file:pw}'}\n")
    made = configuration(load(tmp_path / "plant.yaml", meter_catalog))
    assert made.sections["meter"][0].password.reveal() == "hunter2"


def test_a_bad_document_raises_all_its_problems(meter_catalog):
    with pytest.raises(ConfigurationError) as raised:
        configuration(load_bytes(b"signals: 5\nblocks: 6\n", meter_catalog))
    assert len(raised.value.problems) == 2
    assert "<text>:1:10" in str(raised.value)


def test_problems_are_bounded_and_counted(check):
    result = check("signals:\n" + "- {nme: a}\n" * 20_000)
    assert len(result.loaded.problems) == 10_000
    assert result.loaded.errors == 40_000


def test_problems_are_in_the_order_of_the_document(check):
    result = check("zzz: 1\nsignals:\n- {name: a, type: flaot}\nblocks:\n- {name: b}\nyyy: 1\n")
    assert [p.line for p in result.loaded.problems] == sorted(p.line for p in result.loaded.problems)
    assert len(result.loaded.problems) == 4


@frozen
class ScriptConfig:
    """A document that is one model."""

    seconds: float = 5.0
    name: str = "quiet"


@pytest.mark.parametrize(
    ("text", "made", "codes"),
    [
        ("seconds: 1\n", ScriptConfig(1.0), []),
        ("", ScriptConfig(), []),
        ("# nothing yet\n", ScriptConfig(), []),
        ("seconds: 1\nnmae: x\n", None, ["unknown-key"]),
        ("seconds: fast\n", None, ["wrong-type"]),
        ("[a\n", None, ["yaml-syntax"]),
        ("- a\n", None, ["wrong-type"]),
    ],
)
def test_a_document_that_is_one_model(tmp_path, text, made, codes):
    (tmp_path / "script.yaml").write_text(text)
    found, problems = load_model(tmp_path / "script.yaml", ScriptConfig)
    assert (found, [problem.code for problem in problems]) == (made, codes)


def test_a_model_s_document_that_is_not_there(tmp_path):
    found, (problem,) = load_model(tmp_path / "missing.yaml", ScriptConfig)
    assert (found, problem.code) == (None, "unreadable")
    assert str(problem).startswith(f"{tmp_path / 'missing.yaml'}: error: the file cannot be read: ")


def test_what_is_wrong_with_the_file_itself_has_no_line(tmp_path, meter_catalog):
    loaded = load(tmp_path / "missing.yaml", meter_catalog)
    assert (loaded.configuration, loaded.unreadable, loaded.errors) == (None, True, 1)
    (problem,) = loaded.problems
    assert (problem.line, problem.column) == (0, 0)
    assert str(problem).startswith(f"{tmp_path / 'missing.yaml'}: error: the file cannot be read: ")
