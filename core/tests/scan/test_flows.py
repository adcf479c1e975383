"""How quality passes through a program: what heals, what can be known, and what nobody knows."""

from __future__ import annotations

import pytest

from petra import Block, Catalog, In, Out, Param, State, decided
from petra.library import plugin
from petra.scan import Network, Program, Resolution, SignalPlaces, wire
from petra.scan.flows import Flow
from petra.scan.network import entangled
from petra.signals import GOOD, LocalBus, Quality, QualityReason, ReasonCode, Signal, SignalType, Store
from petra.testing import ManualClock

BAD = QualityReason(Quality.BAD, "not connected")
OLD = QualityReason(Quality.UNCERTAIN, "stale")
LIBRARY = {offer.name: offer.thing for offer in Catalog.of(plugin).offers()}


class Plant:
    """Blocks such as ("run", "AND", {"a": "x", "b": "y"}, {"out": "z"}), in one task or in several."""

    def __init__(self, inputs: dict[str, object], *blocks, tasks: dict[str, str] | None = None, inline=True):
        wired = [
            wire(name, LIBRARY.get(kind, kind), sources, outputs, params[0] if params else {})
            for name, kind, sources, outputs, *params in blocks
        ]
        resolution = Resolution(wired, {name: type(value) for name, value in inputs.items()})
        assert resolution.mismatches == []
        writers = {signal: block.name for block in wired for signal in block.targets.values()}
        self.bus = LocalBus(
            Store(
                [
                    Signal(name, SignalType.of(kind), inputs.get(name), writers.get(name, ""))
                    for name, kind in resolution.types.items()
                ],
                ManualClock(),
            )
        )
        place = SignalPlaces(self.bus.layout.index, resolution.types)
        grouped: dict[str, list] = {}
        for block in wired:
            grouped.setdefault((tasks or {}).get(block.name, "main"), []).append(block)
        beside, faulted = entangled(grouped), {}
        self.programs = {
            task: Program(
                Network(mine, beside[task]),
                place,
                Resolution(mine, resolution.types),
                inline=inline,
                faulted=faulted,
            )
            for task, mine in grouped.items()
        }

    def scan(self, *tasks: str, dt: float = 0.1) -> None:
        for task in tasks or self.programs:
            self.bus.store.latch()
            self.programs[task].scan(self.bus.store, dt)
            self.bus.store.publish(1, 1)

    def quality(self, name: str) -> Quality:
        return self.bus.status(name).quality

    def __getitem__(self, name: str):
        return self.bus.read(name).value


def seal_in(**options) -> Plant:
    return Plant(
        {"start": False, "stop": False},
        ("wanted", "OR", {"a": "start", "b": "run"}, {"out": "wanted"}),
        ("go", "NOT", {"input": "stop"}, {"out": "go"}),
        ("run", "AND", {"a": "wanted", "b": "go"}, {"out": "run"}),
        **options,
    )


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
@pytest.mark.parametrize("first", [{"wanted": "other"}, {"run": "other"}, {}], ids=["or", "and", "one task"])
def test_a_seal_in_starts_although_it_was_scanned_before_its_device_was_there(first, inline):
    plant = seal_in(tasks=first, inline=inline)
    for name in ("start", "stop"):
        plant.bus.write(name, False, BAD)
    plant.scan()
    assert plant.quality("run") is Quality.BAD
    for name in ("start", "stop"):
        plant.bus.write(name, False)
    plant.scan()
    plant.scan()
    assert [plant.quality(name) for name in ("wanted", "go", "run")] == [Quality.GOOD] * 3
    plant.bus.write("start", True)
    plant.scan()
    plant.bus.write("start", False)
    plant.scan()
    assert plant["run"] is True
    assert plant.quality("run") is Quality.GOOD


def test_a_pump_that_runs_by_its_seal_in_stays_good_when_the_start_button_dies():
    plant = seal_in()
    plant.bus.write("start", True)
    plant.scan()
    plant.bus.write("start", False, BAD)
    plant.scan()
    assert (plant["run"], plant.quality("run")) == (True, Quality.GOOD)
    plant.bus.write("stop", True)
    plant.scan(), plant.scan()
    assert (plant["run"], plant.quality("run")) == (False, Quality.GOOD)  # stopped, whatever start is


def test_a_stop_button_that_dies_makes_the_run_bad():
    plant = seal_in()
    plant.bus.write("start", True)
    plant.scan()
    plant.bus.write("stop", False, BAD)
    plant.scan()
    assert plant.bus.status("run") == BAD


@pytest.mark.parametrize("task", ["main", "other"])
def test_a_sum_of_its_own_past_heals(task):
    plant = Plant(
        {"inflow": 1.0},
        ("sum", "ADD", {"a": "total", "b": "inflow"}, {"out": "new"}),
        ("keep", "MOVE", {"input": "new"}, {"out": "total"}),
        tasks={"keep": task},
    )
    plant.bus.write("inflow", 1.0, BAD)
    plant.scan(), plant.scan()
    assert plant.quality("total") is Quality.BAD
    plant.bus.write("inflow", 1.0)
    plant.scan(), plant.scan()
    assert (plant.quality("new"), plant.quality("total")) == (Quality.GOOD, Quality.GOOD)


def test_another_task_is_as_bad_as_what_it_has_computed_until_it_scans_again():
    plant = Plant(
        {"x": 1.0},
        ("slow", "MOVE", {"input": "x"}, {"out": "copy"}),
        ("fast", "MOVE", {"input": "copy"}, {"out": "seen"}),
        tasks={"slow": "slow", "fast": "fast"},
    )
    plant.bus.write("x", 1.0, BAD)
    plant.scan("slow", "fast")
    plant.bus.write("x", 2.0)
    plant.scan("fast", "fast")
    assert plant.bus.status("seen") == BAD  # what it shows was made of the bad value
    plant.scan("slow", "fast")
    assert (plant["seen"], plant.bus.status("seen")) == (2.0, GOOD)


@pytest.mark.parametrize("between", [("fast",), ("fast", "fast")])
def test_what_one_task_finds_bad_reaches_another_that_has_scanned_since(between):
    """A task looks at quality again when another changed it, not only when something came from outside."""
    plant = Plant(
        {"x": 1.0},
        ("slow", "MOVE", {"input": "x"}, {"out": "copy"}),
        ("fast", "MOVE", {"input": "copy"}, {"out": "seen"}),
        tasks={"slow": "slow", "fast": "fast"},
    )
    plant.scan("slow", "fast")
    for status in (BAD, GOOD, OLD, GOOD):
        plant.bus.write("x", 1.0, status)
        before = plant.bus.status("seen")
        plant.scan(*between)
        assert plant.bus.status("seen") == before  # the slow task has not scanned yet
        plant.scan("slow", "fast")
        assert plant.bus.status("seen") == status


def test_a_fault_of_one_task_makes_bad_what_another_makes_of_its_output():
    plant = Plant(
        {"by": 1.0},
        ("divide", "DIV", {"a": 6.0, "b": "by"}, {"out": "part"}),
        ("add", "ADD", {"a": "part", "b": 1.0}, {"out": "sum"}),
        tasks={"divide": "other"},
    )
    plant.scan("other", "main")
    plant.bus.write("by", 0.0)
    plant.scan("main")
    plant.scan("other", "main")
    assert plant.quality("sum") is Quality.BAD
    plant.bus.write("by", 2.0)
    plant.scan("main")
    plant.scan("other", "main")
    assert (plant["sum"], plant.bus.status("sum")) == (4.0, GOOD)


def test_in_a_loop_over_two_tasks_each_says_how_good_its_own_outputs_are():
    """What another task has computed stays as good or bad as it was, until that task scans again."""
    plant = Plant(
        {"x": 1.0},
        ("add", "ADD", {"a": "part", "b": "x"}, {"out": "sum"}),
        ("half", "DIV", {"a": "sum", "b": 2.0}, {"out": "part"}),
        tasks={"half": "other"},
    )
    plant.scan("main", "other", "main")
    seen = []
    for status in (BAD, GOOD, OLD):
        plant.bus.write("x", 1.0, status)
        for task in ("main", "other"):
            plant.scan(task)
            seen.append((plant.bus.status("sum"), plant.bus.status("part")))
    assert seen == [(BAD, GOOD), (BAD, BAD), (GOOD, BAD), (GOOD, GOOD), (OLD, GOOD), (OLD, OLD)]


def test_a_fault_in_another_task_of_the_loop_counts():
    plant = Plant(
        {"x": 1.0, "by": 1.0},
        ("divide", "DIV", {"a": "sum", "b": "by"}, {"out": "part"}),
        ("add", "ADD", {"a": "part", "b": "x"}, {"out": "sum"}),
        tasks={"divide": "other"},
    )
    plant.bus.write("by", 0.0)
    plant.scan("other", "main")
    assert "division by zero" in plant.bus.status("sum").reason
    plant.scan("main")
    assert "division by zero" in plant.bus.status("sum").reason
    plant.bus.write("by", 1.0)
    plant.scan("other", "main")
    assert plant.bus.status("sum") == plant.bus.status("part") == GOOD


LOGIC = [
    ("AND", (False, True), (GOOD, BAD), Quality.GOOD),
    ("AND", (True, True), (GOOD, BAD), Quality.BAD),
    ("AND", (True, False), (GOOD, BAD), Quality.BAD),
    ("AND", (False, False), (OLD, BAD), Quality.UNCERTAIN),
    ("OR", (True, False), (GOOD, BAD), Quality.GOOD),
    ("OR", (False, False), (GOOD, BAD), Quality.BAD),
    ("NAND", (False, True), (GOOD, BAD), Quality.GOOD),
    ("NOR", (True, False), (GOOD, BAD), Quality.GOOD),
    ("NOR", (False, False), (GOOD, BAD), Quality.BAD),
    ("XOR", (True, False), (GOOD, BAD), Quality.BAD),
]


@pytest.mark.parametrize(("kind", "values", "statuses", "quality"), LOGIC, ids=lambda value: str(value)[:24])
def test_a_gate_is_as_good_as_what_decides_it(kind, values, statuses, quality):
    plant = Plant({"a": False, "b": False}, ("gate", kind, {"in1": "a", "in2": "b"}, {"out": "q"}))
    for name, value, status in zip("ab", values, statuses, strict=True):
        plant.bus.write(name, value, status)
    plant.scan()
    assert plant.quality("q") is quality


@pytest.mark.parametrize(
    ("kind", "selector", "chosen"), [("SELECT", False, "x0"), ("SELECT", True, "x1"), ("MUX", 1, "x1")]
)
def test_a_choice_is_as_good_as_what_it_chooses(kind, selector, chosen):
    inputs = {"selector": "s", "in0": "x0", "in1": "x1"}
    plant = Plant({"s": selector, "x0": 1.0, "x1": 2.0}, ("choice", kind, inputs, {"out": "q"}))
    for name in ("x0", "x1"):
        plant.bus.write(name, 5.0, GOOD if name == chosen else BAD)
    plant.scan()
    assert plant.quality("q") is Quality.GOOD
    plant.bus.write("s", selector, OLD)
    plant.scan()
    assert plant.bus.status("q") == OLD
    plant.bus.write(chosen, 5.0, BAD)
    plant.scan()
    assert plant.bus.status("q") == BAD


@pytest.mark.parametrize(("kind", "dominant"), [("SR_LATCH", "set"), ("RS_LATCH", "reset")])
def test_a_latch_is_good_while_its_dominant_input_is_true_and_good(kind, dominant):
    plant = Plant(
        {"set": False, "reset": False}, ("latch", kind, {"set": "set", "reset": "reset"}, {"q": "q"})
    )
    other = "reset" if dominant == "set" else "set"
    plant.bus.write(dominant, True)
    plant.bus.write(other, False, BAD)
    plant.scan()
    assert plant.quality("q") is Quality.GOOD
    plant.bus.write(dominant, False)
    plant.scan()
    assert plant.bus.status("q") == BAD


def test_a_condition_that_fails_and_is_good_trips_whatever_the_others_are():
    plant = Plant(
        {"level": True, "online": True},
        ("lock", "INTERLOCK", {"c1": "level", "c2": "online"}, {"run": "run"}),
    )
    plant.bus.write("level", True, BAD)
    plant.bus.write("online", False)
    plant.scan()
    assert (plant["run"], plant.quality("run")) == (False, Quality.GOOD)


def test_what_is_known_comes_from_what_the_step_has_seen_and_not_from_what_came_after():
    """The AND has seen the last scan's true; that the same signal is false by now decides nothing yet."""
    plant = Plant(
        {"x": True, "y": True},
        ("and", "AND", {"a": "fed.back", "b": "x"}, {"out": "q"}),
        ("move", "AND", {"a": "y", "b": "either"}, {"out": "fed.back"}),
        ("or", "OR", {"a": "q", "b": "y"}, {"out": "either"}),
    )
    plant.scan(), plant.scan(), plant.scan()
    assert plant["fed.back"] is True
    plant.bus.write("x", True, BAD)
    plant.bus.write("y", False)
    plant.scan()
    assert (plant["q"], plant.bus.status("q")) == (True, BAD)
    plant.scan()
    plant.scan()
    assert (plant["q"], plant.bus.status("q")) == (False, GOOD)


def test_a_force_in_a_loop_is_good_and_what_follows_it_too():
    plant = seal_in()
    plant.bus.write("stop", False, BAD)
    plant.scan()
    plant.bus.force("go", True, "me")
    plant.scan(), plant.scan()
    assert plant.quality("run") is Quality.GOOD
    plant.bus.unforce("go", "me")
    plant.bus.write("start", True)
    plant.scan(), plant.scan()
    assert plant.bus.status("run") == BAD


FORMULAS = [
    ("a and not b", {"a": True, "b": False}, "b", Quality.BAD),
    ("a and not b", {"a": False, "b": False}, "b", Quality.GOOD),
    ("a and b > 2.5", {"a": False, "b": 9.0}, "b", Quality.GOOD),
    ("a > 2.5 or b", {"a": 3.0, "b": False}, "b", Quality.GOOD),
    ("a if c else b", {"a": 1.0, "b": 2.0, "c": True}, "b", Quality.GOOD),
    ("a if c else b", {"a": 1.0, "b": 2.0, "c": False}, "b", Quality.BAD),
    ("a if c else b", {"a": 1.0, "b": 2.0, "c": False}, "c", Quality.BAD),
    ("max(a, b) * 2 + 1", {"a": 1.0, "b": 2.0}, "a", Quality.BAD),
    ("not (a and b)", {"a": False, "b": True}, "b", Quality.GOOD),
    ("a and (b < 0.5 or 100 / b < 1000)", {"a": False, "b": 0.0}, "b", Quality.GOOD),
    ("a or sqrt(b) > 1", {"a": True, "b": -1.0}, "b", Quality.GOOD),
    ("a or b", {"a": 5.0, "b": 7.0}, "a", Quality.BAD),
    ("(d if c else a) or b", {"a": True, "b": True, "c": False, "d": 2.0}, "c", Quality.BAD),
    ("(d if c else a) or b", {"a": True, "b": True, "c": False, "d": True}, "c", Quality.GOOD),
    ("(d if c else a) or b", {"a": True, "b": True, "c": False, "d": 2.0}, "b", Quality.GOOD),
    ("b and (d if c else a)", {"a": False, "b": False, "c": False, "d": 2.0}, "c", Quality.GOOD),
    ("(d if c else a) and b", {"a": False, "b": False, "c": False, "d": 0.0}, "c", Quality.BAD),
    ("(a or b) > 6", {"a": 999.0, "b": 2.0}, "a", Quality.BAD),
]


@pytest.mark.parametrize(("text", "inputs", "dead", "quality"), FORMULAS)
def test_a_formula_is_as_good_as_what_decides_it(text, inputs, dead, quality):
    wiring = {name: name for name in inputs}
    plant = Plant(inputs, ("formula", "EXPR", wiring, {"out": "q"}, {"expression": text}))
    plant.bus.write(dead, inputs[dead], BAD)
    plant.scan()
    assert plant.quality("q") is quality


@pytest.mark.parametrize(
    ("kind", "inputs", "dead", "good"),
    [
        ("INTERLOCK", {"request": False, "c1": True}, "c1", {"run"}),
        ("INTERLOCK", {"request": True, "c1": True, "c2": False}, "c1", {"run", "tripped"}),
        ("TON", {"input": False, "preset_ms": 5.0}, "preset_ms", {"q", "elapsed"}),
        ("TOF", {"input": True, "preset_ms": 5.0}, "preset_ms", {"q", "elapsed"}),
        ("TONR", {"input": True, "reset": True}, "input", {"q", "elapsed"}),
        ("CTU", {"cu": True, "reset": True, "pv": 3}, "cu", {"q", "count"}),
        ("CTU", {"cu": True, "reset": True, "pv": 3}, "pv", {"count"}),
        ("CTD", {"cd": True, "load": True, "pv": 3}, "cd", {"q", "count"}),
        ("CTUD", {"cu": True, "reset": True, "pv": 3}, "pv", {"qd", "count"}),
        ("FLIP_FLOP", {"clk": True, "reset": True}, "clk", {"q"}),
        ("PID", {"pv": 1.0, "sp": 2.0, "man": True, "man_out": 7.0}, "pv", {"out"}),
    ],
)
def test_what_decides_an_output_decides_it_alone(kind, inputs, dead, good):
    cls = LIBRARY[kind]
    wiring = {name: name for name in inputs}
    plant = Plant(inputs, ("block", kind, wiring, {name: f"out.{name}" for name in cls.spec.outputs}))
    plant.bus.write(dead, inputs[dead], BAD)
    plant.scan()
    assert {n for n in cls.spec.outputs if plant.quality(f"out.{n}") is Quality.GOOD} == good


class Either(Block, type="EITHER_OF"):
    """A stranger's block that knows: it follows a while `own` is set, else b."""

    a = In(float)
    b = In(float)
    own = Param(bool, default=True)
    out = Out(float)

    def step(self, dt):
        self.out = self.a if self.own else self.b

    def known(self, quality):
        return quality.a if self.own else quality.b


class Confused(Block, type="CONFUSED"):
    """A stranger's block that fails at saying what it knows."""

    a = In(float)
    out = Out(float)

    def step(self, dt):
        self.out = self.a

    def known(self, quality):
        raise KeyboardInterrupt


class Remembers(Block, type="REMEMBERS"):
    """A stranger's latch whose `known` looks at its state."""

    set = In(bool)
    on = State(False)
    q = Out(bool)

    def step(self, dt):
        self.on = self.on or self.set
        self.q = self.on

    def known(self, quality):
        return Quality.GOOD if self.on else quality.set


class OwnOutput(Remembers, type="OWN_OUTPUT"):
    """One that looks at its output."""

    def known(self, quality):
        return Quality.GOOD if self.q else quality.set


class Misnamed(Remembers, type="MISNAMED"):
    """Its `known` names something that is not an output."""

    def known(self, quality):
        return {"out": quality.set}


class Truthful(Remembers, type="TRUTHFUL"):
    """One that says true or false."""

    def known(self, quality):
        return self.set


class Silent(Remembers, type="SILENT"):
    """One that returns nothing."""

    def known(self, quality):
        pass


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (Remembers, "`known` reads the state 'on': it may read inputs and parameters only"),
        (OwnOutput, "`known` reads the output 'q': it may read inputs and parameters only"),
        (Misnamed, "`known` names 'out', which is not an output (the outputs are q)"),
        (Truthful, "`known` returns True for 'q', which is not a Quality"),
        (Silent, "`known` returns None for 'q', which is not a Quality"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_known_must_not_do_makes_the_outputs_bad(cls, said, caplog):
    plant = Plant({"s": True}, ("latch", cls, {"set": "s"}, {"q": "q"}))
    plant.scan()
    assert (plant["q"], plant.bus.status("q")) == (True, GOOD)
    for _ in range(2):
        plant.bus.write("s", True, QualityReason(Quality.UNCERTAIN, "old"))
        plant.scan()
        assert plant.bus.status("q") == QualityReason(
            Quality.BAD, f"block latch: {said}", ReasonCode.BLOCK_FAULT
        )
    assert caplog.text.count("`known` fails; its outputs are bad") == 1
    plant.bus.write("s", True)
    plant.scan()
    assert plant.bus.status("q") == GOOD


def test_a_strangers_block_says_what_it_knows_also_after_it_was_tuned():
    plant = Plant({"a": 1.0, "b": 2.0}, ("own", Either, {"a": "a", "b": "b"}, {"out": "q"}))
    plant.bus.write("b", 2.0, BAD)
    plant.scan()
    assert plant.quality("q") is Quality.GOOD
    plant.programs["main"].tune("own", "own", False)
    plant.bus.write("a", 3.0)
    plant.scan()
    assert plant.bus.status("q") == BAD


def test_a_block_that_cannot_say_what_it_knows_is_as_bad_as_its_inputs():
    plant = Plant({"a": 1.0}, ("confused", Confused, {"a": "a"}, {"out": "q"}))
    plant.scan()
    plant.bus.write("a", 1.0, BAD)
    plant.scan()
    assert plant.bus.status("q") == BAD


def test_decided_takes_all_where_none_decides():
    assert decided((True, True), (Quality.GOOD, Quality.UNCERTAIN), by=False) is Quality.UNCERTAIN
    assert decided((False, True), (Quality.GOOD, Quality.BAD), by=False) is Quality.GOOD


def test_what_stands_in_for_a_bad_value_is_uncertain_with_its_reason():
    plant = Plant(
        {"level": 1.0, "spare": 2.0},
        ("held", "FALLBACK", {"input": "level"}, {"out": "held", "active": "holding"}),
        ("other", "FALLBACK", {"input": "level", "fallback": "spare"}, {"out": "other"}),
        ("first", "FIRST_GOOD", {"in1": "level", "in2": "spare"}, {"out": "first"}),
        ("ok", "IS_GOOD", {"input": "level"}, {"q": "ok"}),
    )
    plant.scan()
    plant.bus.write("level", 9.0, BAD)
    plant.scan()
    stands_in = QualityReason(Quality.UNCERTAIN, "not connected")
    assert (plant["held"], plant.bus.status("held")) == (1.0, stands_in)
    assert (plant["other"], plant.bus.status("other")) == (2.0, stands_in)
    assert (plant["first"], plant.bus.status("first")) == (2.0, GOOD)
    assert (plant["ok"], plant.bus.status("ok"), plant.bus.status("holding")) == (False, GOOD, stands_in)
    plant.bus.write("spare", 2.0, BAD)
    plant.scan()
    assert [plant.quality(name) for name in ("other", "first")] == [Quality.BAD] * 2


def test_a_loop_of_thousands_is_settled_in_one_pass(monkeypatch):
    """What gets worse wakes only who reads it: the looks grow with the loop, not with its square."""
    count = 3_000
    blocks = [
        (f"b{i}", "ADD", {"a": f"s{(i + 1) % count}", "b": "x"}, {"out": f"s{i}"}) for i in range(count)
    ]
    plant = Plant({"x": 1.0}, *blocks)
    plant.scan()
    looks = 0
    plain = Flow.statuses

    def counted(*arguments):
        nonlocal looks
        looks += 1
        return plain(*arguments)

    monkeypatch.setattr(Flow, "statuses", counted)
    plant.bus.write("x", 1.0, BAD)
    plant.scan()
    assert plant.quality("s0") is Quality.BAD
    assert looks <= 3 * count
