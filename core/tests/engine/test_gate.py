"""The gate for commands: one way for every order, and one for every mistake."""

from __future__ import annotations

import math

import pytest

from petra.clock import SystemClock
from petra.drivers import Act, Command, Direction, Driver, Origin, Outcome, Point, SessionContext
from petra.drivers.commands.ledger import Ledger
from petra.engine.gate import CommandGate
from petra.engine.journal import CommandJournal, read
from petra.plant import Actor, Guard
from petra.signals import Force, InboxFullError, LocalBus, NotWritableError, Signal, SignalType, Store
from petra.supervise import Supervisor


class Nowhere(Driver):
    """A driver that is never started."""

    async def session(self, context: SessionContext) -> None:
        """Be nowhere."""


class Hosted:
    """As much of a hosted driver as the gate asks for before the loop runs."""

    def __init__(self, *points: Point, online: str | None = None) -> None:
        self.driver = Nowhere("d", points, online=online)


@pytest.fixture
def bus():
    return LocalBus(
        Store(
            [
                Signal("level", SignalType.FLOAT, minimum=0.0, maximum=10.0),
                Signal("label", SignalType.STRING),
                Signal("sum", SignalType.FLOAT, written_by="add"),
                Signal("read", SignalType.FLOAT),
                Signal("twice", SignalType.FLOAT),
                Signal("petra.scans", SignalType.INT),
                Signal("online", SignalType.BOOL),
            ],
            SystemClock(),
        )
    )


@pytest.fixture
def ledger():
    return Ledger(SystemClock())


@pytest.fixture
def gate(bus, ledger):
    made = CommandGate(bus, SystemClock(), ledger, Supervisor(), Guard(SystemClock()))
    made.route(
        [
            Hosted(Point("read", SignalType.FLOAT, "r1"), online="online"),
            Hosted(*(Point("twice", SignalType.FLOAT, at, Direction.WRITE) for at in ("w1", "w2"))),
        ]
    )
    return made


def said(command: Command) -> tuple[Outcome, str]:
    return command.outcome, command.reason


@pytest.mark.parametrize(
    ("signal", "value", "reason"),
    [
        ("lebel", 1.0, "there is no signal 'lebel'; did you mean"),
        ("level", "full", "'full'"),
        ("level", None, "a command writes a value"),
        ("level", 11.0, "'level' is at most 10, not 11"),
        ("level", math.nan, "'level' is at least 0"),
        ("label", 5, "5"),
        ("label", "x" * 70_000, "label"),
        ("sum", 1.0, "the block 'add' writes it; force it instead"),
        ("read", 1.0, "its point r1 is only read"),
        ("twice", 1.0, "2 points write it"),
        ("petra.scans", 1, "the engine itself writes it"),
        ("online", True, "the engine itself writes it"),
        ("level", [1, 2], "[1, 2]"),
        ("level", 10**5000, "level"),
    ],
    ids=lambda value: repr(value)[:12] if not isinstance(value, int) or value < 2**64 else "huge",
)
def test_every_mistake_is_a_command_that_was_rejected(gate, ledger, signal, value, reason):
    """Whoever asks has one thing to look at, and the ledger has them all, in a size that can be kept."""
    command = gate.command(signal, value, Actor("ann"))
    assert command.wait(0) is command
    assert command.outcome is Outcome.REJECTED
    assert reason in command.reason
    assert ledger.commands() == [command]
    assert ledger.counts == {Outcome.REJECTED: 1}
    assert len(str(command.value)) <= 101
    assert len(command.reason) <= 300


@pytest.mark.parametrize(("signal", "value"), [("nothing", 1.0), ("level", "full"), ("level", 11.0)])
def test_a_force_that_cannot_be_is_rejected_as_well(gate, ledger, signal, value):
    command = gate.force(signal, value, Actor("ann"))
    assert command.outcome is Outcome.REJECTED
    assert command.reason
    assert ledger.commands() == [command]


def test_what_no_device_has_is_accepted_and_not_confirmed(gate, bus):
    """Nobody has confirmed anything: the next scan has it."""
    commands = [
        gate.command("level", 3, Actor("ann")),
        gate.force("label", "by hand", Actor("ann")),
        gate.force("label", None, Actor("ann")),
    ]
    assert {each.outcome for each in commands} == {Outcome.ACCEPTED}
    assert commands[0].order.value == 3.0
    bus.store.latch()
    bus.store.publish(1, 1)
    assert bus.read("level").value == 3.0


def test_an_inbox_that_is_full_is_a_refusal(gate, bus, monkeypatch):
    def full(_: object) -> None:
        raise InboxFullError("200000 values wait")

    monkeypatch.setattr(bus, "enqueue", full)
    for command in (
        gate.command("level", 1.0, Actor("ann")),
        gate.force("level", 1.0, Actor("ann")),
    ):
        assert said(command) == (Outcome.REJECTED, "200000 values wait")


def test_the_policy_comes_first_and_the_end_refuses_everything(gate):
    assert "without a policy" in gate.command("nothing", 1.0, Actor("web", Origin.NETWORK)).reason
    gate.refusing = "the engine stops"
    for command in (
        gate.command("level", 1.0, Actor("ann")),
        gate.force("level", 1.0, Actor("ann")),
        gate.command("nothing", 1.0, Actor("ann")),
    ):
        assert said(command) == (Outcome.REJECTED, "the engine stops")


def test_a_force_on_the_bus_passes_the_gate(gate, bus, ledger):
    bus.force("level", 4.0, "ann")
    assert ledger.commands()[-1].outcome is Outcome.ACCEPTED
    gate.refusing = "the engine stops"
    with pytest.raises(NotWritableError, match="'level' is not forced: the engine stops"):
        bus.gate(Force(1, "ann", "level", 5.0))


def test_a_loop_that_is_closed_is_a_stopped_engine(bus, ledger):
    supervisor = Supervisor()
    supervisor.start()
    gate = CommandGate(bus, SystemClock(), ledger, supervisor, Guard(SystemClock()))
    gate.route([Hosted(Point("level", SignalType.FLOAT, "w", Direction.WRITE))])
    supervisor.stop()
    assert said(gate.command("level", 1.0, Actor("ann"))) == (
        Outcome.REJECTED,
        "the engine has stopped",
    )


def test_what_was_refused_can_be_written_to_the_journal(gate, ledger, tmp_path):
    """Whatever was asked for: nothing keeps the commands after it out of the file."""
    journal = CommandJournal(tmp_path / "c.jsonl", ledger)
    for signal, value in (("level", object()), ("x" * 10_000, 10**400), (7, b"\xff"), ("level", 2.0)):
        gate.command(signal, value, Actor("ann"))
    journal.flush()
    found = read(journal.path, 10)
    assert [entry["outcome"] for entry in found] == ["rejected"] * 3 + ["accepted"]
    assert journal.path.stat().st_size < 3_000


def test_an_order_never_changes(gate):
    order = gate.command("level", 2.0, Actor("ann")).order
    with pytest.raises(AttributeError):
        order.value = 3.0


def test_an_unforce_is_an_order_without_a_value(gate, ledger, bus):
    forced = gate.force("level", 4, Actor("ann"))
    freed = gate.force("level", None, Actor("ann"))
    assert [(each.order.act, each.order.value) for each in (forced, freed)] == [
        (Act.FORCE, 4.0),
        (Act.UNFORCE, None),
    ]
    assert bus.store.inbox.take()[1].value is None
    assert said(gate.force("nothing", None, Actor("ann")))[0] is Outcome.REJECTED


def test_what_a_block_or_a_device_writes_can_be_forced(gate, bus):
    """That is what forcing is for."""
    for name in ("sum", "read", "twice"):
        assert gate.force(name, 2.0, Actor("ann")).outcome is Outcome.ACCEPTED
    bus.store.latch()
    bus.store.publish(1, 1)
    assert [bus.read(name).value for name in ("sum", "read", "twice")] == [2.0] * 3


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (True, True),
        (math.inf, math.inf),
        (2**63 - 1, 2**63 - 1),
        (-(2**63 - 1), -(2**63 - 1)),
        (2**63, "<int>"),
        ("x" * 100, "x" * 100),
        ("x" * 101, "x" * 100 + "…"),
        (b"x", "<bytes>"),
        (None, None),
    ],
)
def test_of_what_was_refused_the_ledger_keeps_what_has_a_bounded_size(gate, given, kept):
    assert gate.command("nothing", given, Actor("ann")).value == kept


@pytest.mark.parametrize("name", [7, None, "x" * 201, "", "a\nb"])
def test_what_is_not_a_name_is_refused_in_a_bounded_size(gate, name):
    for command in (
        gate.command(name, 1.0, Actor("ann")),
        gate.force(name, 1.0, Actor("ann")),
    ):
        assert command.outcome is Outcome.REJECTED
        assert len(command.signal) <= 200
        assert len(command.reason) <= 300


def test_a_command_is_handed_to_the_driver_of_the_one_point_that_writes(bus, ledger):
    """Others of the signal may read it. It waits in the driver's queue, and its end is looked after."""
    read, written = (
        Point("level", SignalType.FLOAT, "r"),
        Point("level", SignalType.FLOAT, "w", Direction.BOTH),
    )
    put: list[tuple[Command, float]] = []
    expected: list[Command] = []

    class Queue:
        def put(self, command: Command, now: float) -> None:
            put.append((command, now))

    class Able(Hosted):
        """As much of a hosted driver as a command needs."""

        takes = True
        deliveries = sessions = property(lambda self: self)
        queue = Queue()

        def now(self) -> float:
            return 5.0

        def writes(self, point: Point) -> bool:
            return self.takes and point is written

        def expect(self, command: Command) -> None:
            expected.append(command)

    with Supervisor() as supervisor:
        gate = CommandGate(bus, SystemClock(), ledger, supervisor, Guard(SystemClock()))
        able = Able(written)
        gate.route([Hosted(read), able])
        assert [point for _, point in gate.routes["level"]] == [read, written]

        async def turn() -> None:
            """Let the loop do what was asked of it before."""

        command = gate.command("level", 3, Actor("ann"))
        supervisor.call(turn())
        assert (command.order.point, command.value) == (written, 3.0)
        assert (expected, put) == ([command], [(command, 5.0)])
        able.takes = False
        late = gate.command("level", 4.0, Actor("ann"))
        assert said(late.wait(60)) == (Outcome.REJECTED, "a reload takes this point away")
        gate.route([])
        assert gate.command("level", 5.0, Actor("ann")).outcome is Outcome.ACCEPTED
    assert put == [(command, 5.0)]
