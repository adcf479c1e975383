"""A plant of another process, by its channel: the same acts and streams as those of the plant's own process.

A connection that is lost is made again when something is asked for. What was asked is never repeated by
itself: an act whose answer is lost ends as timed out.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Self

import msgspec
from attrs import evolve, frozen

from petra._version import __version__
from petra.drivers.commands.order import Outcome
from petra.errors import PetraError
from petra.plant.actors import Actor, this_user
from petra.plant.channel.address import NoPlantError, opened
from petra.plant.channel.columns import Layouts, frame_from, snapshot_from
from petra.plant.channel.methods import error_from, result_from
from petra.plant.channel.wire import (
    FROM_CLIENT,
    TO_CLIENT,
    Answer,
    Ask,
    ChannelError,
    actor_as_data,
    framed,
    greeted,
    greeting,
    packed,
    read_frame,
)
from petra.plant.guard import NotAllowedError
from petra.plant.streams import ClosedByAsyncWith
from petra.plant.values import ActResult, Event, PlantAct, Snapshot
from petra.signals.observation import OBSERVED
from petra.why.values import DEPTH

if TYPE_CHECKING:
    from pathlib import Path

    from petra.plant.interface import Names
    from petra.plant.recent import Recent
    from petra.plant.status import PlantStatus
    from petra.plant.values import ForceInfo, SignalInfo
    from petra.signals import Value
    from petra.signals.changes import Deadband
    from petra.signals.layout import Layout
    from petra.signals.outgoing import Frame
    from petra.why.values import Why

CONNECTED_WITHIN = 5.0
ANSWERED_WITHIN = 30.0
_AGAIN = 0.2
_AGAIN_AT_MOST = 5.0
_TELL_AFTER = 50_000
"""Changes of a stream that are taken until the plant is told."""


class PlantGoneError(PetraError):
    """The connection with the plant was lost before it has answered."""


@frozen
class Credentials:
    """What a client says of itself when it connects."""

    door: str = ""
    name: str = ""
    token: str = ""

    def greeting(self, secret: str) -> bytes:
        """Return the first frame."""
        return greeting(
            version=__version__,
            door=self.door,
            name=self.name,
            token=self.token,
            secret=secret,
            pid=os.getpid(),
        )


class Link:
    """One connection, made when it is needed, for all handles and streams of a client, in one loop."""

    def __init__(self, path: Path, credentials: Credentials) -> None:
        self.path = path
        self.actor = this_user(credentials.door or "channel")
        self.layouts = Layouts()
        self._credentials = credentials
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._numbers = count(1)
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._streams: dict[int, RemoteStream] = {}
        self._connecting = asyncio.Lock()
        self._closed = False

    async def connect(self) -> None:
        """Connect, unless there is a connection."""
        async with self._connecting:
            if self._closed:
                raise NoPlantError("the connection is closed")
            if self._writer is not None:
                return
            reader, writer, secret = await opened(self.path, CONNECTED_WITHIN)
            try:
                async with asyncio.timeout(CONNECTED_WITHIN):
                    await self._greet(reader, writer, secret)
            except (EOFError, ConnectionError, TimeoutError):
                writer.close()
                raise NoPlantError(f"what listens at {self.path} does not answer as a plant") from None
            except BaseException:
                writer.close()
                raise
            self._writer = writer
            self.layouts.clear()
            self._reading = asyncio.get_running_loop().create_task(self._read(reader, writer))

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: str) -> None:
        writer.write(self._credentials.greeting(secret))
        greeted(await read_frame(reader, FROM_CLIENT))
        about = greeted(await read_frame(reader, FROM_CLIENT))
        if "error" in about:
            raise NotAllowedError(f"the plant does not let you in: {about['error']}")
        self.actor = evolve(self.actor, name=str(about.get("actor", self.actor.name)))

    async def call(
        self, method: str, actor: Actor | None, within: float, arguments: Mapping[str, Any]
    ) -> Any:
        """Ask for something and return the answer; PlantGoneError when it does not come."""
        await self.connect()
        number = next(self._numbers)
        answer = self._calls[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send([Ask.CALL, number, method, arguments, _said(actor)])
            async with asyncio.timeout(within):
                return await answer
        except TimeoutError:
            raise PlantGoneError(f"the plant does not answer within {within:g} s") from None
        finally:
            self._calls.pop(number, None)

    async def open(self, stream: RemoteStream) -> int:
        """Begin a stream, and return its number."""
        await self.connect()
        number = next(self._numbers)
        self._streams[number] = stream
        try:
            await self._send([Ask.OPEN, number, stream.kind, stream.arguments, _said(stream.actor)])
        except BaseException:
            self._streams.pop(number, None)
            raise
        return number

    def forget(self, number: int) -> None:
        """End a stream."""
        if self._streams.pop(number, None) is not None:
            self._post([Ask.CLOSE, number])

    def taken(self, number: int, size: int) -> None:
        """Tell the plant that more of a stream may come."""
        self._post([Ask.TAKEN, number, size])

    def pause(self) -> None:
        """Read nothing more: the plant then counts this client as slow."""
        if self._writer is not None:
            self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def close(self) -> None:
        """End the connection and all that waits for it."""
        self._closed = True
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading

    async def _send(self, message: Any) -> None:
        body = framed(packed(message), FROM_CLIENT)
        writer = self._writer
        if writer is None:
            raise PlantGoneError("the plant has gone")
        writer.write(body)
        with suppress(ConnectionError):  # the reader sees that as well, and tells everybody
            await writer.drain()

    def _post(self, message: Any) -> None:
        if self._writer is not None:
            self._writer.write(framed(packed(message), FROM_CLIENT))

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        error: PetraError = PlantGoneError("the plant has gone")
        try:
            while True:
                self._take(await read_frame(reader, TO_CLIENT))
        except (EOFError, ConnectionError):
            pass
        except asyncio.CancelledError:
            error = NoPlantError("the connection is closed")
        except Exception as raised:  # noqa: BLE001 - everybody who waits is told
            error = raised if isinstance(raised, PetraError) else ChannelError(repr(raised))
        finally:
            writer.close()
            self._lose(error)

    def _lose(self, error: PetraError) -> None:
        self._writer = None
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(error)
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            if isinstance(error, NoPlantError | PlantGoneError):
                stream.lost_connection(error)
            else:  # it was sent away, or understands nothing: it would be so again
                stream.ended(error)

    def _take(self, message: Any) -> None:
        match message:
            case [Answer.ITEM, int(number), value]:
                if stream := self._streams.get(number):
                    stream.take(value)
            case [Answer.RESULT, int(number), value]:
                self._resolve(number, lambda answer: answer.set_result(value))
            case [Answer.ERROR, 0, str(name), str(text)]:
                raise error_from(name, text)
            case [Answer.ERROR, int(number), str(name), str(text)]:
                self._resolve(number, lambda answer: answer.set_exception(error_from(name, text)))
            case [Answer.LAYOUT, int(number), signals]:
                self.layouts.learn(number, signals)
            case [Answer.END, int(number), str(name), str(text)]:
                if stream := self._streams.pop(number, None):
                    stream.ended(error_from(name, text))
            case _:
                raise ChannelError("the plant sends what was not agreed")

    def _resolve(self, number: int, how: Any) -> None:
        answer = self._calls.get(number)
        if answer is not None and not answer.done():
            how(answer)


class ChannelPlant:
    """A plant of another process."""

    def __init__(self, link: Link, actor: Actor | None = None) -> None:
        self._link = link
        self._actor = actor

    @property
    def actor(self) -> Actor:
        """Who acts by this handle."""
        return self._actor or self._link.actor

    def acting(self, actor: Actor) -> ChannelPlant:
        """Return the same plant for another actor; without the plant's trust, one of less rights."""
        return ChannelPlant(self._link, actor)

    async def aclose(self) -> None:
        """End the connection."""
        await self._link.close()

    async def signals(self, names: Names = "*") -> Sequence[SignalInfo]:
        """Return what signals there are."""
        found: Sequence[SignalInfo] = await self._view("signals", names=_listed(names))
        return found

    async def read(self, names: Names = "*") -> Snapshot:
        """Return values, qualities and times of one moment."""
        data = await self._link.call("read", self._actor, ANSWERED_WITHIN, {"names": _listed(names)})
        return snapshot_from(data, self._link.layouts)

    def watch(self, names: Names = "*", *, deadband: Deadband = 0.0, every: float = 0.0) -> RemoteWatch:
        """Follow the newest state."""
        arguments = {"names": _listed(names), "deadband": deadband, "every": every}
        return RemoteWatch(self._link, self._actor, "watch", arguments)

    def follow(self, names: Names = "*", *, limit: int = OBSERVED) -> RemoteFollow:
        """Follow every change of every scan."""
        return RemoteFollow(self._link, self._actor, "follow", {"names": _listed(names), "limit": limit})

    def events(self, *, last: int = 0) -> RemoteEvents:
        """Follow log lines and acts."""
        return RemoteEvents(self._link, self._actor, "events", {"last": last})

    async def command(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Write a signal, and wait for the outcome."""
        return await self._act(
            PlantAct.WRITE, "command", signal, value, signal=signal, value=value, note=note
        )

    async def force(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Hold a signal at a value."""
        return await self._act(PlantAct.FORCE, "force", signal, value, signal=signal, value=value, note=note)

    async def unforce(self, signal: str, *, note: str = "") -> ActResult:
        """Release a signal."""
        return await self._act(PlantAct.UNFORCE, "unforce", signal, signal=signal, note=note)

    async def tune(self, block: str, parameter: str, value: Value, *, note: str = "") -> ActResult:
        """Change a parameter of a block."""
        target, asked = f"{block}.{parameter}", {"block": block, "parameter": parameter}
        return await self._act(PlantAct.TUNE, "tune", target, value, **asked, value=value, note=note)

    async def reload(self, *, note: str = "") -> ActResult:
        """Read the document again and change to it."""
        return await self._act(PlantAct.RELOAD, "reload", "plant", note=note)

    async def stop(self, *, note: str = "") -> ActResult:
        """Stop the plant."""
        return await self._act(PlantAct.STOP, "stop", "plant", note=note)

    async def forces(self) -> Sequence[ForceInfo]:
        """Return the signals that are held."""
        found: Sequence[ForceInfo] = await self._view("forces")
        return found

    async def why(self, signal: str, *, depth: int = DEPTH) -> Why:
        """Return what decides a signal now."""
        found: Why = await self._view("why", signal=signal, depth=depth)
        return found

    async def recent(self, names: Names = "*", *, seconds: float = 600.0) -> Recent:
        """Return how signals went in the last while."""
        found: Recent = await self._view("recent", names=_listed(names), seconds=seconds)
        return found

    async def status(self) -> PlantStatus:
        """Return how tasks, drivers and services are."""
        found: PlantStatus = await self._view("status")
        return found

    async def _view(self, method: str, **arguments: Any) -> Any:
        data = await self._link.call(method, self._actor, ANSWERED_WITHIN, arguments)
        return result_from(method, data)

    async def _act(
        self, act: PlantAct, method: str, target: str, held: Value | None = None, /, **arguments: Any
    ) -> ActResult:
        """Do something once; without an answer it is not known whether it was done."""
        await self._link.connect()  # before that, nothing is open
        try:
            found: ActResult = await self._view(method, **arguments)
        except PlantGoneError as error:
            reason = f"{error}: it is not known whether this was done"
            return ActResult(act, target, Outcome.TIMED_OUT, reason, held, self.actor.name)
        return found


class RemoteStream(ClosedByAsyncWith):
    """A stream over a channel. When the connection is lost, it is begun again until the plant is there."""

    def __init__(self, link: Link, actor: Actor | None, kind: str, arguments: Mapping[str, Any]) -> None:
        self.kind = kind
        self.actor = actor
        self.arguments = arguments
        self.reconnects = 0
        """How many times the connection was lost and made again: what happened in between was not seen."""
        self._link = link
        self._number: int | None = None
        self._look = asyncio.Event()
        self._error: PetraError | None = None
        self._closed = self._broken = False

    @property
    def is_lost(self) -> bool:
        """Whether the connection is lost, and tried again until the plant is there."""
        return self._broken and not self._closed

    def take(self, value: Any) -> None:
        """Take an item."""
        raise NotImplementedError

    def has_item(self) -> bool:
        """Return whether something waits for the reader."""
        raise NotImplementedError

    def ended(self, error: PetraError) -> None:
        """Take note that the plant has ended it."""
        self._number, self._error = None, error
        self._look.set()

    def lost_connection(self, error: PetraError) -> None:
        """Take note that the connection is lost."""
        self._number = None
        if isinstance(error, NoPlantError):  # it was closed here
            self._closed = True
        self._broken = True
        self._look.set()

    async def aclose(self) -> None:
        """End it."""
        self._closed = True
        if self._number is not None:
            self._link.forget(self._number)
            self._number = None
        self._look.set()

    async def _await_item(self) -> None:
        """Wait until something is there; StopAsyncIteration at the end."""
        while not self.has_item():
            if self._closed:
                raise StopAsyncIteration
            if self._error is not None:
                raise self._error
            if self._number is None:
                await self._begin()
                continue
            self._look.clear()
            if not self.has_item():
                await self._look.wait()

    async def _begin(self) -> None:
        """Open it; after a lost connection again and again, until the plant is there."""
        pause = _AGAIN
        while not self._closed:
            try:
                self._number = await self._link.open(self)
            except (NoPlantError, PlantGoneError):
                if not self._broken:
                    raise
                await asyncio.sleep(pause)
                pause = min(_AGAIN_AT_MOST, 2 * pause)
            else:
                self.reconnects += self._broken
                self._broken = False
                return


class RemoteWatch(RemoteStream):
    """The newest state; what is not taken is merged here, so that it never grows."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._waiting: Snapshot | None = None

    def take(self, value: Any) -> None:
        """Take what has changed."""
        snapshot = snapshot_from(value, self._link.layouts)
        before = self._waiting
        merge = before is not None and before.layout is snapshot.layout
        self._waiting = _merged(before, snapshot) if merge and before is not None else snapshot
        self._look.set()

    def has_item(self) -> bool:
        """Return whether something waits for the reader."""
        return self._waiting is not None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Snapshot:
        await self._await_item()
        found, self._waiting = self._waiting, None
        assert found is not None  # noqa: S101 - it was waited for
        return found


class RemoteFollow(RemoteStream):
    """Every change. The plant sends no more than was taken, so that what waits is bounded there and here."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.lost = 0
        """Changes that were left out so far."""
        self._lost_before = 0
        self._waiting: deque[Frame] = deque()
        self._untold = 0

    def take(self, value: Any) -> None:
        """Take a frame."""
        *columns, lost = value
        self.lost = self._lost_before + lost
        self._waiting.append(frame_from(columns, self._link.layouts))
        self._look.set()

    def has_item(self) -> bool:
        """Return whether something waits for the reader."""
        return bool(self._waiting)

    def lost_connection(self, error: PetraError) -> None:
        """Take note that the connection is lost."""
        self._lost_before, self._untold = self.lost, 0
        super().lost_connection(error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        await self._await_item()
        frame = self._waiting.popleft()
        self._untold += len(frame.indices) or 1
        if self._untold >= _TELL_AFTER and self._number is not None:
            self._link.taken(self._number, self._untold)
            self._untold = 0
        return frame


class RemoteEvents(RemoteStream):
    """Log lines and acts."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._waiting: deque[Event] = deque()
        self._untold = 0

    def take(self, value: Any) -> None:
        """Take an event."""
        self._waiting.append(msgspec.convert(value, Event))
        self._look.set()

    def has_item(self) -> bool:
        """Return whether something waits for the reader."""
        return bool(self._waiting)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        await self._await_item()
        self._untold += 1
        if self._untold >= _TELL_AFTER and self._number is not None:
            self._link.taken(self._number, self._untold)
            self._untold = 0
        return self._waiting.popleft()


def _merged(before: Snapshot, now: Snapshot) -> Snapshot:
    """Return the newer state of two snapshots of the same layout."""
    values = dict(zip(before.indices, zip(before.data, before.times, strict=True), strict=True))
    values.update(zip(now.indices, zip(now.data, now.times, strict=True), strict=True))
    fresh = frozenset(now.indices)
    flawed = {i: status for i, status in before.flawed.items() if i not in fresh} | dict(now.flawed)
    forced = (before.forced - fresh) | now.forced
    indices = sorted(values)
    data, times = zip(*map(values.__getitem__, indices), strict=True)
    layout: Layout = now.layout
    return Snapshot(now.scan, now.time, layout, indices, data, times, flawed, forced)


def _listed(names: Names) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _said(actor: Actor | None) -> Any:
    return None if actor is None else actor_as_data(actor)
