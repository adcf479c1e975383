"""What can be asked of a plant over the channel: one line for each method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from petra.errors import PetraError
from petra.plant.channel.arguments import checked
from petra.plant.channel.wire import ChannelError
from petra.plant.guard import NotAllowedError
from petra.plant.recent import Recent
from petra.plant.status import PlantStatus
from petra.plant.values import ActResult, Event, ForceInfo, SignalInfo, Snapshot
from petra.signals.layout import (
    NotWritableError,
    OutOfLimitsError,
    UnknownSignalError,
    WrongTypeError,
)
from petra.why.values import Why

if TYPE_CHECKING:
    from petra.plant.interface import Plant

RESULTS: Mapping[str, Any] = {
    "signals": list[SignalInfo],
    "read": Snapshot,
    "recent": Recent,
    "command": ActResult,
    "force": ActResult,
    "unforce": ActResult,
    "forces": list[ForceInfo],
    "tune": ActResult,
    "reload": ActResult,
    "stop": ActResult,
    "status": PlantStatus,
    "why": Why,
}
"""Each method with what it returns; a snapshot goes as columns, everything else as it is."""

STREAMS: Mapping[str, Any] = {"watch": Snapshot, "follow": list, "events": Event}

_ERRORS: Mapping[str, type[PetraError]] = {
    each.__name__: each
    for each in (
        ChannelError,
        NotAllowedError,
        NotWritableError,
        OutOfLimitsError,
        PetraError,
        UnknownSignalError,
        WrongTypeError,
    )
}


def error_as_data(error: BaseException) -> tuple[str, str]:
    """Return an error for a message: of a defect, its kind as well."""
    if isinstance(error, PetraError):
        return type(error).__name__, str(error)
    return PetraError.__name__, f"the plant failed to answer: {error!r}"


def error_from(name: str, text: str) -> PetraError:
    """Return the error of a message."""
    return _ERRORS.get(name, PetraError)(text)


async def call(plant: Plant, method: str, arguments: Mapping[str, Any]) -> Any:
    """Call a method of a plant with the arguments of a message."""
    found = checked(method, arguments)
    if method not in RESULTS:
        raise ChannelError(f"{method} is a stream")
    return await getattr(plant, method)(**found)


def result_from(method: str, data: Any) -> Any:
    """Return the result of a message."""
    return msgspec.convert(data, RESULTS[method])
