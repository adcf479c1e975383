"""What a plant reports of itself."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen

from petra.drivers.contract.statistics import DriverStatus
from petra.scan.statistics import Figures
from petra.signals.types import Value
from petra.supervise import Health


@frozen
class ServiceStatus:
    """A service at one moment."""

    kind: str
    process: bool
    """Whether it runs in a process of its own."""
    health: Health
    pid: int = 0
    cpu_s: float = 0.0
    """Processor time that its process has used."""
    cpu_percent: float = 0.0
    """Share of one processor lately."""
    memory_bytes: int = 0
    detail: str = ""


@frozen
class PlantStatus:
    """A plant at one moment."""

    running: bool
    uptime_s: float
    scans: int
    reloads: int
    watchdog_trips: int
    tasks: Mapping[str, Figures]
    faults: Mapping[str, str]
    """Why blocks fail now, by their names."""
    fault_counts: Mapping[str, int]
    forced: Mapping[str, Value]
    drivers: Mapping[str, DriverStatus]
    activities: Mapping[str, Health]
    """What plugins run, by name."""
    inbox_waiting: int
    inbox_refused: int
    name: str = ""
    document: str = ""
    data_dir: str = ""
    version: str = ""
    pid: int = 0
    services: Mapping[str, ServiceStatus] = Factory(dict)
    refused: int = 0
    """Acts that the policy has refused."""
    clients: int = 0
    """Who is connected by the channel."""
    newest_event: int = 0
    """The number of the newest event; 0 before the first."""
    signals: int = 0
    not_good: int = 0
    """Signals of which the quality is not good."""
