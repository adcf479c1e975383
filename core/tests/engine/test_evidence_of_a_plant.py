"""Why a signal of a running plant is what it is: forces, commands, devices, and what it costs the scan."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from attrs import field, frozen

from petra import Catalog, DriverKind, about, hookimpl
from petra.config import load_bytes
from petra.drivers import Direction, Driver, Point, SessionContext, SessionError
from petra.engine import Engine, evidence, recent
from petra.engine.evidence import EngineEvidence
from petra.engine.site import Site
from petra.library import plugin as library
from petra.plant import Actor, NotAllowedError, Origin
from petra.settings import Named, SignalUse, Used
from petra.signals import Quality, SignalType, UnknownSignalError
from petra.why import CauseKind, explain, tree
from petra.why.trial import Trial

ANN, EVE = Actor("ann", door="cli"), Actor("eve", Origin.NETWORK, "web")
DOCUMENT = """
scan_time_ms: 5
toy:
  - {name: plc1, get: level, put: speed, online: plc1.online}
  - {name: plc2, get: flow, put: wanted, online: plc2.online}
signals:
  - {name: enabled, type: bool}
  - {name: start, type: bool}
  - {name: stop, type: bool}
  - {name: speed, type: float}
blocks:
  - {name: high, type: GT, inputs: {a: level, b: 5.0}, outputs: {out: level.ok}}
  - {name: latch, type: RS_LATCH, inputs: {set: start, reset: stop}, outputs: {q: latched}}
  - {name: gain, type: MUL, inputs: {in1: level, in2: 20.0}, outputs: {out: wanted}}
  - {name: release, type: AND, inputs: {in1: enabled, in2: level.ok}, outputs: {out: run}}
"""


class Device:
    """What the driver of these tests talks to."""

    def __init__(self):
        self.is_up = True
        self.value = 9.0


@frozen
class ToyConfig:
    """A toy that reads one signal and writes another one."""

    name: str = field(metadata=about("Name"))
    get: str = field(metadata=about("Signal that it reads"))
    put: str = field(metadata=about("Signal that it writes"))
    online: str = field(metadata=about("Signal that shows the connection"))

    def drivers_named(self):
        yield Named("name", self.name)

    def signals_used(self):
        yield Used("get", self.get, SignalUse.WRITES, SignalType.FLOAT)
        yield Used("put", self.put, SignalUse.READS, SignalType.FLOAT)
        yield Used("online", self.online, SignalUse.WRITES, SignalType.BOOL)


class Toy(Driver):
    def __init__(self, config, device):
        points = [
            Point(config.get, SignalType.FLOAT, "in"),
            Point(config.put, SignalType.FLOAT, "out", Direction.WRITE),
        ]
        super().__init__(config.name, points, config, config.online)
        self.device = device

    async def session(self, context: SessionContext) -> None:
        if not self.device.is_up:
            raise SessionError("nobody there")
        context.connected()
        feed = context.feed([point for point in self.points if point.direction.reads])
        requests = context.commands()
        while self.device.is_up:
            feed.update([self.device.value], context.now_ns(), context.now())
            while (request := requests.take(context.now())) is not None:
                request.sent()
                if request.value > 100:
                    request.rejected("it does not fit")
                else:
                    request.confirmed()
            context.progress()
            await asyncio.sleep(0.002)
        raise SessionError("the cable is out")


class Toys:
    PETRA_API = 1
    __name__ = "toys"

    def __init__(self, device):
        self._device = device

    @hookimpl
    def petra_drivers(self):
        return [DriverKind("toy", ToyConfig, lambda config: [Toy(config, self._device)])]


@pytest.fixture
def device():
    return Device()


@pytest.fixture
def catalog(device):
    return Catalog.of(library, Toys(device))


@pytest.fixture
def text():
    return {"now": DOCUMENT}


@pytest.fixture
def engine(catalog, text):
    def conf():
        return load_bytes(text["now"].encode(), catalog)

    with Engine(conf().configuration, catalog, site=Site("tank", read=conf)) as engine:
        reach(engine, "level", lambda found: found.value == 9.0 and found.quality is Quality.GOOD)
        reach(engine, "level.ok", lambda found: found.quality is Quality.GOOD)
        yield engine


def reach(engine, name, condition):
    """Wait until a signal is as it is to be."""

    async def wait():
        async with asyncio.timeout(30), engine.plant(ANN).watch(name) as changes:
            async for change in changes:
                if condition(change[name]):
                    return

    asyncio.run(wait())


def why(engine, name, actor=ANN, **options):
    return asyncio.run(engine.plant(actor).why(name, **options))


def act(engine, do):
    result = asyncio.run(do(engine.plant(ANN)))
    assert result.ok, result
    return result


def cause_of(found, name):
    return next(cause for cause in found.causes if cause.signal == name)


def test_a_command_is_named_with_its_actor_door_and_purpose(engine):
    assert why(engine, "enabled").cause.kind is CauseKind.NOTHING
    act(engine, lambda plant: plant.command("enabled", True, note="night shift"))
    reach(engine, "run", lambda found: found.value)
    found = why(engine, "run")
    command = cause_of(found, "enabled").command
    assert (command.actor, command.door, command.value, command.note) == ("ann", "cli", True, "night shift")
    assert command.ok
    assert cause_of(found, "enabled").kind is CauseKind.COMMAND
    assert any("ann (cli) wrote true at" in line and '"night shift"' in line for line in tree(found))


def test_a_force_is_named_with_its_actor_and_since_when(engine):
    act(engine, lambda plant: plant.force("run", True, note="valve is being repaired"))
    reach(engine, "run", lambda found: found.value)
    found = why(engine, "run")
    force = found.cause.force
    assert (force.value, force.actor, force.door, force.note) == (
        True,
        "ann",
        "cli",
        "valve is being repaired",
    )
    assert 0 < force.since <= found.time
    assert found.cause.otherwise is False
    act(engine, lambda plant: plant.unforce("run"))
    reach(engine, "run", lambda found: not found.value)
    assert why(engine, "run").cause.force is None


def test_a_device_says_so_while_it_is_there(engine):
    cause = why(engine, "level").cause
    assert (cause.kind, cause.source) == (CauseKind.POINT, "plc1 in")
    (point,) = cause.points
    assert (point.driver, point.serves, point.reads, point.writes) == ("plc1", True, True, False)
    assert why(engine, "plc1.online").answer == "plc1.online is true because plc1 is connected"


def test_a_device_that_is_away_is_named_with_its_error(engine, device):
    act(engine, lambda plant: plant.command("enabled", True))
    device.is_up = False
    reach(engine, "run", lambda found: found.quality is Quality.BAD)
    found = why(engine, "run")
    assert found.answer.startswith(
        "run is true and bad because level.ok is true and bad, because level is bad: "
        "plc1 has not been connected for "
    )
    assert "(the cable is out)" in found.answer or "(nobody there)" in found.answer
    level = cause_of(found, "level")
    assert level.kind is CauseKind.DEVICE
    assert level.points[0].failing_s > 0.0
    online = why(engine, "plc1.online")
    assert online.cause.kind is CauseKind.DEVICE
    assert online.answer.startswith("plc1.online is false because plc1 has not been connected for ")


def test_what_a_device_has_refused_is_said_of_the_signal(engine):
    result = asyncio.run(engine.plant(ANN).command("speed", 500.0))
    assert not result.ok
    found = why(engine, "speed")
    assert found.cause.command.ok is False
    assert "rejected, it does not fit" in found.answer


def test_what_a_block_wants_and_its_device_does_not_have_is_said(engine, device):
    """A signal may be as it should be on the bus, and not in the plant."""
    deadline = engine.clock.monotonic() + 30
    while "rejected" not in (found := why(engine, "wanted")).answer and engine.clock.monotonic() < deadline:
        pass
    assert found.answer == (
        "wanted is 180 because level is 9: plc1 in says so; "
        "its device was not given it: plc2 out rejected, it does not fit"
    )
    assert found.cause.command is None
    (point,) = found.cause.points
    assert (point.driver, point.command.actor, point.command.origin) == ("plc2", "gain", "logic")
    device.is_up = False
    reach(engine, "plc2.online", lambda now: not now.value)
    assert "plc2 has not been connected" in "\n".join(tree(why(engine, "wanted")))


def test_what_a_latch_was_reset_by_is_known_after_it_has_passed(engine, monkeypatch):
    """The button is released long before somebody asks."""
    monkeypatch.setattr(recent, "EVERY", 0)  # the keeper looks at all signals in each of its turns

    def press(name, to):
        act(engine, lambda plant: plant.command(name, to))
        reach(engine, name, lambda now: now.value is to)
        while asyncio.run(engine.plant(ANN).recent(name)).values[-1] is not to:
            assert engine.clock.monotonic() < deadline

    deadline = engine.clock.monotonic() + 60
    press("start", True)
    press("start", False)
    press("stop", True)
    press("stop", False)
    found = why(engine, "latched")
    assert found.cause.remembers == (("latched", False),)
    assert found.cause.became == (("stop", True),)
    assert found.answer.startswith(
        "latched is false because latch (RS_LATCH) keeps it since stop became true at "
    )
    assert found.answer.endswith("; besides, start is false")
    assert any("when it changed, stop became true" in line for line in tree(found))


def test_the_engine_itself_writes_its_own_signals(engine):
    assert why(engine, "petra.main.scans").cause.kind is CauseKind.ENGINE


def test_who_may_not_look_is_told_nothing(engine):
    with pytest.raises(NotAllowedError):
        why(engine, "run", EVE)
    with pytest.raises(UnknownSignalError, match="did you mean 'run'"):
        why(engine, "runn")


def test_a_plant_that_has_stopped_is_explained(engine):
    engine.stop()
    found = why(engine, "run")
    assert "the scan has ended" in found.notes
    assert found.answer.endswith("(the scan has ended)")


def test_a_scan_that_hangs_is_explained_all_the_same(engine, monkeypatch):
    monkeypatch.setattr(evidence, "_WITHIN", 0.05)
    held, entered = threading.Event(), threading.Event()

    def hang():
        entered.set()
        held.wait(30)

    engine.scheduler.between(hang)
    assert entered.wait(30)
    try:
        found = why(engine, "run")
    finally:
        held.set()
    assert found.notes == ("the scan has not answered for 0.05 s",)
    assert cause_of(found, "enabled").value is False


def test_the_scan_only_tells_what_there_is(engine, monkeypatch):
    """One short act between two scans for each question; no step of a block runs there."""
    acts = []
    between = engine.scheduler.between

    def counted(action):
        def called():
            acts.append(threading.current_thread().name)
            return action()

        return between(called)

    monkeypatch.setattr(engine.scheduler, "between", counted)
    stepped = []
    outcome = Trial.outcome
    monkeypatch.setattr(
        Trial,
        "outcome",
        lambda self, *given: stepped.append(threading.current_thread().name) or outcome(self, *given),
    )
    why(engine, "run")
    assert acts == ["petra-scan"]
    assert stepped
    assert "petra-scan" not in stepped


def test_answers_fit_together_while_the_plant_is_reloaded(engine, text):
    """Each is of one configuration: signals, blocks and states of the one or the other."""
    other = DOCUMENT.replace("type: AND", "type: OR").replace("level.ok", "level.high") + (
        "  - {name: more, type: NOT, inputs: {input: run}, outputs: {out: idle}}\n"
    )
    found = []
    done = threading.Event()

    def ask():
        while not done.is_set():
            found.append(explain(EngineEvidence(engine), "run"))

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        for turn in range(20):
            text["now"] = other if turn % 2 == 0 else DOCUMENT
            act(engine, lambda plant: plant.reload())
        done.set()
        for each in asking:
            each.result(30)
    assert {each.cause.type for each in found} == {"AND", "OR"}
    for each in found:
        names = {cause.signal for cause in each.causes}
        assert ("level.high" in names) <= (each.cause.type == "OR")
        assert ("level.ok" in names) <= (each.cause.type == "AND")
