"""`petra migrate`: standard output, another file, in place with a backup."""

from __future__ import annotations

import pytest

OLD = "signals:\n- name: a  # volts\n  units: V\n  log_to_history: true\n"
NEW = "signals:\n- name: a  # volts\n  unit: V\n  # log_to_history: true\n"


@pytest.fixture
def old(write):
    return write("old.yaml", OLD)


def test_to_standard_output(petra, old):
    ran = petra("migrate", "old.yaml")
    assert ran.out == NEW
    assert ran.err.splitlines() == [
        "old.yaml:3:3: units is now unit",
        "old.yaml:4:3: log_to_history is now a comment: this version has no history",
        "old.yaml: 2 changes, no places left",
    ]
    assert old.read_text() == OLD
    assert petra("migrate", "-", stdin=OLD).out == NEW


def test_to_another_file_and_then_to_check(petra, old, tmp_path):
    assert petra("migrate", "old.yaml", "-o", "new.yaml").out == ""
    assert (tmp_path / "new.yaml").read_text() == NEW
    assert petra("check", "new.yaml").out == "new.yaml: good: 1 signal, no blocks\n"


def test_in_place_with_a_backup_each_time(petra, old, tmp_path):
    old.chmod(0o640)
    petra("migrate", "--in-place", "old.yaml")
    assert (old.read_text(), (tmp_path / "old.yaml.bak").read_text()) == (NEW, OLD)
    assert old.stat().st_mode & 0o777 == 0o640
    old.write_text(OLD + "  enable_alarms: 1\n")
    petra("migrate", "--in-place", "old.yaml")
    assert (tmp_path / "old.yaml.bak1").read_text() == OLD + "  enable_alarms: 1\n"
    petra("migrate", "--in-place", "old.yaml")
    assert sorted(path.name for path in tmp_path.glob("old*")) == [
        "old.yaml",
        "old.yaml.bak",
        "old.yaml.bak1",
    ]


def test_what_is_left_and_what_is_wrong(petra, write):
    write("bad.yaml", "alarms: {}\nblocks:\n- {name: a, type: SR_LATCH, inputs: {set: true, reset: 5}}\n")
    ran = petra("migrate", "bad.yaml", code=1)
    assert "bad.yaml:3:19: left: SR_LATCH has two meanings" in ran.err
    assert "in the result: bad.yaml:1:1: warning: alarms: this version does not read `alarms`" in ran.err
    assert "in the result: bad.yaml:3:56: error: blocks[0].inputs.reset" in ran.err


def test_a_latch_that_stays_and_means_something_else_is_a_failure(petra, write):
    latch = "- {name: a, type: *t, description: *t, inputs: {set: true, reset: true}, outputs: {q: b}}\n"
    write("one.yaml", f"x-t: &t SR_LATCH\nblocks:\n{latch}")
    ran = petra("migrate", "--generation", "1", "one.yaml", code=1)
    assert ran.err.splitlines()[0] == (
        "one.yaml:1:6: error: left: SR_LATCH is now RS: not done, "
        "because the document would have another meaning"
    )
    petra("migrate", "--generation", "2", "one.yaml")


def test_what_cannot_be(petra, old):
    assert "cannot be read" in petra("migrate", "nowhere.yaml", code=2).err
    assert "--in-place takes a file" in petra("migrate", "--in-place", "-", code=2).err
