"""The manual clock moves when it is told to, and by nothing else."""

import time

import pytest

from petra import Clock, SystemClock
from petra.testing import ManualClock


def test_it_stands_still():
    clock = ManualClock()
    assert (clock.now_ns(), clock.monotonic()) == (clock.now_ns(), 0.0)


def test_it_moves_by_exactly_what_is_said(manual_clock):
    begin = manual_clock.now_ns()
    manual_clock.advance(1.5)
    manual_clock.sleep(0.5)
    manual_clock.sleep(-1)
    assert manual_clock.monotonic() == 2.0
    assert manual_clock.now_ns() - begin == 2_000_000_000


def test_a_thousand_tenths_are_a_hundred_seconds():
    clock = ManualClock()
    for _ in range(1000):
        clock.advance(0.1)
    assert clock.monotonic() == 100.0


def test_time_does_not_run_backwards(manual_clock):
    with pytest.raises(ValueError, match="backwards"):
        manual_clock.advance(-1)


def test_both_clocks_are_clocks(manual_clock):
    for clock in (manual_clock, SystemClock()):
        typed: Clock = clock
        begin = typed.monotonic()
        typed.sleep(0)
        assert typed.monotonic() >= begin
    assert abs(SystemClock().now_ns() - time.time_ns()) < 10**9
