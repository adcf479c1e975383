"""A single block in a test: signals at its ports, scans on request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from petra.clock import SystemClock
from petra.scan.compiler import SignalPlaces
from petra.scan.network import Network, wire
from petra.scan.program import Program
from petra.scan.resolve import Resolution
from petra.signals import GOOD, LocalBus, Quality, QualityReason, Signal, SignalType, Store

if TYPE_CHECKING:
    from petra.blocks import Block
    from petra.signals import Value


class Bench:
    """One block, wired to a signal at each given input and at each output, and run as in a plant.

        bench = Bench(OnDelay, inputs={"input": True}, params={"preset_ms": 300})
        bench.scan(0.1)
        assert bench.outputs() == {"q": False, "elapsed": 100.0}

    `inputs` holds the first values; the signals have the types of these values. With `inline=False` the step
    is called instead of compiled into the program; both ways give the same results.
    """

    def __init__(
        self,
        cls: type[Block],
        inputs: Mapping[str, Value],
        *,
        params: Mapping[str, Value] | None = None,
        types: Mapping[str, str] | None = None,
        inline: bool = True,
    ) -> None:
        kinds = {name: type(value) for name, value in inputs.items()}
        kinds.update({name: SignalType(type_name).python for name, type_name in (types or {}).items()})
        spec = cls.spec
        sources = {name: f"in.{name}" for name in inputs}
        outputs = {name: f"out.{name}" for name in spec.outputs}
        wired = wire("block", cls, sources, outputs, dict(params or {}))
        declared = {f"in.{name}": kinds[name] for name in inputs}
        declared |= {f"out.{name}": kinds[name] for name in outputs if name in kinds}
        resolution = Resolution([wired], declared)
        if resolution.mismatches:
            raise TypeError("; ".join(mismatch.message for mismatch in resolution.mismatches))
        signals = [Signal(f"in.{name}", SignalType.of(kinds[name]), value) for name, value in inputs.items()]
        signals += [
            Signal(name, SignalType.of(resolution.types[name]), written_by="block")
            for name in outputs.values()
        ]
        self.bus = LocalBus(Store(signals, SystemClock()))
        self.program = Program(
            Network([wired]), SignalPlaces(self.bus.layout.index, resolution.types), resolution, inline=inline
        )
        self._outputs = outputs
        self._scans = 0

    def write(self, port: str, value: Value, *, bad: bool = False) -> None:
        """Write an input; the next scan reads it."""
        self.bus.write(f"in.{port}", value, QualityReason(Quality.BAD, "bad") if bad else GOOD)

    def scan(self, dt: float = 0.1, times: int = 1) -> None:
        """Run one scan or several, each `dt` seconds after the one before."""
        for _ in range(times):
            self._scans += 1
            self.bus.store.latch()
            self.program.scan(self.bus.store, dt)
            self.bus.store.publish(self._scans, self._scans)

    def outputs(self) -> dict[str, Any]:
        """Return the values of the outputs."""
        return {port: self.bus.read(name).value for port, name in self._outputs.items()}

    @property
    def fault(self) -> str:
        """Why the block faulted in the last scan; empty when it did not."""
        return next((status.reason for status in self.program.faults.values()), "")
