"""Why a signal is what it is, asked from another process, with the command and over the channel."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import click
import pytest
from click.testing import CliRunner

from petra.cli.main import petra
from petra.engine.record import RecordError
from petra.plant import registry
from petra.plant.registry import RunningPlant
from petra.signals import Quality, QualityReason, UnknownSignalError
from petra.why import CauseKind


@pytest.fixture
def named(running, tmp_path, monkeypatch):
    """Enter the plant of the test as the only one of this machine."""
    document = tmp_path / "tank.yaml"
    document.write_text(running.text)
    entry = RunningPlant("tank", 1, document, tmp_path, str(running.path))
    monkeypatch.setattr(registry, "running", lambda: [entry])
    monkeypatch.delenv("PETRA_PLANT", raising=False)
    return document


def run(*arguments):
    return CliRunner().invoke(petra, ["why", *map(str, arguments)], standalone_mode=False)


def test_an_answer_comes_whole_over_the_channel(running):
    plant = running.connect(door="test")
    assert plant.force("enabled", True, note="a test").ok
    for snapshot in plant.watch("pump1.run"):
        if snapshot["pump1.run"].value:
            break
    why = plant.why("pump1.run")
    assert [cause.signal for cause in why.causes] == ["pump1.run", "enabled"]
    assert (why.cause.kind, why.cause.source, why.cause.type) == (CauseKind.BLOCK, "delay", "TON")
    force = why.causes[1].force
    assert (force.value, force.door, force.note) == (True, "test", "a test")
    held = f"enabled is true: {force.actor} holds it by force at true since"
    assert why.answer.startswith(f"pump1.run is true because {held}")
    assert [cause.cut for cause in plant.why("pump1.run", depth=0).causes] == [True]
    with pytest.raises(UnknownSignalError, match="did you mean 'level'"):
        plant.why("levle")


def test_several_clients_ask_at_once(running):
    clients = [running.connect(door=f"test{i}") for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.why, "pump1.run") for client in clients for _ in range(25)]
        answers = {each.result(60).answer for each in asked}
    nothing = "nothing has written it since the start: it has its initial value"
    assert answers == {f"pump1.run is false because enabled is false: {nothing}"}


def test_the_command_prints_the_answer_and_the_tree(named):
    done = run("pump1.run", "-p", named)
    assert done.return_value == 0, done.output
    assert done.output.splitlines()[0].startswith("pump1.run is false because enabled is false")
    assert "└─ input: enabled = false" in done.output
    assert run("pump1.run", "-p", "tank").return_value == 0
    data = json.loads(run("pump1.run", "--json").output)
    assert data["signal"] == "pump1.run"
    assert [(each["signal"], each["quality"], each["kind"]) for each in data["causes"]] == [
        ("pump1.run", "good", "block"),
        ("enabled", "good", "nothing"),
    ]


def test_the_command_finds_the_plant_of_the_environment(named, monkeypatch):
    monkeypatch.setenv("PETRA_PLANT", str(named))
    assert run("level").return_value == 0
    monkeypatch.setenv("PETRA_PLANT", "other.yaml")
    with pytest.raises(registry.PlantNotRunningError):
        raise run("level").exception


def test_a_signal_that_is_not_good_is_exit_code_1(named, running):
    running.engine.bus.write("level", 1.0, QualityReason(Quality.BAD, "the sensor is broken"))
    for snapshot in running.connect().watch("level"):
        if snapshot["level"].reason:
            break
    done = run("level")
    assert done.return_value == 1
    assert done.output.splitlines()[0] == "level is bad because the sensor is broken"


def test_what_cannot_be_answered_says_what_to_do(named):
    with pytest.raises(UnknownSignalError, match="did you mean 'level'"):
        raise run("levle").exception
    with pytest.raises(click.UsageError, match="name it with --recorded FILE"):
        raise run("level", "--at", "3").exception
    with pytest.raises(RecordError, match="is not a recording"):
        raise run("level", "--recorded", named).exception
