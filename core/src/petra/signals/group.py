"""Several signals resolved once: the fast path for reading and writing the same ones again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from petra.signals.inbox import Force, Write, wrong_time
from petra.signals.layout import PART_MASK, PART_SHIFT, Layout, NotWritableError, WrongTypeError
from petra.signals.quality import GOOD, QualityReason
from petra.signals.types import INT_MAX, INT_MIN, Value

if TYPE_CHECKING:
    from petra.signals.image import Image

Check = Callable[[Layout, int], None]
"""Raises for a signal that is not written in this way."""

_WRITTEN_OUT = 256
"""Signals that are read by an expression of their own, when they are in several parts."""

Parts = tuple[Sequence[Value], ...]
Read = Callable[[Parts], tuple[Value, ...]]


class Surface(Protocol):
    """What a group works on."""

    image: Image
    layout: Layout

    def enqueue(self, entry: Write | Force) -> None:
        """Put a checked entry into the inbox."""


class _Places:
    """Where the signals of a group are in one layout."""

    __slots__ = (
        "by_class",
        "indices",
        "ints",
        "layout",
        "limited",
        "parts",
        "read",
        "refusal",
        "span",
        "types",
    )

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
        self.read = _reader(self.indices, layout)
        self.parts = layout.parts_of(index for index in self.indices if not layout.is_computed(index))
        self.span = _span(self.indices)


class Group:
    """Signals in the order in which they were named. Any thread may use it; it outlives a reload."""

    def __init__(self, surface: Surface, names: Iterable[str], check: Check = Layout.check_writable) -> None:
        self._surface = surface
        self._check = check
        self.names = tuple(names)
        self._places = _Places(surface.layout, self.names, check)

    def __len__(self) -> int:
        return len(self.names)

    def read(self) -> tuple[Value, ...]:
        """Return the values, all of the same image."""
        image = self._surface.image
        places = self._places
        if places.layout is not image.layout:
            places = self._find(image.layout)
        return places.read(image.parts)

    def statuses(self) -> list[QualityReason]:
        """Return the qualities with their reasons."""
        image = self._surface.image
        if not image.flawed:
            return [GOOD] * len(self.names)
        return [image.flawed.get(i, GOOD) for i in self._find(image.layout).indices]

    def write(self, values: Sequence[Value], status: QualityReason = GOOD, time: int | None = None) -> None:
        """Write all of them: they become visible in the same scan, or the call is refused."""
        places = self._find(self._surface.layout)
        checked = self._checked(places, values)
        self._surface.enqueue(
            Write(places.indices, checked, status, time, places.span, places.layout, places.parts)
        )

    def write_each(
        self,
        values: Sequence[Value],
        statuses: Sequence[QualityReason] | None = None,
        times: Sequence[int] | None = None,
        time: int | None = None,
    ) -> None:
        """Write all of them, each with its own status or its own source time."""
        # copied before they are checked: what waits for the scan must not change any more
        statuses = None if statuses is None else tuple(statuses)
        times = None if times is None else tuple(times)
        for column, what, kind in ((statuses, "statuses", QualityReason), (times, "times", int)):
            if column is None:
                continue
            if len(column) != len(self.names):
                raise ValueError(f"{len(self.names)} signals take as many {what}, not {len(column)}")
            if wrong := next((each for each in column if type(each) is not kind), None):
                raise WrongTypeError(f"{what} are of the type {kind.__name__}, not {wrong!r}")
        if times and (min(times) < 0 or max(times) > INT_MAX):
            at = next(at for at, each in enumerate(times) if not 0 <= each <= INT_MAX)
            raise WrongTypeError(f"{self.names[at]!r}: {wrong_time(times[at])}")
        places = self._find(self._surface.layout)
        checked = self._checked(places, values)
        self._surface.enqueue(
            Write(places.indices, checked, GOOD, time, None, places.layout, places.parts, statuses, times)
        )

    def _checked(self, places: _Places, values: Sequence[Value]) -> Sequence[Value]:
        """Return the values as the signals hold them, or raise for the first that cannot be written."""
        if len(values) != len(self.names):
            raise ValueError(f"a group of {len(self.names)} signals takes as many values, not {len(values)}")
        if places.refusal:
            raise NotWritableError(places.refusal)
        layout = places.layout
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
        return checked

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


def _reader(indices: tuple[int, ...], layout: Layout) -> Read:
    """Return the fastest way to pick these signals out of the parts of an image."""
    places = [
        (-1, index - layout.split) if layout.is_computed(index) else (index >> PART_SHIFT, index & PART_MASK)
        for index in indices
    ]
    runs = [(part, [at for _, at in run]) for part, run in groupby(places, itemgetter(0))]
    if len(runs) > 1 and len(places) <= _WRITTEN_OUT:
        listed = ", ".join(f"parts[{part}][{at}]" for part, at in places)
        return eval(f"lambda parts: ({listed},)")  # type: ignore[no-any-return]  # noqa: S307 - of numbers alone
    if len(runs) > len(layout.parted(range(len(layout)))):  # they go to and fro between the parts
        return _any_order(places, layout)
    pickers = [(part, _run_picker(run)) for part, run in runs]
    if not pickers:
        return lambda _: ()
    if len(pickers) == 1:
        ((only, pick),) = pickers
        return lambda parts: tuple(pick(parts[only]))

    def read_parts(parts: Parts) -> tuple[Value, ...]:
        values: list[Value] = []
        for part, pick in pickers:
            values += pick(parts[part])
        return tuple(values)

    return read_parts


def _any_order(places: Sequence[tuple[int, int]], layout: Layout) -> Read:
    """Return what puts the parts together before it picks: one pick for all is faster than two."""
    lengths = [len(part) for part in layout.parted(range(len(layout)))]
    used = sorted({part for part, _ in places})
    begins = dict(zip(used, accumulate((lengths[part] for part in used), initial=0), strict=False))
    pick = picker([begins[part] + at for part, at in places])

    def read_all(parts: Parts) -> tuple[Value, ...]:
        flat: list[Value] = []
        for part in used:
            flat += parts[part]
        return pick(flat)

    return read_all


def _run_picker(places: Sequence[int]) -> Callable[[Sequence[Value]], Sequence[Value]]:
    """Return what picks places out of one part: a slice, where they follow each other."""
    first, count = places[0], len(places)
    if count > 1 and list(places) == list(range(first, first + count)):
        return itemgetter(slice(first, first + count))
    return picker(places)


def picker(indices: Sequence[int]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the fastest way to pick these places out of a sequence, as a tuple."""
    if len(indices) > 1:
        return itemgetter(*indices)
    if not indices:
        return lambda _: ()
    (only,) = indices
    return lambda values: (values[only],)
