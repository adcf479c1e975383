"""Finding plugins: entry points, and single files for people who do not package."""

from __future__ import annotations

import sys
import textwrap

import pytest

from petra import Catalog
from petra.plugin import Stage
from petra.plugin.discovery import PLUGINS_DIR_VARIABLE, in_folder

SINGLE = textwrap.dedent(
    '''
    from attrs import frozen
    from petra import Block, In, Kind, Out, hookimpl

    PETRA_API = 1

    class Twice(Block, type="TWICE"):
        """Twice the input."""
        input = In(float)
        output = Out(float)
        def step(self, dt):
            self.output = 2.0 * self.input

    @frozen
    class Config:
        """Settings."""
        host: str = "x"

    @hookimpl
    def petra_blocks():
        return [Twice]

    @hookimpl
    def petra_services():
        return [Kind("single", Config, build=print)]
    '''
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "twice_block.py").write_text(SINGLE)
    return tmp_path


def test_a_single_file_is_a_plugin(folder):
    catalog = Catalog.load([folder])
    plugin = catalog.plugin("twice-block")
    assert [offer.name for offer in plugin.offers] == ["TWICE", "single"]
    block = catalog.block("TWICE")()
    block.input = 4.0
    block.step(0.1)
    assert block.output == 8.0


def test_a_broken_file_harms_nobody(folder):
    (folder / "broken.py").write_text("import nowhere_to_be_found\n")
    (folder / "syntax.py").write_text("def f(:\n")
    (folder / "binary.py").write_bytes(b"\x00\xff")
    (folder / "_private.py").write_text("1/0\n")
    (folder / "notes.txt").write_text("no plugin\n")
    catalog = Catalog.load([folder])
    assert {fault.name: fault.stage for fault in catalog.faults} == {
        "broken": Stage.IMPORT,
        "syntax": Stage.IMPORT,
        "binary": Stage.IMPORT,
    }
    assert catalog.block("TWICE") is not None
    assert "petra_plugins_dir.broken" not in sys.modules


def test_a_file_shadows_no_installed_module(folder):
    (folder / "json.py").write_text(SINGLE.replace("TWICE", "JSON").replace('"single"', '"other"'))
    catalog = Catalog.load([folder])
    assert catalog.block("JSON") is not None
    import json

    assert json.dumps({}) == "{}"


def test_the_environment_names_folders_too(folder, monkeypatch):
    monkeypatch.setenv(PLUGINS_DIR_VARIABLE, str(folder))
    assert Catalog.load().block("TWICE") is not None
    assert Catalog.load([folder]).faults == ()  # named twice, loaded once


def test_names_come_from_files(folder):
    assert [candidate.name for candidate in in_folder(folder)] == ["twice-block"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"entry_points.txt": b"[petra.plugins]\nbroken = os\n"}, "PETRA_API"),
        ({"entry_points.txt": b"[petra.plugins]\nbroken = os\n", "METADATA": b"\xff\xfe"}, "PETRA_API"),
        (
            {"entry_points.txt": b"[petra.plugins]\nno equals sign\n", "METADATA": b"Name: broken\n"},
            "metadata is broken",
        ),
        ({"entry_points.txt": b"\xff\xfe", "METADATA": b"Name: broken\n"}, "metadata is broken"),
    ],
    ids=["no METADATA", "METADATA is no text", "malformed entry points", "entry points are no text"],
)
def test_a_broken_distribution_is_a_fault_and_not_the_end(tmp_path, monkeypatch, folder, files, said):
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    for name, content in files.items():
        (info / name).write_bytes(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    catalog = Catalog.load([folder])
    assert any(said in fault.message for fault in catalog.faults), catalog.faults
    assert catalog.block("TWICE") is not None


def test_a_folder_that_is_not_there_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setenv(PLUGINS_DIR_VARIABLE, str(tmp_path / "nowhere"))
    (fault,) = [fault for fault in Catalog.load().faults if fault.name == "nowhere"]
    assert "does not exist" in fault.message


def test_what_a_plugin_prints_goes_to_standard_error(folder, capsys):
    (folder / "chatty.py").write_text(
        "print('hello')\n" + SINGLE.replace("TWICE", "CHAT").replace('"single"', '"c"')
    )
    Catalog.load([folder])
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "hello\n")
