"""Recorded scans run again to the same bits; a recording is bounded, and a difference is found."""

from __future__ import annotations

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from petra import Catalog
from petra.config import BlockConfig, PlantConfig, SignalConfig, TaskConfig, configuration, load_bytes
from petra.engine import Engine, build
from petra.engine.incident import IncidentError, replay_incident, write_test
from petra.engine.record import RecordError, ReplayRecorder, Snapshot
from petra.engine.replay import read, replay_segment
from petra.library import plugin
from petra.scan import Constant
from petra.scan.network import Unwired
from petra.signals import GOOD, LocalBus, SignalType, Store
from petra.testing import ManualClock

LIBRARY = Catalog.of(plugin)
NETWORKS = 60


def neighbour(name: str) -> Any:
    """Import a module of the tests of the scan: tests are no packages."""
    path = Path(__file__).parent.parent / "scan" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"engine_tests_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


networks = neighbour("networks")


def plant_of(life: Any) -> PlantConfig:
    """Return a random network as a plant."""
    blocks = []
    for block in life.blocks:
        inputs = {}
        for name, sources in block.sources.items():
            port = block.cls.spec.inputs[name]
            for i, source in enumerate(sources):
                if isinstance(source, Unwired):
                    continue
                key = f"in{port.first + i}" if port.first is not None else f"{name}{i}" if port.many else name
                value = source.value if isinstance(source, Constant) else source
                quoted = f"'{value}'" if isinstance(source, Constant) and isinstance(value, str) else value
                if value is not port.default:  # a default of NaN is what an input has that is not wired
                    inputs[key] = quoted
        blocks.append(
            BlockConfig(block.name, block.cls.spec.type, inputs, dict(block.targets), dict(block.params))
        )
    signals = tuple(SignalConfig(s.name, s.type) for s in life.signals)
    return PlantConfig(signals=signals, blocks=tuple(blocks), tasks=(TaskConfig("main", 100.0),))


def live(seed: int, path: Path, scans: int, kept: int = 10_000) -> list[tuple[dict, dict]]:
    """Live through a random life while it is recorded; return the values and statuses of every scan."""
    life = networks.life(seed, scans)
    built = build(plant_of(life), LIBRARY)
    bus = LocalBus(Store(built.layout, ManualClock()))
    recorder = ReplayRecorder(path, kept)
    (task,) = built.tasks
    asked: list[bool] = []

    def snapshot(scan: int, *, continues: bool = False) -> Snapshot:
        return Snapshot(scan, built.plant, bus.store.save(), task.program.snapshot(), continues)

    recorder.begin(bus, snapshot(0), lambda: asked.append(True))
    lived = []
    for number, what in enumerate(life.scans, 1):
        for name, value, status in what.writes:
            bus.write(name, value, status if status.quality else GOOD)
        for name, value in what.forces:
            bus.unforce(name, "test") if value is None else bus.force(name, value, "test")
        taken = bus.store.latch()
        task.program.scan(bus.store, what.dt)
        bus.store.publish(number, number, task.name, what.dt, taken)
        if not number % 5:
            recorder.write()
        if asked:
            asked.clear()
            recorder.add(snapshot(number, continues=True))
        names = [signal.name for signal in bus.signals]
        lived.append(
            (
                dict(zip(names, map(repr, bus.store.values), strict=True)),
                {names[i]: s for i, s in bus.store.flawed.items()},
            )
        )
    recorder.close()
    return lived


def test_a_recorded_life_is_lived_again_to_the_bit(tmp_path):
    for seed in range(NETWORKS):
        path = tmp_path / f"{seed}.petra"
        lived = live(seed, path, 30, kept=20)  # segments of five
        again = {scan.number: scan for segment in read(path) for scan in replay_segment(segment, LIBRARY)}
        assert 20 <= len(again) <= 30
        for number, scan in again.items():
            values, statuses = lived[number - 1]
            found = {
                name: repr(value) for name, value in scan.values.items() if not name.startswith("petra.")
            }
            assert found == {n: v for n, v in values.items() if not n.startswith("petra.")}, (seed, number)
            assert dict(scan.statuses) == statuses, (seed, number)
            assert scan.same, (seed, number)


TANK = b"""
signals: [{name: level, type: float}, {name: go, type: bool}]
blocks:
- {name: filter, type: LAG, inputs: {input: level}, outputs: {out: smooth}}
- {name: high, type: GT, inputs: {a: smooth, b: 5.0}, outputs: {out: alarm}}
- {name: late, type: TON, inputs: {input: alarm}, outputs: {q: horn}, params: {preset_ms: 20}}
scan_time_ms: 2
"""


def scanned(engine: Engine, number: int) -> None:
    """Wait until so many more scans have been made."""
    wanted = engine.status().scans + number
    while engine.status().scans < wanted:
        assert engine.status().running
        time.sleep(0.001)


@pytest.fixture
def recording(tmp_path):
    """A recording of a plant that ran on its own thread."""
    path = tmp_path / "tank.petra"
    made = configuration(load_bytes(TANK, LIBRARY, {}))
    with Engine(made, LIBRARY, recorder=ReplayRecorder(path, 400)) as engine:
        for n in range(40):
            engine.bus.write("level", n * 1.5)
            scanned(engine, 4)
        engine.bus.force("smooth", 0.1, "test")
        scanned(engine, 20)
        engine.reload(
            evolve(
                made,
                plant=evolve(made.plant, signals=(*made.plant.signals, SignalConfig("more", SignalType.INT))),
            )
        )
        engine.bus.unforce("smooth", "test")
        scanned(engine, 20)
    return path


def test_a_running_plant_is_recorded_over_forces_and_reloads(recording):
    segments = read(recording)
    scans = [scan for segment in segments for scan in replay_segment(segment, LIBRARY)]
    assert len(scans) > 50
    assert all(scan.same for scan in scans)
    assert [scan.number for scan in scans] == list(range(scans[0].number, scans[-1].number + 1))
    assert len({len(segment.plant["signals"]) for segment in segments}) == 2


def test_a_ring_keeps_what_it_was_asked_to_keep_and_little_more(tmp_path):
    live(1, tmp_path / "ring.petra", 1_000, kept=100)
    numbers = [scan[0] for segment in read(tmp_path / "ring.petra") for scan in segment.scans]
    assert numbers[-1] == 1_000
    assert 100 <= len(numbers) <= 130


def test_a_block_that_behaves_differently_now_is_found(recording):
    """A recording made with a filter of another time constant: the first scan that differs is named."""
    database = sqlite3.connect(recording)
    database.execute("update segments set plant = replace(plant, '\"LAG\"', '\"DEADBAND\"')")
    database.commit()
    database.close()
    assert not all(scan.same for segment in read(recording) for scan in replay_segment(segment, LIBRARY))


def test_an_incident_becomes_a_test_that_passes_and_can_fail(recording, tmp_path):
    test = tmp_path / "test_tank.py"
    numbers = [
        scan[0] for segment in read(recording) if len(segment.plant["signals"]) == 5 for scan in segment.scans
    ]
    first, last = numbers[50], numbers[-1]  # the force is among them, however many scans it lasted
    count = write_test(read(recording), LIBRARY, test, first, last)
    assert count == last - first + 1
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    incident = json.loads(test.read_text().split('"""')[3])
    assert replay_incident(json.dumps(incident), LIBRARY) >= 50
    (high,) = (block for block in incident["plant"]["blocks"] if block["name"] == "high")
    high["type"] = "LT"
    with pytest.raises(IncidentError, match=r"scan \d+: (alarm|horn) was"):
        replay_incident(json.dumps(incident), LIBRARY)


def test_a_tuned_parameter_is_part_of_the_recording(tmp_path):
    path = tmp_path / "tuned.petra"
    with Engine(
        configuration(load_bytes(TANK, LIBRARY, {})), LIBRARY, recorder=ReplayRecorder(path)
    ) as engine:
        engine.bus.write("level", 8.0)
        scanned(engine, 20)
        engine.tune("filter", "tau", 9.0)
        engine.tune("late", "PT", 40.0)  # an input that is a constant
        engine.bus.write("level", 3.0)
        scanned(engine, 20)
    scans = [scan for segment in read(path) for scan in replay_segment(segment, LIBRARY)]
    assert len(scans) > 10
    assert all(scan.same for scan in scans)


def test_a_pipe_is_not_replaced_by_a_recording(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "elsewhere.petra")
    (tmp_path / "elsewhere.petra").touch()
    for path in (pipe, link, tmp_path):
        with pytest.raises(RecordError, match="not overwritten"):
            ReplayRecorder(path)
    assert pipe.is_fifo()


def test_what_is_no_recording_is_neither_read_nor_overwritten(tmp_path):
    path = tmp_path / "plant.yaml"
    path.write_text("signals: []")
    with pytest.raises(RecordError, match="is not a recording"):
        read(path)
    with pytest.raises(RecordError, match="not overwritten"):
        ReplayRecorder(path)
    with pytest.raises(RecordError, match="there is no file"):
        read(tmp_path / "none")
    with pytest.raises(RecordError, match="cannot be written"):
        ReplayRecorder(tmp_path / "no" / "folder.petra")


def test_a_recording_survives_kill(tmp_path):
    """What was written before a kill -9 can be read and run again."""
    document = tmp_path / "tank.yaml"
    document.write_bytes(TANK)
    path = tmp_path / "tank.petra"
    process = subprocess.Popen(
        [sys.executable, "-m", "petra", "run", document, "--record", path], stderr=subprocess.PIPE
    )
    end = time.monotonic() + 60
    try:
        while time.monotonic() < end:
            time.sleep(0.1)
            if path.exists():
                try:
                    if sum(len(segment.scans) for segment in read(path)) > 100:
                        break
                except (RecordError, sqlite3.Error):
                    continue
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    scans = [scan for segment in read(path) for scan in replay_segment(segment, LIBRARY)]
    assert len(scans) > 100
    assert all(scan.same for scan in scans)


def test_a_reload_in_which_blocks_change_places_replays_to_the_bit(tmp_path):
    """Outputs that go on under each other's signal are the same in the recording and in the image."""
    text = TANK + b"- {name: low, type: LT, inputs: {a: level, b: 1.0}, outputs: {out: below}}\n"
    text = text.replace(b"scan_time_ms: 2\n", b"") + b"scan_time_ms: 2\n"
    turned = (
        text.replace(b"out: alarm", b"out: X")
        .replace(b"out: below", b"out: alarm")
        .replace(b"out: X", b"out: below")
    )
    both = [configuration(load_bytes(each, LIBRARY, {})) for each in (text, turned)]
    path = tmp_path / "turned.petra"
    with Engine(both[0], LIBRARY, recorder=ReplayRecorder(path)) as engine:
        engine.bus.write("level", 9.0)
        for number in range(6):
            scanned(engine, 10)
            engine.reload(both[(number + 1) % 2])
        scanned(engine, 10)
    scans = [scan for segment in read(path) for scan in replay_segment(segment, LIBRARY)]
    assert len(scans) > 50
    assert [scan.number for scan in scans if not scan.same] == []


def test_a_recording_of_an_earlier_version_makes_way(tmp_path):
    """A plant that is started with `--record` starts after an upgrade as well."""
    path = tmp_path / "old.petra"
    recorder = ReplayRecorder(path)
    recorder.close()
    database = sqlite3.connect(path)
    database.execute("update meta set value = '1' where key = 'format'")
    database.commit()
    database.close()
    with pytest.raises(RecordError, match="is not a recording of this version"):
        read(path)
    ReplayRecorder(path).close()
    assert read(path) == []
