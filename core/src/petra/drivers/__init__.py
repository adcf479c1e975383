"""Drivers: what connects signals with devices, and what the core does for every one of them.

These names are public, for plugins. They load on first use: a configuration model needs no event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra._lazy import lazy

if TYPE_CHECKING:
    from petra.drivers.commands.command import Command
    from petra.drivers.commands.order import Act, Order, Origin, Outcome
    from petra.drivers.commands.requests import WriteRequest, WriteRequests
    from petra.drivers.contract.context import SessionContext
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.errors import (
        BusyError,
        GarbledError,
        NoAnswerError,
        PointError,
        SessionError,
        UnusableValueError,
    )
    from petra.drivers.contract.feed import Feed
    from petra.drivers.contract.point import Direction, Limits, Point
    from petra.drivers.contract.scale import scaling, usable_scale
    from petra.drivers.contract.settings import PointSettings
    from petra.drivers.contract.statistics import DriverStatistics, DriverStatus
    from petra.drivers.contract.updates import PointUpdate
    from petra.drivers.polling.connection import Answer, Connection, SessionLimits
    from petra.drivers.polling.driver import PolledDriver
    from petra.drivers.polling.planner import Reach, ReadPart, Request, Span, plan_reads
    from petra.drivers.polling.unpacking import Packed, Unpack, unpacker
    from petra.drivers.polling.writing import same
    from petra.drivers.simulation.faults import Fault, FaultKind, Script
    from petra.drivers.simulation.relay import Relay
    from petra.drivers.simulation.simulator import PushSimulator, Simulator
    from petra.drivers.transport.connecting import open_stream, open_tcp
    from petra.drivers.transport.exchange import Exchange, Framing
    from petra.drivers.transport.lookup import host_and_port
    from petra.drivers.transport.serving import Server

_HOME = {
    "Act": "petra.drivers.commands.order",
    "Answer": "petra.drivers.polling.connection",
    "BusyError": "petra.drivers.contract.errors",
    "Command": "petra.drivers.commands.command",
    "Connection": "petra.drivers.polling.connection",
    "Direction": "petra.drivers.contract.point",
    "Driver": "petra.drivers.contract.driver",
    "DriverStatistics": "petra.drivers.contract.statistics",
    "DriverStatus": "petra.drivers.contract.statistics",
    "Exchange": "petra.drivers.transport.exchange",
    "Fault": "petra.drivers.simulation.faults",
    "FaultKind": "petra.drivers.simulation.faults",
    "Feed": "petra.drivers.contract.feed",
    "Framing": "petra.drivers.transport.exchange",
    "GarbledError": "petra.drivers.contract.errors",
    "Limits": "petra.drivers.contract.point",
    "NoAnswerError": "petra.drivers.contract.errors",
    "Order": "petra.drivers.commands.order",
    "Origin": "petra.drivers.commands.order",
    "Outcome": "petra.drivers.commands.order",
    "Packed": "petra.drivers.polling.unpacking",
    "Point": "petra.drivers.contract.point",
    "PointError": "petra.drivers.contract.errors",
    "PointSettings": "petra.drivers.contract.settings",
    "PointUpdate": "petra.drivers.contract.updates",
    "PolledDriver": "petra.drivers.polling.driver",
    "PushSimulator": "petra.drivers.simulation.simulator",
    "Reach": "petra.drivers.polling.planner",
    "ReadPart": "petra.drivers.polling.planner",
    "Relay": "petra.drivers.simulation.relay",
    "Request": "petra.drivers.polling.planner",
    "Script": "petra.drivers.simulation.faults",
    "Server": "petra.drivers.transport.serving",
    "SessionContext": "petra.drivers.contract.context",
    "SessionError": "petra.drivers.contract.errors",
    "SessionLimits": "petra.drivers.polling.connection",
    "Simulator": "petra.drivers.simulation.simulator",
    "Span": "petra.drivers.polling.planner",
    "UnusableValueError": "petra.drivers.contract.errors",
    "Unpack": "petra.drivers.polling.unpacking",
    "WriteRequest": "petra.drivers.commands.requests",
    "WriteRequests": "petra.drivers.commands.requests",
    "host_and_port": "petra.drivers.transport.lookup",
    "open_stream": "petra.drivers.transport.connecting",
    "open_tcp": "petra.drivers.transport.connecting",
    "plan_reads": "petra.drivers.polling.planner",
    "same": "petra.drivers.polling.writing",
    "scaling": "petra.drivers.contract.scale",
    "unpacker": "petra.drivers.polling.unpacking",
    "usable_scale": "petra.drivers.contract.scale",
}

__all__ = [
    "Act",
    "Answer",
    "BusyError",
    "Command",
    "Connection",
    "Direction",
    "Driver",
    "DriverStatistics",
    "DriverStatus",
    "Exchange",
    "Fault",
    "FaultKind",
    "Feed",
    "Framing",
    "GarbledError",
    "Limits",
    "NoAnswerError",
    "Order",
    "Origin",
    "Outcome",
    "Packed",
    "Point",
    "PointError",
    "PointSettings",
    "PointUpdate",
    "PolledDriver",
    "PushSimulator",
    "Reach",
    "ReadPart",
    "Relay",
    "Request",
    "Script",
    "Server",
    "SessionContext",
    "SessionError",
    "SessionLimits",
    "Simulator",
    "Span",
    "Unpack",
    "UnusableValueError",
    "WriteRequest",
    "WriteRequests",
    "host_and_port",
    "open_stream",
    "open_tcp",
    "plan_reads",
    "same",
    "scaling",
    "unpacker",
    "usable_scale",
]

__getattr__ = lazy(globals(), _HOME)


def __dir__() -> list[str]:
    return __all__
