"""What the program wants reaches the device, whatever is in the way, and nothing else does."""

from __future__ import annotations

import random
import time

import pytest

from petra import Catalog
from petra.config import configuration, load_bytes
from petra.drivers import Direction, Fault, FaultKind, Origin, Outcome
from petra.engine import Engine
from petra.library import plugin as library
from petra.plant import Actor
from petra.signals import Quality
from petra.testing import Rig
from petra_modbus import plugin
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import drivers
from petra_modbus.transport import Transport

WRITE, BOTH = Direction.WRITE, Direction.BOTH


PATIENT = 60_000.0


def rig(*points: ModbusPoint, up: bool = True, timeout: float = PATIENT, **more: object) -> Rig:
    def make(port: int):
        transport = Transport(host="127.0.0.1", port=port)
        connection = ModbusConnection(name="device", transport=transport, points=points, **more)
        (driver,) = drivers(ModbusConfig(connections=(connection,), poll_ms=20.0, timeout_ms=timeout))
        driver.patience = 1.0 if timeout < PATIENT else driver.patience
        return driver

    return Rig(make, up=up)


def test_a_signal_may_go_to_several_devices():
    points = [ModbusPoint(signal="sp", address=5, unit=unit, direction=WRITE) for unit in (1, 2, 3)]
    with rig(*points) as made:
        made.bus.write("sp", 42)
        made.until(lambda: made.host.ledger.counts[Outcome.CONFIRMED] == 3, "each is confirmed")
        assert [made.simulator.get(p) for p in made.points] == [42] * 3


def test_however_many_signals_change_at_once_each_is_written():
    points = [ModbusPoint(signal=f"s{n}", address=n, direction=WRITE, verify=False) for n in range(1_200)]
    with rig(*points, up=False) as made:
        for n in range(1_200):
            made.bus.write(f"s{n}", 7)
        made.scan()
        made.line(None)
        made.until(lambda: all(made.simulator.get(p) == 7 for p in made.points), "each has it", 60)


def test_what_waited_when_the_line_was_cut_is_written_afterwards():
    """No block writes the signal, and it does not change again."""
    with rig(ModbusPoint(signal="sp", address=5, direction=WRITE, write_interval_ms=1_500.0)) as made:
        (point,) = made.points
        made.bus.write("sp", 1)
        made.until(lambda: made.simulator.get(point) == 1, "the first")
        made.bus.write("sp", 2)
        made.until(lambda: bool(len(made.host._running["device"].sessions.queue)), "it waits")
        made.drop()
        made.until(lambda: made.simulator.get(point) == 2, "the second")


def test_a_silent_unit_that_is_only_written_concerns_nobody_else():
    reads = [ModbusPoint(signal=f"r{unit}", address=0, unit=unit) for unit in (1, 2)]
    with rig(*reads, ModbusPoint(signal="sp", address=5, unit=5, direction=WRITE), timeout=300.0) as made:
        made.until_good()
        made.simulator.silence("unit 5", silent=True)
        made.bus.write("sp", 9)
        made.until(lambda: made.host.ledger.counts[Outcome.TIMED_OUT] >= 2, "it has been tried")
        bad: set[str] = set()
        began = time.monotonic()
        made.until(
            lambda: (
                bad.update(p.signal for p in made.read if made.reading(p).quality is Quality.BAD)
                or time.monotonic() > began + 1.0
            ),
            "a second",
        )
        assert bad == set()
        assert made.status.sessions == 1
        made.simulator.silence("unit 5", silent=False)
        made.until(lambda: made.host.ledger.counts[Outcome.CONFIRMED] > 0, "it is written in the end", 40)
        assert made.simulator.get(made.written[0]) == 9
        began = time.monotonic()
        made.until(lambda: time.monotonic() > began + 0.4, "it would be written again")
        assert made.host.ledger.counts[Outcome.CONFIRMED] == 1


def test_a_limit_of_writes_counts_what_went_out():
    point = ModbusPoint(signal="sp", address=5, direction=WRITE, writes_per_day=2)
    with rig(point) as made:
        (there,) = made.points
        for _ in range(3):
            assert made.command(there, 70_000).outcome is Outcome.REJECTED
        assert made.command(there, 1).outcome is Outcome.CONFIRMED
        assert made.command(there, 2).outcome is Outcome.CONFIRMED
        assert "at most 2 times a day" in made.command(there, 3).reason
        assert made.simulator.get(there) == 2


PLANT = """
scan_time_ms: 5
signals:
- {{name: written, type: int, safe: 1}}
- {{name: slow, type: int, safe: 1}}
- {{name: both, type: int, safe: 1}}
- {{name: plain, type: int}}
modbus:
  poll_ms: 20
  timeout_ms: {timeout}
  connections:
  - name: device
    transport: {{host: 127.0.0.1, port: {port}}}
    points:
    - {{signal: written, address: 1, direction: write}}
    - {{signal: slow, address: 2, direction: write, write_interval_ms: 60000, writes_per_day: 1}}
    - {{signal: both, address: 3, direction: read_write}}
    - {{signal: plain, address: 4, direction: write}}
"""


@pytest.fixture
def plant(request):
    """A plant with its device: the engine, the rig that has the device, and what the device holds."""
    with rig(*(ModbusPoint(signal=f"x{at}", address=at) for at in (1, 2, 3, 4))) as made:
        port = made.driver.connection.transport.endpoint[1]
        catalog = Catalog.of(library, plugin)
        text = PLANT.format(port=port, timeout=getattr(request, "param", PATIENT))
        engine = Engine(configuration(load_bytes(text.encode(), catalog, {})), catalog)
        with engine:
            commands = [
                engine.command(name, 500, actor="me") for name in ("written", "slow", "both", "plain")
            ]
            made.until(lambda: all(c.outcome is Outcome.CONFIRMED for c in commands), "they are written")
            made.until(lambda: engine.status().scans > 1, "it scans")
            yield engine, made, lambda: [made.simulator.get(point) for point in made.points]


def test_safe_values_are_written_whatever_limits_a_point_has(plant):
    """Also where the device's value is the signal's; what has no safe value stays as it is."""
    engine, _, held = plant
    assert held() == [500] * 4
    engine.stop()
    assert held() == [1, 1, 1, 500]
    assert {c.actor for c in engine.host.ledger.commands()[-3:]} == {"safe value"}


def test_a_device_that_is_away_at_the_end_is_tried_once_more(plant):
    """The pause of its next try would be far too long."""
    engine, made, held = plant
    made.line(Fault(FaultKind.REFUSE))
    activity = engine.host._running["device"].activity
    made.until(lambda: activity.failures > 2, "it is away")
    activity.backoff.failures = 12
    failures = activity.failures
    made.until(lambda: activity.failures > failures, "the next try is far")
    made.line(None)
    engine.stop()
    assert held() == [1, 1, 1, 500]


def test_a_safe_value_that_was_not_written_is_said(plant, caplog, monkeypatch):
    monkeypatch.setattr("petra.engine.farewell.MOST", 1.0)
    engine, made, held = plant
    made.line(Fault(FaultKind.REFUSE))
    made.until(lambda: engine.bus.status("both").quality is Quality.BAD, "it is away")
    engine.stop()
    assert held() == [500] * 4
    last = {c.signal: c for c in engine.host.ledger.commands() if c.actor == "safe value"}
    assert {(c.signal, c.value, c.outcome) for c in last.values()} == {
        (name, 1, Outcome.TIMED_OUT) for name in ("written", "slow", "both")
    }
    said = [r.getMessage() for r in caplog.records if "a safe value was not written" in r.getMessage()]
    assert len(said) == 3


def test_a_reload_loses_nothing_that_is_wanted_and_repeats_nothing(plant):
    engine, made, held = plant
    made.line(Fault(FaultKind.REFUSE))
    made.until(lambda: engine.bus.status("both").quality is Quality.BAD, "it is away")
    engine.force("plain", 42, actor="me")
    made.until(lambda: engine.bus.read("plain").value == 42, "it is wanted")
    config, port = engine.configuration, made.driver.connection.transport.endpoint[1]
    text = PLANT.format(port=port, timeout=PATIENT) + "    - {signal: plain, address: 9, direction: write}\n"
    catalog = engine.catalog
    engine.reload(configuration(load_bytes(text.encode(), catalog, {})))
    before = len(engine.host.ledger.commands())
    made.line(None)
    made.until(lambda: held()[3] == 42, "it is written")
    memory = made.simulator.memory
    made.until(lambda: memory._areas[1, made.points[0].detail.address.area][19] == 42, "and at its new point")
    wanted = [(c.signal, c.value) for c in engine.host.ledger.commands()[before:]]
    assert wanted == [("plain", 42)] * 2, "the others were written before"
    engine.unforce("plain", actor="me")
    engine.reload(config)
    assert engine.command("plain", 43, actor="me", origin=Origin.LOCAL).wait(60).outcome is Outcome.CONFIRMED


def test_what_waits_for_a_point_does_not_follow_its_safe_value(plant):
    """It waits for an interval, and the engine stops."""
    engine, _, held = plant
    late = engine.command("slow", 600, actor="me")
    engine.stop()
    assert held()[1] == 1
    assert late.outcome in (Outcome.SUPERSEDED, Outcome.REJECTED), str(late)


@pytest.mark.parametrize(("lost", "plant"), [(False, PATIENT), (True, 200.0)], indirect=["plant"])
def test_a_safe_value_is_tried_again_until_there_is_no_more_time(plant, lost):
    """The device is busy once, or an answer is lost."""
    engine, made, held = plant
    memory, answer, bad = made.simulator.memory, made.simulator.memory.answer, {1, 2, 3}

    def once(unit: int, pdu: bytes) -> bytes | None:
        at = int.from_bytes(pdu[1:3])
        if pdu[0] != 6 or at not in bad:
            return answer(unit, pdu)
        bad.discard(at)
        return None if lost and at == 1 else bytes((pdu[0] | 0x80, 6))

    memory.answer = once
    engine.stop()
    assert held() == [1, 1, 1, 500]


def test_a_unit_that_is_left_in_peace_is_tried_at_the_end():
    points = [ModbusPoint(signal=f"r{unit}", address=0, unit=unit) for unit in (1, 2)]
    with rig(*points) as made:
        port = made.driver.connection.transport.endpoint[1]
        text = f"""
scan_time_ms: 5
signals: [{{name: w, type: int, safe: 1}}]
modbus:
  poll_ms: 20
  timeout_ms: 100
  connections:
  - name: device
    transport: {{host: 127.0.0.1, port: {port}}}
    points:
    - {{signal: r1, address: 0, unit: 1}}
    - {{signal: r2, address: 0, unit: 2}}
    - {{signal: w, address: 5, unit: 2, direction: write}}
"""
        catalog = Catalog.of(library, plugin)
        with Engine(configuration(load_bytes(text.encode(), catalog, {})), catalog) as engine:
            assert engine.command("w", 4, actor="me").wait(60).outcome is Outcome.CONFIRMED
            made.simulator.silence("unit 2", silent=True)
            made.until(lambda: engine.bus.status("r2").quality is Quality.BAD, "it is left in peace")
            made.simulator.silence("unit 2", silent=False)
            engine.stop()
        assert made.simulator.memory._areas[2, made.points[0].detail.address.area][11] == 1


def test_a_force_holds_against_commands():
    with rig(ModbusPoint(signal="w", address=5, direction=WRITE)) as made:
        (point,) = made.points
        made.bus.force("w", 3, "me")
        made.until(lambda: made.simulator.get(point) == 3, "the forced value")
        made.host.command("w", 5, Actor("me"))
        made.until(lambda: made.host.ledger.counts[Outcome.CONFIRMED] >= 3, "it is put right")
        assert made.simulator.get(point) == 3


def test_program_and_user_do_not_leave_signal_and_device_apart():
    """Whoever is last: both hold the same; also when nobody knows whether a command was carried out."""
    with rig(ModbusPoint(signal="w", address=5, direction=WRITE), timeout=300.0) as made:
        (point,) = made.points
        command = made.host.command("w", 5, Actor("me"))
        made.bus.write("w", 3)
        made.until(lambda: command.outcome.final, "it ends")
        made.until(lambda: made.reading(point).value == made.simulator.get(point), "both are the same")
        memory, answer, lost = made.simulator.memory, made.simulator.memory.answer, [True]

        def swallowed(unit: int, pdu: bytes) -> bytes | None:
            said = answer(unit, pdu)
            return None if pdu[0] == 6 and lost and lost.pop() else said

        memory.answer = swallowed
        before = made.reading(point).value
        assert made.command(point, 997).outcome is Outcome.TIMED_OUT
        made.until(lambda: made.simulator.get(point) == before, "the program's value is back")


def test_a_reload_to_another_device_gives_it_what_is_wanted_and_wears_no_memory_out():
    def text(port: int, more: str = "") -> str:
        return f"""
scan_time_ms: 5
signals: [{{name: w, type: int}}]
modbus:
  poll_ms: 20
  connections:
  - name: device
    transport: {{host: 127.0.0.1, port: {port}}}
    points:
    - {{signal: w, address: 5, direction: write, writes_per_day: 2}}
{more}"""

    catalog = Catalog.of(library, plugin)

    def made_of(port: int, more: str = ""):
        return configuration(load_bytes(text(port, more).encode(), catalog, {}))

    one, other = (rig(ModbusPoint(signal="x", address=5)) for _ in range(2))
    with one, other:
        ports = [each.driver.connection.transport.endpoint[1] for each in (one, other)]
        with Engine(made_of(ports[0]), catalog) as engine:
            assert engine.command("w", 4, actor="me").wait(60).outcome is Outcome.CONFIRMED
            engine.reload(made_of(ports[1]))
            other.until(lambda: other.simulator.get(other.points[0]) == 4, "the new device has it")
            assert engine.command("w", 5, actor="me").wait(60).outcome is Outcome.CONFIRMED
            engine.reload(made_of(ports[1], "    - {signal: r, address: 9}\n"))
            assert "at most 2 times a day" in engine.command("w", 6, actor="me").wait(60).reason


@pytest.mark.parametrize("in_flight", [1, 4])
def test_whatever_happens_signals_and_devices_agree_in_the_end(in_flight):
    """The program and a user write, units fall silent, the line is cut and slow; then all is well again."""
    dice = random.Random(in_flight)
    writes = [ModbusPoint(signal=f"w{n}", address=n, unit=1 + n % 3, direction=WRITE) for n in range(6)]
    reads = [ModbusPoint(signal=f"r{unit}", address=50, unit=unit) for unit in (1, 2)]
    with rig(*writes, *reads, timeout=300.0, in_flight=in_flight) as made:
        made.until_good()
        commands = []

        def well() -> None:
            made.line(None)
            for unit in (1, 2, 3):
                made.simulator.silence(f"unit {unit}", silent=False)

        actions = [
            *[lambda: made.bus.write(f"w{dice.randrange(6)}", dice.randrange(1_000))] * 8,
            *[
                lambda: commands.append(
                    made.host.command(f"w{dice.randrange(6)}", dice.randrange(1_000), Actor("me"))
                )
            ]
            * 8,
            made.drop,
            lambda: made.simulator.silence(f"unit {1 + dice.randrange(3)}", silent=True),
            lambda: made.line(Fault(FaultKind.DELAY, delay_ms=1.0, delay_to_ms=400.0)),
            well,
        ]
        for _ in range(600):
            dice.choice(actions)()
            for _ in range(dice.randrange(6)):
                made.scan()
                time.sleep(0.001)
        well()
        made.until(lambda: all(c.outcome.final for c in commands), "every command ends", 60)
        made.until(
            lambda: all(made.reading(p).value == made.simulator.get(p) for p in made.written), "all agree", 60
        )


def test_what_a_block_computes_at_every_scan_is_few_commands_and_right_in_the_end():
    """A controller whose output trembles: what is written is what moves it, and where it comes to rest."""
    point = ModbusPoint(signal="sp", address=5, data_type="float64", direction=WRITE, write_deadband=0.5)
    with rig(point) as made:
        (there,) = made.points
        made.bus.write("sp", 20.0)
        made.until(lambda: made.simulator.get(there) == 20.0, "the first value")
        for number in range(200):
            made.bus.write("sp", 20.0 + 0.3 * (number % 2))
            made.scan()
        made.bus.write("sp", 20.75)
        made.until(lambda: made.simulator.get(there) == 20.75, "a change that is more than the deadband")
        made.bus.write("sp", 20.625)
        made.until(lambda: made.simulator.get(there) == 20.625, "where it comes to rest")
        assert made.host.ledger.counts.total() < 50, "of two hundred changes hardly one is a command"


@pytest.mark.parametrize(
    ("keys", "deadband"),
    [
        ({"data_type": "uint16"}, 0.0),
        ({"data_type": "uint16", "scale": 0.1}, 0.1),
        ({"data_type": "int32", "scale": -0.5}, 0.5),
        ({"data_type": "bcd16", "scale": 0.01}, 0.01),
        ({"data_type": "uint16", "scale": 0.1, "write_deadband": 0.0}, 0.0),
        ({"data_type": "float32"}, 0.0),
        ({"data_type": "float32", "scale": 0.1}, 0.0),
        ({"data_type": "float32", "minimum": 0.0, "maximum": 1500.0}, 1.5),
        ({"data_type": "float32", "minimum": 0.0}, 0.0),
        ({"address": "coil:5", "data_type": "bool"}, 0.0),
    ],
)
def test_a_deadband_is_a_step_of_what_the_device_tells_apart(keys, deadband):
    point = ModbusPoint(**{"signal": "sp", "address": 5, "direction": WRITE, **keys})
    assert point.limits.deadband == pytest.approx(deadband)


def test_a_dead_unit_starves_no_living_one_of_its_connection():
    """Its safe values wait for it; the other unit is read and written, and has its safe values at the end."""
    points = [ModbusPoint(signal=f"r{unit}", address=0, unit=unit) for unit in (1, 2)]
    written = [
        ModbusPoint(signal=f"w{unit}{n}", address=10 + n, unit=unit) for unit in (1, 2) for n in range(4)
    ]
    with rig(*points, *written) as made:
        port = made.driver.connection.transport.endpoint[1]
        outputs = [f"w{unit}{n}" for unit in (1, 2) for n in range(4)]
        signals = "".join(f"- {{name: {name}, type: int, safe: 3, safe_after_ms: 0}}\n" for name in outputs)
        blocks = "".join(
            f"- {{name: b{name}, type: MOVE, inputs: {{input: r{name[1]}}}, outputs: {{out: {name}}}}}\n"
            for name in outputs
        )
        lines = "".join(
            f"    - {{signal: {name}, address: {10 + int(name[2])}, unit: {name[1]}, direction: write}}\n"
            for name in outputs
        )
        text = f"""
scan_time_ms: 5
signals:
{signals}
blocks:
{blocks}
modbus:
  poll_ms: 20
  timeout_ms: 300
  connections:
  - name: device
    transport: {{host: 127.0.0.1, port: {port}}}
    points:
    - {{signal: r1, address: 0, unit: 1}}
    - {{signal: r2, address: 0, unit: 2}}
{lines}"""
        living = [point for point in made.points if point.signal.startswith("w2")]
        one, two = made.points[:2]
        made.hold({one: 7, two: 7})
        catalog = Catalog.of(library, plugin)
        with Engine(configuration(load_bytes(text.encode(), catalog, {})), catalog) as engine:
            made.until(lambda: {made.simulator.get(p) for p in made.points} == {7}, "all hold 7", 60)
            made.simulator.silence("unit 1", silent=True)
            made.until(lambda: engine.bus.status("w10").quality is Quality.BAD, "it is dead", 60)
            for value in (8, 9, 10, 11, 12):
                made.hold({two: value})
                made.until(
                    lambda v=value: {made.simulator.get(p) for p in living} == {v}, "unit 2 goes on", 60
                )
            refused = [c for c in engine.host.ledger.commands() if c.signal.startswith("w1")]
            assert len(refused) < 200, "it is not asked without a pause"
            engine.stop()
        assert {made.simulator.get(point) for point in living} == {3}


def test_a_defect_of_a_driver_ends_one_command_and_not_those_after_it(caplog):
    """It cannot say, once, what its device will hold."""
    with rig(ModbusPoint(signal="sp", address=5, direction=WRITE)) as made:
        plain, defects = made.driver.as_written, [ValueError("a defect")]

        def as_written(point, value):
            if defects:
                raise defects.pop()
            return plain(point, value)

        made.driver.as_written = as_written
        made.bus.write("sp", 42)
        made.until(lambda: made.host.ledger.counts[Outcome.REJECTED] == 1, "it has ended")
        made.bus.write("sp", 43)
        made.until(lambda: made.simulator.get(made.points[0]) == 43, "the next one is written", 30)
        (rejected,) = [c for c in made.host.ledger.commands() if c.outcome is Outcome.REJECTED]
        assert "its driver has failed: ValueError('a defect')" in rejected.reason
        assert "cannot say what its device will hold" in caplog.text
