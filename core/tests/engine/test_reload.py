"""A reload is whole or undone whole, wherever it is cut, and no reader of the bus changes what is scanned."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import field, frozen

from petra import Catalog, DriverKind, about, hookimpl
from petra.config import Configuration, configuration, load_bytes
from petra.drivers import Direction, Driver, Point, SessionContext
from petra.engine import Engine
from petra.engine import engine as engine_module
from petra.library import plugin as library
from petra.settings import Named, SignalUse, Used
from petra.signals import LocalBus, Quality, QualityReason, SignalType


@frozen
class GaugeConfig:
    """A device that holds a number, and is given one."""

    name: str = field(metadata=about("Name"))
    get: str = field(default="", metadata=about("Signal that it reads"))
    put: str = field(default="", metadata=about("Signal that it writes"))
    speed: int = field(default=1, metadata=about("Something that changes"))

    def drivers_named(self) -> Iterator[Named]:
        yield Named("name", self.name)

    def signals_used(self) -> Iterator[Used]:
        if self.get:
            yield Used("get", self.get, SignalUse.WRITES, SignalType.FLOAT)
        if self.put:
            yield Used("put", self.put, SignalUse.READS, SignalType.FLOAT)


class Gauge(Driver):
    """Reads `holds`, and keeps what it is given in `given`."""

    holds = 1.0
    given: tuple[float, ...] = ()

    def __init__(self, config: GaugeConfig) -> None:
        points = [Point(config.get, SignalType.FLOAT, "in")] if config.get else []
        points += [Point(config.put, SignalType.FLOAT, "out", Direction.WRITE)] if config.put else []
        super().__init__(config.name, points, config)

    async def session(self, context: SessionContext) -> None:
        """Serve until it is cancelled."""
        context.connected()
        feed = context.feed([p for p in self.points if p.direction.reads])
        requests = context.commands()
        while True:
            feed.update([Gauge.holds] * len(feed.names), context.now_ns(), context.now())
            while (request := requests.take(context.now())) is not None:
                request.sent()
                Gauge.given = (*Gauge.given, request.value)
                request.confirmed()
            context.progress()
            await asyncio.sleep(0.002)


class GaugePlugin:
    """Offers the gauge."""

    PETRA_API = 1
    __name__ = "gauges"

    @hookimpl
    def petra_drivers(self) -> list[DriverKind[Any]]:
        return [DriverKind("gauge", GaugeConfig, lambda config: [Gauge(config)])]


catalog = Catalog.of(library, GaugePlugin())

RELOADS = int(os.environ.get("PETRA_RELOADS", "12"))

BEFORE = """
scan_time_ms: 2
signals: [{name: out, type: float, safe: -1.0}, {name: bypass, type: bool}, {name: kind, type: int}]
blocks:
- {name: gain, type: MUL, inputs: {a: level, b: 2.0}, outputs: {out: out}}
- {name: ticks, type: CTU, inputs: {cu: out_is_high}, outputs: {cv: count}, params: {pv: 1000}}
- {name: high, type: GT, inputs: {a: out, b: 1.0}, outputs: {out: out_is_high}}
gauge:
- {name: sensor, get: level}
- {name: motor, put: out}
- {name: idle, get: spare}
"""
AFTER = (
    BEFORE.replace("b: 2.0", "b: 3.0")
    .replace("signals: [", "signals: [{name: a_first, type: float}, {name: more, type: int}, ")
    .replace(", {name: bypass, type: bool}, {name: kind, type: int}", ", {name: kind, type: float}")
    .replace("get: level}", "get: level, speed: 2}")
    .replace("- {name: idle, get: spare}", "- {name: other, get: another}")
)


@pytest.fixture(autouse=True)
def fresh_gauge():
    Gauge.holds, Gauge.given = 1.0, ()


def made(text: str) -> Configuration:
    return configuration(load_bytes(text.encode(), catalog, {}))


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.002)


STEPS: dict[str, Callable[[Engine], tuple[Any, str]]] = {
    "make all": lambda engine: (engine, "_deploy"),
    "ask what leaves": lambda engine: (engine.host, "leaving"),
    "rehearse": lambda engine: (engine.host, "rehearse"),
    "give up": lambda engine: (engine.host, "give_up"),
    "stop drivers": lambda engine: (engine.host, "remove"),
    "end one driver": lambda engine: (engine.host, "_remove"),
    "carry over states": lambda engine: (engine_module, "carry_over"),
    "arrange signals": lambda engine: (engine.store, "arrange"),
    "prepare tasks": lambda engine: (engine.scheduler, "prepare"),
    "assign": lambda engine: (engine, "_assign"),
    "assign signals": lambda engine: (engine.store, "assume"),
    "tell readers": lambda engine: (engine.store, "announce"),
    "start drivers": lambda engine: (engine.host, "add"),
    "start one driver": lambda engine: (engine.host, "_begin"),
    "note routes": lambda engine: (engine.host.gate, "route"),
}


def fail_once(monkeypatch, target: Any, name: str, error: BaseException, *, after: bool) -> list[bool]:
    """Let a method raise the first time that it is called, before or after it has done its work."""
    plain, failed = getattr(target, name), [False]

    def fails(*args: Any, **kwargs: Any) -> Any:
        if failed[0]:
            return plain(*args, **kwargs)
        failed[0] = True
        if not after:
            raise error
        found = plain(*args, **kwargs)
        if asyncio.iscoroutine(found):
            return then_fail(found)
        raise error

    async def then_fail(work: Any) -> None:
        await work
        raise error

    monkeypatch.setattr(target, name, fails)
    return failed


def agrees(engine: Engine, text: str) -> None:
    """Check that configuration, layout, programs and drivers are all those of one document."""
    expected = Engine(made(text), catalog)
    assert engine.configuration == expected.configuration
    assert engine.bus.layout.index == expected.bus.layout.index
    assert engine.bus.image.layout is engine.bus.layout is engine.store.layout
    assert [block.params for block in engine.configuration.plant.blocks] == [
        block.params for task in engine.scheduler.tasks for block in task.program.network.document
    ]
    wanted = {driver.name: driver.config for driver in expected._deployed.drivers}
    assert {name: each.driver.config for name, each in engine.host._running.items()} == wanted
    assert {driver.name: driver.config for driver in engine._deployed.drivers} == wanted


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_reload_cut_at_any_step_is_before_or_after_and_never_between(monkeypatch, step, after):
    """Whatever it is cut by: everything is as it was, and the plant runs on by the old program."""
    with Engine(made(BEFORE), catalog) as engine:
        until(lambda: Gauge.given[-1:] == (2.0,))
        engine.bus.force("bypass", True, "ann")  # gone in the new document
        engine.bus.write("kind", 42, QualityReason(Quality.UNCERTAIN, "by hand"))  # another type there
        until(lambda: engine.bus.read("kind").value == 42 and engine.bus.read("bypass").value)
        before = engine.bus.read("count").value
        error = (SystemExit if after else MemoryError)(step)
        failed = fail_once(monkeypatch, *STEPS[step](engine), error, after=after)
        with pytest.raises(BaseException, match=step):
            engine.reload(made(AFTER))
        assert failed == [True]
        agrees(engine, BEFORE)
        Gauge.holds = 5.0
        until(lambda: Gauge.given[-1] == 10.0)
        assert engine.status().forced == {"bypass": True}
        assert (engine.bus.read("bypass").value, engine.bus.read("kind").value) == (True, 42)
        assert engine.bus.status("kind").reason == "by hand"
        until(lambda: engine.bus.read("spare")[:2] == (5.0, Quality.GOOD))
        assert engine.bus.read("count").value >= before
        monkeypatch.undo()
        engine.reload(made(AFTER))  # nothing of the failed one is in the way
        agrees(engine, AFTER)
        until(lambda: Gauge.given[-1] == 15.0)
        assert engine.failure is None
    assert Gauge.given[-1] == -1.0


class Readers:
    """Consumers of every bad kind, on a loop and on threads of their own."""

    def __init__(self, bus: LocalBus) -> None:
        self.bus = bus
        self.woken = 0
        self._stop = threading.Event()
        self._idle = [bus.changes(), bus.observe(limit=1_000)]
        self._threads = [threading.Thread(target=self._come_and_go), threading.Thread(target=self._loop)]
        for thread in self._threads:
            thread.start()

    def _come_and_go(self) -> None:
        """Take now and then, and leave in the middle."""
        while not self._stop.is_set():
            with self.bus.changes(["level"], deadband=0.5) as changes, self.bus.observe(["out"]) as frames:
                for _ in range(5):
                    changes.take()
                    frames.take()
                    time.sleep(0.001)

    def _loop(self) -> None:
        asyncio.run(self._follow())

    async def _follow(self) -> None:
        def fails() -> None:
            self.woken += 1
            raise RuntimeError("a consumer")

        def blocks() -> None:
            self.woken += 1
            time.sleep(1.0)

        kept = [self.bus.changes(woken=fails), self.bus.changes(woken=blocks)]
        await asyncio.to_thread(self._stop.wait)
        for changes in kept:
            changes.close()

    def close(self) -> list[int]:
        """End; return how much waits in those that never took anything."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        changes, frames = self._idle
        found = [len(changes.take().indices), frames.waiting]
        changes.close(), frames.close()
        return found


def lived(*, reloads: int, readers: bool) -> list[list[tuple[Any, ...]]]:
    """Return what each scan of a plant gave that is reloaded again and again, by hand and beside readers."""
    texts = [text.split("gauge:", maxsplit=1)[0] for text in (BEFORE, AFTER)]
    both = [made(text.replace("signals: [", "signals: [{name: level, type: float}, ")) for text in texts]
    engine = Engine(both[0], catalog)
    beside = Readers(engine.bus) if readers else None
    rows = []
    try:
        for number in range(reloads):
            for scan in range(3):
                engine.bus.write("level", float(number % 7) - scan)
                engine.store.latch()
                (task,) = engine.scheduler.tasks
                task.program.scan(engine.store, 0.1)
                engine.store.publish(3 * number + scan + 1, number, task.name, 0.1)
                values = [engine.bus.read(name)[:2] for name in ("level", "out", "count", "out_is_high")]
                rows.append([*values, *map(repr, engine.store.values[engine.bus.layout.split :])])
            engine.reload(both[(number + 1) % 2])
            if beside is not None and not number % 100:
                time.sleep(0.01)  # let the others in
    finally:
        waiting = beside.close() if beside is not None else [0, 0]
    assert waiting[1] <= 1_000
    return rows


def test_scans_beside_readers_of_every_bad_kind_are_those_without_them(caplog):
    """Over many reloads: to the bit the same results, and nothing grows."""
    caplog.set_level(logging.CRITICAL, "petra")  # pytest keeps what is logged
    alone = lived(reloads=RELOADS, readers=False)
    assert lived(reloads=RELOADS, readers=True) == alone
    gc.collect()
    before = len(gc.get_objects())
    lived(reloads=RELOADS, readers=True)
    gc.collect()
    assert len(gc.get_objects()) - before < 500
