"""The part of the document that the core owns: signals, blocks, tasks and the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import Factory, field, frozen
from attrs.validators import and_, ge, gt, le, matches_re, max_len

from petra.settings.model import about
from petra.signals import OnBad, SignalType
from petra.signals.types import LONGEST_NAME, NAME

MAIN = "main"
"""The task of every block without `task`."""

_NAME = and_(matches_re(NAME), max_len(LONGEST_NAME))
_PERIOD = and_(gt(0.0), le(3_600_000.0))

Scalar = bool | int | float | str

SYNONYMS: Mapping[type, Mapping[str, str]] = {SignalType: {"integer": "int"}}
"""Further names of choices, from documents of the original."""

MEANT: Mapping[type, dict[str, str]] = {
    SignalType: {
        **dict.fromkeys(("boolean", "bit", "digital"), "bool"),
        **dict.fromkeys(("byte", "word", "dword", "lword", "sint", "dint", "lint", "long", "short"), "int"),
        **dict.fromkeys(("usint", "uint", "udint", "ulint", "counter"), "int"),
        **dict.fromkeys((f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), "int"),
        **dict.fromkeys(("real", "lreal", "double", "number", "analog", "float32", "float64"), "float"),
        **dict.fromkeys(("text", "str", "char", "wstring"), "string"),
    }
}
"""Names of choices in other systems, in lower case: for hints only."""

_DOCUMENTATION = ""
_LATER = "this version has no {}"


@frozen
class SignalConfig:
    """A signal: a named, typed value. A name alone declares a float."""

    NOT_READ: ClassVar[Mapping[str, str]] = {
        "category": _DOCUMENTATION,
        "source": _DOCUMENTATION,
        "tags": _DOCUMENTATION,
        "metadata": _DOCUMENTATION,
        "update_frequency_ms": "a point becomes stale by the polling of its connection",
        "log_to_history": _LATER.format("history"),
        "log_interval_ms": _LATER.format("history"),
        "enable_alarms": _LATER.format("alarms"),
        "quality_enabled": "every signal has a quality",
        "validation": "use `minimum` and `maximum`",
    }

    name: str = field(
        validator=_NAME,
        metadata=about("Unique name: letters, digits and `_ . : / -`", shorthand=True),
    )
    type: SignalType = field(
        default=SignalType.FLOAT, metadata=about("Type of the value", aliases=("signal_type", "data_type"))
    )
    initial: Scalar | None = field(
        default=None,
        metadata=about(
            "Value before the first write; without it false, an empty text, or the value within the limits "
            "that is nearest to zero",
            aliases=("initial_value",),
        ),
    )
    unit: str = field(default="", metadata=about("Engineering unit, for display", aliases=("units",)))
    minimum: int | float | None = field(
        default=None, metadata=about("Lowest value that may be written", aliases=("min_value",))
    )
    maximum: int | float | None = field(
        default=None, metadata=about("Highest value that may be written", aliases=("max_value",))
    )
    safe: Scalar | None = field(
        default=None,
        metadata=about("Value of the signal when scans stop, and of its device when the signal is bad"),
    )
    safe_after_ms: float = field(
        default=1000.0,
        validator=and_(ge(0.0), le(3_600_000.0)),
        metadata=about(
            "Time that the signal must be bad before its device is given the safe value", unit="ms"
        ),
    )
    on_bad: OnBad | None = field(
        default=None,
        metadata=about(
            "What the device is given when the signal is bad: the safe value, nothing (hold) or the last "
            "good value; default: safe if there is a safe value, otherwise hold"
        ),
    )
    description: str = field(default="", metadata=about("Description, for display"))
    category: str = field(default="", metadata=about("Group of signals that belong together, for people"))


@frozen
class GroupConfig:
    """What signals below a name have in common: `pump1` is the group of `pump1.run` and `pump1.motor.load`.

    A signal has what it says itself, otherwise what the nearest of its groups says.
    """

    name: str = field(
        validator=_NAME,
        metadata=about("First part of the names of its signals, up to a `.`, `/` or `:`"),
    )
    description: str = field(default="", metadata=about("Description, for display"))
    category: str = field(default="", metadata=about("Group of signals that belong together, for people"))
    unit: str = field(default="", metadata=about("Engineering unit of its numbers", aliases=("units",)))
    minimum: int | float | None = field(
        default=None, metadata=about("Lowest value that may be written to its numbers")
    )
    maximum: int | float | None = field(
        default=None, metadata=about("Highest value that may be written to its numbers")
    )


@frozen
class BlockConfig:
    """A block of the program. A type name alone declares a block of that type with the same name."""

    NOT_READ: ClassVar[Mapping[str, str]] = {
        "category": _DOCUMENTATION,
        "tags": _DOCUMENTATION,
        "metadata": _DOCUMENTATION,
        "priority": "blocks run in the order of their wiring; `petra explain` shows it",
        "circuit_breaker": "a block that faults holds its outputs, which are bad until it has run again",
        "enhanced_monitoring": "every block's faults are counted",
    }

    name: str = field(
        validator=_NAME, metadata=about("Unique name: letters, digits and `_ . : / -`", shorthand=True)
    )
    type: str = field(
        metadata=about(
            "Type of block, as `petra blocks list` shows them", aliases=("block_type",), shorthand=True
        )
    )
    inputs: dict[str, Scalar] = field(
        default=Factory(dict),
        metadata=about("Port: the name of a signal, or a literal such as 75.0, true or \"'a text'\""),
    )
    outputs: dict[str, str] = field(
        default=Factory(dict), metadata=about("Port: the name of the signal that this block writes")
    )
    params: dict[str, Scalar] = field(
        default=Factory(dict), metadata=about("Parameter: value", aliases=("parameters",), sparse=True)
    )
    task: str = field(default=MAIN, metadata=about("Task that runs the block"))
    enabled: bool = field(
        default=True, metadata=about("Whether the block runs; false removes it from the program")
    )
    description: str = field(default="", metadata=about("Description, for display"))


@frozen
class TaskConfig:
    """A task: blocks that run together with one period. Without tasks, all blocks run in `main`."""

    name: str = field(
        validator=_NAME, metadata=about("Unique name: letters, digits and `_ . : / -`", shorthand=True)
    )
    period_ms: float = field(
        default=100.0,
        validator=_PERIOD,
        metadata=about("Period of its scans", unit="ms", aliases=("scan_time_ms", "interval_ms")),
    )
    priority: int = field(
        default=0,
        validator=and_(ge(-100), le(100)),
        metadata=about("If several tasks are due, the highest runs first; of equals, the shortest period"),
    )


@frozen
class EngineConfig:
    """How the engine runs the tasks."""

    watchdog_ms: float = field(
        default=0.0,
        validator=and_(ge(0.0), le(3_600_000.0)),
        metadata=about(
            "A scan that takes longer drives signals to their safe values; "
            "0 means ten periods of the slowest task, at least 1000",
            unit="ms",
        ),
    )
    spin_us: float = field(
        default=0.0,
        validator=and_(ge(0.0), le(2_000.0)),
        metadata=about(
            "Time before a deadline in which the scheduler polls the clock instead of sleeping", unit="µs"
        ),
    )
    data_dir: str = field(
        default="",
        metadata=about(
            "Folder for data that survives a run: lock, retained state, commands; default: $STATE_DIRECTORY, "
            "otherwise NAME.data beside the document"
        ),
    )
    retain_file: str = field(
        default="",
        metadata=about("File for states that survive a restart; default: in the data folder"),
    )


@frozen
class PlantConfig:
    """The keys of a document that belong to the core. Every other key is the section of a plugin."""

    NOT_READ: ClassVar[Mapping[str, str]] = {
        "version": _DOCUMENTATION,
        "description": _DOCUMENTATION,
        "author": _DOCUMENTATION,
        "created_at": _DOCUMENTATION,
        "modified_at": _DOCUMENTATION,
        "tags": _DOCUMENTATION,
        "metadata": _DOCUMENTATION,
        "max_scan_jitter_ms": "lateness is measured; see `petra run` and the signals `petra.*`",
        "error_recovery": "scans always continue after a fault of a block",
        "max_consecutive_errors": "scans always continue after a fault of a block",
        "restart_delay_ms": "connections are restored automatically",
        "realtime": _LATER.format("real-time class"),
        "validation": "use `minimum` and `maximum` of signals",
        "history": _LATER.format("history"),
        "health": "see `petra doctor` and the signals `petra.*`",
        "logging": "use the options of `petra run`",
    }

    signals: tuple[SignalConfig, ...] = field(default=(), metadata=about("Declared signals"))
    groups: tuple[GroupConfig, ...] = field(
        default=(), metadata=about("What signals below a name have in common: unit, limits, description")
    )
    blocks: tuple[BlockConfig, ...] = field(default=(), metadata=about("The control logic"))
    tasks: tuple[TaskConfig, ...] = field(default=(), metadata=about("Tasks beside `main`, or instead of it"))
    engine: EngineConfig = field(default=EngineConfig(), metadata=about("Settings for running the tasks"))
    scan_time_ms: float = field(
        default=100.0, validator=_PERIOD, metadata=about("Period of the task `main`", unit="ms")
    )
