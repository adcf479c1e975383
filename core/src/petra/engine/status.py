"""What an engine reports of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from petra.drivers.contract.statistics import DriverStatus
    from petra.scan import Figures
    from petra.signals import Value
    from petra.supervise import Health


@frozen
class EngineStatus:
    """The engine at one moment."""

    running: bool
    uptime_s: float
    scans: int
    reloads: int
    watchdog_trips: int
    tasks: Mapping[str, Figures]
    faults: Mapping[str, str]
    fault_counts: Mapping[str, int]
    forced: Mapping[str, Value]
    drivers: Mapping[str, DriverStatus]
    activities: Mapping[str, Health]
    """What plugins run, by name."""
    inbox_waiting: int
    inbox_refused: int
