"""An answer as a tree of text, for people."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define

from petra.plural import plural
from petra.why.sentence import (
    NOTHING_TEXT,
    OUTSIDE_TEXT,
    became_text,
    command_text,
    connection_text,
    force_text,
    moment,
    quality_text,
    shown,
    span,
)
from petra.why.values import Cause, CauseInput, CauseKind, PointState, Why

_PER_NS = 1e-9


def tree(why: Why) -> Iterator[str]:
    """Yield the lines of an answer: the sentence, an empty line, the tree."""
    yield _safe(why.answer)
    yield ""
    for line in _Tree(why).lines():
        yield _safe(line)


@define
class _Turn:
    """A cause that is still to be told: where it stands in the tree."""

    place: int
    begin: str
    """What its first line begins with."""
    further: str
    """What its other lines begin with."""
    port: str
    above: tuple[int, ...]


class _Tree:
    """The lines of one answer. A signal that is reached twice is told once."""

    def __init__(self, why: Why) -> None:
        self._why = why
        self._told: set[int] = set()

    def lines(self) -> Iterator[str]:
        """Yield them; a chain may be deeper than functions can call each other."""
        waiting = [_Turn(0, "", "", "", ())]
        while waiting:
            turn = waiting.pop()
            cause = self._why.causes[turn.place]
            yield f"{turn.begin}{turn.port}{self._head(cause)}"
            if turn.place in self._told:
                loop = "a loop: it is one of its own causes, " if turn.place in turn.above else ""
                yield f"{turn.further}  {loop}shown above"
                continue
            self._told.add(turn.place)
            bar = "│ " if cause.inputs else "  "
            for detail in self._details(cause):
                yield f"{turn.further}{bar}{detail}"
            waiting += reversed(list(self._below(turn, cause)))

    def _below(self, turn: _Turn, cause: Cause) -> Iterator[_Turn]:
        above = (*turn.above, turn.place)
        for i, each in enumerate(cause.inputs):
            last = i == len(cause.inputs) - 1
            begin, further = ("└─ ", "   ") if last else ("├─ ", "│  ")
            yield _Turn(each.cause, turn.further + begin, turn.further + further, _port(each), above)

    def _head(self, cause: Cause) -> str:
        flaw = "" if cause.is_good else f" ({cause.quality.name.lower()})"
        return f"{cause.signal} = {shown(cause.value)}{flaw}{self._since(cause)}"

    def _since(self, cause: Cause) -> str:
        if not cause.since:
            return ""
        ago = max(0.0, (self._why.time - cause.since) * _PER_NS)
        if cause.longer:
            return f"   for at least {span(ago)}"
        return f"   since {moment(cause.since, self._why.time)} ({span(ago)})"

    def _details(self, cause: Cause) -> Iterator[str]:
        """Yield what is known of a cause."""
        now = self._why.time
        if cause.kind is CauseKind.FORCE and cause.force is not None:
            yield f"forced: {force_text(cause.force, now)}"
            if cause.otherwise is not None:
                block = f"block {cause.source} ({cause.type})"
                yield f"without the force, {block} would give {shown(cause.otherwise)}"
        elif cause.source and cause.type:
            yield from _block_details(cause)
        elif not any(point.reads for point in cause.points):
            yield from self._written(cause)
        if not cause.is_good and not cause.inputs and not cause.fault:
            yield quality_text(cause)
        for point in cause.points:
            yield from self._point(cause, point)
        if cause.cut:
            yield "… it goes on from here: --depth shows more"
        elif cause.left_out:
            yield f"… and {cause.left_out} more inputs"

    def _written(self, cause: Cause) -> Iterator[str]:
        if cause.command is not None:
            yield command_text(cause.command, self._why.time)
        elif cause.kind is CauseKind.ENGINE:
            yield "the engine writes it"
        elif cause.kind is CauseKind.OUTSIDE:
            yield OUTSIDE_TEXT
        elif cause.kind is CauseKind.NOTHING:
            yield NOTHING_TEXT

    def _point(self, cause: Cause, point: PointState) -> Iterator[str]:
        way = "from" if point.reads else "to"
        if point.address:
            told = ""
            if point.reads and cause.time:
                ago = max(0.0, (self._why.time - cause.time) * _PER_NS)
                told = f", last value at {moment(cause.time, self._why.time)} ({span(ago)} ago)"
            yield f"{way} {point.driver} {point.address}{told}"
        if not point.serves:
            retry = f"; tries again in {span(point.retry_s)}" if point.retry_s else ""
            yield f"{connection_text(point)}{retry}"
        elif not point.address:
            yield connection_text(point)
        if point.writes and point.command is not None:
            yield f"last written: {command_text(point.command, self._why.time)}, {point.command.outcome}"


def _block_details(cause: Cause) -> Iterator[str]:
    constants = ", ".join(f"{name} {shown(value)}" for name, value in cause.constants)
    yield f"block {cause.source} ({cause.type}{': ' + constants if constants else ''})"
    if cause.fault:
        yield f"it fails: {cause.fault}"
    if cause.remaining_s is not None and cause.becomes is not None:
        yield f"its time runs: {span(cause.remaining_s)} until it is {shown(cause.becomes)}"
    if cause.pulse:
        yield "a pulse of one scan"
    elif not cause.examined and len(cause.inputs) > 1:
        yield "which input decides cannot be told: all are shown"
    if cause.remembers:
        kept = ", ".join(f"{name} = {shown(value)}" for name, value in cause.remembers)
        yield f"it keeps what it was: {kept}"
    if cause.became:
        yield f"when it changed, {became_text(cause)}"
    if cause.others:
        yield f"{plural(cause.others, 'other input')} would change nothing now"


def _port(given: CauseInput) -> str:
    return f"{given.port}: "


def _safe(line: str) -> str:
    """Return a line that is safe in a terminal: a device can send any character."""
    if line.isprintable():
        return line
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
