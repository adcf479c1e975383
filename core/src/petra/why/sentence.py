"""The one sentence that answers why: from the signal to the most telling cause behind it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from petra.signals.quality import Quality, ReasonCode
from petra.why.values import Cause, CauseKind, HeldForce, LastCommand, PointState

if TYPE_CHECKING:
    from petra.signals.types import Value

_HOPS = 4
"""Signals that the sentence names one after the other; what is between is left out."""
_NAMED = 3
_TELLING = 3
"""From this weight on, a cause is followed alone, however many others there are."""


def answer(causes: Sequence[Cause], now: int, notes: Sequence[str] = ()) -> str:
    """Return the answer as one sentence."""
    chain, clause, besides = _chain(causes, now)
    first, *rest = chain
    if len(rest) > _HOPS:
        rest = [*rest[: _HOPS // 2], "…", *rest[-(_HOPS // 2) :]]
    text = first
    for i, each in enumerate(rest):
        text += (" because " if i == 0 else ", because ") + each if each != "…" else ", …"
    text = text.replace(", …, because", ", … because")
    if clause:
        text += (": " if rest else " because ") + clause if not clause.startswith(": ") else clause
    if besides:
        text += f"; besides, {besides}"
    if (missing := _not_arrived(causes[0])) and missing not in text:
        text += f"; its device was not given it: {missing}"
    return f"{text} ({'; '.join(notes)})" if notes else text


def _chain(causes: Sequence[Cause], now: int) -> tuple[list[str], str, str]:
    """Return what is said of the signals on the way, of the cause at the end, and of what holds it too."""
    best = _best(causes)
    seen = {0}
    place, chain, besides = 0, [_state(causes[0])], ""
    while True:
        cause = causes[place]
        inputs = [each.cause for each in cause.inputs if each.cause not in seen]
        own = _weight(cause)
        top = max((best[i] for i in inputs), default=-1)
        if not inputs or own > top:
            if cause.became:  # what would release it is said as well
                besides = besides or _besides(causes, cause, seen)
            return chain, _clause(cause, now), besides
        telling = [i for i in inputs if best[i] == top]
        if top < _TELLING and len(inputs) > 1:
            named = [_state(causes[i]) for i in inputs[:_NAMED]]
            more = len(inputs) + cause.left_out - len(named)
            listed = [*named, f"{more} more"] if more else named
            return [*chain, f"{', '.join(listed[:-1])} and {listed[-1]}"], "", besides
        place = telling[0]
        seen.add(place)
        chain.append(_state(causes[place]))
        besides = besides or _besides(causes, cause, seen)


def _besides(causes: Sequence[Cause], cause: Cause, seen: Collection[int]) -> str:
    """Return what else holds a bool: who puts the one thing right must know of the other."""
    if not isinstance(cause.value, bool) or not cause.is_good:
        return ""
    inputs = [causes[each.cause] for each in cause.inputs if each.decides and each.cause not in seen]
    others = [_state(each) for each in inputs if isinstance(each.value, bool)]
    more = len(others) - _NAMED
    listed = [*others[:_NAMED], f"{more} more"] if more > 0 else others
    return " and ".join(listed)


def _best(causes: Sequence[Cause]) -> list[int]:
    """Return the weight of the most telling cause that is reached from each."""
    best = [_weight(cause) for cause in causes]
    behind = _behind(causes)
    for _ in causes:  # from the far end: a chain takes one turn, a loop a few
        before = best.copy()
        for i in reversed(range(len(causes))):
            best[i] = max([best[i], *(best[j] for j in behind[i])])
        if best == before:
            break
    return best


def _behind(causes: Sequence[Cause]) -> list[list[int]]:
    """Return what is behind each cause; the way back of a loop leads to nothing new."""
    before: list[frozenset[int]] = [frozenset()] * len(causes)
    behind: list[list[int]] = []
    known = {0}
    for i, cause in enumerate(causes):  # nearest first: what is before a cause is known when its turn comes
        mine = before[i] | {i}
        behind.append([each.cause for each in cause.inputs if each.cause not in mine])
        for j in behind[-1]:
            if j not in known:
                known.add(j)
                before[j] = mine
    return behind


def _weight(cause: Cause) -> int:
    """Return how telling a cause is by itself."""
    if cause.kind in (CauseKind.FORCE, CauseKind.FAULT):
        return 6
    if cause.kind is CauseKind.DEVICE:
        return 5
    if not cause.is_good and not cause.inputs:
        return 4
    if cause.remaining_s is not None or cause.pulse or cause.became:
        return 3
    if cause.kind in (CauseKind.COMMAND, CauseKind.NOTHING):
        return 2
    return 1 if cause.kind is CauseKind.POINT else 0


def _state(cause: Cause) -> str:
    """Return "tank.level is bad", "pump.run is false"."""
    value = shown(cause.value)
    if cause.is_good:
        return f"{cause.signal} is {value}"
    quality = cause.quality.name.lower()
    if cause.kind in (CauseKind.DEVICE, CauseKind.FAULT) or not cause.inputs:
        return f"{cause.signal} is {quality}"
    return f"{cause.signal} is {value} and {quality}"


def _clause(cause: Cause, now: int) -> str:
    """Return what is behind the last signal of the sentence."""
    if cause.kind is CauseKind.FORCE:
        return force_text(cause.force, now) if cause.force else ""
    if cause.kind is CauseKind.FAULT:
        return f"block {cause.source} ({cause.type}) fails: {cause.fault}"
    if cause.kind is CauseKind.DEVICE:
        return device_text(cause)
    if not cause.is_good:
        return cause.reason
    if cause.remaining_s is not None and cause.becomes is not None:
        return f"{cause.source} ({cause.type}) waits, {span(cause.remaining_s)} until {shown(cause.becomes)}"
    if cause.pulse:
        return f"{cause.source} ({cause.type}) gives it for one scan"
    if cause.became:
        since = f" at {moment(cause.since, now)}" if cause.since else ""
        return f"{cause.source} ({cause.type}) keeps it since {became_text(cause)}{since}"
    return _plain_clause(cause, now)


def became_text(cause: Cause) -> str:
    """Return what made a block remember something."""
    return " and ".join(f"{name} became {shown(value)}" for name, value in cause.became)


def _plain_clause(cause: Cause, now: int) -> str:
    if cause.kind is CauseKind.COMMAND and cause.command is not None:
        return command_text(cause.command, now)
    if cause.kind is CauseKind.NOTHING:
        return NOTHING_TEXT
    if cause.kind is CauseKind.POINT:
        return connection_says(cause)
    if cause.remembers:
        return f"{cause.source} ({cause.type}) keeps it"
    if cause.kind is CauseKind.BLOCK:
        return f"{cause.source} ({cause.type}) computes it"
    return {CauseKind.ENGINE: "the engine writes it", CauseKind.OUTSIDE: OUTSIDE_TEXT}.get(cause.kind, "")


NOTHING_TEXT = "nothing has written it since the start: it has its initial value"
OUTSIDE_TEXT = "it was written from outside, by a device or an actor"


def connection_says(cause: Cause) -> str:
    """Return what is said of a value that a device gives."""
    read = next((point for point in cause.points if point.reads), None)
    if read is not None and not read.address:
        return connection_text(read)
    return f"{cause.source} says so"


def connection_text(point: PointState) -> str:
    """Return how a connection is."""
    if point.serves:
        return f"{point.driver} is connected"
    away = f" for {span(point.failing_s)}" if point.failing_s else ""
    because = f" ({point.error})" if point.error else ""
    return (
        f"{point.driver} has not been connected{away}{because}"
        if away
        else (f"{point.driver} is not connected{because}")
    )


def device_text(cause: Cause) -> str:
    """Return what is wrong with the device of a signal."""
    read = next(point for point in cause.points if point.reads)
    if not read.serves and cause.code in (ReasonCode.NOT_CONNECTED, ReasonCode.OTHER, ReasonCode.NONE):
        return connection_text(read)
    return f"{cause.source}: {cause.reason}" if cause.reason else connection_text(read)


def force_text(force: HeldForce, now: int) -> str:
    """Return who holds a signal, at which value and since when."""
    by = f"{force.actor} holds" if force.actor else "it is held"
    what = f"{by} it by force" if force.actor else f"{by} by force"
    door = f" ({force.door})" if force.door else ""
    since = f" since {moment(force.since, now)}" if force.since else ""
    note = f', "{force.note}"' if force.note else ""
    return f"{what} at {shown(force.value)}{since}{door}{note}"


def command_text(command: LastCommand, now: int) -> str:
    """Return who wrote what and when, and how that ended."""
    door = f" ({command.door})" if command.door else ""
    value = "" if command.value is None else f" {shown(command.value)}"
    because = f", {command.reason}" if command.reason else ""
    note = f', "{command.note}"' if command.note else ""
    ended = "" if command.ok else f", {command.outcome}{because}"
    return f"{command.actor}{door} wrote{value} at {moment(command.at, now)}{ended}{note}"


def _not_arrived(cause: Cause) -> str:
    """Return why the device of a signal was not given the value."""
    for point in cause.points:
        if point.writes and not point.serves:
            return connection_text(point)
        if point.writes and point.command is not None and not point.command.ok:
            command = point.command
            because = f", {command.reason}" if command.reason else ""
            return f"{point.driver} {point.address} {command.outcome}{because}"
    return ""


def shown(value: Value) -> str:
    """Return a value as people write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value if len(value) <= 60 else value[:60] + "…"
        return f"'{text if text.isprintable() else ascii(text)[1:-1]}'"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def span(seconds: float) -> str:
    """Return a length of time in its two largest units: 3 d 4 h, 12 min 5 s; short ones with a decimal."""
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds >= 0.05 else f"{seconds * 1e3:.0f} ms"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = [(days, "d"), (hour, "h"), (minute, "min"), (second, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{number} {unit}" for number, unit in parts[:2] if number)


def moment(time: int, now: int) -> str:
    """Return a local time of day; with the date if it is not of the last hours."""
    local = datetime.fromtimestamp(time / 1e9, UTC).astimezone()
    near = abs(now - time) < 12 * 3_600 * 10**9
    return local.strftime("%H:%M:%S" if near else "%Y-%m-%d %H:%M:%S")


def quality_text(cause: Cause) -> str:
    """Return the quality of a signal that is not good, with its reason."""
    if cause.quality is Quality.GOOD:
        return ""
    return f"{cause.quality.name.lower()}: {cause.reason}" if cause.reason else cause.quality.name.lower()
