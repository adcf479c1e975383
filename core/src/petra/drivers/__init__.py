"""Drivers: what connects signals with devices, and what the core does for every one of them."""

from petra.drivers.commands import Command, Origin, Outcome
from petra.drivers.connection import Answer, Connection
from petra.drivers.contract import Driver, Link
from petra.drivers.errors import BusyError, NoAnswerError, PointError, SessionError
from petra.drivers.exchange import Exchange, Framing, GarbledError, open_tcp
from petra.drivers.planner import Part, Reach, Request, Span, plan
from petra.drivers.point import Direction, Limits, Point
from petra.drivers.polling import PolledDriver
from petra.drivers.settings import PointSettings

__all__ = [
    "Answer",
    "BusyError",
    "Command",
    "Connection",
    "Direction",
    "Driver",
    "Exchange",
    "Framing",
    "GarbledError",
    "Limits",
    "Link",
    "NoAnswerError",
    "Origin",
    "Outcome",
    "Part",
    "Point",
    "PointError",
    "PointSettings",
    "PolledDriver",
    "Reach",
    "Request",
    "SessionError",
    "Span",
    "open_tcp",
    "plan",
]
