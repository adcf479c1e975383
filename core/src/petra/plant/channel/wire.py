"""What goes over the channel: frames of msgpack with their length before them, and what is in them.

A connection begins with a greeting of each side, `["petra", version, {...}]`, which every version can read.
Then the client asks (`CALL`, `OPEN`, `CLOSE`, `TAKEN`) and the plant answers (`RESULT`, `ERROR`, `ITEM`,
`LAYOUT`, `END`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

import msgspec

from petra.drivers.commands.order import Origin
from petra.errors import PetraError
from petra.plant.actors import Actor

VERSION = 1
"""Changes when a client of before could misread what it is told."""
NAME = "petra"
FROM_CLIENT = 1 << 20
"""The largest frame that a client may send."""
TO_CLIENT = 1 << 26
"""The largest frame that a plant may send."""
_HEAD = 4


class Ask(IntEnum):
    """What a client sends."""

    CALL = 0
    """[CALL, number, method, arguments, actor]: do something, and answer."""
    OPEN = 1
    """[OPEN, stream, kind, arguments, actor]: begin a stream."""
    CLOSE = 2
    """[CLOSE, stream]: end a stream."""
    TAKEN = 3
    """[TAKEN, stream, size]: so much of a stream was taken; more may be sent."""


class Answer(IntEnum):
    """What a plant sends."""

    RESULT = 0
    """[RESULT, number, value]"""
    ERROR = 1
    """[ERROR, number, class, text]; of number 0, why the plant ends the connection"""
    ITEM = 2
    """[ITEM, stream, value]"""
    LAYOUT = 3
    """[LAYOUT, layout, signals]: what the indices of later values mean."""
    END = 4
    """[END, stream, class, text]: a stream has ended, and why."""


class ChannelError(PetraError):
    """The other side of a channel does not keep to what was agreed."""


class VersionError(ChannelError):
    """The other side speaks another version of the channel."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder()


def packed(message: Any) -> bytes:
    """Return a message as msgpack; half a surrogate pair has no UTF-8 and becomes a question mark."""
    try:
        return _encoder.encode(message)
    except UnicodeEncodeError:
        return _encoder.encode(_readable(msgspec.to_builtins(message, builtin_types=(bytes,))))


def framed(body: bytes, limit: int) -> bytes:
    """Return a frame; ChannelError when it is larger than the other side takes."""
    if len(body) > limit:
        raise ChannelError(f"a message of {len(body)} bytes is larger than {limit}")
    return len(body).to_bytes(_HEAD, "big") + body


async def read_frame(reader: asyncio.StreamReader, limit: int) -> Any:
    """Return the next message; ChannelError for one that is none, EOFError at the end."""
    began = False
    try:
        size = int.from_bytes(await reader.readexactly(_HEAD), "big")
        if size > limit:
            raise ChannelError(f"a message of {size} bytes is larger than {limit}")
        began = True
        body = await reader.readexactly(size)
    except asyncio.IncompleteReadError as error:
        if began or error.partial:
            raise ChannelError("the connection ends within a message") from None
        raise EOFError from None
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ChannelError(f"a message cannot be read: {error}") from None


def greeting(**about: Any) -> bytes:
    """Return the first frame of a side."""
    return framed(packed([NAME, VERSION, about]), FROM_CLIENT)


def farewell(error: Exception) -> bytes:
    """Return the last frame of a plant that sends a client away."""
    return framed(packed([Answer.ERROR, 0, type(error).__name__, str(error)]), FROM_CLIENT)


def greeted(message: Any) -> Mapping[str, Any]:
    """Return what the other side says of itself; VersionError when it is of another version."""
    if not (isinstance(message, list) and len(message) == 3 and message[0] == NAME):
        raise ChannelError("this is no plant: it does not greet as one")
    _, version, about = message
    if not isinstance(about, dict):
        raise ChannelError("the greeting cannot be read")
    if version != VERSION:
        theirs = about.get("version", "unknown")
        raise VersionError(
            f"the other side speaks version {version} of the channel (petra {theirs}), this one version "
            f"{VERSION}: install the same version of petra on both"
        )
    return about


def actor_as_data(actor: Actor) -> list[Any]:
    """Return an actor for a message."""
    return [actor.name, actor.origin.value, actor.door, list(actor.roles)]


def actor_of(data: Any) -> Actor:
    """Return the actor of a message."""
    try:
        name, origin, door, roles = data
        texts = [name, door, *roles]
        if not all(isinstance(text, str) and len(text) <= 200 for text in texts) or len(texts) > 50:
            raise ValueError(data)
        if Origin(origin) is Origin.LOGIC or not all(text.isprintable() for text in texts):
            raise ValueError(data)  # the program is in no other process
        return Actor(name, Origin(origin), door, tuple(roles))
    except (TypeError, ValueError):
        raise ChannelError("an actor cannot be read") from None


def _readable(data: Any) -> Any:
    if isinstance(data, str):
        return data.encode("utf-8", "replace").decode()
    if isinstance(data, Mapping):
        return {_readable(key): _readable(value) for key, value in data.items()}
    if isinstance(data, Sequence) and not isinstance(data, bytes):
        return [_readable(each) for each in data]
    return data
