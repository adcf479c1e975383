"""A plant's devices, simulated: each driver's simulator behind a line that a script makes bad."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import define, field

from petra.drivers.contract.errors import PointError
from petra.drivers.simulation.faults import Fault, FaultKind, Script, holding
from petra.drivers.simulation.relay import Relay
from petra.drivers.simulation.simulator import Simulator, Wave, read_back, usual, wave
from petra.drivers.simulation.track import Track
from petra.errors import PetraError
from petra.supervise import Activity, Supervisor

if TYPE_CHECKING:
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.point import Point

log = logging.getLogger("petra.simulation")

_STEP = 0.05
_LOOPBACK = "127.0.0.1"


@define(eq=False)
class _Device:
    """One driver's device."""

    name: str
    simulator: Simulator
    waves: dict[Point, Wave]
    stations: frozenset[str]
    relay: Relay | None = None
    fault: Fault | None = None
    silent: set[str] = field(factory=set)


class Simulation:
    """Serves the devices of some drivers. Values of points that are written stay as they were written."""

    def __init__(self, drivers: Sequence[Driver], script: Script | None = None, *, port: int = 0) -> None:
        self._script = script or Script()
        self._port = port
        self._supervisor = Supervisor("petra-simulation")
        self._devices = _devices(drivers, self._script)
        for fault in self._script.faults:
            self._check(fault)
        self.places: dict[str, str] = {}
        """Where each device is found, by the name of its driver."""

    def start(self) -> None:
        """Open every port; OSError or PetraError says which one cannot be."""
        self._supervisor.start()
        try:
            for number, device in enumerate(self._devices):
                self.places[device.name] = self._supervisor.call(self._open(device, number))
        except BaseException:
            self.stop()
            raise
        self._supervisor.add("petra-simulation", self._play)

    def stop(self) -> None:
        """Close everything."""
        for device in self._devices:
            if device.relay is not None:
                self._supervisor.call(device.relay.stop())
            self._supervisor.call(device.simulator.stop())
        self._supervisor.stop()

    async def _open(self, device: _Device, number: int) -> str:
        try:
            return await self._opened(device, number)
        except OSError as error:
            raise PetraError(self._taken(device, number, error)) from error

    def _port_of(self, device: _Device, number: int) -> int:
        return self._port + number if self._port else device.simulator.port

    def _taken(self, device: _Device, number: int, error: OSError) -> str:
        """Return why a device cannot be simulated, and what to do."""
        port = self._port_of(device, number)
        why = os.strerror(error.errno) if error.errno else str(error)
        others = [
            other.name
            for at, other in enumerate(self._devices[:number])
            if not other.simulator.serial and self._port_of(other, at) == port
        ]
        same = f", as {others[0]!r} is there" if others else ""
        place = device.simulator.serial or f"port {port} of {_LOOPBACK}"
        return f"{device.name!r} cannot be at {place}{same} ({why}); --port says where else devices are"

    async def _opened(self, device: _Device, number: int) -> str:
        simulator = device.simulator
        if simulator.serial:
            await simulator.start("", 0)
            return simulator.serial
        port = self._port_of(device, number)
        if any(f.concerns(device.name) and f.kind is not FaultKind.SILENCE for f in self._script.faults):
            device.relay = Relay(await simulator.start(_LOOPBACK, 0))
            port = await device.relay.start(_LOOPBACK, port)
        else:
            port = await simulator.start(_LOOPBACK, port)
        return f"{_LOOPBACK}:{port}"

    def _check(self, fault: Fault) -> None:
        """Refuse a fault that no device can have."""
        concerned = [device for device in self._devices if fault.concerns(device.name)]
        if not concerned:
            raise PetraError(_none_such("connection", fault.driver, (each.name for each in self._devices)))
        if fault.kind is FaultKind.SILENCE:
            stations = {station for device in concerned for station in device.stations}
            if fault.station not in stations:
                raise PetraError(_none_such("station", fault.station, stations))
        elif all(device.simulator.serial for device in concerned):
            raise PetraError(f"a serial line can have only `silent` faults, and not `{fault.kind.value}`")

    async def _play(self, activity: Activity) -> None:
        """Move values and apply faults, as the script says, from now on."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        activity.serving()
        while True:
            seconds = loop.time() - began
            for device in self._devices:
                for point, moves in device.waves.items():
                    with suppress(PointError, ArithmeticError, ValueError):  # what the point does not hold
                        device.simulator.set(point, moves(seconds))
                await self._line(device, seconds)
                self._stations(device, seconds)
            activity.progress()
            await asyncio.sleep(_STEP)

    async def _line(self, device: _Device, seconds: float) -> None:
        if device.relay is None:
            return
        fault = holding(self._script.faults, device.name, seconds)
        if fault is not device.fault:
            device.fault = fault
            log.warning("%s: %s", device.name, fault.kind.value if fault else "the line is good")
            await device.relay.apply(fault)

    def _stations(self, device: _Device, seconds: float) -> None:
        silent = {
            fault.station
            for fault in self._script.faults
            if fault.kind is FaultKind.SILENCE
            and fault.concerns(device.name)
            and fault.station in device.stations
            and fault.holds(seconds)
        }
        for station in silent ^ device.silent:
            log.warning("%s: %s %s", device.name, station, "is silent" if station in silent else "answers")
            device.simulator.silence(station, silent=station in silent)
        device.silent = silent


def _none_such(noun: str, name: str, known: Iterable[str]) -> str:
    there = ", ".join(sorted(filter(None, known))) or "none"
    return f"the script names the {noun} {name!r}, and there is {there}"


def _devices(drivers: Sequence[Driver], script: Script) -> list[_Device]:
    """Return the devices; each point moves as the script says, as its file says, or as is usual."""
    scripted = {pattern.signal: pattern for pattern in script.values}
    track = Track(script.csv) if script.csv is not None else None
    recorded = track.signals if track is not None else []
    known = {point.signal for driver in drivers for point in driver.points}
    for name in [*scripted, *recorded]:
        if name not in known:
            raise PetraError(f"the script moves {name!r}, and no point has that signal")

    def moves(simulator: Simulator, point: Point, number: int) -> Wave | None:
        if track is not None and point.signal in recorded:
            return track.wave(point.signal, point.type)
        if point.signal in scripted:
            return wave(scripted[point.signal], point.type, number)
        if point.direction.writes or point in still:
            return None
        return simulator.moves(point) or wave(usual(point, number), point.type, number)

    made = []
    for driver in drivers:
        simulator = driver.simulator()
        still = read_back(simulator, driver.points)
        waves = {point: moves(simulator, point, number) for number, point in enumerate(driver.points)}
        moving = {point: found for point, found in waves.items() if found is not None}
        stations = frozenset(point.station for point in driver.points if point.station)
        made.append(_Device(driver.name, simulator, moving, stations))
    return made
