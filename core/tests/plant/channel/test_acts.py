"""Everything that can be done to a plant works the same over its channel."""

from __future__ import annotations

import asyncio
import math
import os

import pytest

from petra.plant import Actor, NotAllowedError, Origin, Outcome, PlantAct
from petra.plant.channel.address import NoPlantError
from petra.plant.channel.client import ChannelPlant
from petra.signals import Quality, QualityReason, UnknownSignalError


@pytest.fixture(params=[True, False], ids=["socket", "port"])
def plant(request, reachable):
    made = reachable(sockets=request.param)
    client = made.connect(door="test")
    client.made = made
    return client


def test_views_are_what_the_plant_itself_says(plant):
    local = plant.made.engine.plant(Actor("ann"))
    assert plant.signals("level")[0] == asyncio.run(local.signals("level"))[0]
    assert [each.name for each in plant.signals("*.run")] == ["pump1.run"]
    every = plant.read()
    assert list(every) == [signal.name for signal in plant.made.engine.bus.signals]
    assert every["level"] == asyncio.run(local.read("level"))["level"]
    assert plant.forces() == []
    status = plant.status()
    assert (status.name, status.running, list(status.tasks)) == ("tank", True, ["main"])
    assert plant.recent("level").names == ("level",)
    assert plant.why("pump1.run").answer == asyncio.run(local.why("pump1.run")).answer


def test_acts_have_an_actor_a_door_and_an_outcome(plant):
    result = plant.command("level", 4.5, note="filling")
    assert (result.act, result.outcome, result.value) == (PlantAct.WRITE, Outcome.ACCEPTED, 4.5)
    command = plant.made.engine.host.ledger.commands()[-1]
    assert (command.order.door, command.order.note, command.origin) == ("test", "filling", Origin.LOCAL)
    assert command.actor == plant.actor.name
    assert plant.force("pump1.run", True).ok
    for snapshot in plant.watch("pump1.run"):
        if snapshot["pump1.run"].value:
            break
    assert [(each.signal, each.value) for each in plant.forces()] == [("pump1.run", True)]
    assert plant.unforce("pump1.run").ok
    assert plant.tune("delay", "preset", 2.0).ok
    assert plant.reload().ok
    assert plant.stop().ok
    assert plant.made.stops == 1


def test_mistakes_are_results_and_errors_of_the_same_kind(plant):
    result = plant.command("lebel", 1.0)
    assert result.outcome is Outcome.REJECTED
    assert "did you mean" in result.reason
    with pytest.raises(UnknownSignalError, match="did you mean"):
        plant.read("lebel")
    with pytest.raises(UnknownSignalError):
        next(plant.watch("lebel"))
    with pytest.raises(UnknownSignalError):
        next(plant.follow("lebel"))


@pytest.mark.parametrize(
    ("signal", "value"),
    [
        ("count", 2**63 - 1),
        ("count", -(2**63)),
        ("level", 10),
        ("label", "ÄÖÜ 温度 \x00\n" + "x" * 60_000),
        ("label", ""),
    ],
)
def test_every_value_arrives_as_it_is(plant, signal, value):
    assert plant.command(signal, value).ok
    for snapshot in plant.watch(signal):
        found = snapshot[signal].value
        if found == value:
            assert type(found) is (float if signal == "level" else type(value))
            return


def test_a_number_that_is_none_and_a_bad_one_arrive(plant):
    plant.made.engine.bus.write("label", "half \ud800 of a pair")
    engine = plant.made.engine
    engine.bus.serve("level", math.nan, QualityReason(Quality.BAD, "sensor broken"))
    for snapshot in plant.watch(["level", "label"]):
        if snapshot.get("level") and snapshot["level"].quality is Quality.BAD:
            assert math.isnan(snapshot["level"].value)
            assert snapshot["level"].reason == "sensor broken"
            break
    assert plant.read("label")["label"].value == "half ? of a pair"


def test_who_acts_for_others_makes_less_of_itself(running):
    async def main():
        link = running.link(door="web")
        plant = ChannelPlant(link)
        await plant.status()
        other = plant.acting(Actor("root", Origin.LOCAL, "cli", ("administrator",)))
        with pytest.raises(NotAllowedError, match="the network may not view"):
            await other.status()
        result = await other.command("level", 1.0)
        assert result.refused
        assert result.actor == f"root by {plant.actor.name}"
        await plant.aclose()

    asyncio.run(main())


def test_who_has_a_token_of_the_plant_acts_for_others(running):
    token = running.server.token_for("mqtt")

    async def main():
        link = running.link(name="mqtt", token=token)
        plant = ChannelPlant(link)
        await link.connect()
        assert plant.actor.name == "mqtt"
        local = plant.acting(Actor("ann", Origin.LOCAL, "mqtt"))
        assert (await local.command("level", 1.0)).ok
        remote = plant.acting(Actor("eve", Origin.NETWORK, "mqtt"))
        assert (await remote.command("level", 2.0)).refused
        commands = running.engine.host.ledger.commands()
        assert [(c.actor, c.order.door) for c in commands] == [("ann", "mqtt"), ("eve", "mqtt")]
        await plant.aclose()
        running.server.revoke("mqtt")
        with pytest.raises(NotAllowedError, match="token of 'mqtt' is not valid"):
            await running.link(name="mqtt", token=token).connect()

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to become another")
def test_another_user_is_refused_and_audited(running, tmp_path):
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    running.path.chmod(0o777)  # as if an administrator had loosened it
    pid = os.fork()
    if pid == 0:  # pragma: no cover - another process
        os.setuid(12_345)
        try:
            asyncio.run(running.link().connect())
        except NotAllowedError as error:
            os._exit(7 if "only root may come in" in str(error) else 8)
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    (event,) = [each for each in running.engine.events._kept if "connect" in each.text]
    assert "connect plant by user 12345 (channel) refused" in event.text


def test_without_a_plant_it_says_what_to_do(running):
    running.stop()
    with pytest.raises(NoPlantError, match="no plant runs there"):
        running.connect()


def test_the_socket_is_for_its_user_alone_and_gone_afterwards(running):
    assert running.path.stat().st_mode & 0o777 == 0o600
    running.stop()
    assert not running.path.exists()


def test_the_arguments_of_every_method_are_known():
    from petra.plant.channel.arguments import _OF
    from petra.plant.channel.methods import RESULTS, STREAMS

    assert _OF.keys() == {*RESULTS, *STREAMS}
