"""Blocks and conditions for pumps."""

from petra import Block, Condition, In, Out, Param, State


class PumpHours(Block, type="PUMP_HOURS"):
    """Counts the hours that a pump has run, and how often it started."""

    running = In(bool, doc="Feedback of the contactor")
    seconds = State(0.0, doc="Time run", retain=True)
    started = State(0, doc="Starts so far", retain=True)
    before = State(False, doc="Running in the last scan")  # noqa: FBT003 - a state is declared by its first value
    hours = Out(float, unit="h", doc="Hours run")
    starts = Out(int, doc="Starts")

    def step(self, dt: float) -> None:
        if self.running:
            self.seconds = self.seconds + dt
        if self.running and not self.before:
            self.started = self.started + 1
        self.before = self.running
        self.hours = self.seconds / 3600.0
        self.starts = self.started


class PumpDuty(Block, type="PUMP_DUTY", aliases=("PUMP_POWER",)):
    """Hydraulic power that a pump gives to the water."""

    flow = In(float, unit="m³/h", doc="Delivered flow")
    head = In(float, unit="m", doc="Delivery head")
    density = Param(float, default=998.0, minimum=1.0, unit="kg/m³", doc="Density of the liquid")
    power = Out(float, unit="kW", doc="Hydraulic power")

    def step(self, dt: float) -> None:
        self.power = self.flow / 3600.0 * self.head * self.density * 9.80665 / 1000.0


class DryRun(Condition, type="dry_run"):
    """True when a pump has run with less than the minimum flow for longer than allowed."""

    running = In(bool, doc="Feedback of the contactor")
    flow = In(float, unit="m³/h", doc="Delivered flow")
    minimum = Param(float, default=1.0, minimum=0.0, unit="m³/h", doc="Flow below which the pump runs dry")
    allowed = Param(float, default=5.0, minimum=0.0, unit="s", doc="How long it may")
    elapsed = State(0.0, doc="How long it has")
    active = Out(bool, doc="The pump runs dry")

    def step(self, dt: float) -> None:
        self.elapsed = self.elapsed + dt if self.running and self.flow < self.minimum else 0.0
        self.active = self.elapsed > self.allowed
