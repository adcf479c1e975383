"""From one layout to another: what a store holds after a reload, worked out before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from petra.signals.image import Image
from petra.signals.quality import GOOD, QualityReason

if TYPE_CHECKING:
    from petra.signals.layout import Layout
    from petra.signals.store import Saved
    from petra.signals.types import Value

T = TypeVar("T")


class Arrangement(NamedTuple):
    """A layout with what the store holds in it, and the image that readers will see."""

    layout: Layout
    saved: Saved
    image: Image


def rearranged(
    image: Image,
    saved: Saved,
    layout: Layout,
    fresh: QualityReason,
    now: int,
    moves: Iterable[tuple[int, int]] = (),
) -> Arrangement:
    """Return what a store holds in another layout.

    Signals of the same name and type keep value, quality, time and force. A signal that no block writes any
    more takes its safe value: what is there was wanted by a block that is gone. An output that no block has
    written before is `fresh`.
    """
    old = image.layout
    kept = layout.kept_from(old)
    values, times = layout.initial(), [now] * len(layout)
    withheld = dict(saved.withheld)
    for new, before in kept.items():
        values[new], times[new] = saved.values[before], image.when(before)
        if (safe := _safe_now(old, before, layout, new)) is None:
            continue
        if before in saved.forced:
            withheld[before] = (safe, GOOD)
        else:
            values[new] = safe
    for before, new in moves:
        if kept.get(new) not in saved.forced:
            values[new] = saved.values[before]
    flawed = {
        new: saved.flawed[before]
        for new, before in kept.items()
        # the status that a block gave its output is over when it is an output no more
        if before in saved.flawed and layout.is_computed(new) == old.is_computed(before)
    }
    if fresh is not GOOD:
        outputs_before = {new for new, before in kept.items() if old.is_computed(before)}
        came = {new for new in range(layout.split, len(layout)) if new not in outputs_before}
        held = {new for new in came if kept.get(new) in saved.forced}
        flawed.update(dict.fromkeys(came - held, fresh))
        for new in held:
            withheld[kept[new]] = (saved.forced[kept[new]], fresh)
    forced = {new: saved.forced[before] for new, before in kept.items() if before in saved.forced}
    withheld = {new: withheld[before] for new, before in kept.items() if before in withheld}
    made = Image(
        image.scan,
        image.time,
        layout.parted(values),
        layout.parted(times),
        flawed.copy(),
        forced,
        layout,
        number=image.number + 1,
    )
    return Arrangement(
        layout, saved._replace(values=values, flawed=flawed, forced=forced, withheld=withheld), made
    )


def restored(back: Arrangement, left: Arrangement, since: Layout) -> Arrangement:
    """Return an arrangement for going back to a layout that was left, as if it had not been left.

    Signals that the layout in between had as well keep what became of them; all others have what they had.
    """
    layout = left.layout
    gone = [
        i
        for i, signal in enumerate(layout.signals)
        if (at := since.index.get(signal.name)) is None
        or since.types[at] is not layout.types[i]
        or since.is_computed(at) != layout.is_computed(i)
    ]
    values, flawed = back.saved.values, back.saved.flawed
    forced, withheld = dict(back.saved.forced), back.saved.withheld
    times = [time for part in back.image.times for time in part]
    for i in gone:
        values[i], times[i] = left.saved.values[i], left.image.when(i)
        _put_back(i, flawed, left.saved.flawed)
        _put_back(i, forced, left.saved.forced)
        _put_back(i, withheld, left.saved.withheld)
    image = back.image._replace(
        parts=layout.parted(values), times=layout.parted(times), flawed=flawed.copy(), forced=forced
    )
    return Arrangement(layout, back.saved._replace(forced=forced), image)


def _put_back(index: int, now: dict[int, T], then: Mapping[int, T]) -> None:
    now.pop(index, None)
    if index in then:
        now[index] = then[index]


def _safe_now(old: Layout, before: int, layout: Layout, new: int) -> Value | None:
    """Return the safe value of a signal that no block writes any more; None for all others."""
    if layout.is_computed(new) or not old.is_computed(before):
        return None
    safe = layout.signals[new].safe
    safe = old.signals[before].safe if safe is None else safe
    return None if safe is None else layout.converted(new, safe)
