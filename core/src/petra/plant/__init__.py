"""The one way into a running plant: what a door, a service, a command or a notebook works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra._lazy import lazy

if TYPE_CHECKING:
    from petra.drivers.commands.order import Origin, Outcome
    from petra.plant.actors import Actor, Capability, this_user
    from petra.plant.audit import Audit, AuditEntry
    from petra.plant.blocking import BlockingPlant
    from petra.plant.guard import Guard, NotAllowedError, Policy
    from petra.plant.interface import Names, Plant
    from petra.plant.recent import Recent
    from petra.plant.status import PlantStatus, ServiceStatus
    from petra.plant.tables import NoTableLibraryError
    from petra.plant.values import (
        ActResult,
        Event,
        EventKind,
        ForceInfo,
        PlantAct,
        SignalInfo,
        SignalValue,
        Snapshot,
    )

_HOME = {
    "ActResult": "petra.plant.values",
    "Actor": "petra.plant.actors",
    "Audit": "petra.plant.audit",
    "AuditEntry": "petra.plant.audit",
    "BlockingPlant": "petra.plant.blocking",
    "Capability": "petra.plant.actors",
    "Event": "petra.plant.values",
    "EventKind": "petra.plant.values",
    "ForceInfo": "petra.plant.values",
    "Guard": "petra.plant.guard",
    "Names": "petra.plant.interface",
    "NoTableLibraryError": "petra.plant.tables",
    "NotAllowedError": "petra.plant.guard",
    "Origin": "petra.drivers.commands.order",
    "Outcome": "petra.drivers.commands.order",
    "Plant": "petra.plant.interface",
    "PlantAct": "petra.plant.values",
    "PlantStatus": "petra.plant.status",
    "Policy": "petra.plant.guard",
    "Recent": "petra.plant.recent",
    "ServiceStatus": "petra.plant.status",
    "SignalInfo": "petra.plant.values",
    "SignalValue": "petra.plant.values",
    "Snapshot": "petra.plant.values",
    "this_user": "petra.plant.actors",
}

__all__ = [
    "ActResult",
    "Actor",
    "Audit",
    "AuditEntry",
    "BlockingPlant",
    "Capability",
    "Event",
    "EventKind",
    "ForceInfo",
    "Guard",
    "Names",
    "NoTableLibraryError",
    "NotAllowedError",
    "Origin",
    "Outcome",
    "Plant",
    "PlantAct",
    "PlantStatus",
    "Policy",
    "Recent",
    "ServiceStatus",
    "SignalInfo",
    "SignalValue",
    "Snapshot",
    "this_user",
]

__getattr__ = lazy(globals(), _HOME)


def __dir__() -> list[str]:
    return __all__
