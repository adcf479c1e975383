"""`petra edit`: one command, a file of operations, what is refused, and how the file is replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from petra.cli.replacing import FileChangedError, replace_file

TEXT = "# plant\nsignals:\n  - level   # the level\n  - {name: full, type: bool}\n"


@pytest.fixture
def plant(write):
    return write("plant.yaml", TEXT)


def test_set_keeps_everything_else(petra, plant):
    plant.chmod(0o640)
    ran = petra("edit", "plant.yaml", "set", "signals[level].unit", "cm")
    assert ran.out == "plant.yaml: 2 edits\n"
    assert plant.read_text() == TEXT.replace("- level ", "- {name: level, unit: cm} ")
    assert plant.stat().st_mode & 0o777 == 0o640
    assert (
        petra("edit", "plant.yaml", "set", "signals[level].unit", "cm").out
        == "plant.yaml: nothing to change\n"
    )
    assert [path.name for path in plant.parent.glob("*.new")] == []


def test_add_remove_rename(petra, plant):
    petra("edit", "plant.yaml", "add", "signals", "{name: x, type: int, minimum: -5}")
    petra("edit", "plant.yaml", "remove", "signals[full]")
    petra("edit", "plant.yaml", "rename", "signal", "level", "tank.level")
    assert plant.read_text() == (
        "# plant\nsignals:\n  - tank.level   # the level\n  - {name: x, type: int, minimum: -5}\n"
    )


def test_diff_writes_nothing(petra, plant):
    ran = petra("edit", "plant.yaml", "set", "signals[full].unit", "no", "--text", "--diff")
    assert "-  - {name: full, type: bool}\n" in ran.out
    assert '+  - {name: full, type: bool, unit: "no"}\n' in ran.out
    assert plant.read_text() == TEXT


def test_operations_of_a_file_are_done_together(petra, plant, write):
    write("ops.json", json.dumps([{"set": "scan_time_ms", "value": 50}, {"remove": "signals[none]"}]))
    ran = petra("edit", "plant.yaml", "--operations", "ops.json", code=1)
    assert "plant.yaml:3:3: signals has no item 'none'" in ran.err
    assert plant.read_text() == TEXT
    write(
        "ops.json",
        json.dumps([{"set": "scan_time_ms", "value": 50}, {"rename": "signal", "old": "full", "new": "f"}]),
    )
    made = json.loads(petra("edit", "plant.yaml", "--operations", "ops.json", "--json").out)
    assert (made["changed"], made["written"], len(made["edits"])) == (True, True, 2)
    assert plant.read_text() == TEXT.replace("full", "f") + "scan_time_ms: 50\n"


@pytest.mark.parametrize(
    "listed", ["{}", "[1]", '[{"set": "a"}]', '[{"rename": "x", "old": "a", "new": "b"}]', "["]
)
def test_a_file_of_operations_that_is_not_valid(petra, plant, write, listed):
    write("ops.json", listed)
    assert "ops.json: " in petra("edit", "plant.yaml", "--operations", "ops.json", code=2).err


def test_new_errors_are_refused_unless_forced(petra, plant):
    ran = petra("edit", "plant.yaml", "set", "signals[full].unti", "cm", code=1)
    assert "there is no 'unti' here (did you mean 'unit'?) [unknown-key]" in ran.err
    assert "nothing is written: the document would have 1 new error (--force writes it)" in ran.err
    assert plant.read_text() == TEXT
    petra("edit", "plant.yaml", "set", "signals[full].unti", "cm", "--force")
    assert "unti: cm" in plant.read_text()
    petra("edit", "plant.yaml", "set", "signals[full].unit", "cm")  # the error that it has is not a new one


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["set", "a"], "'set' takes 2 arguments"),
        (["put", "a", "b"], "There is no operation 'put'"),
        (["rename", "thing", "a", "b"], "'thing' cannot be renamed"),
        (["set", "a", "no"], 'write false, or "no" in quotes'),
        ([], "Give one operation"),
    ],
)
def test_words_that_are_not_an_operation(petra, plant, words, message):
    assert message in petra("edit", "plant.yaml", *words, code=2).err
    assert plant.read_text() == TEXT


def test_a_link_is_followed(petra, plant, tmp_path):
    link = tmp_path / "link.yaml"
    link.symlink_to(plant)
    petra("edit", "link.yaml", "set", "scan_time_ms", "50")
    assert link.is_symlink()
    assert plant.read_text() == TEXT + "scan_time_ms: 50\n"


def test_a_change_of_another_program_is_kept(tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_bytes(b"theirs")
    with pytest.raises(FileChangedError, match="was changed by another program"):
        replace_file(file, b"what was read", b"ours")
    assert file.read_bytes() == b"theirs"
    assert [path.name for path in Path(tmp_path).iterdir()] == ["plant.yaml"]
