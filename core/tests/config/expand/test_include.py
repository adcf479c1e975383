"""`include`: files that belong to a document."""

from __future__ import annotations

import os
import time

import pytest

from petra.config.expand import budget

from .conftest import needs_modbus, of_text

DEVICE = "transport: {host: 127.0.0.1}"


@needs_modbus
def test_a_connection_without_a_name_is_not_joined_with_another(folder):
    """It would be read from the other device."""
    nameless = "modbus: {transport: {host: 10.0.0.1}, points: [{signal: a, address: 1}]}"
    named = "modbus: {name: plc, transport: {host: 10.0.0.2}, points: [{signal: b, address: 1}]}"
    for main, other in ((nameless, named), (named, nameless)):
        folder.write(plant=f"include: other.yaml\n{main}", other=other)
        assert any("has no `name`, so they cannot be joined" in line for line in folder.said())


@needs_modbus
def test_files_are_joined_as_if_they_were_one(folder):
    folder.put(
        "pumps/a.yaml", "signals: [a]\nblocks: [{name: x, type: NOT, inputs: {in: p}, outputs: {out: q}}]"
    )
    folder.put(
        "pumps/b.yaml",
        f"signals: [b]\nmodbus: [{{name: plc, {DEVICE}, points: [{{signal: b1, address: 1}}]}}]",
    )
    folder.write(
        plant="include: [pumps/*.yaml, more.yaml]\nsignals: [{name: p, type: bool}]\nscan_time_ms: 50\n"
        "modbus: [{name: plc, points: [{signal: p1, address: 2}]}]",
        more="engine: {watchdog_ms: 500}\nx-note: anything",
    )
    made = folder.plant()
    assert [s.name for s in made.plant.signals if s.name in "abp"] == ["a", "b", "p"]
    assert made.plant.engine.watchdog_ms == 500
    (section,) = made.sections["modbus"]
    (plc,) = section.connections
    assert [point.signal for point in plc.points] == ["b1", "p1"]


def test_names_begin_at_the_folder_of_the_file_that_contains_them(folder):
    folder.put("a/first.yaml", "include: b/second.yaml\nsignals: [one]")
    folder.put("a/b/second.yaml", "include: ../../third.yaml\nsignals: [two]")
    folder.write(third="signals: [three]", plant="include: a/first.yaml")
    assert [s.name for s in folder.plant().plant.signals] == ["three", "two", "one"]


def test_a_file_that_is_included_twice_counts_once(folder):
    folder.write(
        plant="include: [a.yaml, ./a.yaml, b.yaml]", a="signals: [a]", b="include: a.yaml\nsignals: [b]"
    )
    (folder.path / "c.yaml").symlink_to(folder.path / "a.yaml")
    folder.write(plant="include: ['*.yaml']\nsignals: [p]")
    assert sorted(s.name for s in folder.plant().plant.signals) == ["a", "b", "p"]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"plant": "include: a.yaml"}, "plant.yaml:1:10: error: the file "),
        (
            {"plant": "include: ['no*.yaml']\nsignals: [a]"},
            "plant.yaml:1:11: warning: no file matches",
        ),
        ({"plant": "include: a.yaml", "a": "include: plant.yaml"}, "a.yaml:1:10: error: "),
        (
            {"plant": "include: plant.yaml\nsignals: [a]"},
            "plant.yaml:1:10: error: this is the file itself",
        ),
        (
            {"plant": "include: [no/*.yaml]\nsignals: [a]"},
            "plant.yaml:1:11: error: no file matches 'no/*.yaml': ",
        ),
        ({"plant": "include: {a: 1}"}, "plant.yaml:1:10: error: expected the name of a file"),
        ({"plant": "include: [[a]]"}, "plant.yaml:1:11: error: expected the name of a file"),
        ({"plant": "include: '**/a.yaml'"}, "`**` is not supported"),
        ({"plant": "include: a.yaml", "a": "signals: [\n"}, "a.yaml:2:1: error: "),
        (
            {"plant": "include: a.yaml", "a": "- 1\n"},
            "a.yaml:1:1: error: a document is a mapping of sections",
        ),
        (
            {"plant": "include: a.yaml", "a": "signals: [{name: s, typ: int}]"},
            "a.yaml:1:21: error: signals[].typ: ",
        ),
        (
            {"plant": "include: a.yaml\nscan_time_ms: 5", "a": "scan_time_ms: 7"},
            "is given with another value in a.yaml:1",
        ),
        (
            {"plant": "include: a.yaml\nsignals: {a: 1}", "a": "signals: [b]"},
            "'signals' is a mapping here, but a list in a.yaml:1",
        ),
        (
            {"plant": "include: a.yaml\nsignals: [s]", "a": "signals: [s]"},
            "the signal 's' is already given in a.yaml:1",
        ),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_column(folder, files, problem):
    said = folder.write(**files).said()
    assert [line for line in said if problem in line], said


def test_what_an_unreadable_file_may_contain_is_not_missed(folder):
    """A signal that is read may be written there: only the file itself is reported."""
    folder.write(
        plant="include: gone.yaml\nblocks: [{name: b, type: NOT, inputs: {in: far}, outputs: {out: q}}]"
    )
    (problem,) = folder.said()
    assert "gone.yaml" in problem


def test_a_circle_of_files_and_links_ends(folder):
    folder.write(
        plant="include: a.yaml", a="include: b.yaml\nsignals: [a]", b="include: a.yaml\nsignals: [b]"
    )
    (problem,) = folder.said()
    assert "[include-cycle]" in problem
    (folder.path / "loop").symlink_to(folder.path)
    folder.write(
        plant="include: ['loop/loop/loop/a.yaml', 'loop/*.yaml']", a="signals: [a]", b="signals: [b]"
    )
    assert sorted(s.name for s in folder.plant().plant.signals) == ["a", "b"]


def test_many_and_large_files_are_bounded(folder, monkeypatch):
    monkeypatch.setattr("petra.config.expand.files.MAX_FILES", 20)
    for n in range(30):
        folder.put(f"many/{n:03}.yaml", f"signals: [s{n}]")
    folder.write(plant="include: many/*.yaml")
    assert "over 20 included files" in folder.said()[0]
    monkeypatch.setattr("petra.config.expand.files.MAX_BYTES", 1_000)
    folder.put("large.yaml", "# " + "x" * 2_000)
    folder.write(plant="include: large.yaml")
    assert "[too-large]" in folder.said()[0]


def test_devices_and_pipes_do_not_hang(folder):
    os.mkfifo(folder.path / "pipe.yaml")
    folder.write(plant="include: [pipe.yaml, /dev/zero, .]")
    began = time.monotonic()
    said = folder.said()
    assert len([line for line in said if "include-unreadable" in line or "too-large" in line]) == 3, said
    assert time.monotonic() - began < 5


def test_deep_chains_are_bounded(folder):
    for n in range(budget.MAX_NESTING + 5):
        folder.put(f"f{n}.yaml", f"include: f{n + 1}.yaml\nsignals: [s{n}]")
    folder.write(plant="include: f0.yaml")
    assert any("[too-deep]" in line for line in folder.said())


def test_secrets_of_included_files_stay_hidden(folder, monkeypatch):
    monkeypatch.setenv("PUMP_PASSWORD", "swordfish")
    folder.write(plant="include: a.yaml", a='signals: [{name: a, type: "${PUMP_PASSWORD}"}]')
    assert "swordfish" not in "".join(folder.said())


def test_a_document_without_them_is_as_it_was(folder):
    text = "signals: [a]\nx-include: [1]\n"
    folder.write(plant=text)
    assert folder.plant() == of_text(text)
