"""A peer that says more than it was asked: what a turn of the loop takes of it, and when it is enough."""

from __future__ import annotations

import asyncio

import pytest

from petra.drivers import Exchange, GarbledError, NoAnswerError, SessionError
from petra.drivers.transport.exchange import MOST_AT_ONCE, MOST_UNASKED
from petra.testing import run_virtual


class Bytes:
    """Every byte is a frame, and its value the reference; it counts what is taken."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take a byte."""
        if not buffer:
            return None
        self.taken += 1
        frame = bytes(buffer[:1])
        del buffer[:1]
        if frame == b"!":
            raise GarbledError("what arrives is not of this protocol")
        return frame[0], frame


class Carrier:
    """A transport that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def write(self, data: bytes) -> None:
        """Send nothing."""

    def pause_reading(self) -> None:
        """Take note."""
        self.said.append("pause")

    def resume_reading(self) -> None:
        """Take note."""
        self.said.append("resume")

    def abort(self) -> None:
        """Take note."""
        self.said.append("abort")


def opened() -> tuple[Exchange, Bytes, Carrier]:
    framing, carrier = Bytes(), Carrier()
    exchange = Exchange(framing)
    exchange.connection_made(carrier)  # type: ignore[arg-type]
    return exchange, framing, carrier


async def turns_of(framing: Bytes, turns: int) -> list[int]:
    """Return how many frames each of the next turns of the loop takes."""
    found = []
    for _ in range(turns):
        before = framing.taken
        await asyncio.sleep(0)
        found.append(framing.taken - before)
    return found


def test_a_turn_of_the_loop_takes_a_bounded_number_of_frames():
    """Nothing more is read until all of them are looked at."""

    async def main() -> None:
        exchange, framing, carrier = opened()
        exchange.data_received(bytes(3 * MOST_AT_ONCE + 5))
        assert framing.taken == MOST_AT_ONCE
        assert carrier.said == ["pause"]
        exchange.data_received(b"\0" * 5)  # what was on its way when reading was paused
        assert framing.taken == MOST_AT_ONCE
        assert await turns_of(framing, 4) == [MOST_AT_ONCE, MOST_AT_ONCE, 10, 0]
        assert carrier.said == ["pause", "resume"]

    asyncio.run(main())


def test_a_peer_that_keeps_sending_what_was_not_asked_for_loses_its_session():
    async def main() -> None:
        exchange, framing, carrier = opened()
        for _ in range(MOST_UNASKED):
            exchange.data_received(b"\7")
        asked = asyncio.ensure_future(exchange.ask(1, b"?", 60.0))
        await asyncio.sleep(0)
        assert carrier.said == []
        exchange.data_received(b"\7")
        with pytest.raises(SessionError, match="keeps sending what it was not asked for"):
            await asked
        with pytest.raises(SessionError, match="keeps sending what it was not asked for"):
            await exchange.ended()
        assert carrier.said == ["abort"]
        taken = framing.taken
        exchange.data_received(b"\7" * 100)
        assert await turns_of(framing, 3) == [0, 0, 0]
        assert framing.taken == taken

    asyncio.run(main())


def test_what_has_arrived_is_not_looked_at_once_the_session_is_over():
    async def main() -> None:
        exchange, framing, _ = opened()
        exchange.data_received(bytes(10 * MOST_AT_ONCE))
        exchange.close()
        assert await turns_of(framing, 3) == [0, 0, 0]

    asyncio.run(main())


def test_a_device_that_answers_everything_twice_is_borne_for_ever():
    """So is one that answers late: there is never more of it than was asked for."""

    async def main() -> None:
        exchange, _, carrier = opened()
        for number in range(3 * MOST_UNASKED):
            reference = number % 30
            asked = asyncio.ensure_future(exchange.ask(reference, b"?", 60.0))
            await asyncio.sleep(0)
            exchange.data_received(bytes((reference, reference)))
            assert await asked == bytes((reference,))
        assert carrier.said == []

    asyncio.run(main())


def test_what_is_garbled_later_ends_the_session_as_it_does_at_once():
    async def main() -> None:
        exchange, _, carrier = opened()
        exchange.data_received(bytes(MOST_AT_ONCE) + b"!")
        await asyncio.sleep(0)
        with pytest.raises(GarbledError):
            await exchange.ended()
        assert carrier.said == ["pause", "abort"]

    asyncio.run(main())


def test_each_request_waits_for_as_long_as_it_says():
    """One timer serves them all, whichever is asked first."""

    async def main() -> None:
        exchange, _, _ = opened()
        loop, ended = asyncio.get_running_loop(), {}

        async def ask(reference: int, within: float) -> None:
            began = loop.time()
            with pytest.raises(NoAnswerError, match=f"no answer within {within:g} s"):
                await exchange.ask(reference, b"?", within)
            ended[reference] = loop.time() - began

        async with asyncio.TaskGroup() as group:
            for reference, timeout in enumerate((5.0, 1.0, 3.0, 7.5)):
                group.create_task(ask(reference, timeout))
                await asyncio.sleep(0.25)
        assert ended == pytest.approx({0: 5.0, 1: 1.0, 2: 3.0, 3: 7.5})

    run_virtual(main())


def test_an_answer_that_comes_too_late_is_nobodys_and_the_next_one_is_good():
    async def main() -> None:
        exchange, _, carrier = opened()
        with pytest.raises(NoAnswerError):
            await exchange.ask(1, b"?", 1.0)
        exchange.data_received(b"\1")
        asked = asyncio.ensure_future(exchange.ask(2, b"?", 1.0))
        await asyncio.sleep(0.999)
        exchange.data_received(b"\2")
        assert await asked == b"\2"
        assert carrier.said == []

    run_virtual(main())


def test_who_waits_is_told_why_the_connection_is_over_and_so_is_who_asks_later():
    async def main() -> None:
        exchange, _, carrier = opened()
        asked = asyncio.ensure_future(exchange.ask(1, b"?", 60.0))
        await asyncio.sleep(0)
        exchange.connection_lost(ConnectionResetError("reset by peer"))
        for waiting in (asked, exchange.ask(2, b"?", 60.0), exchange.ended()):
            with pytest.raises(SessionError, match="the connection was lost: reset by peer"):
                await waiting
        exchange.close()
        with pytest.raises(SessionError, match="reset by peer"):
            await exchange.ended()
        assert carrier.said == ["abort"]

    run_virtual(main())


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda exchange: exchange.connection_lost(None), "the peer has closed"),
        (lambda exchange: exchange.close(), "the connection was closed"),
    ],
)
def test_it_is_said_who_has_closed(end, said):
    async def main() -> None:
        exchange, _, _ = opened()
        asked = asyncio.ensure_future(exchange.ask(1, b"?", 60.0))
        await asyncio.sleep(0)
        end(exchange)
        with pytest.raises(SessionError, match=said):
            await asked
        assert asyncio.get_running_loop().time() < 60.0

    run_virtual(main())


class Pairs(Bytes):
    """Two bytes are a frame."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take two bytes."""
        return super().take(buffer) if len(buffer) > 1 and not buffer.pop(0) else None


def test_what_had_arrived_of_an_answer_that_was_given_up_is_no_part_of_the_next_one():
    async def main() -> None:
        exchange, carrier = Exchange(Pairs()), Carrier()
        exchange.connection_made(carrier)  # type: ignore[arg-type]
        exchange.data_received(b"\0")
        exchange.drop_input()
        asked = asyncio.ensure_future(exchange.ask(3, b"?", 60.0))
        await asyncio.sleep(0)
        exchange.data_received(b"\0")
        exchange.data_received(b"\3")
        assert await asked == b"\3"

    run_virtual(main())
