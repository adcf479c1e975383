"""What plugins run beside a plant: begun again when it fails, seen in the status, and ended last."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from attrs import field, frozen

from petra import Catalog, DriverKind, about, hookimpl
from petra.config import configuration, load_bytes
from petra.drivers import Direction, Driver, Point, SessionContext
from petra.engine import Engine
from petra.errors import PetraError
from petra.library import plugin as library
from petra.settings import SignalUse, Used
from petra.signals import SignalType
from petra.supervise import Activities, ActivityState, Backoff, Supervisor

QUICK = Backoff(first=0.001, longest=0.002, least=0.0)
PLANT = b"""
scan_time_ms: 5
signals: [{name: valve, type: bool, safe: true}]
blocks: [{name: close, type: MOVE, inputs: {input: false}, outputs: {out: valve}}]
toy: {put: valve}
"""


@frozen
class ToyConfig:
    """A device with one output."""

    put: str = field(metadata=about("Signal that it writes"))

    def signals_used(self):
        yield Used("put", self.put, SignalUse.READS, SignalType.BOOL)


class Toy(Driver):
    """Takes what it is given, and says so."""

    def __init__(self, config: ToyConfig, events: list[str]) -> None:
        super().__init__("toy", [Point(config.put, SignalType.BOOL, "out", Direction.WRITE)], config)
        self.events = events

    async def session(self, context: SessionContext) -> None:
        """Take everything."""
        context.connected()
        async for request in context.commands():
            self.events.append(f"valve {request.value}")
            request.confirmed()


class Plugin:
    """A driver, and what the test adds when the engine has started."""

    PETRA_API = 1
    __name__ = "toys"

    def __init__(self, start) -> None:
        self.events: list[str] = []
        self.start = start

    @hookimpl
    def petra_drivers(self):
        return [DriverKind("toy", ToyConfig, lambda config: [Toy(config, self.events)])]

    @hookimpl
    def petra_engine_started(self, engine):
        self.start(engine.activities, self.events)

    @hookimpl
    def petra_engine_stopping(self, engine):
        self.events.append("stopping")


def plant(start) -> tuple[Engine, list[str]]:
    plugin = Plugin(start)
    catalog = Catalog.of(library, plugin)
    return Engine(configuration(load_bytes(PLANT, catalog, {})), catalog), plugin.events


def until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.002)


async def serve(activity) -> None:
    activity.serving()
    await asyncio.Event().wait()


def test_an_activity_runs_is_seen_and_begins_again_when_it_fails():
    def start(activities: Activities, events: list[str]) -> None:
        async def publish(activity) -> None:
            events.append("begun")
            activity.serving()
            if activity.starts < 3:
                raise OSError("the broker is away")
            await asyncio.Event().wait()

        activities.add("publisher", publish, backoff=QUICK)

    engine, events = plant(start)
    with engine:
        until(lambda: events.count("begun") == 3)
        until(lambda: engine.status().activities["publisher"].state is ActivityState.SERVING)
        health = engine.status().activities["publisher"]
        assert (health.failures, health.error) == (2, "the broker is away")
        assert "publisher" not in engine.status().drivers
    assert engine.failure is None


def test_activities_end_after_the_safe_values_the_last_one_first():
    def start(activities: Activities, events: list[str]) -> None:
        def named(name: str):
            async def run(activity) -> None:
                try:
                    await serve(activity)
                finally:
                    events.append(f"{name} ended")

            return run

        activities.add("first", named("first"))
        activities.add("second", named("second"))

    engine, events = plant(start)
    with engine:
        until(lambda: "valve False" in events)
        until(lambda: len(engine.status().activities) == 2)
    events.remove("stopping")  # the hook is called while safe values are on their way
    assert events == ["valve False", "valve True", "second ended", "first ended"]


def test_an_activity_that_does_not_end_holds_up_no_safe_value(monkeypatch, caplog):
    monkeypatch.setattr("petra.engine.engine.STOP_WITHIN", 0.2)
    release = threading.Event()

    def start(activities: Activities, events: list[str]) -> None:
        async def stubborn(activity) -> None:
            activity.serving()
            while not release.is_set():
                try:
                    await asyncio.sleep(0.01)
                except asyncio.CancelledError:
                    events.append("no")

        activities.add("stubborn", stubborn)

    engine, events = plant(start)
    try:
        with engine:
            until(lambda: "valve False" in events)
            until(lambda: engine.status().activities)
        events.remove("stopping")
        assert events[:3] == ["valve False", "valve True", "no"]
        assert "petra.activity.stubborn: does not end within 0.2 s" in caplog.text
    finally:
        release.set()
    until(lambda: not engine.supervisor._thread.is_alive())


def test_names_are_unique_and_nothing_begins_when_nothing_runs():
    supervisor = Supervisor()
    activities = Activities(supervisor)
    with pytest.raises(PetraError, match="the activity 'a' cannot begin: the engine does not run"):
        activities.add("a", serve)
    with supervisor:
        activities.add("a", serve)
        with pytest.raises(PetraError, match="there is an activity 'a' already"):
            activities.add("a", serve)
        assert supervisor.call(activities.end("a"))
        activities.add("a", serve)
        assert activities.stop(5.0) == []
        with pytest.raises(PetraError, match="cannot begin"):
            activities.add("b", serve)
        assert activities.health() == {}


def test_an_activity_may_begin_another_one():
    """In the loop there is nothing to wait for."""
    began = threading.Event()

    async def second(activity) -> None:
        began.set()
        await serve(activity)

    async def first(activity) -> None:
        activities.add("second", second)
        await serve(activity)

    with Supervisor() as supervisor:
        activities = Activities(supervisor)
        activities.add("first", first)
        assert began.wait(60)
        assert set(activities.health()) == {"first", "second"}
