"""`petra status`, `signals`, `read`, `watch`, `forces`, `events`: looking into a running plant."""

from __future__ import annotations

import json
import logging
import threading

import pytest
from click.shell_completion import ShellComplete

from petra.cli.main import petra as command_line
from petra.signals.quality import Quality, QualityReason

from .conftest import Plant


def test_status_tells_that_all_is_well(petra, plant):
    said = petra("status")
    assert said.code == 0
    assert said.out.startswith("tank has been running for ")
    assert "MAIN" not in said.out
    assert "main" in said.out


def test_status_names_what_is_wrong_and_what_is_forced(petra, plant):
    petra("force", "enabled", "true")
    data = json.loads(petra("status", "--json").out)
    assert data["forced"] == {"enabled": True}
    assert data["wrong"] == []
    plant.engine.stop()
    said = petra("status")
    assert said.code == 1
    assert "the scan has ended" in said.out
    assert "enabled is forced to True" in said.out


@pytest.mark.parametrize("how", ["document", "data", "name", "option", "environment"])
def test_a_plant_is_found_among_several(petra, plant, machine, monkeypatch, how):
    with Plant(machine, "mixer") as mixer:
        unclear = petra("status")
        assert unclear.code == 2
        assert "several plants run; name one of them" in unclear.err
        assert str(mixer.document) in unclear.err
        if how == "environment":
            monkeypatch.setenv("PETRA_PLANT", "mixer")
        given = {
            "document": ["status", mixer.document],
            "data": ["status", mixer.data],
            "name": ["status", "mixer"],
            "option": ["status", "-p", "mixer"],
            "environment": ["status"],
        }[how]
        assert petra(*given).out.startswith("mixer has been running")


def test_no_plant_runs(petra, machine):
    said = petra("read", "tank.level")
    assert (said.code, said.out) == (2, "")
    assert "start one with `petra run FILE`" in said.err


def test_a_document_that_does_not_run_is_told(petra, machine):
    (machine / "other.yaml").write_text("signals: [a]\n")
    said = petra("status", machine / "other.yaml")
    assert said.code == 2
    assert "does not run; start it with `petra run " in said.err


def test_signals_are_listed_with_their_writers_and_readers(petra, plant):
    said = petra("signals", "enabled", "tank.*")
    assert said.code == 0
    _, enabled, level, count = said.out.splitlines()
    assert enabled.split() == ["enabled", "bool", "commands", "block", "delay"]
    assert level.split()[:5] == ["tank.level", "float", "m", "0..10", "commands"]
    assert "Water above the bottom" in level
    assert count == "2 signals"
    listed = [each["name"] for each in json.loads(petra("signals", "--json").out)]
    assert "tank.level" in listed
    assert not [name for name in listed if name.startswith("petra.")]
    assert "petra." in petra("signals", "petra.*").out


def test_read_shows_values_of_one_scan(petra, plant):
    plant.engine.bus.write("tank.level", 2.5)
    plant.engine.bus.force("enabled", True, actor="a test")
    wait_for_scans(plant)
    said = petra("read")
    assert said.code == 0
    rows = {line.split()[0]: line.split()[1:] for line in said.out.splitlines()[1:]}
    assert rows["tank.level"][:3] == ["2.5", "m", "good"]
    assert rows["enabled"][:2] == ["true", "forced"]
    assert rows["pump1.run"][0] == "true"
    assert petra("read", "tank.level", "--value").out == "2.5\n"
    data = json.loads(petra("read", "enabled", "--json").out)
    assert data["signals"][0]["forced"] is True
    assert data["scan"] > 0


def test_read_of_a_bad_signal_ends_with_1(petra, plant):
    plant.engine.bus.write("tank.level", 2.5, QualityReason(Quality.BAD, "the sensor is off"))
    wait_for_scans(plant)
    said = petra("read", "tank.level")
    assert said.code == 1
    assert "bad (the sensor is off)" in said.out
    assert petra("read", "count").code == 0


def test_names_that_are_no_signals_are_told(petra, plant):
    wrong = petra("read", "tank.levle")
    assert wrong.code == 2
    assert "there is no signal 'tank.levle'; did you mean 'tank.level'?" in wrong.err
    assert petra("read", "x*").code == petra("signals", "x*").code == 2
    assert "no signal matches x*" in petra("read", "x*").err
    mistyped = petra("watch", "tank.levle", "--for", "5s")
    assert (mistyped.code, mistyped.out) == (2, "")
    assert mistyped.err.splitlines() == ["petra: there is no signal 'tank.levle'; did you mean 'tank.level'?"]
    assert "no signal matches x*" in petra("watch", "x*", "--for", "5s").err


def test_a_device_cannot_write_into_the_terminal(petra, plant):
    plant.engine.bus.write("label", "\x1b[2Jgone")
    wait_for_scans(plant)
    assert "\x1b" not in petra("read", "label").out
    assert "\x1b" not in petra("watch", "label", "--for", "50ms").out


def test_watch_prints_all_and_then_what_changes(petra, plant):
    writer = threading.Timer(0.15, plant.engine.bus.write, ("count", 7))
    writer.start()
    said = petra("watch", "count", "tank.level", "--for", "600ms", "--json")
    writer.join()
    seen = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 0
    assert [(each["name"], each["value"]) for each in seen] == [
        ("count", 0),
        ("tank.level", 0.0),
        ("count", 7),
    ]


def test_forces_are_listed_with_who_and_when(petra, plant):
    assert petra("forces").out == "no forces\n"
    petra("force", "tank.level", "3", "--note", "a test")
    listed = petra("forces")
    assert "tank.level" in listed.out
    assert "1 force" in listed.out
    (data,) = json.loads(petra("forces", "--json").out)
    assert (data["signal"], data["value"]) == ("tank.level", 3.0)
    assert data["actor"]
    assert data["since"] > 0


def test_events_show_the_log_and_acts_and_end(petra, plant):
    logging.getLogger().addHandler(plant.log)
    try:
        logging.getLogger("petra.test").warning("the river rises")
    finally:
        logging.getLogger().removeHandler(plant.log)
    petra("tune", "delay", "preset_ms", "5")
    said = petra("events")
    assert said.code == 0
    assert "petra.test: the river rises" in said.out
    assert "tune delay.preset_ms" in said.out
    last = petra("events", "--last", "1", "--json").out.splitlines()
    assert [json.loads(line)["kind"] for line in last] == ["act"]
    assert petra("events", "--last", "0").out == ""


def test_names_are_completed_from_the_running_plant(plant):
    def completed(*before, incomplete):
        complete = ShellComplete(command_line, {}, "petra", "_PETRA_COMPLETE")
        return [item.value for item in complete.get_completions(list(before), incomplete)]

    assert completed("read", incomplete="tank") == ["tank.level"]
    assert completed("force", "-p", "tank", incomplete="en") == ["enabled"]
    assert completed("status", incomplete="t") == ["tank"]
    assert completed("read", "-p", "nowhere", incomplete="t") == []


def wait_for_scans(plant, number=3):
    until = plant.engine.scheduler.scans + number
    while plant.engine.scheduler.scans < until:
        threading.Event().wait(0.002)
