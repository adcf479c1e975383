"""Lines of a companion: cut, and no more of them than a log can take."""

from __future__ import annotations

from petra.services.lines import LONGEST, LineBudget, LineSplitter


def test_lines_are_put_together_and_what_is_too_long_is_cut():
    lines = LineSplitter()
    assert list(lines.feed(b"a\nb")) == [b"a"]
    assert list(lines.feed(b"c\n\n")) == [b"bc", b""]
    assert list(lines.feed(b"x" * (LONGEST + 5))) == [b"x" * LONGEST]
    assert list(lines.feed(b"x" * 10 * LONGEST)) == []
    assert list(lines.feed(b"xx\nnext\nlast")) == [b"next"]
    assert list(lines.end()) == [b"last"]
    assert list(lines.end()) == []


def test_a_budget_takes_a_burst_and_then_so_many_in_a_second(manual_clock):
    budget = LineBudget(manual_clock.monotonic, rate=2.0, burst=3.0)
    assert [budget.take() for _ in range(5)] == [True, True, True, False, False]
    assert budget.left_out() == 0, "it is told when lines are taken again"
    manual_clock.advance(1.0)
    assert budget.take()
    assert budget.left_out() == 2
    assert budget.left_out() == 0
    manual_clock.advance(60.0)
    assert [budget.take() for _ in range(4)] == [True, True, True, False]
