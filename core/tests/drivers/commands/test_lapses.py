"""When a device is given the safe value of a bad signal: not before its time, not after it, and once said."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import attrs
import pytest

from petra.drivers.commands.lapses import Instead, Lapsed, Lapses
from petra.signals import OnBad, Signal, SignalType
from petra.testing import run_virtual

PUMP = Signal("pump", SignalType.BOOL, safe=False, safe_after=3.0, on_bad=OnBad.SAFE)


def lapses(due: list[float], before: Mapping[str, Lapsed] | None = None) -> Lapses:
    loop = asyncio.get_running_loop()
    return Lapses(loop, lambda _: due.append(loop.time()), before or {})


def test_it_is_due_when_the_time_has_passed_and_not_before():
    async def run() -> None:
        due: list[float] = []
        mine, began = lapses(due), asyncio.get_running_loop().time()
        assert mine.instead(PUMP, "gone") is None
        await asyncio.sleep(2.999)
        assert mine.instead(PUMP, "gone") is None
        assert due == []
        await asyncio.sleep(0.001)
        assert due == [pytest.approx(began + 3.0)]
        assert mine.instead(PUMP, "gone") == Instead(False, safe=True)

    run_virtual(run())


def test_what_was_good_in_between_begins_again():
    async def run() -> None:
        due: list[float] = []
        mine = lapses(due)
        mine.instead(PUMP, "gone")
        await asyncio.sleep(2.0)
        mine.over(PUMP, True)
        mine.instead(PUMP, "gone")
        await asyncio.sleep(2.5)
        assert due == []
        await asyncio.sleep(0.6)
        assert len(due) == 1

    run_virtual(run())


def test_a_reload_does_not_begin_it_again():
    async def run() -> None:
        first = lapses([])
        first.instead(PUMP, "gone")
        await asyncio.sleep(2.0)
        due: list[float] = []
        second = lapses(due, first.handed_over())
        first.close()
        assert second.instead(PUMP, "gone") is None
        await asyncio.sleep(1.0)
        assert second.instead(PUMP, "gone") == Instead(False, safe=True)

    run_virtual(run())


@pytest.mark.parametrize("after", [1.0, 6.0])
def test_a_reload_may_change_how_long_it_takes(after):
    """Longer: the old timer comes too early, and a new one is needed. Shorter: the old one comes too late."""

    async def run() -> None:
        due: list[float] = []
        mine, began = lapses(due), asyncio.get_running_loop().time()
        mine.instead(PUMP, "gone")
        await asyncio.sleep(0.5)
        changed = attrs.evolve(PUMP, safe_after=after)
        assert mine.instead(changed, "gone") is None
        await asyncio.sleep(10)
        assert due == [pytest.approx(began + after)]
        assert mine.instead(changed, "gone") == Instead(False, safe=True)

    run_virtual(run())


@pytest.mark.parametrize(
    ("on_bad", "safe", "expected"),
    [(OnBad.HOLD, 1.0, None), (OnBad.SAFE, None, None), (OnBad.LAST_GOOD, 1.0, Instead(7.0, safe=False))],
)
def test_what_else_a_signal_may_want(on_bad, safe, expected):
    async def run() -> None:
        signal = Signal("speed", SignalType.FLOAT, safe=safe, safe_after=0.0, on_bad=on_bad)
        mine = lapses([])
        if on_bad is OnBad.LAST_GOOD:
            assert mine.instead(signal, "gone") is None
            mine.over(signal, 7.0)
        assert mine.instead(signal, "gone") == expected

    run_virtual(run())
