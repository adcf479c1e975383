"""The public and stable test kit for plugins, which PETRA's own tests use as well.

The fixtures `catalog`, `configuration` and `manual_clock` need no import: petra-core registers them with
pytest. The modules of the other names are imported on first use, because pytest loads this package in every
environment that contains petra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra._lazy import lazy

if TYPE_CHECKING:
    from petra.engine.incident import replay_incident
    from petra.scan.bench import Bench
    from petra.testing.clock import ManualClock
    from petra.testing.conform import assert_plugin_conforms
    from petra.testing.driver_contract import DriverContract
    from petra.testing.push_contract import PushDriverContract
    from petra.testing.rig import Rig
    from petra.testing.service_contract import ServiceContract
    from petra.testing.service_rig import ServiceRig
    from petra.testing.vectors import assert_vectors
    from petra.testing.virtual_time import VirtualTimeLoop, run_virtual

_HOME = {
    "Bench": "petra.scan.bench",
    "DriverContract": "petra.testing.driver_contract",
    "ManualClock": "petra.testing.clock",
    "PushDriverContract": "petra.testing.push_contract",
    "Rig": "petra.testing.rig",
    "ServiceContract": "petra.testing.service_contract",
    "ServiceRig": "petra.testing.service_rig",
    "VirtualTimeLoop": "petra.testing.virtual_time",
    "assert_plugin_conforms": "petra.testing.conform",
    "assert_vectors": "petra.testing.vectors",
    "replay_incident": "petra.engine.incident",
    "run_virtual": "petra.testing.virtual_time",
}

__all__ = [
    "Bench",
    "DriverContract",
    "ManualClock",
    "PushDriverContract",
    "Rig",
    "ServiceContract",
    "ServiceRig",
    "VirtualTimeLoop",
    "assert_plugin_conforms",
    "assert_vectors",
    "replay_incident",
    "run_virtual",
]

__getattr__ = lazy(globals(), _HOME)
