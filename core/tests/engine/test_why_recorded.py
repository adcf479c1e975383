"""Why a signal of a recording was what it was; random plants are explained without harm."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from petra.cli.main import petra
from petra.config import load_bytes
from petra.engine import Engine, build
from petra.engine.evidence import ScanEvidence, moment_of
from petra.engine.record import RecordError, ReplayRecorder
from petra.engine.recorded import RecordedScans
from petra.library import plugin
from petra.plugin import Catalog
from petra.signals import LocalBus, Store, UnknownSignalError
from petra.testing import ManualClock
from petra.why import CauseKind, HeldForce, Why, explain, tree

CATALOG = Catalog.of(plugin)
SECOND = 10**9
START = int(datetime(2026, 11, 25, 3, 0, 0, tzinfo=UTC).timestamp())
DOCUMENT = b"""
scan_time_ms: 100
signals: [{name: level, type: float, initial: 3.0}, {name: stop, type: bool}]
blocks:
- {name: high, type: GT, inputs: {a: level, b: 5.0}, outputs: {out: high}}
- {name: late, type: TON, inputs: {input: high}, params: {preset_ms: 2000}, outputs: {q: alarm}}
"""


def _local(form, seconds):
    return datetime.fromtimestamp(START + seconds, UTC).astimezone().strftime(form)


class Tape(Engine):
    """An engine whose scans are driven by hand, on a clock of its own."""

    def __init__(self, path, kept=10_000):
        self.hand = ManualClock()
        configuration = load_bytes(DOCUMENT, CATALOG).configuration
        super().__init__(configuration, CATALOG, clock=self.hand, recorder=None)
        built = self._deployed.built
        self.recorder = ReplayRecorder(path, kept)
        self.recorder.begin(self.bus, self._state(built), self._ask)
        self.number = 0

    def _ask(self):
        self.recorder.add(self._state(self._deployed.built, continues=True))

    def scan(self, times):
        (task,) = self.scheduler.tasks
        for _ in range(times):
            self.hand.advance(0.1)
            self.number = self.scheduler.scans = self.number + 1
            if self.number % 10 == 1:
                self._engine_signals.write((START + self.number // 10) * SECOND, self.scheduler.tasks)
            taken = self.store.latch()
            task.program.scan(self.store, 0.1)
            self.store.publish(self.number, self.hand.now_ns(), task.name, 0.1, taken)
            self.recorder.write()


@pytest.fixture
def recording(tmp_path):
    """100 scans of ten seconds: the level rises in scan 31, and `stop` is forced in scan 61."""
    path = tmp_path / "plant.petra"
    tape = Tape(path)
    tape.scan(30)
    tape.bus.write("level", 9.0)
    tape.scan(30)
    tape.bus.force("stop", True, "ann")
    tape.scan(40)
    tape.recorder.close()
    return RecordedScans(path)


def why(recording, name, scan=None):
    return explain(recording.evidence(CATALOG, scan), name)


def test_any_scan_of_a_recording_can_be_asked(recording):
    assert why(recording, "alarm").cause.value is True
    before = why(recording, "alarm", 40)
    assert before.cause.value is False
    assert before.cause.remaining_s == pytest.approx(1.1)
    assert before.scan == 40
    assert "late (TON) waits" in before.answer
    low = why(recording, "alarm", 20)
    assert [cause.signal for cause in low.causes] == ["alarm", "high", "level"]
    assert low.causes[-1].kind is CauseKind.OUTSIDE


def test_the_recorded_clock_says_since_when(recording):
    found = why(recording, "high", 60)
    assert found.time // SECOND == START + 5
    assert found.cause.since // SECOND == START + 3
    assert not found.cause.longer
    assert why(recording, "stop", 20).cause.longer
    assert recording.end // SECOND == START + 9
    assert recording.scan_at((START + 3) * SECOND) == 31
    assert recording.scan_at(2 * START * SECOND) == 100


def test_a_recording_of_several_segments_goes_on_from_one_to_the_next(tmp_path):
    """The first ones are forgotten; what changed in a segment before the asked one is known."""
    tape = Tape(tmp_path / "plant.petra", kept=40)
    tape.scan(65)
    tape.bus.write("level", 9.0)
    tape.scan(35)
    tape.recorder.close()
    recording = RecordedScans(tape.recorder.path)
    with pytest.raises(RecordError, match=r"no scan 40: it has [56]\d to 100"):
        recording.evidence(CATALOG, 40)
    found = why(recording, "high")
    assert (found.cause.value, found.cause.since // SECOND, found.cause.longer) == (True, START + 6, False)
    assert found.time // SECOND == START + 9
    stop = why(recording, "stop").cause
    assert stop.longer
    assert stop.since // SECOND == START + 6


def test_a_recorded_force_has_its_actor(recording):
    found = why(recording, "stop")
    assert (found.cause.kind, found.cause.force.actor) == (CauseKind.FORCE, "ann")
    assert found.cause.force.since // SECOND == START + 6
    assert any("recorded, after scan 100" in line for line in tree(found))


def test_what_is_not_in_a_recording_is_said(recording, tmp_path):
    with pytest.raises(RecordError, match="no scan 101: it has 1 to 100"):
        recording.evidence(CATALOG, 101)
    with pytest.raises(RecordError, match="begins later"):
        recording.scan_at(0)
    with pytest.raises(UnknownSignalError, match="did you mean 'level'"):
        why(recording, "levle")
    with pytest.raises(RecordError, match="there is no file"):
        RecordedScans(tmp_path / "none")
    empty = ReplayRecorder(tmp_path / "empty.petra")
    empty.close()
    with pytest.raises(RecordError, match="has no scans"):
        RecordedScans(empty.path)


@pytest.mark.parametrize(
    ("at", "scan"),
    [
        ((), 100),
        (("--at", "40"), 40),
        (("--at", _local("%H:%M:%S", 3)), 40),
        (("--at", _local("%Y-%m-%dT%H:%M:%S", 3)), 40),
        (("--at", _local("%H:%M:%S.5", 3)), 36),
    ],
    ids=["end", "scan", "second", "date", "fraction"],
)
def test_the_command_asks_a_recording(recording, at, scan):
    """A time without a fraction is a whole second: its last scan."""
    given = ["why", "alarm", "--recorded", str(recording.path), *at, "--json"]
    done = CliRunner().invoke(petra, given, standalone_mode=False)
    assert done.return_value == 0, done.output
    assert json.loads(done.output)["scan"] == scan


def test_a_time_that_is_none_is_refused(recording):
    done = CliRunner().invoke(petra, ["why", "alarm", "--recorded", str(recording.path), "--at", "1:61"])
    assert done.exit_code == 2
    assert "write 03:04:11, 2026-11-25T03:04:11 or the number of a scan" in done.output


class Random(ScanEvidence):
    """A random plant: it has no devices."""

    def force(self, name, value):
        return HeldForce(value)

    def points(self, signal):
        return ()

    def command(self, signal):
        return None

    def changed_at(self, names, time):
        return [(name, True) for name in names]

    def changes(self, names):
        return {}


def neighbour(name: str) -> Any:
    """Import a module of the tests beside this one: tests are no packages."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"why_tests_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_signal_of_random_plants_is_explained_and_nothing_is_touched():
    """All blocks of the library with NaN, infinities, forces and faults: an answer, the plant as before."""
    records = neighbour("test_record")
    asked = 0
    for seed in range(15):
        life = records.networks.life(seed, 6)
        built = build(records.plant_of(life), CATALOG)
        bus = LocalBus(Store(built.layout, ManualClock()))
        (task,) = built.tasks
        for number, what in enumerate(life.scans, 1):
            for name, value, status in what.writes:
                bus.write(name, value, status)
            for name, value in what.forces:
                bus.unforce(name, "test") if value is None else bus.force(name, value, "test")
            bus.store.latch()
            task.program.scan(bus.store, what.dt)
            bus.store.publish(number, number, task.name, what.dt)
        before = repr((bus.store.values, task.program.states, bus.store.flawed))
        evidence = Random(moment_of(number, bus.store.image, built.tasks), 1)
        for signal in built.layout.signals:
            found = explain(evidence, signal.name, depth=3)
            assert found.signal == signal.name
            assert (
                msgspec.convert(msgspec.msgpack.decode(msgspec.msgpack.encode(found)), Why).answer
                == found.answer
            )
            assert list(tree(found))
            asked += 1
        assert repr((bus.store.values, task.program.states, bus.store.flawed)) == before
    assert asked > 500
