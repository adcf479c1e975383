"""What commands make of a document with files and templates: show, edit, plan, and the example."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from petra.cli.main import petra

from .conftest import of_text
from .test_templates import PUMP

EXAMPLE = Path(__file__).parents[4] / "examples" / "pump-hall" / "plant.yaml"


@pytest.fixture
def call(folder):
    def run(*arguments):
        result = CliRunner().invoke(petra, [str(a) for a in arguments], standalone_mode=False)
        return result.return_value, f"{result.output}{result.exception or ''}"

    return run


@pytest.fixture
def plant(folder):
    folder.write(
        library=PUMP,
        plant="include: library.yaml\nsignals: [{name: z, type: string, initial: '5'}]\n"
        "blocks: [{name: all, type: OR, inputs: {a: feed01.high}, outputs: {out: any.high}}]\n"
        "instances: [{template: pump, for: {n: 1..3}}]\n",
    )
    return folder.path / "plant.yaml"


def test_the_document_is_shown_written_out(call, folder, plant):
    code, text = call("config", "show", "--expanded", plant)
    assert code == 0
    assert "$(" not in text.replace("costs $(n)", "")
    assert of_text(text) == folder.plant()
    data = json.loads(call("config", "show", "--expanded", "--json", plant)[1])
    assert [signal["name"] for signal in data["signals"]] == ["z", *(f"feed0{n}.speed" for n in (1, 2, 3))]
    assert data["blocks"][-1]["type"] == "GT"


def test_each_value_is_shown_with_its_file_and_instance(call, plant):
    _, text = call("config", "show", "--given", plant)
    assert "library.yaml:9:" in text
    assert "in pump (n: 2) of " in text


def test_an_edit_changes_the_file_alone(call, folder, plant):
    assert call("edit", plant, "set", "blocks[all].description", "any of them")[0] == 0
    assert "description: any of them" in plant.read_text()
    assert (folder.path / "library.yaml").read_text() == PUMP


def test_a_rename_of_what_is_written_elsewhere_is_refused(call, folder, plant):
    before = plant.read_text()
    code, said = call("edit", plant, "rename", "signal", "feed02.high", "f2")
    assert code == 1
    assert "is not written here (a template makes it, or another file has it" in said
    code, said = call("edit", plant, "rename", "signal", "feed01.high", "f1")
    assert code == 1, "its writer is in a template"
    assert plant.read_text() == before
    assert call("edit", plant, "rename", "signal", "any.high", "some.high")[0] == 0


def test_a_rename_goes_through_all_files(call, folder):
    folder.write(
        plant="include: [logic.yaml, library.yaml]\nsignals: [{name: ready, type: bool}]  # here\n"
        "instances: [{template: t, for: {n: 1..2}}]\n",
        logic="blocks: [{name: b, type: NOT, inputs: {in: ready}, outputs: {out: idle}}]  # there\n",
        library="templates: {t: {parameters: {n: int}, blocks: [{name: 'c$(n)', type: AND, "
        "inputs: {a: ready, b: idle}, outputs: {out: 'o$(n)'}}]}}\n",
    )
    before = {path.name: path.read_text() for path in folder.path.iterdir()}
    code, said = call("edit", folder.path / "plant.yaml", "rename", "signal", "ready", "hall.ready")
    assert code == 0, said
    assert said.count("1 edit") == 3
    for path in folder.path.iterdir():
        assert path.read_text() == before[path.name].replace("ready", "hall.ready")
    code, said = call("edit", folder.path / "plant.yaml", "set", "blocks[b].description", "x")
    assert code == 0
    assert "description: x" in (folder.path / "logic.yaml").read_text()
    block = "{name: d, type: NOT, inputs: {in: idle}}"
    assert call("edit", folder.path / "plant.yaml", "add", "blocks", block)[0] == 0
    assert "name: d" in (folder.path / "plant.yaml").read_text()


def test_what_is_not_there_is_told_of_the_file_with_the_section(call, plant):
    _, said = call("edit", plant, "remove", "blocks[al]")
    assert "plant.yaml:3:" in said
    assert "did you mean 'all'?" in said


def test_of_several_files_all_are_written_or_none(call, folder, monkeypatch):
    folder.write(
        plant="include: logic.yaml\nsignals: [{name: ready, type: bool}]\n",
        logic="blocks: [{name: b, type: NOT, inputs: {in: ready}, outputs: {out: idle}}]\n",
    )
    before = {path.name: path.read_text() for path in folder.path.iterdir()}
    from petra.cli import replacing

    replace = replacing.replace_file

    def refuse(path, *texts):
        if path.name == "logic.yaml":
            raise OSError("the disk is full")
        replace(path, *texts)

    monkeypatch.setattr("petra.cli.replacing.replace_file", refuse)
    _, said = call("edit", folder.path / "plant.yaml", "rename", "signal", "ready", "hall.ready")
    assert "the disk is full" in said
    assert {path.name: path.read_text() for path in folder.path.iterdir()} == before


def test_a_plan_sees_what_a_file_has_changed(call, folder, plant):
    folder.write(other=plant.read_text().replace("1..3", "1..4"))
    _, said = call("plan", plant, folder.path / "other.yaml")
    assert "+ signal feed04.speed" in said


def test_the_example_is_good(call):
    code, said = call("check", EXAMPLE)
    assert code == 0, said
    assert "good: " in said
