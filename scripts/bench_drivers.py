"""Measure the drivers against simulators in a separate process.

    .venv/bin/python scripts/bench_drivers.py [overhead] [requests] [push] [write] [devices] [rtu] [kill]
        [soak] [--seconds N]

Without a name, all except `soak` run; `soak` takes ten minutes. Compare only figures of the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import signal
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from petra.clock import SystemClock
from petra.drivers import (
    Direction,
    Driver,
    Fault,
    FaultKind,
    Feed,
    Outcome,
    Point,
    PointUpdate,
    Script,
)
from petra.engine.host import DriverHost
from petra.engine.simulation import Simulation
from petra.plant import Actor
from petra.signals import GOOD, LocalBus, Quality, Signal, SignalType, Store
from petra.supervise import Backoff, Supervisor
from petra.testing.rig import resources
from petra_modbus.config import ModbusConnection, ModbusPoint
from petra_modbus.driver import ModbusDriver
from petra_modbus.transport import Transport
from petra_s7.config import S7Config, S7Point
from petra_s7.driver import S7Driver

Make = Callable[[], list[Driver]]

FLAT_OUT = 1e-5
"""A period in seconds that is too short for any device, so that polling never pauses."""


def free_ports(number: int) -> list[int]:
    """Return free ports."""
    taken = [socket.socket() for _ in range(number)]
    for each in taken:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports


def modbus(
    name: str, port: int, points: int, period: float, timeout: float = 1.0, **more: Any
) -> ModbusDriver:
    """Return a driver with consecutive floats, and one register that is written."""
    made = [ModbusPoint(signal=f"{name}.{i}", address=i, data_type="int16") for i in range(points)]
    made.append(ModbusPoint(signal=f"{name}.set", address=5_000, direction=Direction.BOTH))
    connection = ModbusConnection(
        name=name, transport=Transport(host="127.0.0.1", port=port), points=tuple(made), **more
    )
    return ModbusDriver(connection, period, timeout)


def coils(
    name: str, port: int, points: int, period: float, timeout: float = 1.0, **more: Any
) -> ModbusDriver:
    """Return a driver with twice as many coils in a row: 2,000 of them fit into one request."""
    made = [
        ModbusPoint(signal=f"{name}.{i}", address=f"coil:{i}", data_type="bool") for i in range(2 * points)
    ]
    connection = ModbusConnection(
        name=name, transport=Transport(host="127.0.0.1", port=port), points=tuple(made), **more
    )
    return ModbusDriver(connection, period, timeout)


def s7(name: str, port: int, points: int, period: float, timeout: float = 1.0, **more: Any) -> S7Driver:
    """Return a driver with consecutive integers, and one that is written."""
    made = [S7Point(signal=f"{name}.{i}", address=f"DB1.INT{i * 2}") for i in range(points)]
    made.append(S7Point(signal=f"{name}.set", address="DB2.INT0", direction=Direction.BOTH))
    return S7Driver(
        S7Config(
            host="127.0.0.1",
            name=name,
            port=port,
            points=tuple(made),
            poll_ms=period * 1e3,
            timeout_ms=timeout * 1e3,
            **more,
        )
    )


def _serve(drivers: list[Driver], script: Script | None, ready: Any) -> None:
    simulation = Simulation(drivers, script)
    simulation.start()
    ready.set()
    signal.pause()


@contextmanager
def simulated(
    drivers: list[Driver], script: Script | None = None
) -> Iterator[multiprocessing.process.BaseProcess]:
    """Serve the simulated devices of drivers in another process."""
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_serve, args=(drivers, script, ready), daemon=True)
    process.start()
    ready.wait(10)
    try:
        yield process
    finally:
        process.kill()
        process.join()


class Plant:
    """Drivers on a bus, with a thread that scans every 20 ms."""

    def __init__(self, drivers: list[Driver], longest: float = 30.0) -> None:
        clock = SystemClock()
        self.bus = LocalBus(Store([Signal(p.signal, p.type) for d in drivers for p in d.points], clock))
        self.supervisor = Supervisor()
        self.host = DriverHost(self.bus, clock, self.supervisor, backoff=lambda: Backoff(longest=longest))
        self.drivers = drivers
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._scan)

    def __enter__(self) -> Plant:
        self.supervisor.start()
        self.host.start(self.drivers)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.host.stop(5.0)
        self.supervisor.stop(5.0)

    def good(self, *drivers: Driver) -> bool:
        """Return whether all points that drivers read are good."""
        return all(
            self.bus.read(p.signal).quality is Quality.GOOD
            for driver in drivers
            for p in driver.points
            if p.direction.reads
        )

    def bad(self, driver: Driver) -> bool:
        """Return whether any point that a driver reads is not good."""
        return not self.good(driver)

    def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> float:
        """Wait until a condition holds; return the seconds taken."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                raise SystemExit(f"it never came true: {self.host.status()}")
            time.sleep(0.002)
        return time.monotonic() - began

    def _scan(self) -> None:
        scans = 0
        while not self._stop.wait(0.02):
            scans += 1
            self.bus.store.latch()
            self.bus.store.publish(scans, time.time_ns())


# cost of the drivers


def overhead() -> None:
    """Compare reading 1,000 points with the same requests by the bare library."""
    one = partial(s7, in_flight=1)
    for name, make, raw in (
        ("modbus", modbus, _raw_modbus),
        ("modbus, four under way", partial(modbus, in_flight=4), _raw_modbus),
        ("modbus, coils", coils, partial(_raw_modbus, function="read_coils")),
        ("s7, one request under way", one, _raw_s7),
        ("s7, as many as are granted", s7, _raw_s7),
    ):
        (port,) = free_ports(1)
        driver = make("device", port, 1_000, FLAT_OUT)
        ours, theirs, cpu = [], [], []
        requests = [r for r in driver.plan(driver.points) if r.parts[0].length > 1]
        with simulated([driver]):
            for _ in range(9):  # by turns, and each beside the other: the load of a machine varies
                began = time.process_time()
                theirs.append(raw(port, [(p.start, p.length) for r in requests for p in r.parts], 1.0))
                raw_cpu = (time.process_time() - began) * theirs[-1]
                with Plant([driver]) as plant:
                    plant.until(partial(plant.good, driver))
                    before, began = plant.host.status()[driver.name].requests, time.process_time()
                    time.sleep(1.0)
                    ours.append(1.0 / (plant.host.status()[driver.name].requests - before))
                    cpu.append(((time.process_time() - began) * ours[-1], raw_cpu))
        a, b = statistics.median(ours) * 1e6, statistics.median(theirs) * 1e6
        ratio = statistics.median(own / raw for own, raw in zip(ours, theirs, strict=True))
        c, d = (statistics.median(each) * 1e6 for each in zip(*cpu, strict=True))
        cpu_ratio = statistics.median(own / raw for own, raw in cpu)
        print(
            f"{name}: {len(driver.points):,} points in {len(requests)} requests: {a:.0f} µs a request with "
            f"planning, decoding, quality and bus; the bare library {b:.0f} µs; ratio {ratio:.2f}  "
            "(goal 1.3)\n"
            f"  of a processor: {c:.0f} µs; the bare library {d:.0f} µs; ratio {cpu_ratio:.2f}"
        )


def _raw_modbus(
    port: int, ranges: list[tuple[int, int]], seconds: float, function: str = "read_holding_registers"
) -> float:
    from pymodbus.client import AsyncModbusTcpClient

    async def main() -> float:
        client = AsyncModbusTcpClient("127.0.0.1", port=port)
        await client.connect()
        ask: Any = getattr(client, function)
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            for start, length in ranges:
                await ask(start, count=length, device_id=1)
                count += 1
        took = time.perf_counter() - began
        client.close()
        return took / count

    return asyncio.run(main())


def _raw_s7(port: int, ranges: list[tuple[int, int]], seconds: float) -> float:
    from snap7 import Client

    client = Client()
    client.connect("127.0.0.1", 0, 1, port)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for start, length in ranges:
            client.db_read(1, start, min(length, 460))
            count += 1
    took = time.perf_counter() - began
    client.disconnect()
    return took / count


# what a request of S7 costs beside the bare library

_S7_REQUESTS: dict[str, tuple[str, ...]] = {
    "440 bytes": tuple(f"DB1.INT{at}" for at in range(0, 440, 2)),
    "20 scattered tags": tuple(f"DB{number}.REAL0" for number in range(1, 21)),
    "a write of a real": ("DB21.REAL0",),
    "a write of a bit": ("DB22.DBX0.3",),
}


def requests() -> None:
    """Print what reads and writes of S7 take, one under way, beside python-snap7's own client."""
    (port,) = free_ports(1)
    points = [(name, address) for name, addresses in _S7_REQUESTS.items() for address in addresses]
    made = tuple(
        S7Point(signal=f"s{number}", address=address, direction=_direction(name))
        for number, (name, address) in enumerate(points)
    )
    with simulated([S7Driver(S7Config(host="127.0.0.1", port=port, points=made))]):
        for name in _S7_REQUESTS:
            own = tuple(point for point, (of, _) in zip(made, points, strict=True) if of == name)
            driver = S7Driver(S7Config(host="127.0.0.1", port=port, points=own))
            ours, theirs = [], []
            for _ in range(9):  # by turns, as above
                ours.append(asyncio.run(_own_s7_request(driver, 0.5)))
                theirs.append(_raw_s7_request(port, name, 0.5))
            pairs = list(zip(ours, theirs, strict=True))
            ratio = statistics.median(own.wall / raw.wall for own, raw in pairs)
            said = "; ".join(
                f"{of} {statistics.median(t.wall for t in each) * 1e6:.0f} µs "
                f"({statistics.median(t.cpu for t in each) * 1e6:.0f} µs of CPU)"
                for of, each in (("with decoding", ours), ("the bare library", theirs))
            )
            print(f"s7, {name}: {said}; ratio {ratio:.2f}  (goal 1.3)")


class Took(NamedTuple):
    """Seconds that one of many requests took."""

    wall: float
    cpu: float

    @classmethod
    def each(cls, count: int, began: float, cpu_began: float) -> Took:
        """Return the share of one request in what has passed since."""
        return cls((time.perf_counter() - began) / count, (time.process_time() - cpu_began) / count)


def _direction(name: str) -> Direction:
    return Direction.BOTH if "write" in name else Direction.READ


async def _own_s7_request(driver: S7Driver, seconds: float) -> Took:
    session = await driver.connect()
    (request,) = driver.plan(driver.points, session.limits)
    (point, *others), values = driver.points, ((False, True), (1.5, 2.5))
    began, cpu_began, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds:
        if others:
            await session.read(request)
        else:
            await session.write(point, values[point.type is SignalType.FLOAT][count % 2])
        count += 1
    took = Took.each(count, began, cpu_began)
    session.close()
    return took


def _raw_s7_request(port: int, name: str, seconds: float) -> Took:
    from snap7 import Area, Client

    client = Client()
    client.connect("127.0.0.1", 0, 1, port)
    tags = [{"area": Area.DB, "db_number": number, "start": 0, "size": 4} for number in range(1, 21)]
    ask: Callable[[int], object] = {
        "440 bytes": lambda _: client.db_read(1, 0, 440),
        "20 scattered tags": lambda _: client.read_multi_vars(tags),
        "a write of a real": lambda count: client.db_write_real(21, 0, (1.5, 2.5)[count % 2]),
        "a write of a bit": lambda count: client.db_write_bool(22, 0, 3, count % 2 == 1),
    }[name]
    began, cpu_began, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds:
        ask(count)
        count += 1
    took = Took.each(count, began, cpu_began)
    client.disconnect()
    return took


def push() -> None:
    """Measure what a pushed value costs alone, in a batch, and as one of a poll, by turns in one process."""
    points = [Point(f"s{number}", SignalType.FLOAT, str(number)) for number in range(1_000)]
    store = Store([Signal(point.signal, point.type) for point in points], SystemClock())
    feed = Feed(LocalBus(store), points, 0.0)

    def alone(turn: int) -> None:
        for point in points:
            feed.put(point, float(turn), source_time=turn)

    def in_batches(turn: int) -> None:
        for first in range(0, len(points), 100):
            feed.put_all(PointUpdate(point, turn + 0.5, GOOD, turn) for point in points[first : first + 100])

    def as_a_poll(turn: int) -> None:
        feed.update([float(turn)] * len(points), turn, 0.0)

    took: dict[str, list[float]] = {}
    for turn in range(100):
        for way in (alone, in_batches, as_a_poll):
            began = time.process_time()
            way(turn)
            took.setdefault(way.__name__, []).append((time.process_time() - began) / len(points) * 1e6)
            store.latch()
            store.publish(turn, turn)
    for name, each in took.items():
        print(f"pushed {name.replace('_', ' ')}: {statistics.median(each):.2f} µs a value")


def write() -> None:
    """Measure the time until a command is confirmed while the driver polls continuously."""
    for name, make in (("modbus", modbus), ("s7", s7)):
        (port,) = free_ports(1)
        driver = make(name, port, 1_000, FLAT_OUT)
        took = []
        with simulated([driver]), Plant([driver]) as plant:
            plant.until(partial(plant.good, driver))
            for number in range(500):
                command = plant.host.command(f"{name}.set", number % 100, Actor("bench")).wait(5)
                if command.outcome is not Outcome.CONFIRMED or command.ended_at is None:
                    raise SystemExit(str(command))
                took.append((command.ended_at - command.order.requested_at) / 1e6)
                time.sleep(0.003)
        took.sort()
        print(
            f"{name}: from command to confirmed while polling flat out: p50 {took[250]:.2f} ms, "
            f"p95 {took[475]:.2f} ms, p99 {took[495]:.2f} ms  (goal: p95 10 ms)"
        )


# effect of a bad device on the others


class Recorded:
    """The times of the requests to each station of a driver."""

    def __init__(self, driver: Any) -> None:
        self.times: dict[str, list[float]] = {}
        connect = driver.connect

        async def recorded() -> Any:
            session = await connect()
            read = session.read

            async def noted(request: Any) -> Any:
                answer = await read(request)
                if len(request.points) > 1:
                    self.times.setdefault(request.station, []).append(time.perf_counter())
                return answer

            session.read = noted
            return session

        driver.connect = recorded

    def p99(self, stations: set[str] | None = None) -> float:
        """Return the 99th percentile of the time between two answers, in milliseconds."""
        gaps = [
            b - a
            for station, times in self.times.items()
            if stations is None or station in stations
            for a, b in pairwise(times[2:])
        ]
        return statistics.quantiles(gaps, n=100)[98] * 1e3 if len(gaps) > 100 else float("nan")


def devices(seconds: float) -> None:
    """Measure the effect of 5 bad devices of 20 on the period of the others."""
    found = {}
    states = {}
    kinds = (FaultKind.REFUSE, FaultKind.HANG, FaultKind.GARBLE, FaultKind.HANG, FaultKind.REFUSE)
    for bad in (False, True):
        ports = free_ports(20)
        drivers: list[Driver] = [modbus(f"d{i:02}", port, 100, 0.1, 0.5) for i, port in enumerate(ports)]
        faults = tuple(
            Fault(kind, driver=f"d{i:02}", at_s=0.0, for_s=1e6) for i, kind in enumerate(kinds) if bad
        )
        recorded = {d.name: Recorded(d) for d in drivers}
        # an empty fault, so that both runs go through the relay
        idle = Fault(FaultKind.LIMIT, connections=9, at_s=1e9)
        with simulated(drivers, Script(faults=(*faults, idle))), Plant(drivers) as plant:
            good = drivers[5:]
            plant.until(partial(plant.good, *good))
            time.sleep(seconds)
            found[bad] = [recorded[d.name].p99() for d in good]
            states = {d.name: plant.host.status()[d.name].health for d in drivers[:5]}
            if bad and any(plant.good(d) for d in drivers[:2]):
                raise SystemExit("a bad device looks good")
    before, after = statistics.median(found[False]), statistics.median(found[True])
    worst = max(b / a for a, b in zip(found[False], found[True], strict=True))
    print(
        f"20 devices every 100 ms: p99 of the period of 15 is {before:.1f} ms when all are well, "
        f"{after:.1f} ms with 5 refused, hung or garbling; ratio {after / before:.3f}, "
        f"worst {worst:.3f}  (goal 1.20)"
    )
    print(
        "  the five:", "; ".join(f"{h.name} {h.state.value} ({h.failures} failures)" for h in states.values())
    )


def rtu(seconds: float) -> None:
    """Measure the effect of one failed unit of ten on the period of the others on a serial line."""
    found = {}
    for dead in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            points = [
                ModbusPoint(signal=f"u{unit}.{i}", address=i, unit=unit)
                for unit in range(1, 11)
                for i in range(10)
            ]
            connection = ModbusConnection(
                name="line",
                transport=Transport(type="rtu", device=f"{folder}/tty", baud_rate=115_200),
                points=tuple(points),
            )
            driver = ModbusDriver(connection, 0.5, 0.1)
            recorded = Recorded(driver)
            faults = (Fault(FaultKind.SILENCE, station="unit 4", at_s=2.0, for_s=1e6),) if dead else ()
            with simulated([driver], Script(faults=faults)), Plant([driver]) as plant:
                plant.until(partial(plant.good, driver))
                time.sleep(3.0)
                recorded.times.clear()
                time.sleep(seconds)
                found[dead] = recorded.p99({f"unit {u}" for u in range(1, 11) if u != 4})
                if dead and plant.bus.read("u4.0").quality is Quality.GOOD:
                    raise SystemExit("a dead unit looks good")
    print(
        f"10 units on a line every 500 ms: p99 of the period of nine is {found[False]:.1f} ms when all are "
        f"well, {found[True]:.1f} ms with one dead; ratio {found[True] / found[False]:.3f}  (goal 1.20)"
    )


# recovery of sessions


def kill(cycles: int = 100) -> None:
    """Measure the recovery of a driver whose peer is killed repeatedly."""
    for name, make in (("modbus", modbus), ("s7", s7)):
        dice = random.Random(7)
        (port,) = free_ports(1)
        driver = make(name, port, 100, 0.02, 0.5)
        late: list[float] = []
        with Plant([driver], longest=1.0) as plant:
            with simulated([driver]):
                plant.until(partial(plant.good, driver))
            before = resources()
            for _ in range(cycles):
                plant.until(partial(plant.bad, driver))
                time.sleep(dice.uniform(0.0, 0.3))
                with simulated([driver]):
                    activity = plant.host._running[driver.name].activity  # noqa: SLF001 - the measured activity
                    assert activity is not None
                    allowed = activity.health().retry_s
                    late.append(plant.until(partial(plant.good, driver), 60.0) - allowed)
                    time.sleep(dice.uniform(0.0, 0.4))
            plant.until(partial(plant.bad, driver))
            after = resources()
            health = plant.host.status()[driver.name].health
        late.sort()
        print(
            f"{name}: {cycles} kills: good again at most {late[-1]:.2f} s after the pause that was under way "
            f"(median {statistics.median(late):.2f} s, goal 2 s); threads and files {before} before, "
            f"{after} after; {health.starts} sessions tried, {health.hangs} hung"
        )


def soak(seconds: float) -> None:
    """Run with random faults, and check that every driver recovers."""
    dice = random.Random(11)
    ports = free_ports(4)
    drivers: list[Driver] = [
        modbus("m1", ports[0], 200, 0.1, 0.5),
        modbus("m2", ports[1], 200, 0.1, 0.5, in_flight=4),
        s7("p1", ports[2], 200, 0.1, 0.5),
        s7("p2", ports[3], 200, 0.1, 0.5),
    ]
    kinds = [k for k in FaultKind if k not in (FaultKind.SILENCE, FaultKind.LIMIT)]
    faults, at = [], 3.0
    while at < seconds - 45.0:
        lasts = dice.uniform(0.5, 6.0)
        faults.append(
            Fault(
                dice.choice(kinds),
                driver=dice.choice(drivers).name,
                at_s=at,
                for_s=lasts,
                delay_ms=50.0,
                delay_to_ms=900.0,
                chance=0.3,
            )
        )
        at += lasts * dice.uniform(0.2, 1.2)
    silent: dict[str, float] = dict.fromkeys((d.name for d in drivers), 0.0)
    with simulated(drivers, Script(faults=tuple(faults))), Plant(drivers) as plant:
        plant.until(partial(plant.good, *drivers))
        before, began = resources(), time.monotonic()
        last = dict.fromkeys(silent, began)
        memory = _rss()
        while time.monotonic() - began < seconds:
            time.sleep(0.05)
            for driver in drivers:
                reading = plant.bus.read(driver.points[0].signal)
                fresh = time.time_ns() - reading.time < 5e9
                if reading.quality is not Quality.GOOD or fresh:
                    last[driver.name] = time.monotonic()
                silent[driver.name] = max(silent[driver.name], time.monotonic() - last[driver.name])
        plant.until(partial(plant.good, *drivers), 60.0)
        print(f"{seconds:.0f} s under {len(faults)} random faults: all good at the end")
        print(f"  longest that a value looked good and was not fresh: {max(silent.values()):.2f} s")
        for name, status in plant.host.status().items():
            h = status.health
            done = f"{status.requests} requests, {status.sessions} sessions"
            print(f"  {name}: {done}, {h.failures} failures, {h.hangs} hung")
        print(f"  threads and files {before} before, {resources()} after")
        print(f"  memory {memory:.1f} MiB before, {_rss():.1f} MiB after")


def _rss() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Run the measurements given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("overhead", "requests", "push", "write", "devices", "rtu", "kill", "soak")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--seconds", type=float, help="how long to watch")
    options = parser.parse_args()
    if strange := set(options.names) - set(names):
        parser.error(f"{', '.join(strange)}: there are {', '.join(names)}")
    for name in options.names or names[:-1]:
        watched = name in ("devices", "rtu", "soak")
        usual = 600.0 if name == "soak" else 30.0
        globals()[name](*([options.seconds or usual] if watched else []))


if __name__ == "__main__":
    main()
