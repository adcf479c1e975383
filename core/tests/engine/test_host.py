"""Drivers in a running plant: outputs, commands, reload, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from attrs import evolve, field, frozen
from click.testing import CliRunner

from petra import Catalog, DriverKind, about, hookimpl
from petra.cli.commands import commands
from petra.config import configuration, load_bytes
from petra.drivers import Direction, Driver, Origin, Outcome, Point, SessionContext, SessionError
from petra.drivers.commands.ledger import Ledger
from petra.drivers.contract.point import Limits
from petra.drivers.contract.sessions import DriverSessions
from petra.engine import Engine, diff_configurations
from petra.engine.difference import points_changed
from petra.engine.folder import DataFolder
from petra.engine.journal import CommandJournal, read
from petra.errors import PetraError
from petra.library import plugin as library
from petra.settings import Named, SignalUse, Used
from petra.signals import GOOD, NotWritableError, OutOfLimitsError, Quality, SignalType
from petra.testing import ManualClock


class Devices:
    """What the drivers of these tests talk to."""

    def __init__(self) -> None:
        self.value = 1.0
        self.written: list[tuple[str, float]] = []
        self.sessions: list[str] = []
        self.down: set[str] = set()
        self.refuses: set[str] = set()
        self.faults: list[Exception] = []


devices = Devices()


@pytest.fixture(autouse=True)
def fresh_devices():
    devices.__init__()
    yield
    left = [t.name for t in threading.enumerate() if t.name.startswith("petra")]
    assert not [name for name in left if not name.startswith("petra-log")]  # that is the process's own


@frozen
class ToyConfig:
    """A toy: it reads one signal and writes another one."""

    name: str = field(metadata=about("Name"))
    get: str = field(default="", metadata=about("Signal that it reads"))
    put: str = field(default="", metadata=about("Signal that it writes"))
    speed: int = field(default=1, metadata=about("Something that changes"))

    def drivers_named(self):
        yield Named("name", self.name)

    def signals_used(self):
        if self.get:
            yield Used("get", self.get, SignalUse.WRITES, SignalType.FLOAT)
        if self.put:
            yield Used("put", self.put, SignalUse.READS, SignalType.FLOAT)


@frozen
class Quiet:
    """A model that says nothing."""


class Toy(Driver):
    def __init__(self, config: ToyConfig) -> None:
        points = [Point(config.get, SignalType.FLOAT, "in")] if config.get else []
        if config.put:
            points.append(Point(config.put, SignalType.FLOAT, "out", Direction.WRITE))
        super().__init__(config.name, points, config)

    async def session(self, context: SessionContext) -> None:
        devices.sessions.append(self.name)
        if self.name in devices.down:
            raise SessionError("nobody there")
        context.connected()
        feed = context.feed([p for p in self.points if p.direction.reads])
        requests = context.commands()
        while self.name not in devices.down:
            feed.update([devices.value] * len(feed.names), context.now_ns(), context.now())
            while (request := requests.take(context.now())) is not None:
                if devices.faults:
                    raise devices.faults.pop()
                request.sent()
                if request.value > 1000 or self.name in devices.refuses:
                    request.rejected("it does not fit")
                    continue
                devices.written.append((self.name, request.value))
                request.confirmed()
            context.progress()
            await asyncio.sleep(0.002)
        raise SessionError("gone")


class ToyPlugin:
    PETRA_API = 1
    __name__ = "toys"

    @hookimpl
    def petra_drivers(self):
        return [DriverKind(name, ToyConfig, lambda config: [Toy(config)]) for name in ("toy", "game")]


catalog = Catalog.of(library, ToyPlugin())


def made(text: str):
    return configuration(load_bytes(text.encode(), catalog, {}))


PLANT = """
scan_time_ms: 5
signals:
- {name: out, type: float, safe: -1.0}
- {name: setpoint, type: float, initial: 20.0}
blocks:
- {name: double, type: MUL, inputs: {a: level, b: 2.0}, outputs: {out: out}}
toy:
- {name: one, get: level, put: out}
- {name: two, put: setpoint}
"""


def until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.002)


def test_values_go_in_through_blocks_and_out_again():
    with Engine(made(PLANT), catalog) as engine:
        until(lambda: ("one", 2.0) in devices.written)
        devices.value = 5.0
        until(lambda: ("one", 10.0) in devices.written)
        commands = [c for c in engine.host.ledger.commands() if c.signal == "out"]
        assert {(c.actor, c.origin) for c in commands} == {("double", Origin.LOGIC)}


def test_a_signal_that_nobody_has_written_is_not_sent():
    """What is configured to be written by hand keeps what the device has, until somebody writes it."""
    with Engine(made(PLANT), catalog) as engine:
        until(lambda: ("one", 2.0) in devices.written)
        assert not [w for w in devices.written if w[0] == "two"]
        with pytest.raises(NotWritableError, match="'setpoint' goes to a device: write it by a command"):
            engine.bus.write("setpoint", 21.0)
        with pytest.raises(NotWritableError, match="by a command"):
            engine.bus.write_many({"setpoint": 21.0})
        engine.command("setpoint", 21.0, actor="ann")
        until(lambda: ("two", 21.0) in devices.written)
        commands = [c for c in engine.host.ledger.commands() if c.signal == "setpoint"]
        assert [(c.actor, c.origin) for c in commands] == [("ann", Origin.LOCAL)]


def test_a_bad_output_is_not_sent():
    devices.down.add("one")
    with Engine(made(PLANT), catalog) as engine:
        until(lambda: len(devices.sessions) > 2)
        until(lambda: engine.bus.status("out").quality is Quality.BAD)
        devices.down.clear()
        until(lambda: ("one", 2.0) in devices.written)
        assert [value for name, value in devices.written if name == "one"] == [2.0]


def test_outputs_are_written_again_when_the_device_comes_back():
    with Engine(made(PLANT), catalog) as engine:
        until(lambda: ("one", 2.0) in devices.written)
        devices.down.add("one")
        until(lambda: engine.bus.status("level").reason == "gone")
        devices.written.clear()
        devices.down.clear()
        until(lambda: ("one", 2.0) in devices.written)


def test_safe_values_reach_the_devices_at_the_end():
    engine = Engine(made(PLANT), catalog)
    engine.start()
    until(lambda: ("one", 2.0) in devices.written)
    engine.stop()
    assert devices.written[-1] == ("one", -1.0)


def test_a_command_ends_confirmed_and_is_shown():
    with Engine(made(PLANT), catalog) as engine:
        command = engine.command("setpoint", 30, actor="ann").wait(60)
        assert (command.outcome, command.actor) == (Outcome.CONFIRMED, "ann")
        until(lambda: engine.bus.read("setpoint").value == 30.0)
        time.sleep(0.05)
        assert devices.written.count(("two", 30.0)) == 1, "showing it does not write it again"


@pytest.mark.parametrize(
    ("signal", "said"), [("out", "the block 'double' writes it"), ("level", "its point in is only read")]
)
def test_what_is_not_to_be_written_is_rejected(signal, said):
    with Engine(made(PLANT), catalog) as engine:
        command = engine.command(signal, 1.0, actor="ann").wait(60)
        assert command.outcome is Outcome.REJECTED
        assert said in command.reason


def test_a_signal_without_a_device_takes_a_command_at_once():
    text = "signals:\n- {name: mode, type: int}\nscan_time_ms: 5\n"
    with Engine(made(text), catalog) as engine:
        assert engine.command("mode", 3, actor="ann").wait(60).outcome is Outcome.ACCEPTED
        until(lambda: engine.bus.read("mode").value == 3)
        assert engine.command("mode", 4, actor="x", origin=Origin.NETWORK).outcome is Outcome.REJECTED


def test_a_reload_leaves_alone_what_did_not_change():
    with Engine(made(PLANT), catalog) as engine:
        until(lambda: len(devices.sessions) == 2)
        engine.reload(made(PLANT.replace("name: two,", "name: two, speed: 2,")))
        until(lambda: devices.sessions.count("two") == 2)
        assert devices.sessions.count("one") == 1
        engine.reload(made(PLANT.replace("- {name: two, put: setpoint}\n", "")))
        assert list(engine.status().drivers) == ["one"]
        engine.reload(made(PLANT))
        until(lambda: devices.sessions.count("two") == 3)
        assert devices.sessions.count("one") == 1
        assert engine.bus.read("level").quality is Quality.GOOD


def test_a_removed_driver_leaves_no_good_value_behind():
    with Engine(made(PLANT + "- {name: three, get: other}\n"), catalog) as engine:
        until(lambda: engine.bus.read("other").quality is Quality.GOOD)
        text = PLANT.replace("signals:\n", "signals:\n- {name: other, type: float}\n")
        with engine.bus.observe(["other"]) as frames:
            engine.reload(made(text))
            reasons = set()  # it begins again in the next scan: to be seen only by who misses none
            until(lambda: reasons.update(_reasons(frames)) or "the driver was stopped" in reasons)


def _reasons(frames):
    return [status.reason for frame in frames.take() for status in frame.flawed.values()]


def test_a_signal_may_change_hands_at_a_reload():
    """From a point to a block and back: the driver starts again with what is its own then."""
    block = "- {name: own, type: MUL, inputs: {a: setpoint, b: 1.0}, outputs: {out: level}}\n"
    taken = PLANT.replace("blocks:\n", "blocks:\n" + block).replace("get: level, ", "")
    with Engine(made(PLANT), catalog) as engine:
        until(lambda: engine.bus.read("level").value == 1.0)
        engine.reload(made(taken))
        until(lambda: engine.bus.read("level").value == 20.0)
        engine.reload(made(PLANT))
        until(lambda: engine.bus.read("level") == (1.0, Quality.GOOD, engine.bus.read("level").time))
        assert engine.status().drivers["one"].health.failures == 0


def test_a_driver_that_blocks_the_others_is_seen_and_nothing_looks_good(monkeypatch, caplog):
    """One that calls what blocks stops the loop of all: the watchdog says so, and the end is still an end."""
    monkeypatch.setattr("petra.engine.host._SILENT_AFTER", 0.3)
    release = threading.Event()
    engine = Engine(made(PLANT), catalog)
    with engine:
        until(lambda: engine.bus.read("level").quality is Quality.GOOD)
        engine.host.supervisor.loop.call_soon_threadsafe(release.wait, 60)
        until(lambda: engine.bus.status("level").reason == "the drivers do not move")
        assert (
            "the I/O loop has been blocked for 0.3 s by a driver, a service or an activity of a plugin"
            in caplog.text
        )
        release.set()
        until(lambda: engine.bus.read("level").quality is Quality.GOOD)
        assert engine.bus.read("out").value == 2.0, "the scan went on all the time"
    assert engine.command("setpoint", 1.0, actor="late").wait(60).reason == "the engine has stopped"


@pytest.mark.parametrize("who", ["the activity 'counter'", "the driver 'one'", "blocking_child'"])
def test_what_blocks_the_loop_is_named(monkeypatch, caplog, who):
    """An activity, a driver, or a task that one of them has begun."""
    monkeypatch.setattr("petra.engine.host._SILENT_AFTER", 0.3)
    release = threading.Event()

    async def blocking_child() -> None:
        release.wait(60)

    async def count(activity) -> None:
        activity.serving()
        await (asyncio.create_task(blocking_child()) if "child" in who else blocking_child())
        await asyncio.Event().wait()

    async def session(_, context) -> None:
        context.connected()
        await blocking_child()

    with Engine(made(PLANT), catalog) as engine:
        until(lambda: engine.bus.read("level").quality is Quality.GOOD)
        if "driver" in who:
            monkeypatch.setattr(Toy, "session", session)
            devices.down.add("one")
        else:
            engine.activities.add("counter", count)
        until(lambda: "has been blocked" in caplog.text)
        release.set()
    said = next(r.getMessage() for r in caplog.records if "has been blocked" in r.getMessage())
    assert said.startswith(
        "the I/O loop has been blocked for 0.3 s by a driver, a service or an activity of a plugin: the "
    )
    assert said.endswith(f"{who} runs now")


def test_a_signal_that_becomes_another_begins_anew_and_is_no_order():
    """After a change of type nothing is good that was not read, nor written that nobody ordered."""
    with Engine(made(PLANT), catalog) as engine:
        engine.command("setpoint", 7.0, actor="ann").wait(60)
        devices.down.add("one")
        until(lambda: engine.bus.status("level").reason == "gone")
        before, after = "setpoint, type: float, initial: 20.0", "setpoint, type: int, initial: 3"
        changed = PLANT.replace(before, after)
        engine.reload(made(changed))
        time.sleep(0.1)
        assert engine.bus.read("level").quality is Quality.BAD
        assert [value for name, value in devices.written if name == "two"] == [7.0]


def test_what_was_written_while_the_device_was_away_is_sent_when_it_comes_back():
    with Engine(made(PLANT), catalog) as engine:
        until(lambda: ("one", 2.0) in devices.written)
        devices.down.add("two")
        until(lambda: engine.status().drivers["two"].health.failures > 0)
        engine.command("setpoint", 25.0, actor="ann")
        devices.down.clear()
        until(lambda: ("two", 25.0) in devices.written)


def test_a_reload_before_the_start_is_whole():
    engine = Engine(made(PLANT), catalog)
    engine.reload(made(PLANT.replace("name: two", "name: other")))
    with engine:
        until(lambda: set(engine.status().drivers) == {"one", "other"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("toy:\n- {name: one, get: a}\n- {name: one, get: b}\n", "3:10: another connection"),
        ("toy:\n- {name: one, get: a}\ngame:\n  name: one\n  get: b\n", "4:9: another connection"),
        ("toy:\n- {name: petra.drivers, get: a}\n", "2:10: 'petra.drivers' is reserved"),
        ('toy:\n- {name: "a\\nb", get: a}\n', "2:10: 'a\\nb' is not a valid name"),
        ('toy:\n- {name: " ", get: a}\n', "2:10: ' ' is not a valid name"),
    ],
)
def test_drivers_run_under_names_of_their_own(text, said):
    """Whatever their sections: it is said when the document is checked, not when it runs."""
    (problem,) = load_bytes(text.encode(), catalog, {}).problems
    assert said in f"{problem.line}:{problem.column}: {problem.message}"


def test_two_drivers_of_one_name_are_refused():
    """Also by a plugin that does not say what its drivers are called."""

    class Twins(ToyPlugin):
        @hookimpl
        def petra_drivers(self):
            return [DriverKind("twins", Quiet, lambda _: [Toy(ToyConfig("one")), Toy(ToyConfig("one"))])]

    found = Catalog.of(library, Twins())
    with pytest.raises(PetraError, match="two connections are called 'one'"):
        Engine(configuration(load_bytes(b"twins: {}\n", found, {})), found)


def test_the_journal_has_every_command_also_of_a_crash(tmp_path):
    path = tmp_path / "plant.commands.jsonl"
    with Engine(made(PLANT), catalog, journal=path) as engine:
        engine.command("setpoint", 30, actor="ann").wait(60)
        engine.command("setpoint", 31, actor="web", origin=Origin.NETWORK)
        until(lambda: path.exists() and len(read(path, 10)) >= 3)
    found = {(e["signal"], e["value"]): e for e in read(path, 100)}
    assert found["setpoint", 30.0]["outcome"] == "confirmed"
    assert found["setpoint", 31.0]["outcome"] == "rejected"
    assert found["out", -1.0]["origin"] == "logic"


def test_a_journal_may_hold_anything(tmp_path):
    """A crash in the middle of a line, somebody's editor, a text that is no UTF-8."""
    folder = DataFolder(tmp_path / "plant.yaml")
    assert folder.prepare()
    ledger = Ledger(ManualClock())
    journal = CommandJournal(folder.commands, ledger)
    for value in ("\udc80", "ok", "a\nb"):
        ledger.open("label", value, "ann", Origin.LOCAL).end(Outcome.CONFIRMED, 5)
    journal.flush()
    good = read(journal.path, 100)
    assert [entry["value"] for entry in good] == ["\udc80", "ok", "a\nb"]
    with journal.path.open("ab") as file:
        file.write(b'{"requested_at": "now"}\n{"requested_at": 1e300}\n{"ended_at": true}\n[1]\nnull\n\xff\n')
        file.write(b"[" * 100_000 + b"\n{}\n" + b'{"id": 9, "sig')
    assert read(journal.path, 100) == [*good, {}]
    shown = CliRunner().invoke(commands, [str(tmp_path / "plant.yaml")])
    assert shown.exit_code == 0, shown.exception
    assert shown.output.splitlines()[-1] == "4 commands"
    shown = CliRunner().invoke(commands, [str(tmp_path / "plant.yaml"), "--json"])
    assert json.loads(shown.output) == [*good, {}]


def test_the_journal_stays_small_and_waits_for_a_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("petra.engine.lines.MOST_BYTES", 1_000)
    ledger = Ledger(ManualClock())
    journal = CommandJournal(tmp_path / "missing" / "j.jsonl", ledger)

    def end() -> None:
        ledger.open("setpoint", 30.0, "ann", Origin.LOCAL).end(Outcome.CONFIRMED, 5)

    end()
    journal.flush()
    (tmp_path / "missing").mkdir()
    journal.flush()
    assert len(read(journal.path, 100)) == 1
    for _ in range(50):
        end()
        journal.flush()
    assert sum(p.stat().st_size for p in journal.path.parent.iterdir()) < 3_000
    assert DataFolder("plants/tank.yaml").commands.as_posix() == "plants/tank.data/commands.jsonl"


def test_a_plan_says_which_sessions_begin_anew():
    """Those that go on as they are, are not named; `reload` leaves the same ones alone."""
    changed = (
        PLANT.replace("name: two, put: setpoint", "name: two, put: setpoint, speed: 2")
        .replace("get: level, put: out", "get: level")
        .replace("{name: out, type: float, safe: -1.0}", "{name: out, type: float}")
    )
    found = [str(change) for change in diff_configurations(made(PLANT), made(changed), catalog)]
    assert "~ connection one: 1 point less (its session starts again)" in found
    assert "~ connection two: its settings (its session starts again)" in found
    assert not [line for line in found if "section" in line]
    more = PLANT.replace("name: two", "name: other") + "- {name: three, get: third}\n"
    found = [str(change) for change in diff_configurations(made(PLANT), made(more), catalog)]
    assert found[-3:] == [
        "- connection two (what it reads turns bad)",
        "+ connection other",
        "+ connection three",
    ]
    taken = PLANT.replace(
        "{name: double,",
        "{name: taken, type: ABS, inputs: {in: level}, outputs: {out: setpoint}}\n- {name: double,",
    )
    found = [str(change) for change in diff_configurations(made(PLANT), made(taken), catalog)]
    assert [line for line in found if "connection" in line] == [
        "~ connection two: its signals (its session starts again)"
    ]


def test_a_plan_counts_points_of_one_signal_apart():
    """A signal may go to several points."""

    def device(*addresses: str) -> Driver:
        class Fan(Toy):
            pass

        made = Fan(ToyConfig("fan"))
        made.points = tuple(Point("out", SignalType.FLOAT, at, Direction.WRITE) for at in addresses)
        return made

    assert list(points_changed(device("1", "2"), device("1", "3"))) == ["1 point changed"]
    assert list(points_changed(device("1", "2"), device("1", "2", "3"))) == ["1 point more"]
    assert list(points_changed(device("1", "2"), device("2"))) == ["1 point less"]


GATE = """
scan_time_ms: 5
signals:
- {name: pump, type: float, %s}
blocks:
- {name: run, type: MUL, inputs: {a: level, b: 2.0}, outputs: {out: pump}}
toy:
- {name: sensor, get: level}
- {name: motor, put: pump}
"""


@contextmanager
def heard(text: str):
    """A plant whose first scan waits for all devices: before that, everything is bad."""
    engine = Engine(made(text), catalog)
    engine.start(answers_within=60.0)
    try:
        yield engine
    finally:
        engine.stop()


def given(name: str) -> list[float]:
    """Return what a device was given."""
    return [value for device, value in devices.written if device == name]


def test_a_signal_that_turns_bad_takes_its_device_to_the_safe_value_and_back(caplog):
    with Engine(made(GATE % "safe: -1.0, safe_after_ms: 50"), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        devices.down.add("sensor")
        until(lambda: given("motor") == [2.0, -1.0])
        assert "its device is given the safe value -1.0" in caplog.text
        (safe,) = [c for c in engine.host.ledger.commands() if c.value == -1.0]
        assert (safe.actor, safe.origin, safe.order.urgent) == ("safe value", Origin.LOGIC, True)
        assert engine.bus.read("pump").value == 2.0  # the signal shows what it is: a bad 2
        devices.down.clear()
        until(lambda: given("motor") == [2.0, -1.0, 2.0])
        assert engine.bus.status("pump").quality is Quality.GOOD


def test_a_signal_that_was_never_good_takes_its_device_to_the_safe_value():
    """The plant was started while the sensor was dead: whatever the pump does, it did not ask for it."""
    devices.down.add("sensor")
    with Engine(made(GATE % "safe: -1.0, safe_after_ms: 0"), catalog):
        until(lambda: given("motor") == [-1.0])


def test_a_signal_that_is_bad_for_a_moment_changes_nothing():
    with Engine(made(GATE % "safe: -1.0, safe_after_ms: 3600000"), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        devices.down.add("sensor")
        until(lambda: engine.bus.status("pump").quality is Quality.BAD)
        devices.down.clear()
        until(lambda: engine.bus.status("pump").quality is Quality.GOOD)
        devices.value = 4.0
        until(lambda: given("motor")[-1] == 8.0)
        assert given("motor") == [2.0, 8.0]


def test_a_device_that_comes_back_while_its_signal_is_bad_is_given_the_safe_value_again():
    with heard(GATE % "safe: -1.0, safe_after_ms: 0") as engine:
        until(lambda: given("motor") == [2.0])
        devices.down.add("sensor")
        until(lambda: given("motor") == [2.0, -1.0])
        devices.down.add("motor")
        until(lambda: engine.status().drivers["motor"].health.failures > 0)
        devices.down.discard("motor")
        until(lambda: given("motor") == [2.0, -1.0, -1.0])


@pytest.mark.parametrize(
    ("more", "again"), [("on_bad: hold, safe: -1.0", []), ("on_bad: last_good", [2.0]), ("unit: rpm", [])]
)
def test_a_device_is_given_what_the_signal_says_for_bad(more, again):
    with Engine(made(GATE % more), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        devices.down.add("sensor")
        until(lambda: engine.bus.status("pump").quality is Quality.BAD)
        devices.down.add("motor")
        until(lambda: engine.status().drivers["motor"].health.failures > 0)
        sessions = devices.sessions.count("motor")
        devices.down.discard("motor")
        until(
            lambda: (
                devices.sessions.count("motor") > sessions and engine.status().drivers["motor"].sessions > 1
            )
        )
        until(lambda: given("motor") == [2.0, *again])
        devices.value = 5.0
        devices.down.clear()
        until(lambda: given("motor") == [2.0, *again, 10.0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("signals: [{name: a, on_bad: safe}]", "on_bad is safe, but the signal has no safe value"),
        ("signals: [{name: a, on_bad: off}]", "1:29"),
        ("signals: [{name: a, safe: 1.0, safe_after_ms: -1}]", "1:47"),
    ],
)
def test_what_is_wrong_with_on_bad_is_said(text, said):
    problems = [str(problem) for problem in load_bytes(text.encode(), catalog, {}).problems]
    assert any(said in problem for problem in problems), problems


def test_a_gateway_gives_the_safe_value_when_the_device_that_it_reads_dies():
    text = """
    scan_time_ms: 5
    signals: [{name: level, type: float, safe: 0.5, safe_after_ms: 0}]
    toy:
    - {name: sensor, get: level}
    - {name: display, put: level}
    """
    devices.value = 3.0
    with heard(text) as engine:
        until(lambda: given("display")[-1:] == [3.0])
        devices.down.add("sensor")
        until(lambda: given("display")[-1] == 0.5)
        assert engine.bus.read("level").value == 3.0


def test_reloads_that_change_a_connection_leave_nothing_behind():
    def count() -> int:
        return sum(isinstance(thing, DriverSessions) for thing in gc.get_objects())

    with Engine(made(PLANT), catalog) as engine:
        until(lambda: ("one", 2.0) in devices.written)
        for turn in range(40):
            engine.reload(made(PLANT.replace("get: level", f"get: level, speed: {2 + turn}")))
        until(lambda: count() <= 3)


def test_a_value_that_no_device_takes_leaves_its_safe_value_there(caplog):
    """What cannot be written does not leave the device where it was."""
    text = GATE % "safe: 0.5, safe_after_ms: 0"
    with heard(text) as engine:
        until(lambda: given("motor") == [2.0])
        devices.value = 1e9
        until(lambda: given("motor") == [2.0, 0.5])
        assert engine.bus.read("pump").quality is Quality.GOOD
        devices.value = 4.0
        until(lambda: given("motor") == [2.0, 0.5, 8.0])
        devices.value = 1e9
        until(lambda: given("motor") == [2.0, 0.5, 8.0, 0.5])
    assert (
        "pump is not taken by its device (it does not fit): its device is given the safe value 0.5"
        in caplog.text
    )


def test_a_value_that_no_device_takes_is_left_out_where_there_is_no_safe_one():
    with Engine(made(GATE % "on_bad: hold"), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        devices.value = 1e9
        until(lambda: any(c.outcome is Outcome.REJECTED for c in engine.host.ledger.commands()))
        devices.value = 3.0
        until(lambda: given("motor") == [2.0, 6.0])


def test_limits_of_a_signal_hold_for_everybody_who_writes_it():
    text = GATE % "minimum: 0, maximum: 5" + "- {name: knob, put: knob}\n"
    text = text.replace(
        "signals:\n",
        "signals:\n- {name: knob, type: float, minimum: 1.0, maximum: 9.0}\n"
        "- {name: free, type: float, maximum: 3}\n",
    )
    with Engine(made(text), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        devices.value = 3.0  # the block gives 6, which is too much
        until(lambda: given("motor") == [2.0, 5.0])
        assert engine.bus.read("pump").value == 6.0
        devices.value = 2.0
        until(lambda: given("motor") == [2.0, 5.0, 4.0])
        assert engine.command("knob", 0.5, actor="ann").reason == "'knob' is at least 1, not 0.5"
        assert engine.command("knob", float("nan"), actor="ann").outcome is Outcome.REJECTED
        assert engine.force("knob", 10.0, actor="ann").reason == "'knob' is at most 9, not 10"
        assert engine.command("free", 4.0, actor="ann").outcome is Outcome.REJECTED
        for write in (
            lambda: engine.bus.write("free", 4.0),
            lambda: engine.bus.write_many({"free": 4.0}),
            lambda: engine.bus.group(["free"]).write([4.0]),
        ):
            with pytest.raises(OutOfLimitsError, match="'free' is at most 3, not 4"):
                write()
        assert engine.command("knob", 9.0, actor="ann").wait(60).outcome is Outcome.CONFIRMED


def test_one_scan_waits_for_what_its_devices_say(caplog):
    engine = Engine(made(PLANT), catalog)
    engine.start(1, answers_within=60.0)
    assert engine.wait(60)
    assert engine.last("level") == (1.0, GOOD)
    assert engine.last("out") == (2.0, GOOD)
    engine.stop()
    assert "no answer" not in caplog.text


def test_one_scan_does_not_wait_for_a_device_for_ever(caplog):
    devices.down.add("one")
    engine = Engine(made(PLANT), catalog)
    engine.start(1, answers_within=0.1)
    assert engine.wait(60)
    engine.stop()
    assert "no answer within 0.1 s: one" in caplog.text


@pytest.mark.parametrize(
    ("change", "planned"),
    [
        (("- {name: motor, put: pump}", ""), "output motor out of pump: no point writes it any more"),
        (("put: pump", "put: other"), "output motor out of pump: nothing computes other, which has it now"),
        (
            ("- {name: run, type: MUL, inputs: {a: level, b: 2.0}, outputs: {out: pump}}", ""),
            "no block computes",
        ),
    ],
    ids=["the connection", "the signal", "the block"],
)
def test_an_output_that_loses_who_is_in_charge_goes_to_its_safe_value(change, planned):
    text = GATE % "safe: -1.0" + "- {name: more, get: spare}\n"
    text = text.replace("signals:", "signals:\n- {name: other, type: float, initial: 5.0}")
    with Engine(made(text), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        new = made(text.replace(*change))
        said = [str(each) for each in diff_configurations(engine.configuration, new, catalog)]
        assert any(planned in each and "-1.0, its safe value" in each for each in said), said
        engine.reload(new)
        until(lambda: given("motor")[-1] == -1.0)
        assert 2.0 not in given("motor")[1:]


def test_a_safe_value_that_leaves_with_its_block_is_written_all_the_same():
    block = "- {name: run, type: MUL, inputs: {a: level, b: 2.0}, outputs: {out: pump}}"
    text = GATE % "safe: -1.0"
    with Engine(made(text), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        engine.reload(made(text.replace(block, "").replace(", safe: -1.0", "")))
        until(lambda: given("motor") == [2.0, -1.0])


def test_an_output_that_no_device_feeds_any_more_goes_to_its_safe_value():
    text = """
    scan_time_ms: 5
    signals: [{name: level, type: float, initial: 3.0, safe: 7.0}]
    toy:
    - {name: sensor, get: level}
    - {name: display, put: level}
    """
    with Engine(made(text), catalog) as engine:
        until(lambda: given("display") == [1.0])
        engine.reload(made(text.replace("- {name: sensor, get: level}", "")))
        until(lambda: given("display") == [1.0, 7.0])


def test_a_force_outlives_the_block_and_lets_go_to_the_safe_value():
    block = "- {name: run, type: MUL, inputs: {a: level, b: 2.0}, outputs: {out: pump}}"
    text = GATE % "safe: -1.0"
    with Engine(made(text), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        engine.force("pump", 5.0, actor="ann").wait(60)
        until(lambda: given("motor")[-1] == 5.0)
        engine.reload(made(text.replace(block, "")))
        scans = engine.status().scans
        until(lambda: engine.status().scans > scans + 5)
        assert (engine.bus.read("pump").value, given("motor")[-1]) == (5.0, 5.0)
        engine.unforce("pump", actor="ann").wait(60)
        until(lambda: given("motor")[-1] == -1.0)


def test_what_a_block_holds_goes_on_under_another_name():
    """The last good value of a dead sensor is not a zero after its signal was renamed."""
    text = """
    scan_time_ms: 5
    signals: [{name: held, type: float}]
    blocks:
    - {name: hold, type: FALLBACK, inputs: {input: level}, outputs: {out: held}}
    toy:
    - {name: sensor, get: level}
    - {name: motor, put: held}
    """
    devices.value = 4.0
    with Engine(made(text), catalog) as engine:
        until(lambda: given("motor") == [4.0])
        devices.down.add("sensor")
        until(lambda: engine.bus.status("held").quality is Quality.UNCERTAIN)
        engine.reload(made(text.replace("held", "kept")))
        until(lambda: engine.bus.status("kept").quality is Quality.UNCERTAIN)
        until(lambda: engine.status().drivers["motor"].sessions > 0)
        assert engine.bus.read("kept").value == 4.0
        assert set(given("motor")) == {4.0}


def test_a_force_outlives_a_reload_that_gives_its_signal_to_a_block():
    text = """
    scan_time_ms: 5
    signals: [{name: old, type: float}, {name: pump, type: float, safe: -1.0, safe_after_ms: 0}]
    blocks:
    - {name: run, type: MOVE, inputs: {input: 3.0}, outputs: {out: old}}
    toy:
    - {name: motor, put: pump}
    """
    with Engine(made(text), catalog) as engine:
        engine.force("pump", 7.0, actor="ann").wait(60)
        until(lambda: given("motor")[-1:] == [7.0])
        engine.reload(made(text.replace("{out: old}", "{out: pump}")))
        scans = engine.status().scans
        until(lambda: engine.status().scans > scans + 5)
        assert engine.bus.read("pump").value == 7.0
        assert engine.bus.status("pump") == GOOD
        assert set(given("motor")) == {7.0}
        engine.unforce("pump", actor="ann").wait(60)
        until(lambda: given("motor")[-1] == 3.0)


def test_nobody_writes_after_the_last_word_of_a_reload():
    """The reload still waits for another device, which is dead."""
    text = """
    scan_time_ms: 5
    signals: [{name: sp, type: float, safe: 0.0}, {name: other, type: float, safe: 0.0}]
    toy:
    - {name: alive, put: sp}
    - {name: dead, put: other}
    """
    with Engine(made(text), catalog) as engine:
        until(lambda: len(devices.sessions) == 2)
        engine.command("sp", 50.0, actor="ann").wait(60)
        devices.down.add("dead")
        until(lambda: engine.status().drivers["dead"].health.failures > 0)
        reload = threading.Thread(target=engine.reload, args=[made(text[: text.index("toy:")])])
        reload.start()
        until(lambda: given("alive") == [50.0, 0.0])
        late = engine.command("sp", 77.0, actor="ann").wait(60)
        reload.join()
        assert (late.outcome, late.reason) in (
            (Outcome.REJECTED, "a reload takes this point away"),
            (Outcome.ACCEPTED, ""),  # of the signal alone, once the reload is over
        )
        assert given("alive") == [50.0, 0.0]


def test_a_force_is_written_to_a_device_that_comes_back():
    with Engine(made(PLANT), catalog) as engine:
        engine.force("setpoint", 30.0, actor="ann").wait(60)
        until(lambda: given("two")[-1:] == [30.0])
        devices.down.add("two")
        until(lambda: engine.status().drivers["two"].health.failures > 0)
        devices.written.clear()
        devices.down.clear()
        until(lambda: given("two") == [30.0])


def test_the_last_good_value_outlives_a_reload():
    text = GATE % "on_bad: last_good"
    with Engine(made(text), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        devices.down.add("sensor")
        until(lambda: engine.bus.status("pump").quality is Quality.BAD)
        engine.reload(made(text.replace("put: pump", "put: pump, speed: 2")))
        devices.down.add("motor")
        until(lambda: engine.status().drivers["motor"].health.failures > 0)
        devices.written.clear()
        devices.down.discard("motor")
        until(lambda: given("motor") == [2.0])


def test_a_safe_value_is_tried_until_its_device_takes_it():
    """It refuses all that is written for a while: it is tried again, and not only at the end."""
    with heard(GATE % "safe: -1.0, safe_after_ms: 0") as engine:
        until(lambda: given("motor") == [2.0])
        devices.refuses.add("motor")
        devices.down.add("sensor")
        until(lambda: sum(c.order.urgent for c in engine.host.ledger.commands()) >= 2)
        devices.refuses.clear()
        until(lambda: given("motor") == [2.0, -1.0])


def test_the_end_writes_safe_values_that_were_written_before():
    """Somebody at the panel has switched it on again since."""
    with heard(GATE % "safe: -1.0, safe_after_ms: 0"):
        until(lambda: given("motor") == [2.0])
        devices.down.add("sensor")
        until(lambda: given("motor") == [2.0, -1.0])
    assert given("motor") == [2.0, -1.0, -1.0]


def test_a_command_during_the_stop_is_not_the_last_word():
    text = PLANT.replace("initial: 20.0", "initial: 20.0, safe: 5.0")
    with Engine(made(text), catalog) as engine:
        until(lambda: ("one", 2.0) in devices.written)
        engine.bus.store.end("the engine has stopped")
        until(lambda: given("two")[-1:] == [5.0])
        engine.command("setpoint", 9.0, actor="ann").wait(60)
        until(lambda: given("two")[-1] == 5.0)


def test_what_a_slow_task_has_not_computed_yet_is_not_written():
    """A reload adds an output of a task that scans much later: its zero is nobody's wish."""
    text = """
    tasks: [{name: main, period_ms: 5}, {name: slow, period_ms: 3600000}]
    signals: [{name: pump, type: float}, {name: more, type: float}]
    blocks:
    - {name: run, type: MOVE, inputs: {input: 7.0}, outputs: {out: pump}}
    %s
    toy:
    - {name: motor, put: %s}
    """
    with Engine(made(text % ("", "pump")), catalog) as engine:
        until(lambda: given("motor") == [7.0])
        late = "- {name: late, type: MOVE, inputs: {input: 9.0}, outputs: {out: more}, task: slow}"
        engine.reload(made(text % (late, "more")))
        until(lambda: engine.status().drivers["motor"].sessions > 0)
        assert engine.bus.status("more").reason == "not computed yet"
        scans = engine.status().scans
        until(lambda: engine.status().scans > scans + 20)
        assert given("motor") == [7.0]


def test_a_gateway_agrees_with_its_source_whoever_comes_back():
    text = """
    scan_time_ms: 5
    signals: [{name: level, type: float}]
    toy:
    - {name: sensor, get: level}
    - {name: display, put: level}
    """
    devices.value = 0.0
    with Engine(made(text), catalog) as engine:
        until(lambda: given("display") == [0.0])  # what it shows from before need not be that
        devices.down.add("display")
        until(lambda: engine.status().drivers["display"].health.failures > 0)
        devices.down.clear()
        until(lambda: given("display") == [0.0, 0.0])


class Nobody:
    def refusal(self, actor, capability, target):
        return "nobody may"


def test_a_safe_value_needs_no_policy_and_one_that_was_not_written_is_a_failure():
    engine = Engine(made(GATE % "safe: -1.0"), catalog)
    with engine:
        until(lambda: given("motor") == [2.0])
        engine.guard.policy = Nobody()
    assert given("motor")[-1] == -1.0
    assert engine.failure is None
    engine = Engine(made(GATE % "safe: -1.0"), catalog)
    with engine:
        until(lambda: given("motor")[-1] == 2.0)
        devices.down.add("motor")
        until(lambda: engine.status().drivers["motor"].health.failures > 0)
    assert str(engine.failure) == "1 safe value not written"


def test_the_last_good_value_is_that_also_of_the_time_without_the_device():
    with Engine(made(GATE % "on_bad: last_good"), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        devices.down.add("motor")
        until(lambda: engine.status().drivers["motor"].health.failures > 0)
        devices.value = 10.0
        until(lambda: engine.bus.read("pump").value == 20.0)
        devices.down.add("sensor")
        until(lambda: engine.bus.status("pump").quality is Quality.BAD)
        devices.down.discard("motor")
        until(lambda: given("motor") == [2.0, 20.0])


def test_a_reload_whose_drivers_do_not_start_is_undone(monkeypatch):
    with Engine(made(GATE % "safe: -1.0"), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        plain, tries = engine.host._add, []

        async def fails_once(drivers):
            tries.append(drivers)
            if len(tries) == 1:
                raise RuntimeError("no more threads")
            await plain(drivers)

        monkeypatch.setattr(engine.host, "_add", fails_once)
        with pytest.raises(RuntimeError, match="no more threads"):
            engine.reload(made((GATE % "safe: -1.0").replace("get: level", "get: level, speed: 3")))
        devices.value = 4.0
        until(lambda: given("motor")[-1] == 8.0)
        assert engine.configuration.plant == made(GATE % "safe: -1.0").plant
    assert given("motor")[-1] == -1.0


def test_a_consumer_of_changes_that_fails_is_dropped(caplog):
    def fails() -> None:
        raise RuntimeError("no window to draw in")

    async def follow() -> object:
        return engine.bus.changes(woken=fails)

    with Engine(made(GATE % "safe: -1.0"), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        kept = engine.host.supervisor.call(follow())
        devices.value = 4.0
        until(lambda: given("motor")[-1] == 8.0)
        until(lambda: "a reader of changes has failed" in caplog.text)
        assert kept.take().indices
    assert given("motor")[-1] == -1.0


def test_a_signal_that_no_point_reads_any_more_begins_anew():
    with Engine(made(GATE % "safe: -1.0"), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        devices.down.add("sensor")
        until(lambda: engine.bus.status("level").quality is Quality.BAD)
        text = (GATE % "safe: -1.0").replace("- {name: sensor, get: level}", "")
        text = text.replace("signals:", "signals:\n- {name: level, type: float, initial: 4.0}")
        engine.reload(made(text))
        until(lambda: engine.bus.read("level")[:2] == (4.0, Quality.GOOD))
        until(lambda: given("motor")[-1] == 8.0)


def test_a_safe_value_that_a_point_would_refuse_is_said_at_the_start(caplog):
    engine = Engine(made(GATE % "safe: -1.0"), catalog)
    (motor,) = [driver for driver in engine._deployed.drivers if driver.name == "motor"]
    motor.points = tuple(evolve(point, limits=Limits(minimum=0.0)) for point in motor.points)
    with engine:
        assert "the safe value of pump will not be written by motor: -1.0 is less than 0" in caplog.text


@pytest.mark.parametrize("late", [False, True], ids=["asked for later", "on its way to the driver"])
def test_nobodys_command_comes_after_the_end_has_begun(late):
    """A safe value is the last thing that a device is given."""
    text = (
        "signals: [{name: pump, type: float, safe: -1.0}]\nscan_time_ms: 5\ntoy: [{name: motor, put: pump}]\n"
    )
    engine = Engine(made(text), catalog)
    asked = []

    def ask() -> None:
        asked.append(engine.command("pump", 5.0, actor="ann"))

    show_safe = engine.bus.store.show_safe

    def stopping(reason: str) -> None:
        show_safe(reason)
        until(lambda: given("motor") == [-1.0])
        ask()
        asked.append(engine.force("pump", 5.0, actor="ann"))

    with engine:
        until(lambda: engine.status().drivers["motor"].sessions > 0 and engine.bus.image.scan > 0)
        if late:
            put = engine.host.gate._put
            engine.host.gate._put = lambda each, command: (
                engine.host.refuse("the engine stops") or put(each, command)
            )
            ask()
        else:
            engine.store.show_safe = stopping
    assert {(each.outcome, each.reason) for each in asked} == {(Outcome.REJECTED, "the engine stops")}
    assert given("motor") == [-1.0]


def test_what_a_reload_gives_up_and_does_not_write_is_said(caplog):
    text = GATE % "safe: -1.0"
    with Engine(made(text), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        devices.down.add("motor")
        until(lambda: engine.status().drivers["motor"].health.failures > 0)
        engine.reload(made(text.replace("- {name: motor, put: pump}", "")))
        assert "a safe value was not written where nothing will write any more" in caplog.text
        assert "(its device is away)" in caplog.text


@pytest.fixture
def blocked():
    """A way to block the loop of a plant's drivers, until the test ends."""
    release = threading.Event()

    def block(engine: Engine) -> threading.Event:
        begun = threading.Event()
        engine.host.supervisor.loop.call_soon_threadsafe(lambda: begun.set() or release.wait(60))
        assert begun.wait(60)
        return release

    yield block
    release.set()


@pytest.mark.parametrize("change", ["get: level, speed: 3", "get: level"], ids=["anew", "less"])
def test_a_reload_that_fails_while_drivers_are_stopped_leaves_none_of_them_dead(monkeypatch, blocked, change):
    """One of them blocks the loop while it is stopped; the others are stopped by then."""
    monkeypatch.setattr("petra.engine.host._CHANGED_WITHIN", 0.2)
    text = (GATE % "safe: -1.0").replace("get: level", "get: level, speed: 2")
    with Engine(made(text), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        end, release = engine.host.supervisor.end, []

        async def slow(names, within):
            release.append(threading.Event())
            release[-1].wait(60 if len(release) == 1 else 0)
            return await end(names, within)

        monkeypatch.setattr(engine.host.supervisor, "end", slow)
        with pytest.raises(PetraError, match="do not answer within"):
            engine.reload(
                made(text.replace("get: level, speed: 2", change).replace("put: pump", "put: pump, speed: 2"))
            )
        release[0].set()
        devices.value = 4.0
        until(lambda: given("motor")[-1] == 8.0)
        monkeypatch.setattr("petra.engine.host._CHANGED_WITHIN", 60.0)
        engine.reload(made(text.replace("b: 2.0", "b: 3.0")))
        until(lambda: given("motor")[-1] == 12.0)
    assert given("motor")[-1] == -1.0
    assert engine.failure is None


def test_drivers_that_stand_still_at_the_end_are_a_failure(monkeypatch, blocked, caplog):
    """A safe value cannot be written then; whoever waits for the end need not wait for half a minute."""
    monkeypatch.setattr("petra.engine.host._SILENT_AFTER", 0.5)
    engine = Engine(made(GATE % "safe: -1.0"), catalog)
    with engine:
        until(lambda: given("motor") == [2.0])
        release = blocked(engine)
    assert "the drivers do not move" in str(engine.failure)
    assert "the drivers do not stop; the stop goes on without them" in caplog.text
    release.set()
    until(lambda: not engine.host.supervisor._thread.is_alive())


def test_a_signal_that_a_model_does_not_name_is_said_with_plugin_and_section():
    class Forgets(ToyPlugin):
        @hookimpl
        def petra_drivers(self):
            return [DriverKind("forgets", Quiet, lambda _: [Toy(ToyConfig("one", get="lebel"))])]

    forgetful = Catalog.of(library, Forgets())
    document = load_bytes(b"signals: [{name: level, type: float}]\nforgets: {}\n", forgetful, {})
    with pytest.raises(PetraError) as caught:
        Engine(configuration(document), forgetful)
    said = str(caught.value)
    assert said.startswith("forgets: one: there is no signal 'lebel'")
    assert "for 'forgets' does not name it in `signals_used`" in said
    assert forgetful.find("section", "forgets").plugin in said


def test_a_plugin_that_ends_the_process_when_it_builds_is_an_error():
    class Leaves(ToyPlugin):
        @hookimpl
        def petra_drivers(self):
            return [DriverKind("leaves", Quiet, lambda _: sys.exit("no licence"))]

    found = Catalog.of(library, Leaves())
    with pytest.raises(PetraError, match=r"cannot build 'leaves': SystemExit\('no licence'\)"):
        Engine(configuration(load_bytes(b"leaves: {}\n", found, {})), found)


@pytest.mark.parametrize("when", ["before the devices are asked", "while they are waited for"])
def test_a_plant_that_is_told_to_stop_while_it_starts_switches_nothing_on(when):
    devices.down.add("sensor")
    asked = iter([False] * 3) if when == "while they are waited for" else iter(())
    engine = Engine(made(GATE % "safe: -1.0"), catalog)
    engine.start(answers_within=3600.0, stopping=lambda: next(asked, True))
    engine.stop()
    assert engine.scheduler.scans == 0
    assert not [value for value in given("motor") if value != -1.0]
    assert not engine.status().running


def hooked(name: str) -> tuple[Catalog, threading.Event, threading.Event]:
    """Return a catalog with a plugin that blocks in a hook, and what says that it does, and what ends it."""
    blocked, release = threading.Event(), threading.Event()

    class Blocks:
        PETRA_API = 1
        __name__ = "blocks"

    def block(engine):
        blocked.set()
        release.wait(60)

    setattr(Blocks, name, staticmethod(hookimpl(specname=name)(block)))
    return Catalog.of(library, ToyPlugin(), Blocks()), blocked, release


@pytest.mark.parametrize("hook", ["petra_engine_started", "petra_engine_stopping"])
def test_a_hook_that_blocks_holds_up_no_safe_value(hook, monkeypatch, caplog):
    monkeypatch.setattr("petra.engine.hooks._WITHIN", 0.2 if hook == "petra_engine_stopping" else 3600.0)
    found, blocked, release = hooked(hook)
    engine = Engine(configuration(load_bytes((GATE % "safe: -1.0").encode(), found, {})), found)
    try:
        engine.start(stopping=blocked.is_set)
        until(lambda: given("motor") == [2.0])
        engine.stop()
        assert blocked.is_set()
        assert given("motor") == [2.0, -1.0]
        assert f"{hook} of a plugin has not ended; it is left behind" in caplog.text
    finally:
        release.set()
    until(lambda: "petra-hooks" not in [thread.name for thread in threading.enumerate()])


def test_a_command_that_a_session_has_taken_ends_with_it():
    """Whoever waits for it is told, and the output is written again by the next session."""
    with Engine(made(PLANT), catalog) as engine:
        until(lambda: ("one", 2.0) in devices.written)
        devices.faults.append(ValueError("a defect"))
        assert engine.command("setpoint", 5.0, actor="ann").wait(60).outcome is Outcome.TIMED_OUT
        until(lambda: engine.status().drivers["two"].sessions > 1)
        devices.faults.append(ValueError("a defect"))
        devices.value = 7.0
        until(lambda: ("one", 14.0) in devices.written)


@pytest.mark.parametrize("fault", ["an unknown signal", "a point that cannot be used"])
def test_a_reload_that_is_refused_takes_nothing_away(fault, monkeypatch):
    """A driver asks for what the document has not: nobody could know that from its section."""
    text = GATE % "safe: -1.0"
    with Engine(made(text), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        sessions = list(devices.sessions)
        init = Toy.__init__

        def wrong(self, config):
            init(self, config)
            if config.speed == 7:
                name, kind = (
                    ("nothing", SignalType.FLOAT) if fault == "an unknown signal" else ("level", None)
                )
                self.points = (evolve(self.points[0], signal=name, type=kind),)
                self.timeout = None

        class Broken(DriverSessions):
            def __init__(self, driver, *rest):
                if driver.timeout is None:
                    raise ValueError("nobody can use this")
                super().__init__(driver, *rest)

        monkeypatch.setattr(Toy, "__init__", wrong)
        monkeypatch.setattr("petra.engine.host.DriverSessions", Broken)
        with pytest.raises(
            (PetraError, ValueError), match=r"there is no signal 'nothing'|nobody can use this"
        ):
            engine.reload(
                made(text.replace("get: level}\n- {name: motor, put: pump}", "get: level, speed: 7}"))
            )
        devices.value = 4.0
        until(lambda: given("motor")[-1] == 8.0)
        assert given("motor") == [2.0, 8.0]
        assert devices.sessions == sessions


def test_a_process_that_was_suspended_still_writes_its_safe_values():
    """When it goes on nothing seems to have moved for long; that says nothing about the drivers."""
    engine = Engine(made(GATE % "safe: -1.0"), catalog)
    engine.start()
    until(lambda: given("motor") == [2.0])
    engine.host.supervisor.remove(["petra.drivers"])
    engine.host._beat -= 3600.0
    engine.stop()
    assert given("motor") == [2.0, -1.0]
    assert engine.failure is None


def test_a_reload_of_blocks_waits_for_no_driver(blocked):
    """One of them blocks the others; what the document computes can be changed all the same."""
    with Engine(made(GATE % "safe: -1.0"), catalog) as engine:
        until(lambda: given("motor") == [2.0])
        release = blocked(engine)
        engine.reload(made((GATE % "safe: -1.0").replace("b: 2.0", "b: 3.0")))
        until(lambda: engine.bus.read("pump").value == 3.0)
        release.set()
        until(lambda: given("motor")[-1] == 3.0)
