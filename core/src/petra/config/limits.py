"""The limits of a signal: whether they fit it, and each other."""

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
class Limits:
    """The lowest and the highest value of a signal."""

    minimum: int | float | None
    maximum: int | float | None

    def beyond(self, value: Value) -> str:
        """Say which limit a value does not keep; empty when it keeps both."""
        if isinstance(value, str):
            return ""
        if self.minimum is not None and value < self.minimum:
            return f"below the minimum, {self.minimum}"
        if self.maximum is not None and value > self.maximum:
            return f"above the maximum, {self.maximum}"
        return ""


def check_limits(node: Node, signal: SignalConfig, problems: Problems) -> Limits | None:
    """Note what is wrong with the limits of a signal; return them when they can be used."""
    low, high = signal.minimum, signal.maximum
    given = [(low, "minimum", "min_value"), (high, "maximum", "max_value")]
    at = [within(node, *keys) for value, *keys in given if value is not None]
    if not at:
        return None
    if signal.type not in _NUMBERS:
        for place in at:
            said = f"the signal is {signal.type.value}: only numbers have limits"
            problems.add(place, "bad-value", said, hint="leave it out, or say `type: float`")
        return None
    if low is not None and high is not None and low > high:
        said = f"the maximum {written(at[1])} is below the minimum {written(at[0])}"
        problems.add(at[1], "bad-value", said)
        return None
    return Limits(low, high)
