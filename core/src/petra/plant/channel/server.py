"""The plant's side of the channel: it listens, finds out who comes, and lets each in within bounds.

It has a thread and a loop of its own. A driver that blocks the drivers' loop does not silence `petra status`,
and a client that floods the channel does not hold up drivers.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import secrets
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from petra._version import __version__
from petra.contained import contained_task
from petra.plant.actors import Actor, this_user
from petra.plant.audit import AuditEntry
from petra.plant.channel.address import HAS_SOCKETS, LONGEST, PortFile
from petra.plant.channel.broadcast import Broadcasts
from petra.plant.channel.columns import Numbers
from petra.plant.channel.peer import Peer
from petra.plant.channel.wire import FROM_CLIENT, ChannelError, farewell, greeted, greeting, read_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from petra.clock import Clock
    from petra.plant.guard import Guard
    from petra.plant.interface import Plant

log = logging.getLogger("petra.channel")

CLIENTS = 64
GREETING = 64
"""Connections that have not greeted yet; one more, and the oldest of them is cut."""
GREETED_WITHIN = 5.0
LOOK = 5.0
"""Seconds between two looks whether the socket is still there."""
_END_WITHIN = 3.0
_NAMED = 40


class ChannelServer:
    """Listens for as long as the plant runs. `start` and `stop` are called from another thread."""

    def __init__(
        self,
        plant: Callable[[Actor], Plant],
        guard: Guard,
        clock: Clock,
        path: Path,
        *,
        sockets: bool = HAS_SOCKETS,
    ) -> None:
        self.path = path
        self.refused = 0
        """Clients that were not let in, or were sent away."""
        self._plant = plant
        self._guard = guard
        self._clock = clock
        self._sockets = sockets and len(str(path).encode()) <= LONGEST
        self._secret = "" if self._sockets else secrets.token_hex(32)
        self._tokens: dict[str, str] = {}
        self._peers: dict[asyncio.Task[None], Peer] = {}
        self._greeting: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None
        self._broadcasts = Broadcasts()
        self._numbers = Numbers()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="petra-channel", daemon=True)
        self._began = threading.Event()
        self._failure: BaseException | None = None

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._peers)

    def token_for(self, name: str) -> str:
        """Return what a process shows that the plant itself has started: it may act for others."""
        token = secrets.token_hex(32)
        self._tokens[name] = token
        return token

    def revoke(self, name: str) -> None:
        """Let nobody in any more with the token of this name."""
        self._tokens.pop(name, None)

    def start(self) -> None:
        """Listen; OSError when that is not possible."""
        self._thread.start()
        self._began.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Send all clients away and listen no more."""
        loop = self._loop
        if loop is None or not self._thread.is_alive():
            return
        with suppress(RuntimeError):  # it has ended meanwhile
            loop.call_soon_threadsafe(loop.stop)
        self._thread.join(_END_WITHIN)
        self._forget()

    def _run(self) -> None:
        loop = self._loop = asyncio.new_event_loop()
        loop.set_task_factory(contained_task)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._listen())
        except BaseException as error:  # noqa: BLE001 - whoever starts it is told
            self._failure = error
            self._began.set()
            loop.close()
            return
        self._began.set()
        staying = loop.create_task(self._stay())
        try:
            loop.run_forever()
        finally:
            staying.cancel()
            if self._server is not None:
                self._server.close()
            loop.run_until_complete(self._end())
            loop.close()

    async def _end(self) -> None:
        pending = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending, timeout=_END_WITHIN / 2)
        await asyncio.get_running_loop().shutdown_default_executor()

    async def _stay(self) -> None:
        """Listen again when somebody has removed the socket: without it nobody could come in any more."""
        while True:
            await asyncio.sleep(LOOK)
            if self.path.exists():
                continue
            if self._server is not None:
                self._server.close()  # first: since 3.13 it removes the socket that is there at its path
            try:
                await self._listen()
            except OSError as error:
                log.warning("%s was removed, and cannot be made again: %s", self.path, error)
            else:
                log.warning("%s was removed; it is there again", self.path)

    async def _listen(self) -> None:
        self._forget()  # the plant's lock is ours: what is there is left of a plant that was killed
        if self._sockets:
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                before = os.umask(0o177)
                try:
                    listening.bind(str(self.path))
                finally:
                    os.umask(before)
            except BaseException:
                listening.close()
                raise
            self._server = await asyncio.start_unix_server(self._connected, sock=listening, limit=FROM_CLIENT)
            return
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=FROM_CLIENT)
        PortFile(server.sockets[0].getsockname()[1], self._secret).write(self.path)
        self._server = server

    def _forget(self) -> None:
        with suppress(OSError):
            self.path.unlink()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio calls this in a task
        goodbye = _refusal
        try:
            peer = await self._let_in(task, reader, writer)
            goodbye = farewell
            await self._serve(task, peer)
        except ChannelError as error:
            self.refused += 1
            log.warning("a client of the channel was sent away: %s", error)
            writer.write(goodbye(error))
        except (ConnectionError, TimeoutError, EOFError):
            pass
        except asyncio.CancelledError:  # the plant ends; asyncio would log it as an error
            pass
        finally:
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _let_in(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Peer:
        """Find out who comes; ChannelError for who may not come in."""
        self._greeting[task] = writer
        if len(self._greeting) > GREETING:  # who is silent keeps nobody else out
            self._greeting.pop(next(iter(self._greeting))).transport.abort()
        try:
            writer.write(greeting(version=__version__))
            async with asyncio.timeout(GREETED_WITHIN):
                about = greeted(await read_frame(reader, FROM_CLIENT))
        except TimeoutError:
            raise ChannelError(f"it has not greeted within {GREETED_WITHIN:g} s") from None
        finally:
            self._greeting.pop(task, None)
        actor, trusted, refusal = self._who(about, writer)
        if not refusal and len(self._peers) >= CLIENTS:
            raise ChannelError(f"{CLIENTS} clients are connected already")
        if refusal:
            now = self._clock.now_ns()
            self._guard.note(AuditEntry.of(actor, now, "connect", "plant", "refused", refusal))
            raise ChannelError(refusal)
        writer.write(greeting(version=__version__, actor=actor.name, plant=os.getpid()))
        return Peer(self._plant(actor), (reader, writer), self._broadcasts, self._numbers, trusted=trusted)

    async def _serve(self, task: asyncio.Task[None], peer: Peer) -> None:
        self._peers[task] = peer
        try:
            await peer.hear()
        finally:
            try:
                await peer.close()
            finally:
                self._peers.pop(task, None)

    def _who(self, about: Any, writer: asyncio.StreamWriter) -> tuple[Actor, bool, str]:
        """Return who has connected, whether it may act for others, and why it may not come in."""
        door = about.get("door", "")
        door = door[:_NAMED] if isinstance(door, str) and door.isprintable() else ""
        token, name = about.get("token", ""), str(about.get("name", ""))
        if self._sockets:
            _, uid, _ = _credentials(writer.get_extra_info("socket"))
            actor = Actor(_user(uid), door=door or "channel")
            if uid not in (os.geteuid(), 0):
                allowed = " and ".join(dict.fromkeys([_user(os.geteuid()), "root"]))
                return actor, False, f"only {allowed} may come in"
        else:
            actor = this_user(door or "channel")
            if not _same(about.get("secret", ""), self._secret):
                return Actor("unknown", door="channel"), False, "it does not know the secret of the plant"
        if token:
            known = self._tokens.get(name, "")
            if not known or not _same(token, known):
                return actor, False, f"the token of {name[:_NAMED]!r} is not valid"
            return Actor(name, door="service"), True, ""
        return actor, False, ""


def _refusal(error: Exception) -> bytes:
    """Return the last frame for who is not let in; it can be read by every version."""
    return greeting(version=__version__, error=str(error))


def _same(said: object, known: str) -> bool:
    return hmac.compare_digest(str(said).encode("utf-8", "replace"), known.encode())


def _credentials(connection: Any) -> tuple[int, int, int]:
    """Return process, user and group of who has connected."""
    size = struct.calcsize("3i")
    pid, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return pid, uid, gid


def _user(uid: int) -> str:
    try:
        import pwd  # noqa: PLC0415 - there is none on Windows, where there are no Unix sockets either

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return f"user {uid}"
