"""Every act on a plant: done, audited, and refused where the policy says so."""

from __future__ import annotations

import asyncio
import json
import logging
import threading

import pytest
from attrs import evolve

from petra.config import load_bytes
from petra.engine import Engine
from petra.engine.site import Site
from petra.errors import PetraError
from petra.plant import Actor, Capability, EventKind, NotAllowedError, Origin, Outcome, PlantAct
from petra.plugin import Catalog
from petra.signals import Quality, UnknownSignalError

DOCUMENT = b"""
scan_time_ms: 10
signals:
  - {name: level, minimum: 0, maximum: 10, unit: m, description: in the tank}
  - {name: enabled, type: bool}
  - {name: pump1.run, type: bool}
  - {name: pump2.run, type: bool}
blocks:
  - {name: delay, type: TON, inputs: {input: enabled}, outputs: {output: pump1.run}, params: {preset: 60.0}}
  - {name: copy, type: NOT, inputs: {input: enabled}, outputs: {output: pump2.run}}
"""

ANN, EVE = Actor("ann", door="cli"), Actor("eve", Origin.NETWORK, "web")


def conf(text=DOCUMENT):
    return load_bytes(text, Catalog.load())


@pytest.fixture
def told():
    return {"text": DOCUMENT, "stops": 0}


@pytest.fixture
def engine(told, tmp_path):
    site = Site(
        "tank",
        read=lambda: conf(told["text"]),
        stop=lambda: told.update(stops=told["stops"] + 1),
        audit=tmp_path / "audit.jsonl",
    )
    with Engine(conf().configuration, Catalog.load(), site=site) as engine:
        yield engine


def entries(tmp_path):
    return [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()]


VIEWS = {
    "signals": lambda plant: plant.signals(),
    "read": lambda plant: plant.read("level"),
    "watch": lambda plant: first(plant.watch()),
    "follow": lambda plant: first(plant.follow()),
    "forces": lambda plant: plant.forces(),
    "status": lambda plant: plant.status(),
    "why": lambda plant: plant.why("level"),
    "events": lambda plant: first(plant.events(last=5)),
}
ACTS = {
    PlantAct.WRITE: (Capability.WRITE, lambda plant: plant.command("enabled", True, note="a test")),
    PlantAct.FORCE: (Capability.FORCE, lambda plant: plant.force("level", 7.0, note="a test")),
    PlantAct.UNFORCE: (Capability.FORCE, lambda plant: plant.unforce("level", note="a test")),
    PlantAct.TUNE: (Capability.TUNE, lambda plant: plant.tune("delay", "preset", 2.0, note="a test")),
    PlantAct.RELOAD: (Capability.CONFIGURE, lambda plant: plant.reload(note="a test")),
    PlantAct.STOP: (Capability.ADMINISTER, lambda plant: plant.stop(note="a test")),
}


async def first(stream):
    async with stream:
        return await asyncio.wait_for(anext(aiter(stream)), 10)


class Only:
    """Allows what it is given, to anybody."""

    def __init__(self, *capabilities):
        self.capabilities = capabilities

    def refusal(self, actor, capability, target):
        return "" if capability in self.capabilities else f"{actor.name} has no {capability.value}"


class Failing:
    def refusal(self, actor, capability, target):
        raise RuntimeError("out of order")


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.value)
@pytest.mark.parametrize(
    ("actor", "policy", "reason"),
    [
        (ANN, None, ""),
        (EVE, None, "without a policy, the network may not"),
        (ANN, "others", "ann has no"),
        (EVE, "this", ""),
        (ANN, "fails", "the policy failed: RuntimeError('out of order')"),
        (EVE, "fails", "the policy failed"),
    ],
    ids=["local", "network", "local-denied", "network-allowed", "local-failing", "network-failing"],
)
def test_every_act_is_decided_done_and_audited(engine, tmp_path, act, actor, policy, reason):
    capability, do = ACTS[act]
    if policy is not None:
        others = [each for each in Capability if each is not capability]
        engine.guard.policy = {"others": Only(*others), "this": Only(capability), "fails": Failing()}[policy]
    result = asyncio.run(do(engine.plant(actor)))
    assert result.act is act
    assert result.refused == bool(reason)
    assert result.actor == actor.name
    assert result.outcome is (Outcome.REJECTED if reason else Outcome.ACCEPTED)
    assert result.reason.startswith(reason)
    assert result.ok == (not reason)
    assert engine.guard.refused == bool(reason)
    engine.stop()
    (entry,) = entries(tmp_path)
    said = (entry["act"], entry["actor"], entry["door"], entry["note"], entry["reason"], entry["outcome"])
    outcome = "refused" if reason else "accepted"
    assert said == (act.value, actor.name, actor.door, "a test", result.reason, outcome)


@pytest.mark.parametrize("view", VIEWS)
def test_who_may_not_look_sees_nothing(engine, view):
    look = VIEWS[view]
    engine.events.add(EventKind.LOG, "info", "test", "something")
    assert asyncio.run(look(engine.plant(ANN))) is not None
    with pytest.raises(NotAllowedError, match="may not"):
        asyncio.run(look(engine.plant(EVE)))
    engine.guard.policy = Only(*[each for each in Capability if each is not Capability.VIEW])
    with pytest.raises(NotAllowedError, match="ann has no view"):
        asyncio.run(look(engine.plant(ANN)))
    assert engine.guard.refused == 2


def test_acts_do_what_they_say(engine, told):
    async def main():
        plant = engine.plant(ANN)
        assert (await plant.command("enabled", True)).ok
        assert (await plant.force("pump2.run", True)).ok
        async with plant.watch(["enabled", "pump2.run"]) as changes:
            async for change in changes:
                if engine.bus.read("enabled").value and engine.bus.read("pump2.run").value:
                    assert set(change) <= {"enabled", "pump2.run"}
                    break
        (held,) = await plant.forces()
        assert (held.signal, held.value, held.actor) == ("pump2.run", True, "ann")
        assert (await plant.read("pump2.run")).is_forced("pump2.run")
        assert (await plant.tune("delay", "preset", 0.0)).ok
        async with plant.watch("pump1.run") as changes:
            async for change in changes:
                if change["pump1.run"].value:
                    break
        assert (await plant.unforce("pump2.run")).ok
        told["text"] = DOCUMENT.replace(b"copy", b"invert")
        result = await plant.reload()
        assert result.ok
        assert any("invert" in each for each in result.details)
        assert (await plant.stop()).ok
        assert told["stops"] == 1
        status = await plant.status()
        assert (status.name, status.reloads, status.running) == ("tank", 1, True)
        assert status.signals == len(engine.bus.signals)
        assert status.not_good == len(engine.bus.image.flawed)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        (lambda plant: plant.command("lebel", 1.0), "there is no signal 'lebel'"),
        (lambda plant: plant.command("level", 11.0), "'level' is at most 10"),
        (lambda plant: plant.command("pump1.run", True), "force it instead"),
        (lambda plant: plant.force("lebel", 1.0), "there is no signal 'lebel'"),
        (lambda plant: plant.unforce("lebel"), "there is no signal 'lebel'"),
        (lambda plant: plant.tune("dely", "preset", 1.0), "dely"),
        (lambda plant: plant.tune("delay", "preset", -1.0), "preset"),
        (lambda plant: plant.tune("delay", "presto", 1.0), "presto"),
    ],
)
def test_a_mistake_is_a_result_with_a_reason(engine, do, reason):
    result = asyncio.run(do(engine.plant(ANN)))
    assert result.outcome is Outcome.REJECTED
    assert not result.refused
    assert reason in result.reason


def test_a_document_with_problems_is_not_taken(engine, told):
    told["text"] = DOCUMENT.replace(b"type: NOT", b"type: NOTE")
    result = asyncio.run(engine.plant(ANN).reload())
    assert not result.ok
    assert result.reason == "everything goes on as it was: 1 problem"
    assert "NOTE" in result.details[0]
    assert engine.status().reloads == 0


def test_signals_say_who_writes_and_who_reads_them(engine):
    found = {each.name: each for each in asyncio.run(engine.plant(ANN).signals())}
    assert found["enabled"].writer == "commands"
    assert set(found["enabled"].readers) == {"block delay", "block copy"}
    assert found["pump1.run"].writer == "block delay"
    assert found["petra.main.scans"].writer == "engine"
    assert found["level"].signal.unit == "m"
    only = asyncio.run(engine.plant(ANN).signals(["pump*", "level", "pump1*"]))
    assert [each.name for each in only] == ["pump1.run", "pump2.run", "level"]


@pytest.mark.parametrize("view", ["signals", "read", "watch", "follow"])
def test_a_name_that_does_not_exist_is_said_and_a_pattern_may_find_nothing(engine, view):
    plant = engine.plant(ANN)
    with pytest.raises(UnknownSignalError, match="did you mean 'level'"):
        asyncio.run(_called(plant, view, ["lebel"]))
    if view in ("signals", "read"):
        assert len(asyncio.run(_called(plant, view, ["nothing*"]))) == 0


async def _called(plant, view, names):
    made = getattr(plant, view)(names)
    return await (made if asyncio.iscoroutine(made) else first(made))


def test_a_snapshot_is_of_one_image(engine):
    snapshot = asyncio.run(engine.plant(ANN).read(["pump1.run", "level"]))
    assert list(snapshot) == ["pump1.run", "level"]
    assert snapshot["level"].value == 0.0
    assert snapshot["level"].quality is Quality.GOOD
    assert len(snapshot) == 2
    with pytest.raises(KeyError):
        snapshot["enabled"]
    every = asyncio.run(engine.plant(ANN).read())
    assert len(every) == len(engine.bus.layout)
    assert every["pump2.run"].time > 0


def test_a_watch_by_pattern_follows_a_reload(engine, told):
    async def main():
        plant = engine.plant(ANN)
        async with plant.watch("pump*") as watch:
            changes = aiter(watch)
            assert list(await anext(changes)) == ["pump1.run", "pump2.run"]
            told["text"] = DOCUMENT.replace(b"pump2.run", b"pump3.run")
            assert (await plant.reload()).ok
            while "pump3.run" not in (change := await asyncio.wait_for(anext(changes), 10)):
                pass
            assert list(change) == ["pump1.run", "pump3.run"]

    asyncio.run(main())


def test_a_follow_by_pattern_tells_every_change_of_those(engine):
    async def main():
        plant = engine.plant(ANN)
        async with plant.follow("en*") as frames:
            found = []
            for number in range(20):
                assert (await plant.command("level", number / 10)).ok
                assert (await plant.command("enabled", number % 2 == 0)).ok
                frame = await asyncio.wait_for(anext(aiter(frames)), 10)
                found += [
                    (frame.layout.signals[i].name, v)
                    for i, v in zip(frame.indices, frame.values, strict=True)
                ]
            assert found == [("enabled", number % 2 == 0) for number in range(20)]
            assert frames.lost == 0

    asyncio.run(main())


def test_events_tell_the_log_and_all_acts(engine):
    async def main():
        plant = engine.plant(ANN)
        engine.events.add(EventKind.LOG, "warning", "petra.engine", "as before")
        await plant.command("level", 3.0, note="filling")
        async with plant.events(last=2) as events:
            seen = [await anext(aiter(events)) for _ in range(2)]
            assert [each.text for each in seen] == [
                "as before",
                "write level = 3.0 by ann (cli) accepted [filling]",
            ]
            await plant.unforce("lebel")
            event = await asyncio.wait_for(anext(aiter(events)), 10)
            assert event.kind is EventKind.ACT
            assert event.number == seen[-1].number + 1

    asyncio.run(main())


def test_an_audit_that_cannot_be_written_waits_and_is_written_later(tmp_path, caplog):
    folder = tmp_path / "later"
    site = Site(audit=folder / "audit.jsonl")
    with caplog.at_level(logging.ERROR), Engine(conf().configuration, Catalog.load(), site=site) as engine:
        for number in range(3):
            asyncio.run(engine.plant(ANN).command("level", number))
        engine._keeper.flush()
        folder.mkdir()
    assert len(entries(folder)) == 3
    assert caplog.text.count("cannot be written") == 1


def test_an_act_whose_asker_leaves_is_done_and_audited(engine, tmp_path, told):
    """Ctrl-C in `petra reload` ends the client, and not what it has begun."""
    going, seen = threading.Event(), threading.Event()
    read = engine.site.read

    def slow():
        seen.set()
        going.wait(10)
        return read()

    engine.site = evolve(engine.site, read=slow)

    async def main():
        asked = asyncio.create_task(engine.plant(ANN).reload())
        await asyncio.to_thread(seen.wait, 10)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        going.set()
        while not engine.status().reloads:  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)

    asyncio.run(main())
    engine.stop()
    (entry,) = entries(tmp_path)
    assert (entry["act"], entry["outcome"]) == ("reload", "accepted")


def test_what_is_no_json_takes_nothing_else_out_of_the_audit(engine, tmp_path):
    asyncio.run(engine.plant(ANN).force("level", 5.0))
    asyncio.run(engine.plant(ANN).tune("delay" * 1_000, "preset", b"x", note="n" * 9_999))
    asyncio.run(engine.plant(ANN).tune("delay", "preset", 3.0))
    engine.stop()
    found = entries(tmp_path)
    assert [entry["act"] for entry in found] == ["force", "tune", "tune"]
    assert found[1]["value"] == "b'x'"
    assert all(len(str(value)) < 600 for entry in found for value in entry.values())


def test_a_flood_of_refusals_pushes_no_act_out_of_the_audit(engine, tmp_path):
    asyncio.run(engine.plant(ANN).tune("delay", "preset", 3.0))

    async def flood():
        for _ in range(2_000):
            await engine.plant(EVE).tune("delay", "preset", 4.0)

    asyncio.run(flood())
    assert engine.guard.refused == 2_000
    engine.stop()
    found = entries(tmp_path)
    assert found[0]["outcome"] == "accepted"
    assert len(found) < 500


def test_a_force_that_is_not_a_number_is_seen(monkeypatch):
    monkeypatch.setattr("petra.engine.plant._SEEN_WITHIN", 60.0)
    text = b"signals: [free]\nscan_time_ms: 10\n"
    with Engine(conf(text).configuration, Catalog.load()) as engine:
        force = engine.plant(ANN).force("free", float("nan"))

        async def main():
            return await asyncio.wait_for(force, 20)

        assert asyncio.run(main()).ok


def test_also_the_program_itself_is_refused_and_audited(engine, tmp_path):
    engine.tune("delay", "preset", 3.0)
    with pytest.raises(PetraError, match="presto"):
        engine.tune("delay", "presto", 3.0)
    engine.guard.policy = Only()
    with pytest.raises(NotAllowedError, match="has no tune"):
        engine.tune("delay", "preset", 4.0, actor="ann")
    engine.stop()
    found = [(entry["actor"], entry["act"], entry["outcome"]) for entry in entries(tmp_path)]
    outcomes = [("program", "accepted"), ("program", "rejected"), ("ann", "refused")]
    assert found == [(actor, "tune", outcome) for actor, outcome in outcomes]
