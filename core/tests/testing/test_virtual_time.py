"""The loop of virtual time: hours take no time, and time stands still while anything is under way."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
from itertools import pairwise

import pytest

from petra.errors import PetraError
from petra.supervise import Activity, ActivityState, Backoff
from petra.testing import ManualClock, VirtualTimeLoop, run_virtual


def test_a_day_is_over_at_once(manual_clock):
    async def main() -> str:
        await asyncio.sleep(86_400)
        return "done"

    began = time.process_time()
    assert run_virtual(main(), manual_clock) == "done"
    assert manual_clock.monotonic() == 86_400
    assert time.process_time() - began < 30, "it waited for nothing"


def test_timers_come_in_their_order_and_at_their_times(manual_clock):
    seen = []

    async def one(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append((name, manual_clock.monotonic()))

    async def main() -> None:
        await asyncio.gather(one("c", 3.0), one("a", 1e-6), one("b", 2.5))

    run_virtual(main(), manual_clock)
    assert [name for name, _ in seen] == ["a", "b", "c"]
    assert [at for _, at in seen] == pytest.approx([1e-6, 2.5, 3.0], abs=1e-6)


def test_a_timeout_ends_what_hangs(manual_clock):
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 3_600)

    run_virtual(main(), manual_clock)
    assert manual_clock.monotonic() == pytest.approx(3_600)


@pytest.mark.parametrize("size", [1, 10_000_000], ids=["a byte", "more than a socket holds"])
def test_what_is_sent_arrives_before_its_timeout(manual_clock, size):
    """Over loopback, with a timer that a loop without regard for sockets would let expire at once."""

    async def main() -> None:
        async def echo(reader, writer) -> None:
            with suppress(asyncio.IncompleteReadError):
                while True:
                    writer.write(await reader.readexactly(size))
                    await writer.drain()
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0, limit=2 * size)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(1e-6):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2 * size)
            for _ in range(3 if size > 1 else 300):
                writer.write(b"x" * size)
                assert len(await reader.readexactly(size)) == size
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    run_virtual(main(), manual_clock)
    assert manual_clock.monotonic() < 1e-6


def test_a_peer_that_says_nothing_is_given_up_in_no_time(manual_clock):
    """Also one that takes nothing: bytes that lie in its buffer are not under way for ever."""

    async def main() -> None:
        async def deaf(reader, writer) -> None:
            reader._transport.pause_reading()
            try:
                await asyncio.sleep(1e6)
            finally:
                writer.transport.abort()

        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await reader.read(1)
        writer.write(b"x" * 50_000_000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await writer.drain()
        writer.transport.abort()
        server.close()

    run_virtual(main(), manual_clock)
    assert manual_clock.monotonic() == pytest.approx(1_200, abs=0.01)


def test_bytes_that_are_under_way_hold_the_time(manual_clock):
    """A thread reads them, in a time that the loop knows nothing of."""
    server = socket.create_server(("127.0.0.1", 0))

    def read() -> None:
        with server, server.accept()[0] as peer:
            while peer.recv(65_536):
                pass

    async def main() -> None:
        _, writer = await asyncio.open_connection(*server.getsockname())
        async with asyncio.timeout(1e-3):
            for _ in range(200):
                writer.write(b"x" * 1_000_000)
                await writer.drain()
        writer.close()
        await writer.wait_closed()

    reader = threading.Thread(target=read)
    reader.start()
    run_virtual(main(), manual_clock)
    reader.join()
    assert manual_clock.monotonic() == 0.0


def test_time_stands_still_while_a_thread_works(manual_clock):
    release = threading.Event()

    async def main() -> float:
        async with asyncio.timeout(1e-3):
            job = asyncio.get_running_loop().run_in_executor(None, release.wait, 60)
            asyncio.get_running_loop().call_soon(release.set)
            assert await job
            assert await asyncio.to_thread(lambda: 7) == 7
        return manual_clock.monotonic()

    assert run_virtual(main(), manual_clock) == 0.0


def test_an_executor_that_ends_slowly_is_waited_for(manual_clock):
    """From Python 3.12 on a loop gives its executor 300 seconds to end, which here are over at once."""
    ended = threading.Event()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(None, lambda: time.sleep(0.2) or ended.set())
        job.cancel()

    run_virtual(main(), manual_clock)
    assert ended.is_set()
    assert manual_clock.monotonic() == 0.0


def test_the_loop_waits_for_another_thread_when_it_has_no_timer(manual_clock):
    async def main() -> str:
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(heard.set,))
        thread.start()
        await heard.wait()
        thread.join()
        return "heard"

    assert run_virtual(main(), manual_clock) == "heard"
    assert manual_clock.monotonic() == 0.0


def test_it_has_a_clock_of_its_own_when_it_is_given_none():
    async def main() -> ManualClock:
        await asyncio.sleep(5)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        return loop.clock

    clock = run_virtual(main())
    assert clock.monotonic() == 5.0


def test_an_activity_is_supervised_for_a_day(manual_clock):
    """PETRA's own back-off, patience and stable periods, over hours of a device that is away."""
    seen: list[float] = []

    async def fails(activity: Activity) -> None:
        seen.append(manual_clock.monotonic())
        raise PetraError("nobody there")

    async def main() -> Activity:
        backoff = Backoff(random=lambda: 1.0)
        activity = Activity("a", fails, patience=30.0, stable_after=10.0, backoff=backoff, failed=None)
        task = asyncio.create_task(activity.keep())
        await asyncio.sleep(3_600)
        task.cancel()
        await asyncio.wait({task})
        return activity

    activity = run_virtual(main(), manual_clock)
    assert activity.state is ActivityState.STOPPED
    pauses = [round(later - earlier, 3) for earlier, later in pairwise(seen)]
    assert pauses[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert set(pauses[6:]) == {30.0}
