"""The part of the document that core owns: signals, blocks, tasks and the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import Factory, field, frozen
from attrs.validators import and_, ge, gt, le, matches_re, max_len

from petra.settings.model import about
from petra.signals import OnBad, SignalType
from petra.signals.types import LONGEST_NAME, NAME

MAIN = "main"
"""The task of every block that names none."""

_NAME = and_(matches_re(NAME), max_len(LONGEST_NAME))
_PERIOD = and_(gt(0.0), le(3_600_000.0))

Scalar = bool | int | float | str

SYNONYMS: Mapping[type, Mapping[str, str]] = {SignalType: {"integer": "int"}}
"""Further names of choices, as documents of the original have them."""

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
"""What other systems call a choice, in small letters: for hints alone."""

_FOR_PEOPLE = ""
_LATER = "this version has no {}"


@frozen
class SignalConfig:
    """A signal: a named, typed value. A bare name stands for a float of that name."""

    NOT_READ: ClassVar[Mapping[str, str]] = {
        "category": _FOR_PEOPLE,
        "source": _FOR_PEOPLE,
        "tags": _FOR_PEOPLE,
        "metadata": _FOR_PEOPLE,
        "update_frequency_ms": "what is stale is known from its connection",
        "log_to_history": _LATER.format("history"),
        "log_interval_ms": _LATER.format("history"),
        "enable_alarms": _LATER.format("alarms"),
        "quality_enabled": "every signal has a quality",
        "validation": "`minimum` and `maximum` are what is checked",
    }

    name: str = field(
        validator=_NAME,
        metadata=about("Unique name: letters, digits and `_ . : / -`", shorthand=True),
    )
    type: SignalType = field(
        default=SignalType.FLOAT, metadata=about("What it holds", aliases=("signal_type", "data_type"))
    )
    initial: Scalar | None = field(
        default=None,
        metadata=about(
            "Value before anything is written; if not given false, empty, or the value within its limits "
            "that is nearest to zero",
            aliases=("initial_value",),
        ),
    )
    unit: str = field(default="", metadata=about("Engineering unit, for people", aliases=("units",)))
    minimum: int | float | None = field(
        default=None, metadata=about("Lowest value that may be written", aliases=("min_value",))
    )
    maximum: int | float | None = field(
        default=None, metadata=about("Highest value that may be written", aliases=("max_value",))
    )
    safe: Scalar | None = field(
        default=None,
        metadata=about("Value that it takes when the scan stops, and its device when it is bad"),
    )
    safe_after_ms: float = field(
        default=1000.0,
        validator=and_(ge(0.0), le(3_600_000.0)),
        metadata=about("How long it has to be bad until its device is given the safe value", unit="ms"),
    )
    on_bad: OnBad | None = field(
        default=None,
        metadata=about(
            "What its device is given when it is bad: the safe value, nothing (hold) or the last good value; "
            "safe if there is a safe value, else hold"
        ),
    )
    description: str = field(default="", metadata=about("What it is, for people"))


@frozen
class BlockConfig:
    """A block of the program. A bare name stands for a block of that type, called the same."""

    NOT_READ: ClassVar[Mapping[str, str]] = {
        "category": _FOR_PEOPLE,
        "tags": _FOR_PEOPLE,
        "metadata": _FOR_PEOPLE,
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
    task: str = field(default=MAIN, metadata=about("Task that runs it"))
    enabled: bool = field(default=True, metadata=about("Whether it runs; false takes it out of the program"))
    description: str = field(default="", metadata=about("What it is for, for people"))


@frozen
class TaskConfig:
    """A task: blocks that run together, at a period of their own. Without any, all blocks run in `main`."""

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
        metadata=about("When several are due, the higher goes first; of equals, the shorter period"),
    )


@frozen
class EngineConfig:
    """How the engine runs the tasks."""

    watchdog_ms: float = field(
        default=0.0,
        validator=and_(ge(0.0), le(3_600_000.0)),
        metadata=about(
            "A scan that does not end within this drives signals to their safe values; "
            "0 stands for ten periods of the slowest task, at least 1000",
            unit="ms",
        ),
    )
    spin_us: float = field(
        default=0.0,
        validator=and_(ge(0.0), le(2_000.0)),
        metadata=about("How long before a deadline to stop sleeping and watch the clock instead", unit="µs"),
    )
    data_dir: str = field(
        default="",
        metadata=about(
            "Folder for what outlives a run: lock, retained state, commands; NAME.data beside the document "
            "if neither this nor $STATE_DIRECTORY is given"
        ),
    )
    retain_file: str = field(
        default="",
        metadata=about("Where blocks keep what they retain over a restart; in the data folder if not given"),
    )


@frozen
class PlantConfig:
    """The keys of a document that belong to core. Every other key is the section of a plugin."""

    NOT_READ: ClassVar[Mapping[str, str]] = {
        "version": _FOR_PEOPLE,
        "description": _FOR_PEOPLE,
        "author": _FOR_PEOPLE,
        "created_at": _FOR_PEOPLE,
        "modified_at": _FOR_PEOPLE,
        "tags": _FOR_PEOPLE,
        "metadata": _FOR_PEOPLE,
        "max_scan_jitter_ms": "how late scans are is measured; see `petra run` and the signals `petra.*`",
        "error_recovery": "scans go on after a block's fault in any case",
        "max_consecutive_errors": "scans go on after a block's fault in any case",
        "restart_delay_ms": "connections come back by themselves",
        "realtime": _LATER.format("real-time class"),
        "validation": "`minimum` and `maximum` of signals are what is checked",
        "history": _LATER.format("history"),
        "health": "see `petra doctor` and the signals `petra.*`",
        "logging": "options of `petra run` say what is logged",
    }

    signals: tuple[SignalConfig, ...] = field(default=(), metadata=about("Signals declared by hand"))
    blocks: tuple[BlockConfig, ...] = field(default=(), metadata=about("The control logic"))
    tasks: tuple[TaskConfig, ...] = field(default=(), metadata=about("Tasks beside `main`, or in its place"))
    engine: EngineConfig = field(default=EngineConfig(), metadata=about("How the tasks are run"))
    scan_time_ms: float = field(
        default=100.0, validator=_PERIOD, metadata=about("Period of the task `main`", unit="ms")
    )
