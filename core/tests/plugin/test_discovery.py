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
