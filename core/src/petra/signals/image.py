"""The published image: what every reader outside the scan sees.

An image never changes. The scan builds the next one out of the parts that changed and publishes it by one
assignment, so whoever holds an image holds values, qualities and times of one and the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from petra.signals.quality import GOOD, Quality, Status

if TYPE_CHECKING:
    from petra.signals.layout import Layout
    from petra.signals.types import Value


class Image(NamedTuple):
    """All signals at one moment: the inputs first, then the outputs of blocks, in the order of the bus."""

    scan: int
    time: int
    inputs: Sequence[Value]
    outputs: Sequence[Value]
    input_times: Sequence[int]
    output_times: Sequence[int]
    flawed: Mapping[int, Status]
    """The status of every signal that is not good, by index."""
    forced: Mapping[int, Value]
    """The signals that are held at a value, by index."""
    layout: Layout
    """Which signals these are."""
    stopped: bool = False
    """Whether the scan has stopped: signals that have safe values show those."""

    def value(self, index: int) -> Value:
        """Return a signal's value."""
        split = len(self.inputs)
        return self.inputs[index] if index < split else self.outputs[index - split]

    def when(self, index: int) -> int:
        """Return a signal's time: its source time if its writer gave one, else when it changed."""
        split = len(self.inputs)
        return self.input_times[index] if index < split else self.output_times[index - split]

    def safe(self, reason: str) -> Image:
        """Return this image with signals at their safe values and outputs of blocks bad."""
        layout = self.layout
        values = [*self.inputs, *self.outputs]
        flawed = dict(self.flawed)
        flawed.update((i, Status(Quality.BAD, reason)) for i in range(layout.split, len(layout)))
        for i, signal in enumerate(layout.signals):
            if signal.safe is not None:
                values[i] = layout.converted(i, signal.safe)
                flawed[i] = Status(Quality.UNCERTAIN, f"safe value: {reason}")
        inputs, outputs = values[: layout.split], values[layout.split :]
        return self._replace(inputs=inputs, outputs=outputs, flawed=flawed, stopped=True)

    def status(self, index: int) -> Status:
        """Return a signal's quality and the reason for it."""
        return self.flawed.get(index, GOOD)
