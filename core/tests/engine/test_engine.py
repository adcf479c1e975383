"""A plant that runs: reload, tuning, faults, the watchdog, what is retained, and how it ends."""

from __future__ import annotations

import gc
import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest
from attrs import evolve

from petra import Block, Catalog, In, Out, Param, State, hookimpl
from petra.config import configuration, load_bytes
from petra.drivers import Act, Origin, Outcome
from petra.engine import Engine, EngineError, diff_configurations
from petra.engine.retain import Kept, RetainFile
from petra.library import plugin
from petra.scan import TuningError
from petra.signals import NotWritableError, Quality
from petra.testing import ManualClock


class Slow(Block, type="SLOW"):
    """Hangs while it is told to."""

    hang = In(bool)
    out = Out(bool)

    def step(self, dt: float) -> None:
        while self.hang and not release.is_set():
            time.sleep(0.01)
        self.out = self.hang


class Buggy(Block, type="BUGGY"):
    """Has a bug, and even leaves the interpreter."""

    input = In(float)
    mode = Param(str, default="raise")
    seen = State(0)
    out = Out(float)

    def step(self, dt: float) -> None:
        self.seen = self.seen + 1
        if self.input > 0.0:
            if self.mode == "exit":
                raise SystemExit(3)
            raise KeyError("no such thing")
        self.out = float(self.seen)


release = threading.Event()


class Plugin:
    PETRA_API = 1
    __name__ = "engine-tests"
    told: ClassVar[list[str]] = []

    @hookimpl
    def petra_blocks(self):
        return [Slow, Buggy]

    @hookimpl
    def petra_engine_started(self, engine):
        self.told.append(f"started {engine.status().running}")
        raise RuntimeError("one plugin's failure is its own")

    @hookimpl
    def petra_engine_stopping(self, engine):
        self.told.append("stopping")


CATALOG = Catalog.of(plugin, Plugin())
TANK = """
signals:
- {name: level, type: float, initial: 1.0}
- {name: enabled, type: bool, initial: true}
- {name: valve, type: bool, safe: false}
blocks:
- {name: high, type: GT, inputs: {a: level, b: 5.0}, outputs: {out: valve}}
- {name: count, type: COUNTER, inputs: {enable: enabled}, outputs: {count: count}}
- {name: hours, type: RUNTIME, inputs: {running: enabled}, outputs: {hours: hours, starts: starts}}
scan_time_ms: 5
"""


def conf(text: str = TANK):
    return configuration(load_bytes(text.encode(), CATALOG, {}))


def until(condition, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.002)
    return bool(condition())


@pytest.fixture
def engine():
    with Engine(conf(), CATALOG) as engine:
        yield engine


def test_it_scans_and_shows_what_it_does(engine):
    engine.bus.write("level", 6.0)
    assert until(lambda: engine.bus.read("valve").value)
    assert until(lambda: engine.bus.read("petra.main.scans").value > 10)
    assert engine.bus.read("petra.clock.unix_time").value == pytest.approx(time.time(), abs=3)
    status = engine.status()
    assert status.running
    assert status.tasks["main"].scans > 10
    assert status.faults == {}


def test_it_ends_with_signals_at_their_safe_values(engine):
    engine.bus.write("level", 6.0)
    assert until(lambda: engine.bus.read("valve").value)
    engine.stop()
    assert engine.bus.read("valve").value is False
    assert engine.bus.read("valve").quality is Quality.UNCERTAIN
    assert engine.bus.read("count").quality is Quality.BAD
    assert not engine.status().running
    engine.stop()
    with pytest.raises(EngineError, match="once"):
        engine.start()


def test_plugins_are_told_and_their_failures_stay_theirs(caplog):
    Plugin.told.clear()
    with Engine(conf(), CATALOG):
        pass
    assert Plugin.told == ["started True", "stopping"]
    assert "petra_engine_started failed: RuntimeError: one plugin's failure is its own" in caplog.text


def test_a_reload_keeps_values_states_forces_and_statistics(engine):
    engine.bus.force("level", 7.0, "test")
    assert until(lambda: engine.bus.read("count").value > 20)
    before = engine.bus.read("count").value
    changed = TANK.replace("b: 5.0", "b: 8.0").replace(
        "signals:", "signals:\n- {name: new, type: int, initial: 9}"
    )
    changes = engine.reload(conf(changed))
    assert [str(change) for change in changes] == [
        "+ signal new",
        "~ block high: input b 5.0 -> 8.0 (it keeps its state)",
    ]
    assert engine.bus.read("new").value == 9
    assert engine.bus.read("level").value == 7.0
    assert engine.status().forced == {"level": 7.0}
    assert until(lambda: engine.bus.read("valve").value is False)
    assert engine.bus.read("count").value >= before
    assert engine.status().tasks["main"].scans > 20
    assert engine.status().reloads == 1


def test_forces_are_logged_with_who_asked(engine, caplog):
    engine.bus.force("level", 7.0, "me")
    assert until(lambda: "forced: level = 7.0, by me" in caplog.text)
    engine.bus.unforce("level", "you")
    assert until(lambda: "let go: level, by you" in caplog.text)
    assert [force.actor for force in engine.bus.store.force_record] == ["me", "you"]


HANGING = """
signals: [{name: hang, type: bool}]
blocks: [{name: slow, type: SLOW, inputs: {hang: hang}, outputs: {out: out}}]
scan_time_ms: 5
"""


def hang(engine: Engine) -> None:
    """Let a scan hang."""
    release.clear()
    engine.bus.write("hang", True)
    assert until(lambda: engine.scheduler.busy_since is not None and engine.bus.waiting == 0)


def test_reloads_follow_each_other_and_wait_for_a_scan_that_hangs():
    with Engine(conf(HANGING), CATALOG) as engine:
        hang(engine)
        second = HANGING.replace(
            "{name: hang, type: bool}", "{name: hang, type: bool}, {name: more, type: int}"
        )
        threads = [threading.Thread(target=engine.reload, args=(conf(text),)) for text in (HANGING, second)]
        threads[0].start()
        assert until(lambda: bool(engine.scheduler._asked))
        threads[1].start()
        release.set()
        for thread in threads:
            thread.join(60)
        assert engine.status().reloads == 2
        assert "more" in engine.bus.layout.index


def test_the_end_does_not_wait_for_a_reload_that_waits_for_a_scan(caplog):
    engine = Engine(conf(HANGING), CATALOG)
    refused: list[str] = []

    def reload() -> None:
        try:
            engine.reload(conf(HANGING))
        except EngineError as error:
            refused.append(str(error))

    engine.start()
    hang(engine)
    thread = threading.Thread(target=reload)
    thread.start()
    assert until(lambda: bool(engine.scheduler._asked))
    engine.stop()
    thread.join(60)
    release.set()
    assert refused == ["the engine stops"]
    with pytest.raises(EngineError, match="the engine stops"):
        engine.reload(conf(HANGING))


def test_groups_and_subscriptions_outlive_a_reload(engine):
    group, heard = engine.bus.group(["level", "count"]), engine.bus.changes(["level"])
    engine.reload(
        conf(TANK.replace("signals:", "signals:\n- {name: a, type: float}\n- {name: b, type: bool}"))
    )
    group_of_inputs = engine.bus.group(["a", "level"])
    group_of_inputs.write([1.5, 2.5])
    assert until(lambda: group.read()[0] == 2.5)
    found = heard.take()
    assert [found.image.layout.signals[i].name for i in found.indices] == ["level"]


def test_a_signal_that_is_gone_is_an_error_and_not_a_crash(engine):
    group = engine.bus.group(["level", "count"])
    engine.bus.write("level", 2.0)
    engine.reload(conf("signals: [{name: other, type: float}]\nscan_time_ms: 5"))
    with pytest.raises(KeyError, match="there is no signal 'level'"):
        group.read()
    with pytest.raises(KeyError, match="there is no signal 'count'"):
        engine.bus.read("count")
    assert engine.bus.read("other").value == 0.0


def test_a_block_of_another_type_begins_anew(engine):
    assert until(lambda: engine.bus.read("count").value > 5)
    text = TANK.replace("type: COUNTER, inputs: {enable: enabled}", "type: CTU, inputs: {cu: enabled}")
    changes = engine.reload(conf(text))
    assert "its state starts again" in str(changes[0])
    assert until(lambda: engine.bus.read("count").value == 1)


def test_writers_never_stop_while_reloads_come_one_after_another():
    """Whoever writes and reads beside a hundred reloads sees no error and no mixture."""
    texts = [TANK, TANK.replace("signals:", "signals:\n- {name: more, type: int}")]
    errors: list[BaseException] = []
    stop = threading.Event()

    def beside(engine):
        group = engine.bus.group(["level", "enabled"])
        n = 0.0
        try:
            while not stop.is_set():
                n += 1.0
                group.write([n, True])
                engine.bus.write("level", n)
                assert isinstance(group.read()[0], float)
                assert isinstance(engine.bus.read("count").value, int)
                time.sleep(0.0005)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    with Engine(conf(), CATALOG) as engine:
        thread = threading.Thread(target=beside, args=(engine,))
        thread.start()
        documents = [conf(text) for text in texts]
        for number in range(100):
            engine.reload(documents[number % 2])
        stop.set()
        thread.join()
    assert errors == []


def test_thousands_of_reloads_leak_nothing(caplog):
    """Objects and threads are as many after 2,000 reloads as after 100; `petra bench` counts 10,000."""
    caplog.set_level(logging.WARNING, "petra")  # what is logged is kept by pytest
    documents = [conf(), conf(TANK.replace("b: 5.0", "b: 8.0"))]
    engine = Engine(documents[0], CATALOG)
    counts = []
    for number in range(2_001):
        engine.reload(documents[number % 2])
        if number in (100, 2_000):
            gc.collect()
            counts.append((len(gc.get_objects()), threading.active_count()))
    assert abs(counts[1][0] - counts[0][0]) < 200
    assert counts[1][1] == counts[0][1]


def test_a_parameter_is_tuned_while_it_runs(engine):
    engine.tune("count", "increment", 100)
    before = engine.bus.read("count").value
    assert until(lambda: engine.bus.read("count").value >= before + 200)
    for block, param, value, said in (
        ("cuont", "increment", 1, "no block 'cuont'"),
        ("count", "incremnt", 1, "no parameter 'incremnt'"),
        ("count", "increment", 1.5, "is a int, not 1.5"),
    ):
        with pytest.raises(TuningError, match=said):
            engine.tune(block, param, value)


BUGGY = """
signals: [{name: x, type: float}, {name: after, type: float}]
blocks:
- {name: bad, type: BUGGY, inputs: {input: x}, outputs: {out: y}, params: {mode: MODE}}
- {name: sum, type: ADD, inputs: {a: y, b: 1.0}, outputs: {out: z}}
- {name: count, type: COUNTER, outputs: {count: count}}
scan_time_ms: 5
"""


@pytest.mark.parametrize(
    ("mode", "reason"), [("raise", "KeyError: 'no such thing'"), ("exit", "SystemExit: 3")]
)
def test_a_block_that_raises_holds_its_outputs_and_stops_nobody(mode, reason):
    with Engine(conf(BUGGY.replace("MODE", mode)), CATALOG) as engine:
        assert until(lambda: engine.bus.read("y").value > 2)
        engine.bus.write("x", 1.0)
        assert until(lambda: engine.bus.read("y").quality is Quality.BAD)
        held, count = engine.bus.read("y").value, engine.bus.read("count").value
        assert until(lambda: engine.bus.read("count").value > count + 5)
        assert engine.bus.read("y").value == held
        assert engine.bus.status("z").reason == engine.bus.status("y").reason == f"block bad: {reason}"
        assert engine.status().faults == {"bad": f"block bad: {reason}"}
        assert engine.status().fault_counts["bad"] > 5
        engine.bus.write("x", 0.0)
        assert until(lambda: engine.bus.read("z").quality is Quality.GOOD)
        assert engine.bus.read("y").value >= held  # its state did not count while it faulted
        assert engine.status().faults == {}


def test_the_watchdog_shows_safe_values_while_a_scan_hangs():
    release.clear()
    text = """
    signals: [{name: hang, type: bool}, {name: valve, type: bool, safe: true}]
    blocks: [{name: slow, type: SLOW, inputs: {hang: hang}, outputs: {out: valve}}]
    engine: {watchdog_ms: 1000}
    scan_time_ms: 5
    """
    with Engine(conf(text), CATALOG) as engine:
        assert until(lambda: engine.status().scans > 3)
        engine.bus.write("hang", True)
        assert until(lambda: engine.bus.status("valve").reason == "safe value: a scan does not end")
        assert engine.bus.read("valve").value is True
        assert engine.status().watchdog_trips == 1
        release.set()
        assert until(lambda: engine.bus.read("valve").quality is Quality.GOOD)


def test_what_is_retained_survives_a_restart(tmp_path):
    file = tmp_path / "tank.retain.json"
    with Engine(conf(), CATALOG, retain=file) as engine:
        assert until(lambda: engine.bus.read("hours").value > 0)
    with Engine(conf(), CATALOG, retain=file) as engine:
        assert until(lambda: engine.status().scans > 2)
        assert engine.bus.read("starts").value == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tank.retain.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 200_000,
        '{"version": 9}',
        '{"version": 1, "types": 3, "blocks": {"hours": {}}}',
        '{"version": 1, "blocks": {"hours": 3}}',
        "\0",
    ],
)
def test_a_broken_file_of_retained_state_is_put_aside(tmp_path, text, caplog):
    file = tmp_path / "tank.retain.json"
    file.write_text(text)
    with Engine(conf(), CATALOG, retain=file) as engine:
        assert until(lambda: engine.status().scans > 2)
    assert "is broken" in caplog.text
    assert file.with_name("tank.retain.json.broken").read_text() == text
    assert '"number": 1' in file.read_text()


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1e999"])
def test_what_is_not_finite_is_not_taken_and_all_else_is(tmp_path, value, caplog):
    """Nor is it kept: a total that is no number any more would stay so for ever."""
    file = tmp_path / "tank.retain.json"
    with Engine(conf(), CATALOG, retain=file) as engine:
        assert until(lambda: engine.bus.read("hours").value > 0)
    kept = json.loads(file.read_text())
    (name,) = [name for name, each in kept["blocks"]["hours"].items() if isinstance(each, float)]
    kept["blocks"]["hours"][name] = float(value)
    kept["blocks"]["hours"]["number"] = 7
    file.write_text(json.dumps(kept))
    with Engine(conf(), CATALOG, retain=file) as engine:
        assert until(lambda: engine.bus.read("hours").value > 0)
        assert engine.bus.read("starts").value == 1
    assert "for hours is not used: it is not finite" in caplog.text
    retain = RetainFile(file)
    assert retain.save(Kept({"a": {"x": (1.0, float(value))}, "b": {"y": 2}}, {"a": "A", "b": "B"}))
    assert retain.load({}) == {"b": {"y": 2}}


def test_what_a_block_of_another_type_has_kept_is_not_taken(tmp_path, caplog):
    """A delay that has passed under a name is no reason for a pump of that name to run."""
    retain = RetainFile(tmp_path / "retained.json")
    assert retain.save(Kept({"delay": {"x": 1}, "same": {"x": 2}}, {"delay": "TONR", "same": "TONR"}))
    assert retain.load({"delay": "RUNTIME", "same": "TONR"}) == {"same": {"x": 2}}
    assert "for delay is not used: it was a TONR and is a RUNTIME" in caplog.text
    retain.path.write_text('{"version": 1, "blocks": {"delay": {"x": 1}}}')  # of an earlier version
    assert retain.load({"delay": "RUNTIME"}) == {"delay": {"x": 1}}


def test_a_file_of_retained_state_that_is_no_text_is_put_aside(tmp_path):
    file = tmp_path / "tank.retain.json"
    file.write_bytes(b'{"version": 1, "blocks": \xff}')
    with Engine(conf(), CATALOG, retain=file) as engine:
        assert until(lambda: engine.status().scans > 2)
    assert file.with_name("tank.retain.json.broken").exists()


def test_a_full_inbox_does_not_end_the_scan():
    with Engine(conf(TANK.replace("scan_time_ms: 5", "scan_time_ms: 1200")), CATALOG) as engine:
        assert until(lambda: engine.status().scans == 1)
        engine.store.inbox._limit = 3
        for n in range(3):
            engine.bus.write("level", float(n))
        assert until(lambda: engine.status().scans == 3)
        assert engine.status().running
        assert engine.status().inbox_refused >= 1


def test_state_that_cannot_be_kept_is_said_once(tmp_path, caplog):
    with Engine(conf(), CATALOG, retain=tmp_path / "no" / "folder.json") as engine:
        assert until(lambda: engine.status().scans > 2)
    assert caplog.text.count("retained state cannot be kept") == 1


def test_several_tasks_run_at_their_own_periods():
    text = """
    tasks: [{name: slow, period_ms: 50}]
    blocks:
    - {name: a, type: COUNTER, outputs: {count: fast}}
    - {name: b, type: COUNTER, outputs: {count: slow}, task: slow}
    - {name: c, type: SUB, inputs: {a: fast, b: slow}, outputs: {out: difference}, task: slow}
    scan_time_ms: 5
    """
    with Engine(conf(text), CATALOG, clock=ManualClock()) as engine:
        assert until(lambda: engine.bus.read("slow").value >= 3)
        assert set(engine.status().tasks) == {"main", "slow"}
    fast, slow = (engine.bus.read(name).value for name in ("fast", "slow"))
    assert slow - 1 <= (fast - 1) / 10 <= slow


def test_a_plan_names_every_kind_of_change():
    old = conf("""
    signals: [{name: a, type: float}, {name: b, type: int}]
    blocks: [{name: g, type: GT, inputs: {a: a, b: 1.0}, outputs: {out: c}}]
    scan_time_ms: 50
    """)
    new = conf("""
    signals: [{name: a, type: float, unit: m}, {name: b, type: float}]
    blocks: [{name: g, type: LT, inputs: {a: a, b: 1.0}, outputs: {out: c}, task: t}]
    tasks: [{name: t, period_ms: 10}]
    engine: {spin_us: 100}
    """)
    assert [str(change) for change in diff_configurations(old, new, CATALOG)] == [
        "~ signal a: unit  -> m",
        "~ signal b: type int -> float (its value starts again)",
        "~ block g: type GT -> LT, task main -> t (its state starts again)",
        "- task main",
        "+ task t",
        "~ engine: spin_us 0.0 -> 100.0 (at the next start)",
    ]
    assert diff_configurations(old, old, CATALOG) == []


def test_documents_of_both_generations_run():
    """The blocks of the original's documents, word for word, in a plant that scans."""
    folder = Path(__file__).parent.parent / "config" / "originals"
    import yaml

    for path in sorted(folder.glob("complete*.yaml")):  # the others list blocks by what they are for
        data = yaml.safe_load(path.read_text())
        own = {key: data[key] for key in ("signals", "blocks", "scan_time_ms") if key in data}
        with Engine(conf(yaml.safe_dump(own | {"scan_time_ms": 5})), CATALOG) as engine:
            assert until(lambda engine=engine: engine.status().scans > 3), path.name
            assert engine.status().faults == {}


def test_the_watchdog_does_not_wait_for_a_disk_that_hangs(tmp_path):
    """A journal that cannot be opened holds its own thread up, not the one that looks at the scan."""
    stuck = tmp_path / "commands.jsonl"
    os.mkfifo(stuck)  # whoever opens it for writing waits until somebody reads
    text = """
    signals: [{name: hang, type: bool}, {name: valve, type: bool, safe: true}]
    blocks: [{name: slow, type: SLOW, inputs: {hang: hang}, outputs: {out: valve}}]
    engine: {watchdog_ms: 100}
    scan_time_ms: 5
    """
    engine = Engine(conf(text), CATALOG, journal=stuck)
    engine.start()
    engine.force("hang", False, actor="me")
    assert until(lambda: not engine._keeper._files[0]._ended._waiting)  # it is being written
    engine.unforce("hang", actor="me")
    hang(engine)
    assert until(lambda: engine.bus.status("valve").reason == "safe value: a scan does not end")
    release.set()
    reader = os.open(stuck, os.O_RDONLY | os.O_NONBLOCK)
    engine.stop()
    os.close(reader)


def test_a_schedule_knows_what_time_it_is_in_the_first_scan():
    clock = ManualClock(int(time.mktime((2026, 11, 24, 17, 42, 0, 0, 0, -1))) * 10**9)
    text = """
    blocks:
    - name: lamp
      type: SCHEDULE
      inputs: {second: petra.clock.second_of_day, day: petra.clock.day_of_week}
      params: {begin: "22:00", end: "06:00"}
      outputs: {q: lamp}
    """
    engine = Engine(conf(text), CATALOG, clock=clock)
    engine.start(scans=1)
    assert engine.wait(60)
    assert engine.last("petra.clock.second_of_day")[0] == 17 * 3600 + 42 * 60
    assert engine.last("lamp")[0] is False
    engine.stop()


class Nobody:
    def refusal(self, actor, capability, target):
        return f"{actor.name} may not {capability.value}"


def test_forces_go_through_the_gate_and_into_the_journal(engine, tmp_path):
    ended = engine.host.ledger.follow()
    engine.bus.force("level", 7.0, "somebody with the bus in hand")
    assert engine.force("enabled", False, actor="ann").outcome is Outcome.ACCEPTED
    assert engine.unforce("enabled", actor="ann").outcome is Outcome.ACCEPTED
    refused = engine.force("level", 9.0, actor="eve", origin=Origin.NETWORK)
    assert (refused.outcome, refused.order.act) == (Outcome.REJECTED, Act.FORCE)
    assert until(lambda: engine.status().forced == {"level": 7.0})
    engine.guard.policy = Nobody()
    with pytest.raises(NotWritableError, match="bob may not force"):
        engine.bus.unforce("level", "bob")
    assert [str(command).partition(" ")[2] for command in ended.take()] == [
        "force level = 7.0 by somebody with the bus in hand (local) accepted",
        "force enabled = False by ann (local) accepted",
        "unforce enabled by ann (local) accepted",
        "force level = 9.0 by eve (network) rejected: without a policy, the network may not force",
        "unforce level by bob (local) rejected: bob may not force",
    ]


def test_the_status_can_be_asked_for_in_a_storm_of_faults():
    """Blocks fault and recover in every scan while others look: views read what the scan has published."""
    blocks = "".join(
        f"- {{name: b{i}, type: DIV, inputs: {{a: 1.0, b: n{i % 7}}}, outputs: {{out: x{i}}}}}\n"
        for i in range(60)
    )
    signals = "".join(f"- {{name: n{i}, type: float}}\n" for i in range(7))
    with Engine(conf(f"scan_time_ms: 1\nsignals:\n{signals}blocks:\n{blocks}"), CATALOG) as engine:
        assert until(lambda: len(engine.status().fault_counts) == 60)
        for turn in range(600):
            engine.bus.write(f"n{turn % 7}", float(turn % 2))
            status = engine.status()
            assert set(status.faults) <= set(status.fault_counts)


def test_safe_values_are_shown_before_anything_is_said(caplog):
    shown: list[bool] = []

    class Look(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "has not ended" in record.getMessage():
                shown.append(engine.bus.image.stopped)

    text = HANGING + "engine: {watchdog_ms: 100}\n"
    with Engine(conf(text), CATALOG) as engine:
        handler = Look()
        logging.getLogger("petra.engine").addHandler(handler)
        try:
            hang(engine)
            assert until(lambda: engine.status().watchdog_trips == 1)
            assert until(lambda: bool(shown))
        finally:
            logging.getLogger("petra.engine").removeHandler(handler)
            release.set()
    assert shown[0] is True


def test_what_was_checked_is_what_runs():
    """Blocks are wired, typed and ordered once: by the check of their document, and by a reload of it."""
    checked, again = conf(), conf(TANK.replace("scan_time_ms: 5", "scan_time_ms: 6"))
    with Engine(checked, CATALOG) as engine:
        assert [t.program.network for t in engine.scheduler.tasks] == [
            t.network for t in checked.program.tasks.values()
        ]
        engine.reload(again)
        assert [t.program.network for t in engine.scheduler.tasks] == [
            t.network for t in again.program.tasks.values()
        ]
    changed = evolve(again, plant=evolve(again.plant, scan_time_ms=7.0))
    assert changed.program is None  # it was checked for another plant
