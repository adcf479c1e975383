"""Drivers: what connects signals with devices, and what the core does for every one of them.

These names are public, for plugins. They load on first use: a configuration model needs no event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra._lazy import lazy

if TYPE_CHECKING:
    from petra.drivers.commands import Act, Command, Origin, Outcome
    from petra.drivers.connection import Answer, Connection
    from petra.drivers.contract import Driver, Link
    from petra.drivers.errors import BusyError, GarbledError, NoAnswerError, PointError, SessionError
    from petra.drivers.exchange import Exchange, Framing, open_tcp
    from petra.drivers.faults import Fault, FaultKind, Script
    from petra.drivers.lookup import host_and_port
    from petra.drivers.planner import Part, Reach, Request, Span, plan
    from petra.drivers.point import Direction, Limits, Point
    from petra.drivers.polling import PolledDriver
    from petra.drivers.relay import Relay
    from petra.drivers.scale import scaling, usable_scale
    from petra.drivers.serving import Server
    from petra.drivers.settings import PointSettings
    from petra.drivers.simulator import Simulator
    from petra.drivers.unpacking import Packed, Unpack, unpacker
    from petra.drivers.writing import same

_HOME = {
    "Answer": "petra.drivers.connection",
    "BusyError": "petra.drivers.errors",
    "Act": "petra.drivers.commands",
    "Command": "petra.drivers.commands",
    "Connection": "petra.drivers.connection",
    "Direction": "petra.drivers.point",
    "Driver": "petra.drivers.contract",
    "Exchange": "petra.drivers.exchange",
    "Fault": "petra.drivers.faults",
    "FaultKind": "petra.drivers.faults",
    "Framing": "petra.drivers.exchange",
    "GarbledError": "petra.drivers.errors",
    "Limits": "petra.drivers.point",
    "Link": "petra.drivers.contract",
    "NoAnswerError": "petra.drivers.errors",
    "Origin": "petra.drivers.commands",
    "Outcome": "petra.drivers.commands",
    "Packed": "petra.drivers.unpacking",
    "Part": "petra.drivers.planner",
    "Point": "petra.drivers.point",
    "PointError": "petra.drivers.errors",
    "PointSettings": "petra.drivers.settings",
    "PolledDriver": "petra.drivers.polling",
    "Reach": "petra.drivers.planner",
    "Relay": "petra.drivers.relay",
    "Request": "petra.drivers.planner",
    "Script": "petra.drivers.faults",
    "Server": "petra.drivers.serving",
    "SessionError": "petra.drivers.errors",
    "Simulator": "petra.drivers.simulator",
    "Span": "petra.drivers.planner",
    "Unpack": "petra.drivers.unpacking",
    "host_and_port": "petra.drivers.lookup",
    "open_tcp": "petra.drivers.exchange",
    "plan": "petra.drivers.planner",
    "same": "petra.drivers.writing",
    "scaling": "petra.drivers.scale",
    "unpacker": "petra.drivers.unpacking",
    "usable_scale": "petra.drivers.scale",
}

__all__ = [
    "Act",
    "Answer",
    "BusyError",
    "Command",
    "Connection",
    "Direction",
    "Driver",
    "Exchange",
    "Fault",
    "FaultKind",
    "Framing",
    "GarbledError",
    "Limits",
    "Link",
    "NoAnswerError",
    "Origin",
    "Outcome",
    "Packed",
    "Part",
    "Point",
    "PointError",
    "PointSettings",
    "PolledDriver",
    "Reach",
    "Relay",
    "Request",
    "Script",
    "Server",
    "SessionError",
    "Simulator",
    "Span",
    "Unpack",
    "host_and_port",
    "open_tcp",
    "plan",
    "same",
    "scaling",
    "unpacker",
    "usable_scale",
]

__getattr__ = lazy(globals(), _HOME)


def __dir__() -> list[str]:
    return __all__
