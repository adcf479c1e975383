"""Finding plugins: entry points, and single files for people who do not package."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from petra import Catalog
from petra.plugin import Stage
from petra.plugin.discovery import PLUGINS_DIR_VARIABLE, PluginLoader, in_folder

if TYPE_CHECKING:
    from pathlib import Path

SINGLE = textwrap.dedent(
    '''
    from attrs import frozen
    from petra import Block, In, DriverKind, Out, hookimpl

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
    def petra_drivers():
        return [DriverKind("single", Config, build=print)]
    '''
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "twice_block.py").write_text(SINGLE)
    return tmp_path


def test_classes_of_a_single_file_can_be_pickled(folder):
    """The configuration of a companion goes to its process in this way."""
    (entry,) = in_folder(folder)
    config = entry.load().Config("far")
    assert pickle.loads(pickle.dumps(config)) == config


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


@pytest.fixture
def site(tmp_path_factory, monkeypatch) -> Path:
    """A folder of installed distributions."""
    folder = tmp_path_factory.mktemp("site-packages")
    monkeypatch.syspath_prepend(str(folder))
    return folder


def install(site: Path, name: str, source: str, entry: str = "") -> None:
    """Install a distribution with one plugin; a second time, install it again under the same version."""
    module = name.replace("-", "_")
    (site / f"{module}.py").write_text(source)
    info = site / f"{module}-1.2.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\nSummary: It is {name}.\n"
    )
    (info / "entry_points.txt").write_text(f"[petra.plugins]\n{entry or name} = {module}\n")


def single(block: str) -> str:
    return SINGLE.replace("TWICE", block).replace('"single"', f'"{block.lower()}"')


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("assert 1 > 2, 'no licence'", "AssertionError: no licence"),
        ("raise BaseException('told to')", "BaseException: told to"),
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        (
            "class Mute(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise Mute",
            "it has no readable text",
        ),
    ],
    ids=["SystemExit", "GeneratorExit", "AssertionError", "BaseException", "ImportError", "mute"],
)
def test_whatever_an_import_raises_is_a_fault_of_that_plugin(site, statement, said):
    """stevedore lets AssertionError and everything that is not an Exception through."""
    install(site, "acme-broken", statement)
    install(site, "acme-later", single("LATER"))
    catalog = Catalog.load()
    (fault,) = [fault for fault in catalog.faults if fault.name == "acme-broken"]
    assert fault.stage is Stage.IMPORT
    assert said in fault.message
    assert str(fault).startswith(
        "plugin 'acme-broken' (acme-broken 1.2) is quarantined: it cannot be imported"
    )
    assert "Traceback" in fault.details
    assert catalog.block("LATER") is not None


def test_the_operator_can_interrupt_an_import(site):
    install(site, "acme-slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        Catalog.load()


def test_a_plugin_keeps_its_distribution(site):
    install(site, "acme-known", single("KNOWN"))
    plugin = Catalog.load().plugin("acme-known")
    assert (plugin.distribution, plugin.version, plugin.summary) == ("acme-known", "1.2", "It is acme-known.")
    (entry,) = [entry for entry in PluginLoader().list_entry_points() if entry.name == "acme-known"]
    assert entry.dist.version == "1.2"


def test_a_reinstall_under_the_same_version_is_seen_at_once(site):
    install(site, "acme-moving", single("MOVING"), entry="before")
    assert "before" in PluginLoader().entry_points_names()
    install(site, "acme-moving", single("MOVING"), entry="after")
    names = PluginLoader().entry_points_names()
    assert "after" in names
    assert "before" not in names


def test_core_goes_first_then_the_installed_by_name_then_files(site, folder):
    install(site, "acme-zebra", single("ZEBRA"))
    install(site, "aaa-acme", single("AAA"))
    names = PluginLoader([folder]).names()
    assert names[0] == "petra"
    assert names[-1] == "twice-block"
    assert names[1:-1] == sorted(names[1:-1])
    assert {"aaa-acme", "acme-zebra"} < set(names)


def test_no_cache_of_stevedore_is_written(tmp_path):
    """stevedore writes none for an interpreter below /tmp: the test says that it is elsewhere."""
    script = "import sys; sys.executable = '/usr/bin/python3'; from petra import Catalog; Catalog.load()"
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
