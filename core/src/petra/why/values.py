"""Why a signal is what it is, as data: a flat list of causes, so that any channel can carry it."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from petra.signals.quality import Quality, ReasonCode
from petra.signals.types import Value

DEPTH = 30
"""How many steps back a question goes, unless it says otherwise."""
DEEPEST = 1_000
MOST = 300
"""Signals that one answer names at most."""


class CauseKind(Enum):
    """What decides a signal."""

    BLOCK = "block"
    """A block computes it."""
    FAULT = "fault"
    """Its block fails: it holds its last value."""
    FORCE = "force"
    """An actor holds it at a value."""
    POINT = "point"
    """A device says so."""
    DEVICE = "device"
    """A device does not answer, or does not give a value."""
    COMMAND = "command"
    """An actor has written it."""
    NOTHING = "nothing"
    """Nothing has written it since the start."""
    ENGINE = "engine"
    """The engine itself writes it."""
    OUTSIDE = "outside"
    """A device or an actor has written it: a recording does not know which."""


@frozen
class HeldForce:
    """A value that an actor holds a signal at."""

    value: Value
    actor: str = ""
    since: int = 0
    door: str = ""
    note: str = ""
    """What the actor gave as the purpose."""


@frozen
class LastCommand:
    """The last command that an actor or the program gave for a signal."""

    value: Value | None
    actor: str
    at: int
    outcome: str
    ok: bool
    origin: str = ""
    door: str = ""
    reason: str = ""
    note: str = ""


@frozen
class PointState:
    """A point of a signal, with the state of its connection; without an address, the connection alone."""

    driver: str
    address: str
    reads: bool
    writes: bool
    state: str
    """Of the connection: serving, trying, waiting or stopped."""
    failing_s: float = 0.0
    """For how long the connection has not served."""
    error: str = ""
    """Why the last session ended."""
    retry_s: float = 0.0
    """In how many seconds the next session begins."""
    command: LastCommand | None = None
    """What the device was told last."""

    @property
    def serves(self) -> bool:
        """Whether there is a session with the device."""
        return self.state == "serving"


@frozen
class CauseInput:
    """An input of a block that decides its output."""

    port: str
    cause: int
    """The place of its signal among the causes."""
    flawed: bool = False
    """Whether it makes the output uncertain or bad."""
    decides: bool = True
    """Whether another value of it would change the output."""


@frozen
class Cause:
    """A signal at one moment, and what decides it."""

    signal: str
    value: Value
    kind: CauseKind
    quality: Quality = Quality.GOOD
    reason: str = ""
    """Why it is not good."""
    code: ReasonCode = ReasonCode.NONE
    time: int = 0
    """When its source has given the value, or when it has changed."""
    since: int = 0
    """Since when it has this value; 0 if that is not known."""
    longer: bool = False
    """Whether it may have had the value for longer than that."""
    source: str = ""
    """The block, or the driver and the address of the point."""
    type: str = ""
    """The type of the block."""
    fault: str = ""
    inputs: tuple[CauseInput, ...] = ()
    """What decides the output of the block, most important first."""
    constants: tuple[tuple[str, Value], ...] = ()
    """The constant numbers and texts that the block reads, for comparison."""
    others: int = 0
    """Inputs of the block that do not matter now."""
    left_out: int = 0
    """Inputs that matter and find no room in the answer."""
    cut: bool = False
    """Whether the answer ends here because it is deep or large enough."""
    examined: bool = True
    """Whether it was found out which inputs decide; otherwise all are named."""
    remaining_s: float | None = None
    """How long until time alone changes the output."""
    becomes: Value | None = None
    """What the output is after that time."""
    pulse: bool = False
    """Whether the output has this value for one scan only."""
    remembers: tuple[tuple[str, Value], ...] = ()
    """The states of the block that hold the output."""
    became: tuple[tuple[str, Value], ...] = ()
    """What the inputs became that made the block remember it, when the output changed."""
    force: HeldForce | None = None
    otherwise: Value | None = None
    """What the block would give if the signal were not forced."""
    command: LastCommand | None = None
    points: tuple[PointState, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether the value can be trusted."""
        return self.quality is Quality.GOOD


@frozen
class Why:
    """The answer: a sentence, and the causes behind it."""

    signal: str
    answer: str
    causes: tuple[Cause, ...]
    """The first is the signal that was asked for; the others are found by the inputs of blocks."""
    scan: int
    time: int
    notes: tuple[str, ...] = ()
    """What concerns the whole plant, such as a scan that has stopped."""

    @property
    def cause(self) -> Cause:
        """What decides the signal that was asked for."""
        return self.causes[0]

    def __str__(self) -> str:
        return self.answer
