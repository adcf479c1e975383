"""`petra write`, `force`, `unforce`, `tune`, `reload`, `stop`: acts on a running plant."""

from __future__ import annotations

import json

import pytest


def value(plant, name):
    return plant.engine.bus.read(name).value


def test_a_signal_is_written_with_its_type(petra, plant):
    said = petra("write", "count", "0x10", "--note", "a test")
    assert (said.code, said.out) == (0, "write count = 16: accepted\n")
    assert petra("write", "tank.level", "-1").code == 1, "it is below the limit"
    assert petra("write", "label", "true").out == "write label = true: accepted\n"
    for text in ("on", "true", "1"):
        assert petra("write", "enabled", text).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("write", "enabled", "maybe"), 2, "'maybe' is neither true nor false"),
        (("write", "tank.level", "nan"), 2, "'nan' is not a number"),
        (("write", "count", "1.5"), 2, "'1.5' is not a whole number"),
        (("write", "tank.levle", "1"), 2, "did you mean 'tank.level'?"),
        (("write", "tank.*", "1"), 2, "'tank.*' is a pattern: name one signal"),
        (("write", "pump1.run", "true"), 1, "the block 'delay' writes it; force it instead"),
        (("write", "tank.level", "11"), 1, "10"),
        (("force", "tank.level", "11"), 1, "10"),
        (("tune", "delay", "prset", "1"), 1, "preset_ms"),
        (("tune", "dealy", "preset_ms", "1"), 1, "'dealy'"),
        (("unforce", "count*"), 2, "'count*' is a pattern: name one signal"),
        (("unforce",), 2, "Name the signals to release, or give --all."),
        (("unforce", "count", "--all"), 2, "Name the signals to release, or give --all."),
        (("unforce", "coutn"), 1, "'coutn'"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_reason(petra, plant, arguments, code, message):
    said = petra(*arguments)
    assert said.code == code
    assert message in said.err
    assert said.out == ""


def test_a_force_holds_until_it_is_released(petra, plant):
    assert petra("force", "pump1.run", "true").out == "force pump1.run = true: accepted\n"
    assert petra("force", "count", "-3").code == 0
    assert {f["signal"] for f in json.loads(petra("forces", "--json").out)} == {"pump1.run", "count"}
    assert petra("unforce", "count").out == "unforce count: accepted\n"
    assert petra("unforce", "--all").out == "unforce pump1.run: accepted\n"
    assert petra("unforce", "--all").out == "no signal is forced\n"
    assert json.loads(petra("forces", "--json").out) == []


def test_a_parameter_is_tuned_until_the_next_reload(petra, plant):
    (result,) = json.loads(petra("tune", "delay", "preset_ms", "250", "--json").out)
    assert (result["ok"], result["target"], result["value"]) == (True, "delay.preset_ms", 250)


def test_a_reload_changes_to_the_document_or_is_refused_with_its_problems(petra, plant):
    text = plant.document.read_text()
    plant.document.write_text(
        text + "  - {name: b, type: NOT, inputs: {in: enabled}, outputs: {out: idle}}\n"
    )
    said = petra("reload", plant.document)
    assert said.code == 0
    assert said.out.startswith("reload plant: accepted\n")
    assert "idle" in petra("signals", "--json").out
    plant.document.write_text(text + "  - {name: b, type: NOOT}\n")
    said = petra("reload")
    assert said.code == 1
    assert "everything goes on as it was" in said.err
    assert "tank.yaml:11:" in said.err
    assert "idle" in petra("signals", "--json").out


def test_stop_waits_until_the_plant_has_ended(petra, plant):
    said = petra("stop", "--note", "maintenance")
    assert (said.code, said.out) == (0, "stop plant: accepted\n")
    assert plant.stopped == 1
    assert petra("status").code == 2


def test_a_stop_that_takes_too_long_is_told(petra, plant, monkeypatch):
    leave = plant._leave
    monkeypatch.setattr(plant, "_leave", lambda: None)
    said = petra("stop", "--yes", "--wait", "150ms")
    assert said.code == 1
    assert "has not ended within 0.15 s" in said.err
    leave()


def test_in_a_terminal_it_asks_before_it_stops(plant, petra, monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    asked = []
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda text: asked.append(text) or "n")
    assert petra("stop").code == 130
    assert plant.stopped == 0
    assert f"Stop tank ({plant.document}, process " in asked[0]


def test_what_the_policy_refuses_is_told(petra, plant):
    class OnlyLooking:
        def refusal(self, actor, capability, target) -> str:
            return "" if capability.value == "view" else f"{actor.name} may only look"

    plant.engine.guard.policy = OnlyLooking()
    for act in (
        ("write", "count", "1"),
        ("force", "count", "1"),
        ("tune", "delay", "preset_ms", "1"),
        ("reload",),
    ):
        said = petra(*act)
        assert said.code == 1
        assert "refused: " in said.err
        assert "may only look" in said.err
    assert value(plant, "count") == 0
