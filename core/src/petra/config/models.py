"""The part of the document that core owns: signals, blocks and the scan time."""

from __future__ import annotations

from attrs import Factory, field, frozen
from attrs.validators import and_, gt, le, matches_re, max_len

from petra.settings.model import about
from petra.signals import SignalType
from petra.signals.types import LONGEST_NAME, NAME

_NAME = and_(matches_re(NAME), max_len(LONGEST_NAME))

Scalar = bool | int | float | str


@frozen
class SignalConfig:
    """A signal: a named, typed value. A bare name stands for a float of that name."""

    name: str = field(
        validator=_NAME,
        metadata=about("Unique name: letters, digits and `_ . : / -`", shorthand=True),
    )
    type: SignalType = field(
        default=SignalType.FLOAT, metadata=about("What it holds", aliases=("signal_type",))
    )
    initial: Scalar | None = field(
        default=None, metadata=about("Value before anything is written; zero, false or empty if not given")
    )
    unit: str = field(default="", metadata=about("Engineering unit, for people"))
    description: str = field(default="", metadata=about("What it is, for people"))


@frozen
class BlockConfig:
    """A block of the program. A bare name stands for a block of that type, called the same."""

    name: str = field(validator=_NAME, metadata=about("Unique name", shorthand=True))
    type: str = field(
        metadata=about(
            "Type of block, as `petra plugins list` shows them", aliases=("block_type",), shorthand=True
        )
    )
    inputs: dict[str, Scalar] = field(
        default=Factory(dict), metadata=about("Port: the name of a signal, or a literal such as 75.0")
    )
    outputs: dict[str, str] = field(
        default=Factory(dict), metadata=about("Port: the name of the signal that this block writes")
    )
    params: dict[str, Scalar] = field(
        default=Factory(dict), metadata=about("Parameter: value", aliases=("parameters",))
    )
    description: str = field(default="", metadata=about("What it is for, for people"))


@frozen
class PlantConfig:
    """The keys of a document that belong to core. Every other key is the section of a plugin."""

    signals: tuple[SignalConfig, ...] = field(default=(), metadata=about("Signals declared by hand"))
    blocks: tuple[BlockConfig, ...] = field(default=(), metadata=about("The control logic"))
    scan_time_ms: float = field(
        default=100.0, validator=and_(gt(0), le(3_600_000)), metadata=about("Period of the scan", unit="ms")
    )
