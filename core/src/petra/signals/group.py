"""Several signals resolved once: the fast path for reading and writing the same ones again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from petra.signals.inbox import Write
from petra.signals.quality import GOOD, Status
from petra.signals.types import Value

if TYPE_CHECKING:
    from petra.signals.bus import Bus

Read = Callable[[Sequence[Value], Sequence[Value]], tuple[Value, ...]]


class Group:
    """Signals in the order in which they were named. Any thread may use it."""

    def __init__(self, bus: Bus, indices: Sequence[int]) -> None:
        self._bus = bus
        self._indices = tuple(indices)
        self._types = [bus.signals[i].type.python for i in indices]
        self._by_class = int not in self._types  # ints are looked at one by one: they saturate
        self._locked = next((i for i in indices if i >= bus.split), None)
        self._read = _reader(self._indices, bus.split)
        self._span = _span(self._indices)

    def __len__(self) -> int:
        return len(self._indices)

    def read(self) -> tuple[Value, ...]:
        """Return the values, all of the same image."""
        image = self._bus.image
        return self._read(image.inputs, image.outputs)

    def statuses(self) -> list[Status]:
        """Return the qualities with their reasons."""
        flawed = self._bus.image.flawed
        return [flawed.get(i, GOOD) for i in self._indices] if flawed else [GOOD] * len(self._indices)

    def write(self, values: Sequence[Value], status: Status = GOOD, time: int | None = None) -> None:
        """Write all of them: they become visible in the same scan, or the call is refused."""
        if len(values) != len(self._indices):
            raise ValueError(
                f"a group of {len(self._indices)} signals takes as many values, not {len(values)}"
            )
        if self._locked is not None:
            self._bus.check_writable(self._locked)
        if self._by_class and [value.__class__ for value in values] == self._types:
            checked: Sequence[Value] = tuple(values)
        else:
            checked = list(map(self._bus.converted, self._indices, values))
        self._bus.enqueue(Write(self._indices, checked, status, time, self._span))


def _span(indices: tuple[int, ...]) -> slice | None:
    if not indices or indices != tuple(range(indices[0], indices[0] + len(indices))):
        return None
    return slice(indices[0], indices[0] + len(indices))


def _reader(indices: tuple[int, ...], split: int) -> Read:
    """Return the fastest way to pick these signals out of an image's inputs and outputs."""
    inputs = [i for i in indices if i < split]
    outputs = [i - split for i in indices if i >= split]
    from_inputs, from_outputs = _picker(inputs), _picker(outputs)
    if not outputs:
        return lambda image_inputs, _: from_inputs(image_inputs)
    if not inputs:
        return lambda _, image_outputs: from_outputs(image_outputs)
    place = {index: at for at, index in enumerate([*inputs, *(i + split for i in outputs)])}
    ordered = _picker([place[i] for i in indices])
    return lambda image_inputs, image_outputs: ordered(
        from_inputs(image_inputs) + from_outputs(image_outputs)
    )


def _picker(indices: Sequence[int]) -> Callable[[Any], tuple[Value, ...]]:
    if len(indices) > 1:
        return itemgetter(*indices)
    if not indices:
        return lambda _: ()
    (only,) = indices
    return lambda values: (values[only],)
