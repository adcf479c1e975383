"""A running plant with a channel, and `petra` called in this process."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from petra.cli import main as entry
from petra.config import load_bytes
from petra.engine import Engine
from petra.engine.site import Site
from petra.plant.channel.server import ChannelServer
from petra.plant.events import EventLog
from petra.plant.registry import register
from petra.plugin import Catalog

CATALOG = Catalog.load()
DOCUMENT = """
scan_time_ms: 10
signals:
  - {name: tank.level, minimum: 0, maximum: 10, unit: m, description: Water above the bottom}
  - {name: count, type: int}
  - {name: label, type: string}
  - {name: enabled, type: bool}
  - {name: pump1.run, type: bool}
blocks:
  - {name: delay, type: TON, inputs: {input: enabled}, outputs: {output: pump1.run}, params: {preset_ms: 0}}
"""


class Plant:
    """A plant that runs in this process, entered as one that runs on this machine."""

    def __init__(self, folder, name="tank"):
        self.document = folder / f"{name}.yaml"
        self.document.write_text(DOCUMENT)
        self.stopped = 0
        site = Site(name, read=self.read, stop=self._stop, document=str(self.document))
        self.engine = Engine(self.read().configuration, CATALOG, site=site)
        self.data = folder / f"{name}.data"
        self.data.mkdir()
        self.channel = ChannelServer(
            self.engine.plant, self.engine.guard, self.engine.clock, self.data / "channel.sock"
        )
        self.log = EventLog(self.engine.events)
        self._entered = register(self.document, self.data, str(self.channel.path))

    def read(self):
        return load_bytes(self.document.read_bytes(), CATALOG, name=str(self.document))

    def _stop(self):
        self.stopped += 1
        self._leave()

    def _leave(self):
        entered, self._entered = self._entered, None
        if entered is not None:
            entered.__exit__(None, None, None)

    def __enter__(self):
        self.engine.start()
        self.channel.start()
        self._entered.__enter__()
        return self

    def __exit__(self, *_):
        self._leave()
        self.channel.stop()
        self.engine.stop()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A runtime folder of the test's own: no other plant of this machine is seen."""
    monkeypatch.setenv("PETRA_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("PETRA_PLANT", raising=False)
    return tmp_path


@pytest.fixture
def plant(machine):
    with Plant(machine) as made:
        yield made


class Said:
    """How a call of `petra` ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def petra(capsys):
    """Call `petra` as a shell does; return its exit code and what it printed."""

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            entry.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Said(ended.value.code, out, err)

    return call


@pytest.fixture
def runner():
    """Call a command with an input of its own."""
    return CliRunner()
