"""Simulated values: patterns, tracks, and faults that come and go."""

from __future__ import annotations

import pytest

from petra.drivers import Direction, Fault, FaultKind, Point, Simulator
from petra.drivers.simulation.faults import holding
from petra.drivers.simulation.simulator import Pattern, read_back, usual, wave
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
        ("time_s,a\nx,1\n", "line 2, column 'time_s': 'x' is not a valid float"),
        ("time_s,a\n0,1\n\n1,inf\n", "line 4, column 'a': 'inf' is not a valid float"),
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
    with pytest.raises(PetraError, match=f"line 2, column 'a': '{text}' is not a valid int"):
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


@pytest.mark.parametrize("for_s", [1.0, 2.5])
def test_a_fault_is_there_from_its_first_moment_until_its_last(for_s):
    fault = Fault(FaultKind.HANG, at_s=2.0, for_s=for_s)
    assert fault.holds(1.999) is False
    assert fault.holds(2.0) is True
    assert fault.holds(2.0 + for_s - 0.001)
    assert not fault.holds(2.0 + for_s)
    assert not fault.holds(100.0), "once"


def test_a_fault_that_says_nothing_more_is_there_at_once_for_five_seconds_on_every_line():
    fault = Fault(FaultKind.DELAY)
    assert [fault.holds(at) for at in (0.0, 4.9, 5.0, 10.0)] == [True, True, False, False]
    assert fault.concerns("any")
    assert (fault.delay_ms, fault.delay_to_ms, fault.chance, fault.connections) == (500.0, 0.0, 1.0, 1)


@pytest.mark.parametrize(
    "more",
    [
        {"at_s": -0.1},
        {"for_s": 0.0},
        {"every_s": -1.0},
        {"delay_ms": -1.0},
        {"delay_to_ms": -1.0},
        {"chance": 0.0},
        {"chance": 1.1},
        {"connections": -1},
    ],
)
def test_a_fault_that_cannot_be_is_refused(more):
    with pytest.raises(ValueError, match=next(iter(more))):
        Fault(FaultKind.GARBLE, **more)


def test_a_silent_station_is_no_fault_of_the_line():
    silence, hang = Fault(FaultKind.SILENCE, station="unit 7"), Fault(FaultKind.HANG, driver="m")
    assert holding((silence, hang), "m", 1.0) is hang
    assert holding((silence,), "m", 1.0) is None


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("triangle", [50.0, 52.5, 60.0, 57.5, 50.0, 40.0]),
        ("square", [60.0, 60.0, 60.0, 60.0, 40.0, 40.0]),
        ("sawtooth", [40.0, 41.25, 45.0, 46.25, 50.0, 55.0]),
    ],
)
def test_patterns_have_their_shape_also_between_the_corners(pattern, expected):
    made = Pattern("s", pattern, period_s=8.0, amplitude=10.0, offset=50.0)
    assert values(made, SignalType.FLOAT, 0, 0.5, 2, 2.5, 4, 6) == pytest.approx(expected)
    assert values(made, SignalType.FLOAT, 8, 8.5) == pytest.approx(expected[:2]), "it repeats"


def test_a_pattern_that_says_nothing_more_is_a_sine_of_ten_seconds_from_0_to_100():
    found = values(Pattern("s"), SignalType.FLOAT, 0.0, 2.5, 5.0, 7.5, 10.0)
    assert found == pytest.approx([50.0, 100.0, 50.0, 0.0, 50.0])


def test_a_phase_says_where_in_the_cycle_it_begins():
    found = values(
        Pattern("s", "sine", period_s=8.0, phase=0.25, amplitude=1.0, offset=0.0), SignalType.FLOAT, 0, 2
    )
    assert found == pytest.approx([1.0, 0.0], abs=1e-9)


def test_random_stays_within_its_amplitude_and_moves():
    found = values(Pattern("s", "random", amplitude=10.0, offset=50.0), SignalType.FLOAT, *range(200))
    assert 40.0 <= min(found) < 45.0
    assert 55.0 < max(found) <= 60.0


def test_a_counter_of_bools_alternates_and_one_of_numbers_counts():
    made = Pattern("s", "counter", period_s=2.0)
    assert values(made, SignalType.BOOL, 0, 1, 2, 3, 4) == [False, False, True, True, False]
    assert values(made, SignalType.INT, 0, 1.9, 2, 7) == [0, 0, 1, 3]
    assert values(made, SignalType.STRING, 0, 2) == ["0", "1"]


@pytest.mark.parametrize(
    "kind", [SignalType.FLOAT, SignalType.BOOL, SignalType.STRING], ids=lambda k: k.value
)
def test_neighbours_are_told_apart(kind):
    """Whoever mixes two points up sees it: they do not move alike."""
    moves = [wave(usual(Point(f"s{n}", kind, str(n)), n), kind) for n in range(5)]
    times = [at / 4 for at in range(400)]
    seen = [tuple(move(at) for at in times) for move in moves]
    assert all(len(set(each)) > 1 for each in seen)
    assert len(set(seen)) == (5 if kind is not SignalType.STRING else 1)


class Table(Simulator):
    """A device with ten bytes of one area, each of eight bits: `b3` is a byte, `b3.5` a bit."""

    async def start(self, host: str, port: int) -> int:
        """Be nowhere."""
        return port

    async def stop(self) -> None:
        """Be nowhere."""

    def set(self, point: Point, value: object) -> None:
        """Hold nothing."""

    def get(self, point: Point) -> float:
        """Hold nothing."""
        return 0.0

    def refuse(self, point: Point) -> None:
        """Refuse nothing."""

    accept = refuse

    def extent(self, point: Point) -> tuple[str, range]:
        """Return the bits of a byte, or one of them."""
        area, _, bit = point.address.partition(".")
        begin = 8 * int(area[1:])
        return area[0], range(begin + int(bit), begin + int(bit) + 1) if bit else range(begin, begin + 8)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (["b3"], {"b3", "b3.0", "b3.7"}),
        (["b3.5"], {"b3"}),
        (["b3.7", "b2"], {"b3", "b3.7"}),
        (["b4"], {"b4.0"}),
        (["c3"], set()),
        ([], set()),
    ],
)
def test_a_point_that_shows_what_another_one_writes_moves_by_nothing_else(written, shown):
    """A bit of a word that is written, or the word of a bit: the device shows what it was given."""
    readers = [Point(at, SignalType.INT, at) for at in ("b3", "b3.0", "b3.7", "b4.0", "b5")]
    writers = [Point(f"w{at}", SignalType.INT, at, Direction.WRITE) for at in written]
    points = [*readers, *writers]
    assert {point.address for point in read_back(Table(points), points)} == shown


def test_without_anything_better_points_of_one_address_and_station_are_one_place():
    points = [
        Point("a", SignalType.INT, "1", Direction.WRITE, station="u1"),
        Point("b", SignalType.INT, "1", station="u1"),
        Point("c", SignalType.INT, "1", station="u2"),
        Point("d", SignalType.INT, "2", station="u1"),
    ]
    plain = Table(points)
    plain.extent = lambda point: Simulator.extent(plain, point)  # type: ignore[method-assign]
    assert read_back(plain, points) == {points[1]}
    with pytest.raises(PetraError, match="Table has no stations: 'u1'"):
        plain.silence("u1", silent=True)
    assert plain.moves(points[0]) is None


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (" On ", SignalType.BOOL, True),
        ("YES", SignalType.BOOL, True),
        ("1", SignalType.BOOL, True),
        ("off", SignalType.BOOL, False),
        ("no", SignalType.BOOL, False),
        ("0", SignalType.BOOL, False),
        ("9223372036854774784", SignalType.INT, 9_223_372_036_854_774_784),
        ("-9223372036854775808", SignalType.INT, -(2**63)),
        ("2.6", SignalType.INT, 3),
        (" a b", SignalType.STRING, " a b"),
    ],
)
def test_a_cell_is_read_as_its_signal_holds_it(tmp_path, text, kind, value):
    path = tmp_path / "t.csv"
    path.write_text(f"time_s,a\n0,{text}\n")
    track = Track(path)
    assert track.signals == ["a"]
    assert track.wave("a", kind)(0.5) == value
    assert track.wave("a", kind)(100.0) == value


@pytest.mark.parametrize("text", ["maybe", "2", ""])
def test_a_bool_is_one_of_a_few_words(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(f"time_s,a\n0,{text}\n")
    with pytest.raises(PetraError, match=f"'{text}' is not a valid bool"):
        Track(path).wave("a", SignalType.BOOL)
