"""The delivery state of one written point: what its device was given, what is under way, what it refuses."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from attrs import define, field

from petra.drivers.commands.order import SURE, Outcome
from petra.supervise import Backoff

if TYPE_CHECKING:
    from petra.drivers.commands.command import Command
    from petra.drivers.contract.point import Point
    from petra.signals import Image, Layout, Value

log = logging.getLogger("petra.drivers")

TAKES = 2
"""Scans that have to publish until an image shows for sure what was written to the bus."""
REFUSED_FOR = 1.0
"""Seconds from a refusal to the next try of something else."""
_SETTLES = 1.0
"""Seconds that a value within the deadband stays as it is until it is written, at least."""
_AT_ONCE = 0.01
"""Seconds until a last word is tried once more: without any, a device that refuses at once fills the loop."""


@define(eq=False)
class Delivery:
    """A point that is written, and the only place that knows what its device was given."""

    point: Point
    given: Value | None
    """What its device was last given; None when it is uncertain that the device has it."""
    safe_only: bool = False
    """The device's own value becomes the signal's: only a safe value is written without a command."""
    sent: Command | None = None
    """The last command of the program."""
    heard: bool = True
    """Whether its end was noted."""
    others: list[Command] = field(factory=list)
    """Commands of persons and other programs that have not ended: what the device will hold is not known."""
    stop: Image | None = None
    """The stop whose safe value was written last; None for a signal that was bad."""
    noted: int = -TAKES
    """How many scans had published when such a command ended; images show its value a few scans later."""
    again: float | None = None
    """When to write once more what the device was not able to take."""
    backoff: Backoff = field(factory=lambda: Backoff(first=0.25, longest=10.0))

    refused: Value | None = None
    """What the device or its point did not take, for a reason that does not pass."""
    refused_until: float = 0.0
    """Until when nothing else is tried."""
    refusal: str = ""
    """Why it was refused."""
    retry_at: float = 0.0
    """When what was refused is tried once more: a device may refuse for a while."""
    retries: Backoff = field(factory=lambda: Backoff(first=10.0, longest=60.0, least=5.0))
    stand_in: bool = False
    """Whether what was sent last stands in for what was refused."""
    beyond: bool = False
    """Whether the program's value has been beyond the limits."""
    held: Value | None = None
    """A value that is held back, because it is within the deadband of the last one."""
    settled_at: float = 0.0
    """When it is written, if it stays as it is."""

    @property
    def waits(self) -> bool:
        """Whether a command has not ended, or its end was not noted."""
        return bool(self.others) or not self.heard

    @property
    def tries_on(self) -> bool:
        """Whether what failed for a temporary reason is tried again."""
        return self.again is not None and self.sent is not None and self.sent.temporary

    def order_is(self, command: Command) -> None:
        """Note what the program has just ordered."""
        self.given, self.sent, self.again, self.heard = command.value, command, None, False

    def hear_others(self, publishes: int) -> tuple[bool, bool]:
        """Note how commands of others have ended; return whether that changes anything, and is certain."""
        ended = [command for command in self.others if command.outcome.final]
        self.others = [command for command in self.others if not command.outcome.final]
        changed = certain = False
        for command in ended:
            if command.outcome in SURE and command.held is not None:
                # an image that was published before it ended shows the value before
                self.given, self.again, self.noted, changed, certain = (
                    command.held,
                    None,
                    publishes,
                    True,
                    True,
                )
            elif command.outcome is Outcome.TIMED_OUT:
                self.given, changed = None, True
        return changed, certain

    def hear_own(self, now: float) -> Command | None:
        """Note how the program's command has ended, and return it then.

        A safe value is tried again, anything else if the reason is temporary.
        """
        command = self.sent
        if self.heard or command is None or not command.outcome.final:
            return None
        self.heard = True
        order, refused = command.order, command.outcome is Outcome.REJECTED
        if command.temporary or (refused and order.urgent and command.sent_at is not None):
            pause = self.backoff.next()
            at_once = command.temporary and order.last_word
            self.again = now + (_AT_ONCE if at_once else pause)
            return command
        self.backoff.reset()
        if not order.urgent and not self.stand_in:
            if refused:
                self.is_refused(command, now)
            elif command.outcome in SURE:
                self.is_taken()
        return command

    def needs(self, value: Value, now: float, *, safe: bool, stop: Image | None = None) -> bool:
        """Return whether it has to be written.

        A safe value is, once, also when it is there already; of each stop, which its image names, once more:
        another command may have written it since.
        """
        held, self.held = self.held, None
        if safe and (self.sent is None or not self.sent.order.urgent or self.stop is not stop):
            self.stop = stop
            return True
        if (self.safe_only and not safe) or (self.given is not None and self.given == value):
            return False
        limits, sent = self.point.limits, self.sent
        taken = sent is None or not sent.outcome.final or sent.outcome in SURE
        if safe or not taken or not limits.holds_back(self.given, value):
            return True
        if held is None or held != value:
            self.settled_at = now + max(_SETTLES, limits.interval)
        self.held = value
        return now >= self.settled_at

    def within(self, value: Value, layout: Layout) -> Value:
        """Return the value within the limits that is nearest to the program's; log once that it differs."""
        signal = self.point.signal
        nearest = self.point.limits.nearest(layout.nearest(layout.place(signal), value))
        if nearest != value and not _is_nan(value) and not self.beyond:
            self.beyond = True
            log.warning("%s is %r, beyond its limits: its device is given %r", signal, value, nearest)
        return nearest

    def may_try(self, value: Value, now: float) -> bool:
        """Return whether a value may be sent after what was refused, and not what stands in for it."""
        if self.refused is None:
            return True
        if self.sent is not None and self.sent.order.urgent and self.sent.outcome not in SURE:
            return now >= self.retry_at  # the safe value comes first, but a device may never take it
        same = value == self.refused or (_is_nan(value) and _is_nan(self.refused))
        return now >= (self.retry_at if same else self.refused_until)

    def is_refused(self, command: Command, now: float) -> None:
        """Note that what was sent was refused."""
        self.refused, self.refusal, self.given = command.value, command.reason, None
        self.refused_until, self.retry_at = now + REFUSED_FOR, now + self.retries.next()

    def is_taken(self) -> None:
        """Note that the device takes what the program wants."""
        self.refused = None
        self.retries.reset()


def _is_nan(value: Value | None) -> bool:
    return isinstance(value, float) and math.isnan(value)
