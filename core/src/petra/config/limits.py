"""The limits of a signal: checks against its type and against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from petra.config.nodes import Node, within
from petra.config.wording import written
from petra.signals import SignalType, Value

if TYPE_CHECKING:
    from petra.config.models import SignalConfig
    from petra.config.problems import Problems

_NUMBERS = (SignalType.INT, SignalType.FLOAT)


@frozen
class SignalLimits:
    """The lowest and the highest value of a signal."""

    minimum: int | float | None
    maximum: int | float | None

    def beyond(self, value: Value) -> str:
        """Return which limit a value exceeds; empty if it is within both."""
        if isinstance(value, str):
            return ""
        if self.minimum is not None and value < self.minimum:
            return f"below the minimum, {self.minimum}"
        if self.maximum is not None and value > self.maximum:
            return f"above the maximum, {self.maximum}"
        return ""


def check_limits(node: Node, signal: SignalConfig, problems: Problems) -> SignalLimits | None:
    """Report errors in the limits of a signal; return the limits if they are valid."""
    low, high = signal.minimum, signal.maximum
    given = [(low, "minimum", "min_value"), (high, "maximum", "max_value")]
    at = [within(node, *keys) for value, *keys in given if value is not None]
    if not at:
        return None
    if signal.type not in _NUMBERS:
        for place in at:
            message = f"the signal is {signal.type.value}: only numbers have limits"
            problems.add(place, "bad-value", message, hint="leave it out, or write `type: float`")
        return None
    if low is not None and high is not None and low > high:
        least, most = (
            written(place) if place is not node else f"{value} of its group"
            for place, value in zip(at, (low, high), strict=True)
        )
        message = f"the maximum {most} is below the minimum {least}"
        problems.add(at[1], "bad-value", message)
        return None
    return SignalLimits(low, high)
