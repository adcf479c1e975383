"""Watches, follows and events over a channel: complete, merged for the slow, and begun again after a loss."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from petra.plant import Actor, EventKind, NotAllowedError, Outcome
from petra.plant.blocking import BlockingPlant
from petra.plant.channel.client import ChannelPlant
from petra.plant.channel.peer import SLOW
from petra.testing.rig import resources

MANY = "scan_time_ms: 10\nsignals:\n" + "".join(f"  - {{name: s{n}, type: int}}\n" for n in range(3_000))


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


def write(engine, values):
    engine.bus.write_many(values)


def test_a_watch_tells_everything_and_then_what_changes(running):
    async def main():
        plant = ChannelPlant(running.link())
        async with plant.watch() as watch:
            changes = aiter(watch)
            first = await anext(changes)
            assert len(first) == len(running.engine.bus.signals)
            write(running.engine, {"level": 3.0})
            while True:
                change = await anext(changes)
                if "level" in change:
                    break
            assert change["level"].value == 3.0
            assert len(change) < 20
        await plant.aclose()

    run(main())


def test_equal_watches_share_one_and_each_begins_with_everything(running):
    async def main():
        plants = [ChannelPlant(running.link()) for _ in range(5)]
        watches = [aiter(plant.watch(["level", "count"])) for plant in plants]
        for watch in watches:
            assert list(await anext(watch)) == ["level", "count"]
        assert len(running.server._broadcasts._known) == 1
        for number in range(1, 50):
            write(running.engine, {"count": number})
            seen = []
            for watch in watches:
                while (change := await anext(watch))["count"].value != number:
                    pass
                seen.append(change)
            assert {s.scan for s in seen} == {seen[0].scan}
        for watch in watches:
            await watch.aclose()
        for plant in plants:
            await plant.status()
            await plant.aclose()

    run(main())
    assert running.server._broadcasts._known == {}


def test_a_follow_has_every_change_in_order(running):
    async def main():
        plant = ChannelPlant(running.link())
        async with plant.follow(["count"]) as follow:
            frames = aiter(follow)
            reader = asyncio.create_task(anext(frames))
            await asyncio.sleep(0.1)
            found = []
            for number in range(1, 200):
                write(running.engine, {"count": number})
                if number % 5 == 0:
                    await asyncio.sleep(0.012)
            while not found or found[-1] != 199:
                frame = await reader
                assert frame.missed == 0
                assert frame.layout.signals[frame.indices[0]].name == "count"
                found += frame.values
                reader = asyncio.create_task(anext(frames)) if found[-1] != 199 else reader
            assert found == sorted(set(found))
            assert follow.lost == 0
        await plant.aclose()

    run(main())


def test_a_client_that_reads_again_gets_the_newest_state_of_what_it_missed(reachable):
    made = reachable(text=MANY)

    async def main():
        slow = made.link()
        plant = ChannelPlant(slow)
        watch = plant.watch("s*")
        await anext(aiter(watch))
        reader = slow._reading
        transport = slow._writer.transport
        transport.pause_reading()
        for number in range(1, 80):
            scans = made.engine.scheduler.scans
            write(made.engine, {f"s{i}": number for i in range(1_000)})
            while made.engine.scheduler.scans < scans + 2:  # noqa: ASYNC110 - of another thread
                await asyncio.sleep(0.002)
        write(made.engine, {"s2999": 5})
        await asyncio.sleep(0.05)
        transport.resume_reading()
        state = {}
        while state.get("s999") != 79 or state.get("s2999") != 5:
            state.update({name: each.value for name, each in (await anext(aiter(watch))).items()})
        assert {state[f"s{i}"] for i in range(1_000)} == {79}
        assert not reader.done()
        await plant.aclose()

    run(main())


async def scan_on(made, values):
    """Write values and wait until they were scanned."""
    scans = made.engine.scheduler.scans
    write(made.engine, values)
    while made.engine.scheduler.scans < scans + 2:  # noqa: ASYNC110 - of another thread
        await asyncio.sleep(0.001)


def test_what_a_slow_follower_misses_is_counted(reachable):
    made = reachable(text=MANY.replace("scan_time_ms: 10", "scan_time_ms: 2"))
    names = [f"s{i}" for i in range(1_000)]

    async def main():
        slow = made.link()
        plant = ChannelPlant(slow)
        follow = plant.follow(names, limit=3_000)
        first = asyncio.create_task(anext(aiter(follow)))
        while not (made.server._peers and made.engine.store.outgoing._sinks):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
        with made.engine.bus.observe(names, limit=10**9) as every:
            await scan_on(made, dict.fromkeys(names, 1))
            seen, missed = len((await first).indices), 0
            slow.pause()
            for number in range(2, 100):
                await scan_on(made, dict.fromkeys(names, number))
            slow._writer.transport.resume_reading()
            last, number = 0, 1_000
            await scan_on(made, {"s0": number})
            while last < 1_000:
                try:
                    frame = await asyncio.wait_for(anext(aiter(follow)), 0.5)
                except TimeoutError:  # it has found no room: the next one tells that it is missed
                    number += 1
                    await scan_on(made, {"s0": number})
                    continue
                seen, missed = seen + len(frame.indices), missed + frame.missed
                last = frame.values[0] if frame.values else last
            total = sum(len(frame.indices) for frame in every.take())
        assert missed > 0
        assert seen + missed == total
        assert follow.lost == missed
        await plant.aclose()

    run(main())


def test_a_client_that_never_reads_holds_nobody_up_and_costs_bounded_memory(reachable):
    made = reachable(text=MANY.replace("scan_time_ms: 10", "scan_time_ms: 2"))

    async def main():
        deaf, other = made.link(), ChannelPlant(made.link())
        never = ChannelPlant(deaf)
        streams = [never.watch("s*"), never.watch("s1*"), never.follow("s*", limit=3_000)]
        reading = [asyncio.create_task(anext(aiter(stream))) for stream in streams[:2]]
        await asyncio.gather(*reading)
        following = asyncio.create_task(anext(aiter(streams[2])))
        watch = aiter(other.watch("s*"))
        await anext(watch)
        deaf.pause()
        held = []
        for number in range(1, 150):
            await scan_on(made, {f"s{i}": number for i in range(1_000)})
            while (await anext(watch)).get("s999", (0,))[0] != number:
                pass
            held.append(max(each.unsent for each in made.server._peers.values()))
        assert held[-1] > SLOW
        assert held[-1] == held[-50]  # it has what it may hold up, and gets nothing more
        assert max(held) < 2 * SLOW
        following.cancel()
        await asyncio.gather(never.aclose(), other.aclose())

    run(main())


def test_a_watch_behind_a_large_answer_catches_up(reachable):
    """It is left out while answers to other requests wait for the client, and goes on after them."""
    made = reachable(text=MANY)

    async def main():
        link = made.link()
        plant = ChannelPlant(link)
        watch = aiter(plant.watch(["s1"]))
        await anext(watch)
        link.pause()
        asking = asyncio.create_task(plant.signals())
        (peer,) = made.server._peers.values()
        while not peer.is_slow:  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(0.001)
        await scan_on(made, {"s1": 7})
        await scan_on(made, {"s1": 8})
        link._writer.transport.resume_reading()
        assert len(await asking) > 3_000
        while (await anext(watch))["s1"].value != 8:
            pass
        await plant.aclose()

    run(main())


def test_after_a_restart_a_watch_goes_on_and_an_act_is_not_repeated(running):
    async def main():
        plant = ChannelPlant(running.link())
        watch = plant.watch("count")
        write(running.engine, {"count": 7})
        while (await anext(aiter(watch)))["count"].value != 7:
            pass
        await asyncio.to_thread(running.stop)
        running.start()
        write(running.engine, {"count": 8})
        while (await anext(aiter(watch)))["count"].value != 8:
            pass
        assert watch.reconnects == 1
        assert (await plant.status()).running
        await plant.aclose()

    run(main())


def test_an_act_whose_answer_is_lost_is_not_known_to_be_done(running):
    async def main():
        link = running.link()
        plant = ChannelPlant(link)
        await plant.status()

        async def cut():
            await asyncio.sleep(0.05)
            link._writer.transport.abort()

        running.engine.guard.policy = Waiting()
        cutting = asyncio.create_task(cut())
        result = await plant.command("level", 1.0)
        assert result.outcome is Outcome.TIMED_OUT
        assert "not known whether this was done" in result.reason
        await cutting
        running.engine.guard.policy.go.set()
        assert (await plant.status()).running
        assert len([c for c in running.engine.host.ledger.commands() if c.signal == "level"]) == 1
        await plant.aclose()

    run(main())


class Waiting:
    def __init__(self):
        self.go = threading.Event()

    def refusal(self, actor, capability, target):
        if capability.value == "write":
            self.go.wait(0.3)
        return ""


def test_a_reload_is_seen_by_every_stream(running):
    running_text = running.text

    async def main():
        plant = ChannelPlant(running.link())
        watch, frames = plant.watch("pump*"), plant.follow("pump*")
        assert list(await anext(aiter(watch))) == ["pump1.run"]
        follower = asyncio.create_task(anext(aiter(frames)))
        await asyncio.sleep(0.05)
        running.text = (
            running_text + "  - {name: n, type: NOT, inputs: {in: enabled}, outputs: {out: pump2.run}}\n"
        )
        assert (await plant.reload()).ok
        while "pump2.run" not in (change := await anext(aiter(watch))):
            pass
        assert set(change) == {"pump1.run", "pump2.run"}
        frame = await follower
        names = {frame.layout.signals[i].name for i in frame.indices}
        assert names <= {"pump1.run", "pump2.run"}
        await plant.aclose()

    run(main())


def test_events_come_over_the_channel(running):
    client = running.connect()
    running.engine.events.add(EventKind.LOG, "warning", "petra.x", "look here")
    events = client.events(last=1)
    assert next(events).text == "look here"
    client.command("level", 1.0, note="why not")
    assert "[why not]" in next(events).text


def test_who_may_not_look_gets_no_stream(running):
    async def main():
        plant = ChannelPlant(running.link()).acting(Actor("eve"))
        for stream in (plant.watch(), plant.follow(), plant.events()):
            with pytest.raises(NotAllowedError):
                await anext(aiter(stream))
        await plant.aclose()

    run(main())


def test_a_thousand_clients_leave_nothing_behind(running):
    async def visit(number):
        plant = ChannelPlant(running.link())
        if number % 3 == 0:
            await anext(aiter(plant.watch("level")))
        elif number % 3 == 1:
            await plant.status()
        await plant.aclose()

    async def all_of_them():
        for number in range(500):
            await visit(number)

    run(all_of_them())
    gc.collect()
    before = resources()
    run(all_of_them())
    deadline = threading.Event()
    for _ in range(100):
        if not running.server.clients:
            break
        deadline.wait(0.02)
    gc.collect()
    assert running.server.clients == 0
    assert running.server._broadcasts._known == {}
    after = resources()
    assert after[0] <= before[0]
    assert after[1] <= before[1] + 2


def test_the_blocking_plant_ends_what_it_has_begun(running):
    client = running.connect()
    assert isinstance(client, BlockingPlant)
    watch = client.watch("level")
    next(watch)
    watch.close()
    client.close()
    client.close()
    for _ in range(100):
        if not running.server.clients:
            break
        threading.Event().wait(0.02)
    assert running.server.clients == 0
