"""What a program does beside stepping: forces, quality, faults, tuning; what it cannot write out, and why."""

from __future__ import annotations

import math

import pytest

from petra import Block, Catalog, In, Out, Param, QualityOf, State
from petra.library import plugin as library
from petra.scan import Bench, Network, Program, Resolution, SignalPlaces, TuningError, wire
from petra.scan.template import Templates
from petra.signals import GOOD, INT_MAX, LocalBus, Quality, QualityReason, Signal, SignalType, Store
from petra.testing import ManualClock

BAD = QualityReason(Quality.BAD, "wire broken")


class Add(Block, type="ADD"):
    """Sum."""

    a = In(float)
    b = In(float)
    out = Out(float)

    def step(self, dt):
        self.out = self.a + self.b


class Count(Block, type="COUNT"):
    """Counts scans, and reads its own output."""

    reset = In(bool, default=False)
    by = Param(int, default=1, minimum=0)
    out = Out(int)

    def step(self, dt):
        self.out = 0 if self.reset else self.out + self.by


class Divide(Block, type="DIVIDE"):
    """Counts, then divides."""

    a = In(float)
    number = State(0)
    out = Out(float)
    count = Out(int)

    def step(self, dt):
        self.number = self.number + 1
        self.count = self.number
        self.out = 1.0 / self.a


class Good(Block, type="GOOD"):
    """Says whether the input is good; answers for it."""

    a = In(float)
    quality = QualityOf("a")
    out = Out(bool)

    def step(self, dt):
        self.out = self.quality == 0


class Plant:
    """Blocks wired by names, such as ("x", Add, {"a": "s", "b": 1.0}, "y"). What nobody writes is a float."""

    def __init__(self, *blocks, inline: bool = True) -> None:
        wired = [
            wire(name, cls, inputs, outputs if isinstance(outputs, dict) else {"out": outputs}, {})
            for name, cls, inputs, outputs in blocks
        ]
        written = {s: b.name for b in wired for s in b.targets.values()}
        declared = {s: float for b in wired for s in b.reads if s not in written}
        resolution = Resolution(wired, declared)
        assert resolution.mismatches == []
        signals = [
            Signal(n, SignalType.of(t), written_by=written.get(n, "")) for n, t in resolution.types.items()
        ]
        self.bus = LocalBus(Store(signals, ManualClock()))
        self.program = Program(
            Network(wired), SignalPlaces(self.bus.layout.index, resolution.types), resolution, inline=inline
        )

    def scan(self, times: int = 1) -> None:
        for _ in range(times):
            self.bus.store.latch()
            self.program.scan(self.bus.store, 0.1)
            self.bus.store.publish(1, 1)

    def __getitem__(self, name: str):
        return self.bus.read(name).value


@pytest.fixture(params=[True, False], ids=["compiled", "called"])
def inline(request):
    return request.param


def test_a_forced_output_is_what_everybody_reads_until_it_is_let_go(inline):
    plant = Plant(
        ("one", Add, {"a": "s", "b": 1.0}, "x"), ("two", Add, {"a": "x", "b": 1.0}, "y"), inline=inline
    )
    plant.scan()
    plant.bus.force("x", 50.0, "me")
    plant.scan()
    assert (plant["x"], plant["y"]) == (50.0, 51.0)
    plant.bus.write("s", 7.0)
    plant.scan()
    assert (plant["x"], plant["y"]) == (50.0, 51.0)
    plant.bus.unforce("x", "me")
    plant.scan()
    assert (plant["x"], plant["y"]) == (8.0, 9.0)


def test_a_forced_output_is_good_whatever_its_block_reads(inline):
    plant = Plant(
        ("one", Add, {"a": "s", "b": 1.0}, "x"), ("two", Add, {"a": "x", "b": 1.0}, "y"), inline=inline
    )
    plant.bus.write("s", 1.0, BAD)
    plant.scan()
    assert plant.bus.status("y") == BAD
    plant.bus.force("x", 5.0, "me")
    plant.scan()
    assert plant.bus.status("x") == plant.bus.status("y") == GOOD
    plant.bus.unforce("x", "me")
    plant.scan()
    assert plant.bus.status("x") == plant.bus.status("y") == BAD


def test_a_block_that_reads_its_own_output_goes_on_from_a_force(inline):
    plant = Plant(("count", Count, {}, "n"), inline=inline)
    plant.scan(3)
    plant.bus.force("n", 100, "me")
    plant.scan(3)
    assert plant["n"] == 100
    plant.bus.unforce("n", "me")
    plant.scan()
    assert plant["n"] == 101  # as a controller does: from what stands there


def test_the_worst_quality_wins_and_the_first_reason_for_it(inline):
    plant = Plant(("one", Add, {"a": "s", "b": "t"}, "x"), inline=inline)
    plant.bus.write("s", 1.0, QualityReason(Quality.UNCERTAIN, "old"))
    plant.bus.write("t", 1.0, BAD)
    plant.scan()
    assert plant.bus.status("x") == BAD
    plant.bus.write("t", 1.0)
    plant.scan()
    assert plant.bus.status("x") == QualityReason(Quality.UNCERTAIN, "old")
    plant.bus.write("s", 1.0)
    plant.scan()
    assert plant.bus.status("x") == GOOD


def test_a_loop_is_good_again_as_soon_as_its_sources_are(inline):
    """Bad quality goes through a loop and leaves it in the same scan: it does not feed on its own past."""
    plant = Plant(
        ("one", Add, {"a": "s", "b": "y"}, "x"), ("two", Add, {"a": "x", "b": 0.0}, "y"), inline=inline
    )
    plant.bus.write("s", 1.0, BAD)
    plant.scan(3)
    assert plant.bus.status("y") == BAD
    assert plant.bus.status("x") == BAD
    plant.bus.write("s", 1.0)
    plant.scan()
    assert plant.bus.status("x") == plant.bus.status("y") == GOOD


def test_a_block_that_asks_for_quality_sees_this_scans(inline):
    plant = Plant(("one", Add, {"a": "s", "b": 1.0}, "x"), ("ask", Good, {"a": "x"}, "ok"), inline=inline)
    plant.scan()
    assert plant["ok"] is True
    plant.bus.write("s", 1.0, BAD)
    plant.scan()
    assert plant["ok"] is False
    assert plant.bus.status("ok") == GOOD


def test_a_fault_holds_everything_and_is_over_when_it_is_over(inline):
    outputs = {"out": "x", "count": "n"}
    plant = Plant(
        ("bad", Divide, {"a": "s"}, outputs), ("two", Add, {"a": "x", "b": 1.0}, "y"), inline=inline
    )
    plant.bus.write("s", 4.0)
    plant.scan()
    plant.bus.write("s", 0.0)
    plant.scan(5)
    assert (plant["x"], plant["n"], plant["y"]) == (0.25, 1, 1.25)
    reason = "block bad: ZeroDivisionError: float division by zero"
    assert [plant.bus.status(name).reason for name in ("x", "n", "y")] == [reason] * 3
    assert plant.program.fault_counts == {"bad": 5}
    plant.bus.write("s", 2.0)
    plant.scan()
    assert (plant["x"], plant["n"], plant["y"]) == (0.5, 2, 1.5)
    assert plant.bus.status("y") == GOOD
    assert plant.program.faults == {}


def test_a_parameter_is_tuned_and_state_stays(inline):
    plant = Plant(("count", Count, {}, "n"), inline=inline)
    plant.scan(3)
    plant.program.tune("count", "by", 10)
    plant.scan()
    assert plant["n"] == 13


class Ratio(Block, type="RATIO"):
    """Passes on what it is given, without computing."""

    at = In(float, default=2.0)
    by = Param(float, default=2.0)
    given = Out(float)
    chosen = Out(float)

    def step(self, dt):
        self.given = self.at
        self.chosen = self.by


@pytest.mark.parametrize(("name", "output"), [("at", "given"), ("by", "chosen")])
def test_an_int_that_a_float_is_tuned_to_is_that_float(name, output, inline):
    """A signal holds its type exactly: 9007199254740993 is no float, and the next one takes its place."""
    plant = Plant(("ratio", Ratio, {}, {"given": "given", "chosen": "chosen"}), inline=inline)
    plant.scan()
    assert plant.program.tune("ratio", name, 2**53 + 1) == name
    plant.scan()
    assert (plant[output], type(plant[output])) == (float(2**53), float)


def test_ints_saturate_and_never_wrap(inline):
    plant = Plant(("count", Count, {}, "n"), inline=inline)
    plant.bus.force("n", INT_MAX, "me")
    plant.scan()
    plant.bus.unforce("n", "me")
    plant.bus.store.latch()
    plant.bus.store.values[plant.bus.layout.index["n"]] = INT_MAX
    plant.scan()
    assert plant["n"] == INT_MAX


def test_a_keyboard_interrupt_is_a_fault_like_any_other():
    class Interrupted(Block, type="INTERRUPTED"):
        """Would stop whoever runs it."""

        out = Out(bool)

        def step(self, dt):
            raise KeyboardInterrupt

    bench = Bench(Interrupted, {})
    bench.scan()
    assert bench.fault == "block block: KeyboardInterrupt"


SCALE = 3.0


LISTED = []


def listed(function):
    """Keep a list of what is decorated."""
    LISTED.append(function)
    return function


def outside():
    limit = 5.0

    class Closure(Block, type="CLOSURE"):
        """Uses a name around it."""

        out = Out(float)

        def step(self, dt):
            self.out = limit

    class Constructed(Block, type="CONSTRUCTED"):
        """Has an __init__."""

        out = Out(float)

        def __init__(self, **params):
            super().__init__(**params)
            self.more = 2.0

        def step(self, dt):
            self.out = self.more

    class Undeclared(Block, type="UNDECLARED"):
        """Remembers what it did not declare."""

        out = Out(float)
        more = 1.0

        def step(self, dt):
            self.more = self.more * 2.0
            self.out = self.more

    class Whiles(Block, type="WHILES"):
        """Loops."""

        out = Out(float)

        def step(self, dt):
            n = 0
            while n < 3:
                n = n + 1
            self.out = float(n)

    class Returns(Block, type="RETURNS"):
        """Leaves early."""

        a = In(bool, default=True)
        out = Out(float)

        def step(self, dt):
            if self.a:
                self.out = 1.0
                return
            self.out = 2.0

    class Maybe(Block, type="MAYBE"):
        """Uses a name that may have no value."""

        a = In(bool, default=False)
        out = Out(float)

        def step(self, dt):
            if self.a:
                found = 1.0
            self.out = found

    class Comprehension(Block, type="COMPREHENSION"):
        """Has a comprehension."""

        out = Out(float)

        def step(self, dt):
            self.out = sum([x * 1.0 for x in (1, 2)])

    class Method(Block, type="METHOD"):
        """Calls a method of its own."""

        out = Out(float)

        def half(self):
            return 0.5

        def step(self, dt):
            self.out = self.half()

    class Decorated(Block, type="DECORATED"):
        """Has a decorated step."""

        out = Out(float)

        @listed
        def step(self, dt):
            self.out = 1.0

    class Default(Block, type="DEFAULT_OF_TIME"):
        """Has a default for its time."""

        out = Out(float)

        def step(self, dt=5.0):
            self.out = dt

    class Renamed(Block, type="RENAMED"):
        """Calls itself otherwise."""

        out = Out(float)

        def step(me, dt):  # noqa: N805
            me.out = dt

    class Lambda(Block, type="LAMBDA"):
        """Has no def."""

        out = Out(float)
        step = lambda self, dt: setattr(self, "out", dt)  # noqa: E731

    return {
        Default: "its arguments are not exactly self and dt",
        Renamed: "its arguments are not exactly self and dt",
        Lambda: "it is not a plain method",
        Decorated: "it is not a plain method",
        Closure: "'limit' of an enclosing scope",
        Constructed: "the class defines `__init__`",
        Undeclared: "it uses self.more, which is not declared",
        Whiles: "`while` is outside the subset",
        Returns: "`return` is outside the subset",
        Maybe: "'found' may have no value yet",
        Comprehension: "`listcomp` is outside the subset",
        Method: "it calls something other than a function by its name, or with keywords",
    }


@pytest.mark.parametrize(("cls", "reason"), outside().items(), ids=lambda v: getattr(v, "__name__", ""))
def test_a_step_outside_the_subset_is_called_and_says_why(cls, reason):
    assert reason in Templates().reason(cls)
    both = [Bench(cls, {}, inline=way) for way in (True, False)]
    for bench in both:
        bench.scan(times=3)
    assert both[0].outputs() == both[1].outputs()
    assert both[0].fault == both[1].fault


def test_a_step_inside_the_subset_is_written_out():
    class Inside(Block, type="INSIDE"):
        """Uses much of what there is."""

        a = In(float)
        many = In(float, many=True)
        p = Param(float, default=2.0)
        s = State(0.0)
        out = Out(float)
        high = Out(bool)

        def step(self, dt):
            """Document it."""
            best = -math.inf
            for number, each in enumerate(self.many):
                best = max(best, each + number)
            if self.a > SCALE:
                self.s += dt
            elif self.a < 0.0:
                self.s = 0.0
            self.out, self.high = math.sqrt(abs(self.a)) + best * self.p, self.s > 1.0

    assert Templates().reason(Inside) == ""
    both = [Bench(Inside, {"a": 4.0, "m1": 1.0, "m2": 5.0}, inline=way) for way in (True, False)]
    for bench in both:
        bench.scan(0.6, times=2)
    assert both[0].outputs() == both[1].outputs() == {"out": 14.0, "high": True}


def test_what_a_check_would_refuse_is_not_tuned():
    catalog = {offer.name: offer.thing for offer in Catalog.of(library).offers()}
    formula = Bench(catalog["EXPR"], {"a": 1.0}, params={"expression": "a > 1"})
    with pytest.raises(TuningError, match="the input 'b' is not wired"):
        formula.program.tune("block", "expression", "a > b")
    with pytest.raises(TuningError, match="would be a float, not a bool"):
        formula.program.tune("block", "expression", "a * 2")
    formula.program.tune("block", "expression", "a > 0.5")
    formula.scan()
    assert formula.outputs() == {"out": True}
    pid = Bench(catalog["PID"], {"pv": 1.0, "sp": 2.0})
    with pytest.raises(TuningError, match="out_min is above out_max"):
        pid.program.tune("block", "out_min", 200.0)
    with pytest.raises(TuningError, match="a finite number"):
        pid.program.tune("block", "kp", math.inf)


def test_a_seal_in_is_one_formula_whose_output_nobody_declares():
    catalog = {offer.name: offer.thing for offer in Catalog.of(library).offers()}
    inputs = {"a": "start", "b": "stop", "c": "run"}
    seal = wire("seal", catalog["EXPR"], inputs, {"out": "run"}, {"expression": "(a or c) and not b"})
    timer = wire("timer", catalog["TON"], {"input": "run"}, {"q": "late"}, {})
    resolution = Resolution([seal, timer], {"start": bool, "stop": bool})
    assert resolution.mismatches == []
    assert resolution.types["run"] is bool
