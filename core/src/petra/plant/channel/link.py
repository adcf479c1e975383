"""One connection with a plant of another process, for all handles and streams of a client, in one loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from petra._version import __version__
from petra.errors import PetraError
from petra.plant.actors import Actor, this_user
from petra.plant.channel.address import NoPlantError, opened
from petra.plant.channel.columns import Layouts
from petra.plant.channel.methods import error_from
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

if TYPE_CHECKING:
    from pathlib import Path

    from petra.plant.channel.remote import RemoteStream

CONNECTED_WITHIN = 5.0


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


def _said(actor: Actor | None) -> Any:
    return None if actor is None else actor_as_data(actor)
