"""Blocks and conditions for pumps."""

from bisect import bisect

from petra import Block, Condition, In, Out, Param, State


class PumpHours(Block, type="PUMP_HOURS"):
    """Counts the running hours and the starts of a pump."""

    running = In(bool, doc="Feedback of the contactor")
    seconds = State(0.0, doc="Time run", retain=True)
    started = State(0, doc="Starts so far", retain=True)
    before = State(False, doc="Running in the last scan")  # noqa: FBT003 - a state is declared by its first value
    hours = Out(float, unit="h", doc="Hours run")
    starts = Out(int, doc="Starts")

    def step(self, dt: float) -> None:
        if self.before:  # from the scan with the start to the scan with the stop
            self.seconds = self.seconds + dt
        if self.running and not self.before:
            self.started = self.started + 1
        self.before = self.running
        self.hours = self.seconds / 3600.0
        self.starts = self.started


class PumpDuty(Block, type="PUMP_DUTY", aliases=("PUMP_POWER",)):
    """Hydraulic power of a pump."""

    flow = In(float, unit="m³/h", doc="Delivered flow")
    head = In(float, unit="m", doc="Delivery head")
    density = Param(float, default=998.0, minimum=1.0, unit="kg/m³", doc="Density of the liquid")
    power = Out(float, unit="kW", doc="Hydraulic power")

    def step(self, dt: float) -> None:
        self.power = self.flow / 3600.0 * self.head * self.density * 9.80665 / 1000.0


class PumpCurve(Block, type="PUMP_CURVE"):
    """Head that a pump can deliver at a flow, by its curve. A flow beyond the ends of the curve is a fault.

    The curve is read once, when the block is made, so its step is called and not compiled into the program.
    """

    flow = In(float, unit="m³/h", doc="Delivered flow")
    curve = Param(str, default="0:32, 20:30, 40:24, 60:12", doc="Points `flow:head` with commas between them")
    head = Out(float, unit="m", doc="Delivery head")

    def __init__(self, **params: bool | float | str) -> None:
        super().__init__(**params)
        points = [point.split(":") for point in self.curve.split(",")]
        self._points = [(float(flow), float(head)) for flow, head in points]
        if len(self._points) < 2 or sorted(set(self._points)) != self._points:
            raise ValueError("a curve has two points at least, and their flows rise")

    def step(self, dt: float) -> None:
        flows = [flow for flow, _ in self._points]
        if not flows[0] <= self.flow <= flows[-1]:
            raise ValueError(f"the curve ends at {flows[-1]:g} m³/h")
        at = min(bisect(flows, self.flow), len(flows) - 1)
        (left, high), (right, low) = self._points[at - 1], self._points[at]
        self.head = high + (low - high) * (self.flow - left) / (right - left)


class DryRun(Condition, type="dry_run"):
    """True when a pump has run with less than the minimum flow for longer than allowed."""

    running = In(bool, doc="Feedback of the contactor")
    flow = In(float, unit="m³/h", doc="Delivered flow")
    minimum = Param(float, default=1.0, minimum=0.0, unit="m³/h", doc="Flow below which the pump runs dry")
    allowed = Param(float, default=5.0, minimum=0.0, unit="s", doc="Longest time without flow")
    elapsed = State(0.0, doc="Time without flow")
    before = State(False, doc="Dry in the last scan")  # noqa: FBT003 - a state is declared by its first value
    active = Out(bool, doc="The pump runs dry")

    def step(self, dt: float) -> None:
        dry = self.running and self.flow < self.minimum
        self.elapsed = self.elapsed + dt if dry and self.before else 0.0  # 0 in the scan that sees the start
        self.before = dry
        self.active = self.elapsed > self.allowed
