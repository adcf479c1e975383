"""The published image: what every reader outside the scan sees.

An image never changes. The scan builds the next one out of the parts that changed and publishes it by one
assignment, so an image holds values, qualities and times of one and the same moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from petra.signals.layout import PART_MASK, PART_SHIFT
from petra.signals.quality import GOOD, Quality, QualityReason, ReasonCode

if TYPE_CHECKING:
    from petra.signals.layout import Layout
    from petra.signals.types import Value


class Image(NamedTuple):
    """All signals at one moment.

    `parts` holds the values: inputs in parts of `PART_SIZE`, then the outputs of blocks as one part. A write
    of ten signals copies the part that they are in, and not all inputs.
    """

    scan: int
    time: int
    parts: tuple[Sequence[Value], ...]
    times: tuple[Sequence[int], ...]
    """The time of each value, in the same parts."""
    flawed: Mapping[int, QualityReason]
    """The status of every signal that is not good, by index."""
    forced: Mapping[int, Value]
    """The signals that are held at a value, by index."""
    layout: Layout
    """Which signals these are."""
    stopped: bool = False
    """Whether the scan has stopped: signals that have safe values show those."""
    number: int = 0
    """Counts publications."""

    @property
    def outputs(self) -> Sequence[Value]:
        """The values of the outputs of blocks."""
        return self.parts[-1]

    def value(self, index: int) -> Value:
        """Return a signal's value."""
        split = self.layout.split
        if index < split:
            return self.parts[index >> PART_SHIFT][index & PART_MASK]
        return self.parts[-1][index - split]

    def when(self, index: int) -> int:
        """Return a signal's time: its source time if its writer gave one, else when it changed."""
        split = self.layout.split
        if index < split:
            return self.times[index >> PART_SHIFT][index & PART_MASK]
        return self.times[-1][index - split]

    def status(self, index: int) -> QualityReason:
        """Return a signal's quality and the reason for it."""
        return self.flawed.get(index, GOOD)

    def values(self) -> list[Value]:
        """Return all values, in the order of the layout."""
        return [value for part in self.parts for value in part]

    def differences(self, before: Image) -> Iterator[int]:
        """Yield the signals of which value, status or force differs from another image of the same layout."""
        begin = 0
        for mine, others in zip(self.parts, before.parts, strict=True):
            if mine is not others:
                yield from (begin + i for i, value in enumerate(mine) if value != others[i])
            begin += len(mine)
        if self.flawed is not before.flawed:
            yield from flaws_changed(before.flawed, self.flawed)
        if self.forced is not before.forced:
            yield from before.forced.keys() ^ self.forced.keys()

    def safe(self, reason: str) -> Image:
        """Return this image with signals at their safe values and outputs of blocks bad."""
        layout = self.layout
        values = self.values()
        flawed = dict(self.flawed)
        flawed.update(
            (i, QualityReason(Quality.BAD, reason, ReasonCode.STOPPED))
            for i in range(layout.split, len(layout))
        )
        for i, signal in enumerate(layout.signals):
            if signal.safe is not None:
                values[i] = layout.converted(i, signal.safe)
                flawed[i] = QualityReason(Quality.UNCERTAIN, f"safe value: {reason}", ReasonCode.SAFE_VALUE)
        return self._replace(parts=layout.parted(values), flawed=flawed, stopped=True, number=self.number + 1)


def flaws_changed(before: Mapping[int, QualityReason], now: Mapping[int, QualityReason]) -> Iterator[int]:
    """Yield the signals whose status differs."""
    for i in before.keys() | now.keys():
        if before.get(i) != now.get(i):
            yield i
