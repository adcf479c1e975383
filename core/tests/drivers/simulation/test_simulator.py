"""Simulated values: patterns, tracks, and faults that come and go."""

from __future__ import annotations

import pytest

from petra.drivers import Fault, FaultKind, Point
from petra.drivers.simulation.faults import holding
from petra.drivers.simulation.simulator import Pattern, usual, wave
from petra.drivers.simulation.track import Track
from petra.errors import PetraError
from petra.signals import SignalType


def values(pattern: Pattern, kind: SignalType, *seconds: float) -> list:
    moves = wave(pattern, kind)
    return [moves(at) for at in seconds]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("constant", [50.0, 50.0, 50.0, 50.0]),
        ("sine", [50.0, 60.0, 50.0, 40.0]),
        ("triangle", [50.0, 60.0, 50.0, 40.0]),
        ("square", [60.0, 60.0, 40.0, 40.0]),
        ("sawtooth", [40.0, 45.0, 50.0, 55.0]),
        ("counter", [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_patterns_move_around_their_middle(pattern, expected):
    found = values(
        Pattern("s", pattern, period_s=4.0, amplitude=10.0, offset=50.0), SignalType.FLOAT, 0, 1, 2, 3
    )
    assert found == pytest.approx(expected)


def test_values_are_of_the_signal_s_type():
    assert values(Pattern("s", "toggle", period_s=2.0), SignalType.BOOL, 0.0, 1.0) == [True, False]
    assert values(Pattern("s", "counter", period_s=1.0), SignalType.INT, 0.0, 5.5) == [0, 5]
    assert values(Pattern("s", "constant", offset=1.5), SignalType.STRING, 0.0) == ["1.5"]
    for kind in SignalType:
        (value,) = values(usual(Point("s", kind, "1"), 3), kind, 2.0)
        assert type(value) is kind.python


@pytest.mark.parametrize(("offset", "expected"), [(0.0, False), (1.0, True), (50.0, True), (-1.0, True)])
def test_a_constant_makes_a_bool_true_unless_it_is_nothing(offset, expected):
    assert values(Pattern("s", "constant", offset=offset), SignalType.BOOL, 0.0, 7.0) == [expected] * 2


def test_random_is_the_same_every_time():
    pattern = Pattern("s", "random")
    assert values(pattern, SignalType.FLOAT, 1, 2, 3) == values(pattern, SignalType.FLOAT, 1, 2, 3)


def test_a_track_repeats_what_was_recorded(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("time_s,level,on\n0,1.5,true\n1,2.5,false\n2,3.5,true\n")
    track = Track(path)
    level, on = track.wave("level", SignalType.FLOAT), track.wave("on", SignalType.BOOL)
    assert [level(at) for at in (0, 0.9, 1, 2.5, 3.0, 4.2)] == [1.5, 1.5, 2.5, 3.5, 1.5, 2.5]
    assert [on(at) for at in (0, 1, 2)] == [True, False, True]


def test_a_recording_plays_from_its_first_moment_on(tmp_path):
    """Its times may be those of a clock on a wall."""
    path = tmp_path / "t.csv"
    path.write_text("time_s,a\n1764000000,1\n1764000001,2\n1764000002,3\n")
    level = Track(path).wave("a", SignalType.INT)
    assert [level(at) for at in (0, 0.5, 1, 2.9, 3, 4.5)] == [1, 1, 2, 3, 1, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs a column time_s"),
        ("level\n1\n", "needs a column time_s"),
        ("time_s,a\nx,1\n", "line 2, column 'time_s': 'x' is no float"),
        ("time_s,a\n0,1\n\n1,inf\n", "line 4, column 'a': 'inf' is no float"),
        ("time_s,a,a\n0,1,2\n", "two columns of one name"),
        ("time_s,a\n0,1,2\n", "line 2: 3 cells, and 2 columns"),
        ("a,time_s\n1\n", "line 2: 1 cells, and 2 columns"),
        ("time_s,a\n0,\ud800\n", "cannot be read"),
        ("time_s,a\n2,1\n1,1\n", "runs backwards"),
        ("time_s,a\n0,x\n", "line 2, column 'a'"),
        ("time_s,a\n0\n", "line 2"),
    ],
)
def test_a_track_that_cannot_be_says_why(tmp_path, text, said):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(PetraError, match=said):
        Track(path).wave("a", SignalType.FLOAT)


@pytest.mark.parametrize("text", ["inf", "nan", "1e30", "2.5x"])
def test_a_number_that_no_signal_holds_is_refused(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(f"time_s,a\n0,{text}\n")
    with pytest.raises(PetraError, match=f"line 2, column 'a': '{text}' is no int"):
        Track(path).wave("a", SignalType.INT)
    with pytest.raises(PetraError, match="cannot be read"):
        Track(tmp_path / "nothing.csv")


def test_faults_come_and_go():
    once = Fault(FaultKind.DROP, at_s=2.0, for_s=1.0, driver="m")
    often = Fault(FaultKind.HANG, at_s=10.0, for_s=1.0, every_s=5.0)
    script = (once, often)
    assert holding(script, "m", 1.9) is None
    assert holding(script, "m", 2.5) is once
    assert holding(script, "other", 2.5) is None
    times = {10.5: True, 11.5: False, 15.5: True, 20.9: True, 21.1: False}
    assert {at: bool(holding(script, "x", at)) for at in times} == times
