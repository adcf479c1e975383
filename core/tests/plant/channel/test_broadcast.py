"""A shared watch tells its listeners in groups, encodes once, and ends for all when it fails."""

from __future__ import annotations

import asyncio

import pytest

from petra.clock import SystemClock
from petra.plant.channel import broadcast
from petra.plant.channel.broadcast import Broadcasts
from petra.plant.values import snapshot_of
from petra.signals import LocalBus, Signal, SignalType, Store


class Watch:
    """Tells what it is given."""

    def __init__(self):
        self.store = Store([Signal("level", SignalType.FLOAT)], SystemClock())
        self.image = LocalBus(self.store).image
        self.given = asyncio.Queue()
        self.closed = False

    def everything(self):
        return snapshot_of(self.image, (0,))

    def __aiter__(self):
        return self

    async def __anext__(self):
        given = await self.given.get()
        if given is not None:
            raise given
        return self.everything()

    async def aclose(self):
        self.closed = True


class Listener:
    is_slow = False

    def __init__(self, told):
        self.told, self.items, self.error = told, [], None

    def layout(self, layout):
        return 1

    def send(self, item):
        self.items.append(item)
        self.told.append(self)

    def end(self, error):
        self.error = error


class Scene:
    def __init__(self, listeners):
        self.watch, self.told, self.known = Watch(), [], Broadcasts()
        self.listeners = [Listener(self.told) for _ in range(listeners)]
        self.broadcast = self.known.of("level", lambda: self.watch)
        for listener in self.listeners:
            self.broadcast.add(listener)

    async def until(self, condition):
        while not condition():  # noqa: ASYNC110 - of the same loop
            await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def two_at_once(monkeypatch):
    monkeypatch.setattr(broadcast, "AT_ONCE", 2)
    monkeypatch.setattr(broadcast, "PAUSE", 0)


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 10))


def test_clients_are_told_in_groups_and_one_encoding_serves_all():
    async def main():
        scene = Scene(5)
        scene.watch.given.put_nowait(None)
        steps = []
        while len(scene.told) < 5:
            await asyncio.sleep(0)
            if len(scene.told) not in steps:
                steps.append(len(scene.told))
        assert [step for step in steps if step] == [2, 4, 5]
        assert len({id(listener.items[0]) for listener in scene.listeners}) == 1

    run(main())


def test_a_client_that_leaves_before_its_turn_is_not_told():
    async def main():
        scene = Scene(5)
        scene.watch.given.put_nowait(None)
        await scene.until(lambda: len(scene.told) == 2)
        await scene.broadcast.remove(scene.listeners[4])
        scene.watch.given.put_nowait(None)
        await scene.until(lambda: len(scene.told) == 8)
        assert scene.listeners[4].items == []

    run(main())


def test_a_watch_that_fails_ends_for_all_and_the_next_one_begins_a_new_one():
    async def main():
        scene = Scene(3)
        scene.watch.given.put_nowait(ValueError("broken"))
        await scene.until(lambda: scene.watch.closed)
        assert [str(listener.error) for listener in scene.listeners] == ["broken"] * 3
        for listener in scene.listeners:
            await scene.broadcast.remove(listener)
        assert scene.known.of("level", Watch) is not scene.broadcast

    run(main())
