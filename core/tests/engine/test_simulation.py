"""Scripts of simulators: what they move, what goes wrong, and what they cannot mean."""

from __future__ import annotations

import time

import pytest

from petra.drivers import (
    Direction,
    Driver,
    Fault,
    FaultKind,
    Point,
    PointError,
    Script,
    SessionContext,
    Simulator,
)
from petra.drivers.simulation.simulator import Pattern
from petra.engine.simulation import Simulation
from petra.errors import PetraError
from petra.signals import SignalType, Value


class Device(Simulator):
    """Holds values in a dict."""

    def __init__(self, points, serial: str = "") -> None:
        super().__init__(points, port=0, serial=serial)
        self.values: dict[str, Value] = {}
        self.silent: set[str] = set()

    async def start(self, host: str, port: int) -> int:
        return port or 9

    async def stop(self) -> None:
        pass

    def set(self, point: Point, value: Value) -> None:
        if value == "1":
            raise PointError("it does not hold a one")
        self.values[point.signal] = value

    def get(self, point: Point) -> Value:
        return self.values[point.signal]

    def refuse(self, point: Point) -> None:
        pass

    def accept(self, point: Point) -> None:
        pass

    def silence(self, station: str, *, silent: bool) -> None:
        (self.silent.add if silent else self.silent.discard)(station)

    def moves(self, point: Point):
        return (lambda seconds: f"at {seconds:.0f}") if point.signal.endswith(".text") else None


class Toy(Driver):
    def __init__(self, name: str, stations=(), serial: str = "") -> None:
        points = [Point(f"{name}.{s or 'x'}", SignalType.FLOAT, "1", station=s) for s in stations or ("",)]
        points += [
            Point(f"{name}.set", SignalType.FLOAT, "2", Direction.BOTH),
            Point(f"{name}.text", SignalType.STRING, "3"),
        ]
        super().__init__(name, points, None)
        self.serial = serial

    async def session(self, context: SessionContext) -> None:
        """Nobody runs it."""

    def simulator(self) -> Simulator:
        return Device(self.points, self.serial)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(FaultKind.SILENCE, station="unit 9"), "station 'unit 9', and there is unit 1, unit 2"),
        (Fault(FaultKind.SILENCE), "station '', and there is unit 1, unit 2"),
        (Fault(FaultKind.SILENCE, station="unit 1", driver="one"), "station 'unit 1', and there is none"),
        (Fault(FaultKind.DROP, driver="meter"), "connection 'meter', and there is line, one, two"),
        (Fault(FaultKind.DROP, driver="line"), "a serial line can have only `silent` faults, and not `drop`"),
    ],
)
def test_a_fault_that_no_device_can_have_is_refused(fault, said):
    drivers = [Toy("one"), Toy("two", ["unit 1", "unit 2"]), Toy("line", serial="/dev/x")]
    with pytest.raises(PetraError, match=said):
        Simulation(drivers, Script(faults=(fault,)))


@pytest.mark.parametrize("name", ["one.y", "two"])
def test_a_signal_that_no_point_has_is_refused(name, tmp_path):
    with pytest.raises(PetraError, match=f"moves '{name}', and no point has"):
        Simulation([Toy("one")], Script(values=(Pattern(name),)))
    path = tmp_path / "t.csv"
    path.write_text(f"time_s,{name}\n0,1\n")
    with pytest.raises(PetraError, match=f"moves '{name}', and no point has"):
        Simulation([Toy("one")], Script(csv=path))


def test_a_station_is_silent_where_it_is_and_the_play_goes_on():
    """The other device has no stations, and is not asked for any."""
    script = Script(faults=(Fault(FaultKind.SILENCE, station="unit 1", for_s=1e6),))
    simulation = Simulation([Toy("one"), Toy("two", ["unit 1", "unit 2"])], script)
    one, two = (device.simulator for device in simulation._devices)
    simulation.start()
    deadline = time.monotonic() + 60
    try:
        while not (two.silent and "one.text" in one.values):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert two.silent == {"unit 1"}
        assert one.silent == set()
        assert one.values["one.text"].startswith("at ")
        assert "one.set" not in one.values, "what commands write is left alone"
    finally:
        simulation.stop()


def test_two_devices_at_one_port_are_named():
    class Listening(Device):
        async def start(self, host: str, port: int) -> int:
            if port == 502:
                raise OSError(98, "taken")
            return port

    class There(Toy):
        def simulator(self) -> Simulator:
            made = Listening(self.points)
            made.port = 502
            return made

    with pytest.raises(PetraError) as raised:
        Simulation([There("one"), There("two")]).start()
    assert "'one' cannot be at port 502 of 127.0.0.1 (" in str(raised.value)


def test_a_point_that_reads_back_what_another_one_writes_does_not_move():
    """It shows what was written; only a script moves it all the same."""
    points = [
        Point("valve", SignalType.BOOL, "coil 7", Direction.WRITE),
        Point("valve.open", SignalType.BOOL, "coil 7"),
        Point("elsewhere", SignalType.BOOL, "coil 7", station="unit 2"),
        Point("level", SignalType.FLOAT, "register 7"),
    ]

    class Device7(Toy):
        def __init__(self) -> None:
            super().__init__("one")
            self.points = tuple(points)

    def moved(script: Script | None = None) -> list[str]:
        (device,) = Simulation([Device7()], script)._devices
        return [point.signal for point in device.waves]

    assert moved() == ["elsewhere", "level"]
    assert moved(Script(values=(Pattern("valve.open", "constant"),))) == ["valve.open", "elsewhere", "level"]
