"""Several signals resolved once: the fast path for reading and writing the same ones again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from petra.signals.inbox import Write
from petra.signals.layout import Layout, NotWritableError
from petra.signals.quality import GOOD, Status
from petra.signals.types import INT_MAX, INT_MIN, Value

if TYPE_CHECKING:
    from petra.signals.bus import Bus

Check = Callable[[Layout, int], None]
"""Raises for a signal that is not written in this way."""

Read = Callable[[Sequence[Value], Sequence[Value]], tuple[Value, ...]]


class _Places:
    """Where the signals of a group are in one layout."""

    __slots__ = ("by_class", "indices", "ints", "layout", "limited", "read", "refusal", "span", "types")

    def __init__(self, layout: Layout, names: Iterable[str], check: Check) -> None:
        self.layout = layout
        self.indices = tuple(map(layout.place, names))
        self.types = [layout.types[i] for i in self.indices]
        # texts are looked at one by one: they have limits; ints have, too, but those are compared at once
        self.by_class = str not in self.types
        self.ints = picker([at for at, kind in enumerate(self.types) if kind is int])
        watched = layout.limits if check == Layout.check_writable else {}
        self.limited = [(i, at) for at, i in enumerate(self.indices) if i in watched]
        self.refusal = _refusal(layout, self.indices, check)
        self.read = _reader(self.indices, layout.split)
        self.span = _span(self.indices)


class Group:
    """Signals in the order in which they were named. Any thread may use it; it outlives a reload."""

    def __init__(self, bus: Bus, names: Iterable[str], check: Check = Layout.check_writable) -> None:
        self._bus = bus
        self._check = check
        self.names = tuple(names)
        self._places = _Places(bus.layout, self.names, check)

    def __len__(self) -> int:
        return len(self.names)

    def read(self) -> tuple[Value, ...]:
        """Return the values, all of the same image."""
        image = self._bus.image
        places = self._places
        if places.layout is not image.layout:
            places = self._find(image.layout)
        return places.read(image.inputs, image.outputs)

    def statuses(self) -> list[Status]:
        """Return the qualities with their reasons."""
        image = self._bus.image
        if not image.flawed:
            return [GOOD] * len(self.names)
        return [image.flawed.get(i, GOOD) for i in self._find(image.layout).indices]

    def write(self, values: Sequence[Value], status: Status = GOOD, time: int | None = None) -> None:
        """Write all of them: they become visible in the same scan, or the call is refused."""
        if len(values) != len(self.names):
            raise ValueError(f"a group of {len(self.names)} signals takes as many values, not {len(values)}")
        places = self._find(self._bus.layout)
        layout = places.layout
        if places.refusal:
            raise NotWritableError(places.refusal)
        if (
            places.by_class
            and list(map(type, values)) == places.types
            and _within_limits(places.ints(values))
        ):
            checked: Sequence[Value] = tuple(values)
        else:
            checked = list(map(layout.converted, places.indices, values))
        for index, at in places.limited:
            layout.check_limits(index, checked[at])
        self._bus.enqueue(Write(places.indices, checked, status, time, places.span, layout))

    def _find(self, layout: Layout) -> _Places:
        places = self._places
        if places.layout is not layout:
            self._places = places = _Places(layout, self.names, self._check)
        return places


def _refusal(layout: Layout, indices: Iterable[int], check: Check) -> str:
    """Return why one of these signals is not written in this way, or an empty text."""
    try:
        for index in indices:
            check(layout, index)
    except NotWritableError as error:
        return str(error)
    return ""


def _within_limits(ints: tuple[Any, ...]) -> bool:
    return not ints or (min(ints) >= INT_MIN and max(ints) <= INT_MAX)


def _span(indices: tuple[int, ...]) -> slice | None:
    if not indices or indices != tuple(range(indices[0], indices[0] + len(indices))):
        return None
    return slice(indices[0], indices[0] + len(indices))


def _reader(indices: tuple[int, ...], split: int) -> Read:
    """Return the fastest way to pick these signals out of an image's inputs and outputs."""
    inputs = [i for i in indices if i < split]
    outputs = [i - split for i in indices if i >= split]
    from_inputs, from_outputs = picker(inputs), picker(outputs)
    if not outputs:
        return lambda image_inputs, _: from_inputs(image_inputs)
    if not inputs:
        return lambda _, image_outputs: from_outputs(image_outputs)
    place = {index: at for at, index in enumerate([*inputs, *(i + split for i in outputs)])}
    ordered = picker([place[i] for i in indices])
    return lambda image_inputs, image_outputs: ordered(
        from_inputs(image_inputs) + from_outputs(image_outputs)
    )


def picker(indices: Sequence[int]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the fastest way to pick these places out of a sequence, as a tuple."""
    if len(indices) > 1:
        return itemgetter(*indices)
    if not indices:
        return lambda _: ()
    (only,) = indices
    return lambda values: (values[only],)
