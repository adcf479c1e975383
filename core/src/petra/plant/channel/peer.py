"""One client of a channel, as the plant sees it: what it asks for, within bounds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from petra.drivers.commands.order import Origin
from petra.plant.actors import Actor
from petra.plant.channel.arguments import checked
from petra.plant.channel.columns import Numbers, frame_as_data, snapshot_as_data
from petra.plant.channel.methods import STREAMS as STREAM_KINDS
from petra.plant.channel.methods import call, error_as_data
from petra.plant.channel.wire import (
    FROM_CLIENT,
    TO_CLIENT,
    Answer,
    Ask,
    ChannelError,
    actor_of,
    framed,
    packed,
    read_frame,
)
from petra.plant.values import Snapshot

if TYPE_CHECKING:
    from petra.plant.channel.broadcast import Broadcast, Broadcasts
    from petra.plant.interface import Plant
    from petra.signals import Layout

log = logging.getLogger("petra.channel")

UNDER_WAY = 64
"""Requests of one client that are answered at the same time; it is not read further until one has ended."""
STREAMS = 64
SLOW = 1 << 18
"""Bytes that wait for a client until it counts as slow."""
BURST = 500
_BURST_TIME = 0.25
_CREDIT = 200_000
"""Changes of a stream that a client may have taken no note of yet."""


class Peer:
    """One connection. `hear` serves it until it ends."""

    def __init__(
        self,
        plant: Plant,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        broadcasts: Broadcasts,
        numbers: Numbers,
        *,
        trusted: bool,
    ) -> None:
        self.plant = plant
        self._reader, self._writer = streams
        self._broadcasts = broadcasts
        self._numbers = numbers
        self._trusted = trusted
        self._told: set[int] = set()
        """The layouts that the client knows."""
        self._streams: dict[int, PeerStream] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(UNDER_WAY)
        self._loop = asyncio.get_running_loop()
        self._writer.transport.set_write_buffer_limits(high=SLOW)
        self._drainer: asyncio.Task[None] | None = None
        self._burst, self._burst_began = 0, self._loop.time()

    @property
    def unsent(self) -> int:
        """Bytes that wait for the client."""
        return self._writer.transport.get_write_buffer_size()

    @property
    def is_slow(self) -> bool:
        """Whether the client does not read what it was sent."""
        return self.unsent > SLOW

    async def hear(self) -> None:
        """Answer the client until it goes; ChannelError for one that does not keep to what was agreed."""
        try:
            while True:
                message = await read_frame(self._reader, FROM_CLIENT)
                await self._take(message)
                await self._slow_down()
                await self._writer.drain()  # who does not read its answers is asked for nothing more
        except (EOFError, ConnectionError):
            return

    async def close(self) -> None:
        """End all that it has begun."""
        for task in [*self._calls, *([self._drainer] if self._drainer else [])]:
            task.cancel()
        for stream in list(self._streams.values()):
            await stream.close()
        self._streams.clear()

    async def _take(self, message: Any) -> None:
        match message:
            case [Ask.CALL, int(number), str(method), dict(arguments), who]:
                await self._room.acquire()
                self._begin(self._answer(number, method, arguments, who))
            case [Ask.OPEN, int(number), str(kind), dict(arguments), who]:
                if number in self._streams:
                    raise ChannelError(f"a stream of the number {number} is open already")
                await self._open(number, kind, arguments, who)
            case [Ask.CLOSE, int(number)]:
                if stream := self._streams.pop(number, None):
                    await stream.close()
            case [Ask.TAKEN, int(number), int(size)]:
                if stream := self._streams.get(number):
                    stream.taken(size)
            case _:
                raise ChannelError("a message is not one of those that were agreed")

    def _begin(self, coroutine: Any) -> None:
        task = self._loop.create_task(coroutine)
        self._calls.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        self._room.release()

    async def _slow_down(self) -> None:
        """Let others in the loop have their turn: a flood is read no faster than `BURST` in a while."""
        await asyncio.sleep(0)  # an answer is made and sent before the next request is read
        self._burst += 1
        if self._burst >= BURST:
            left = self._burst_began + _BURST_TIME - self._loop.time()
            await asyncio.sleep(max(0.0, left))
            self._burst, self._burst_began = 0, self._loop.time()

    async def _answer(self, number: int, method: str, arguments: Mapping[str, Any], who: Any) -> None:
        try:
            result = await call(self._acting(who), method, arguments)
            if isinstance(result, Snapshot):
                result = snapshot_as_data(result, self.layout(result.layout))
            body = packed([Answer.RESULT, number, result])
            frame = framed(body, TO_CLIENT)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is answered
            frame = framed(packed([Answer.ERROR, number, *error_as_data(error)]), TO_CLIENT)
        self._writer.write(frame)

    def _acting(self, who: Any) -> Plant:
        """Return the plant for whom the client acts; who is not trusted can only make less of itself."""
        if who is None:
            return self.plant
        actor = actor_of(who)
        if not self._trusted:
            by = self.plant.actor.name
            actor = Actor(f"{actor.name} by {by}", Origin.NETWORK, actor.door or "channel")
        return self.plant.acting(actor)

    # streams

    async def _open(self, number: int, kind: str, arguments: Mapping[str, Any], who: Any) -> None:
        try:
            plant, found = self._acting(who), checked(kind, arguments)
            if kind not in STREAM_KINDS:
                raise ChannelError(f"{kind} is not a stream")
            if len(self._streams) >= STREAMS:
                raise ChannelError(f"{STREAMS} streams are open already; close one, or watch more in one")
            if kind == "watch":
                stream: PeerStream = self._watch(number, plant, found)
            else:
                stream = QueuedStream(self, number, getattr(plant, kind)(**found))
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is answered
            self.end(number, error)
            return
        self._streams[number] = stream
        stream.begin()

    def _watch(self, number: int, plant: Plant, arguments: Mapping[str, Any]) -> WatchStream:
        watch: Any = plant.watch(**arguments)  # also who shares one that runs is asked whether it may
        what = _key(arguments)
        taken = []

        def begin() -> Any:
            taken.append(watch)
            return watch

        broadcast = self._broadcasts.of(what, begin)
        if not taken:
            self._begin_free(watch.aclose())
        return WatchStream(self, number, broadcast)

    def _begin_free(self, coroutine: Any) -> None:
        task = self._loop.create_task(coroutine)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    def layout(self, layout: Layout) -> int:
        """Return the number of a layout, and tell the client of it before it is needed."""
        number, signals = self._numbers.number(layout, packed)
        if number not in self._told:
            self._told.add(number)
            body = packed([Answer.LAYOUT, number, msgspec.Raw(signals)])
            self._writer.write(framed(body, TO_CLIENT))
        return number

    def item(self, number: int, value: Any) -> None:
        """Send an item of a stream."""
        self._writer.write(framed(packed([Answer.ITEM, number, value]), TO_CLIENT))
        if self.is_slow:
            self.catch_up_later()

    def catch_up_later(self) -> None:
        """Send what was missed as soon as the client reads again."""
        if self._drainer is None:
            self._drainer = self._loop.create_task(self._drain())

    async def drain(self) -> None:
        """Wait until the client reads."""
        await self._writer.drain()

    def end(self, number: int, error: BaseException) -> None:
        """End a stream."""
        self._streams.pop(number, None)
        self._writer.write(framed(packed([Answer.END, number, *error_as_data(error)]), TO_CLIENT))

    async def _drain(self) -> None:
        """Wait until a slow client reads again, and send what it has missed."""
        try:
            await self._writer.drain()
        except ConnectionError:
            return
        finally:
            self._drainer = None
        for stream in list(self._streams.values()):
            stream.catch_up()


class PeerStream:
    """A stream of one client."""

    def __init__(self, peer: Peer, number: int) -> None:
        self.peer = peer
        self.number = number

    def begin(self) -> None:
        """Begin to send."""

    def taken(self, size: int) -> None:
        """Take note of how much the client has taken."""

    def catch_up(self) -> None:
        """Send what the client has missed while it did not read."""

    async def close(self) -> None:
        """End it."""


class WatchStream(PeerStream):
    """A watch, shared with others who watch the same."""

    def __init__(self, peer: Peer, number: int, broadcast: Broadcast) -> None:
        super().__init__(peer, number)
        self._broadcast = broadcast

    def begin(self) -> None:
        """Send everything, and then what changes."""
        self._broadcast.add(self)

    def catch_up(self) -> None:
        """Send what the client has missed while it did not read."""
        self._broadcast.catch_up(self)

    async def close(self) -> None:
        """End it."""
        await self._broadcast.remove(self)

    @property
    def is_slow(self) -> bool:
        """Whether the client does not read what it was sent."""
        return self.peer.is_slow

    def layout(self, layout: Layout) -> int:
        """Return the number of a layout, which the client is told first."""
        return self.peer.layout(layout)

    def send(self, item: msgspec.Raw) -> None:
        """Send an item."""
        self.peer.item(self.number, item)

    def left_out(self) -> None:
        """Take note that the client misses something."""
        self.peer.catch_up_later()

    def end(self, error: BaseException) -> None:
        """End the stream."""
        self.peer.end(self.number, error)


class QueuedStream(PeerStream):
    """Every item in order, as fast as the client takes them; what waits is bounded by the plant's side."""

    def __init__(self, peer: Peer, number: int, stream: Any) -> None:
        super().__init__(peer, number)
        self._stream = stream
        self._credit = _CREDIT
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to send."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def taken(self, size: int) -> None:
        """Take note of how much the client has taken."""
        self._credit = min(_CREDIT, self._credit + max(0, size))
        self._more.set()

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
        await self._stream.aclose()

    async def _run(self) -> None:
        try:
            while True:
                while self._credit <= 0:
                    self._more.clear()
                    await self._more.wait()
                await self.peer.drain()
                item = await anext(aiter(self._stream))
                value, size = self._as_data(item)
                self._credit -= size
                self.peer.item(self.number, value)
        except ConnectionError:
            return
        except Exception as error:  # noqa: BLE001 - also the end of the stream
            self.peer.end(self.number, error)

    def _as_data(self, item: Any) -> tuple[Any, int]:
        layout = getattr(item, "layout", None)
        if layout is None:
            return item, 1
        data = frame_as_data(item, self.peer.layout(layout))
        return [*data, getattr(self._stream, "lost", 0)], len(item.indices) or 1


def _key(arguments: Mapping[str, Any]) -> Hashable:
    """Return what two equal watches have in common."""

    def frozen(value: Any) -> Hashable:
        if isinstance(value, Mapping):
            return tuple(sorted((str(key), frozen(each)) for key, each in value.items()))
        return tuple(map(frozen, value)) if isinstance(value, list) else value

    return frozen(arguments)
