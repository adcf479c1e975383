"""From signals to commands: what the program writes to a driver's points."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from petra.drivers.commands.command import Command, Origin, Outcome
from petra.drivers.commands.lapses import Instead, Lapsed, Lapses
from petra.drivers.commands.output import SURE, TAKES, Output
from petra.signals import Quality

if TYPE_CHECKING:
    from petra.drivers.commands.ledger import Ledger
    from petra.drivers.contract.point import Point
    from petra.drivers.contract.sessions import DriverSessions
    from petra.signals import Image, Layout, Value
    from petra.signals import ServedBus as Bus

Delivered = Mapping[tuple[str, str, type], "Value | None"]
"""What was given before a reload, by signal, address and type; None: nobody is sure."""


class Outputs:
    """Makes a command of every change of a signal that a driver writes. It belongs to the drivers' loop.

    A value is written when it changes, and again for as long as the device is busy. What a block computes is
    written once more when its station comes back: the device may have been exchanged meanwhile. Nothing is
    written before the first scan has published, and a signal that no block writes only when somebody has
    given it another value: what the document says it begins with is no order. A bad value is never written;
    what the device is given instead, the signal's `on_bad` says. When the scan has stopped, safe values are
    written, whatever else holds.
    """

    def __init__(
        self,
        sessions: DriverSessions,
        bus: Bus,
        ledger: Ledger,
        delivered: Delivered | None = None,
        lapsed: Mapping[str, Lapsed] | None = None,
    ) -> None:
        self._sessions = sessions
        self._bus = bus
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._outputs: dict[str, list[Output]] = {}
        for point in sessions.driver.points:
            if point.direction.writes:
                self._outputs.setdefault(point.signal, []).append(self._output(point, delivered or {}))
        self._owed: set[str] = set()
        self._lapses = Lapses(self._loop, self._owe, lapsed or {})
        self._refusals = Lapses(self._loop, self._owe, {}, "is not taken by its device")
        self._serving = False
        self._changes = bus.changes(list(self._outputs), woken=self._look) if self._outputs else None

    def resume(self, points: Iterable[Point]) -> None:
        """Write once more what the program wants of these points: they can be written again."""
        self._serving = True
        image, served = self._bus.image, set(points)
        for signal, outputs in self._outputs.items():
            index = image.layout.index.get(signal, -1)
            wanted = image.stopped or index in image.forced or self._is_computed(index)
            for output in outputs:
                if output.point not in served:
                    continue
                sent = output.sent
                if sent is not None and not sent.outcome.final:
                    continue  # it is on its way, and may be what has found out that the station answers
                output.refused = None  # it may be another device by now
                if wanted or (sent is not None and sent.outcome not in SURE):
                    output.last = None
                if output.last is None:
                    self._owed.add(signal)
        self.tick()
        self._look()

    def _is_computed(self, index: int) -> bool:
        """Return whether a block or another device says what the signal is, and no command."""
        layout = self._bus.layout
        return index >= layout.split or (index >= 0 and layout.signals[index].fed)

    def pause(self) -> None:
        """Hold back: there is no session."""
        self._serving = False

    def note(self, signal: str, value: Value) -> None:
        """Take note of what somebody else has written to a point."""
        for output in self._outputs.get(signal, ()):
            output.last, output.again, output.noted = value, None, self._bus.publishes
            self._owed.add(signal)  # a force, or what the program wants by then, may be something else
        if self._bus.image.stopped:  # the last word is that of the stop
            self.tick()

    def writes(self, point: Point) -> bool:
        """Return whether a point is written still: a reload may have given it up."""
        return any(output.point == point for output in self._outputs.get(point.signal, ()))

    def foreign(self, command: Command) -> None:
        """Hear of a command of somebody else, before it is sent."""
        for output in self._outputs.get(command.signal, ()):
            output.foreign = command
            command.then(lambda ended, output=output: self._foreign_ended(output, ended))  # type: ignore[misc]  # bound here

    def _foreign_ended(self, output: Output, command: Command) -> None:
        if command.outcome is Outcome.TIMED_OUT:  # nobody is sure what the device holds
            output.last = None
            self._owed.add(command.signal)

    def tick(self) -> None:
        """Write what is owed, once there is an image of a scan."""
        if not self._serving:
            return
        now = self._sessions.now()
        for outputs in self._outputs.values():
            for output in outputs:
                if output.again is not None and output.again <= now:
                    output.last = output.again = None
                    self._owed.add(output.point.signal)
        if self._owed:
            owed, self._owed = self._owed, set()
            self._want(self._bus.image, owed)

    def close(self) -> None:
        """Write no more."""
        self._lapses.close()
        self._refusals.close()
        if self._changes is not None:
            self._changes.close()

    @property
    def lacks_session(self) -> bool:
        """Whether a safe value waits for a session."""
        image = self._bus.image
        signals, index = image.layout.signals, image.layout.index
        return (
            image.stopped
            and not self._serving
            and any(signal in index and signals[index[signal]].safe is not None for signal in self._outputs)
        )

    @property
    def tries_on(self) -> bool:
        """Whether a safe value was not taken for a reason that passes."""
        return any(
            output.again is not None and output.sent is not None and output.sent.last_word
            for outputs in self._outputs.values()
            for output in outputs
        )

    def delivered(self) -> Delivered:
        """Return what the device has been given, for whoever takes over."""
        layout = self._bus.layout
        found: dict[tuple[str, str, type], Value | None] = {}
        for signal, outputs in self._outputs.items():
            for output in outputs:
                sure = output.sent is None or output.sent.outcome in SURE
                found[signal, output.point.address, layout.types[layout.place(signal)]] = (
                    output.last if sure else None
                )
        return found

    def give_up(self, point: Point) -> Command | None:
        """Write the safe value of a point for the last time; return the command, None where there is none."""
        mine = self._outputs.get(point.signal, [])
        output = next((each for each in mine if each.point == point), None)
        layout = self._bus.layout
        index = layout.index.get(point.signal)
        if output is None or index is None:
            return None
        mine.remove(output)  # nothing follows
        signal = layout.signals[index]
        if signal.safe is None:
            return None
        value = layout.converted(index, signal.safe)
        self._submit(output, value, "", urgent=True, last_word=True)
        return output.sent

    def lapsed(self) -> Mapping[str, Lapsed]:
        """Return since when signals are bad and what was good last, for whoever takes over."""
        return self._lapses.handed_over()

    def undelivered(self) -> list[Command]:
        """End what is wanted of the device at the end and was not written; return those commands."""
        image, lost = self._bus.image, []
        for signal, outputs in self._outputs.items():
            index = image.layout.index.get(signal)
            if not image.stopped or index is None or image.layout.signals[index].safe is None:
                continue
            for output in outputs:
                command, value = output.sent, image.value(index)
                dropped = command is not None and command.outcome is Outcome.SUPERSEDED
                if command is None or command.value != value or not command.urgent or dropped:
                    command = self._ledger.open(signal, value, "safe value", Origin.LOGIC)
                    command.end(
                        Outcome.TIMED_OUT, self._sessions.now_ns(), "there was no session to write it in"
                    )
                if command.outcome not in SURE:
                    lost.append(command)
        return lost

    def _output(self, point: Point, delivered: Delivered) -> Output:
        layout, image = self._bus.layout, self._bus.image
        index = layout.place(point.signal)
        if self._is_computed(index):
            return Output(point, None)
        known = (point.signal, point.address, layout.types[index])
        now = image.value(index)
        before = delivered.get(known, layout.initial()[index])
        return Output(point, now if before == now else None, safe_only=point.direction.reads)

    def _look(self) -> None:
        if self._changes is None:
            return
        image, changed = self._changes.take()
        signals = image.layout.signals
        if self._serving:
            self._want(image, (signals[i].name for i in changed))
            return
        for index in changed:  # what was good last is to be known when the device is back
            if image.status(index).quality is not Quality.BAD:
                self._wanted(image, index)
            self._owed.add(signals[index].name)

    def _want(self, image: Image, signals: Iterable[str]) -> None:
        if not (image.scan or image.stopped):
            self._owed.update(signals)
            return
        layout = image.layout
        for signal in signals:
            index = layout.index.get(signal)
            wanted = None if index is None else self._wanted(image, index)
            if index is None or wanted is None:
                continue
            for output in self._outputs.get(signal, ()):
                given = self._fitting(output, layout, index, wanted)
                if given is None:
                    continue
                value, safe, stands_in = given
                if safe and output.safe_only and not image.stopped:
                    continue  # it is bad because its own device was away, which holds what it holds
                foreign = output.foreign is not None and not output.foreign.outcome.final
                older = self._bus.publishes < output.noted + TAKES and value != output.last
                if not safe and (foreign or older):  # the image does not show yet what the device is given
                    self._owed.add(signal)
                elif output.needs(
                    value, self._sessions.now(), safe=safe, stop=image if image.stopped else None
                ):
                    writer = layout.signals[index].written_by
                    output.stand_in = stands_in
                    self._submit(output, value, writer, urgent=safe, last_word=safe and image.stopped)
                elif output.held is not None:  # until it has settled
                    self._owed.add(signal)

    def _wanted(self, image: Image, index: int) -> Instead | None:
        """Return what the device of a signal is to be given; None for nothing."""
        signal, status = image.layout.signals[index], image.status(index)
        if status.quality is not Quality.BAD:
            value = image.value(index)
            if not image.stopped:
                self._lapses.over(signal, value)
            return Instead(value, safe=image.stopped and signal.safe is not None)
        instead = None if image.stopped else self._lapses.instead(signal, status.reason)
        return instead and Instead(image.layout.converted(index, instead.value), instead.safe)

    def _fitting(self, output: Output, layout: Layout, index: int, wanted: Instead) -> Instead | None:
        """Return what one point is given: what it takes of the program's value, or what it gets instead."""
        known = output.refused is None and output.last == wanted.value
        if wanted.safe or output.safe_only or known:
            return wanted
        value = output.within(wanted.value, layout)
        if output.may_try(value, self._sessions.now()):
            return Instead(value, safe=False)
        self._owed.add(output.point.signal)  # until it is tried
        instead = self._refusals.instead(layout.signals[index], output.refusal)
        return instead and Instead(layout.converted(index, instead.value), instead.safe, stands_in=True)

    def _owe(self, signal: str) -> None:
        self._owed.add(signal)
        self.tick()

    def _submit(self, output: Output, value: Value, writer: str, *, urgent: bool, last_word: bool) -> None:
        point = output.point
        actor = "safe value" if urgent else writer or "signal"
        command = self._ledger.open(point.signal, value, actor, Origin.LOGIC, safe=urgent)
        output.last, output.sent, output.again = value, command, None
        command.point, command.urgent, command.last_word = point, urgent, last_word
        command.then(lambda ended: self._heard(output, ended))
        layout = self._bus.layout
        if reason := layout.outside(layout.place(point.signal), value):
            command.end(Outcome.REJECTED, self._sessions.now_ns(), reason)
        else:
            self._sessions.queue.put(command, self._sessions.now())

    def _heard(self, output: Output, command: Command) -> None:
        """Hear how a command has ended; a safe value is tried again, any other if the reason passes."""
        if output.sent is not command:
            return
        refused = command.outcome is Outcome.REJECTED
        if command.passing or (refused and command.urgent and command.sent_at is not None):
            pause = output.backoff.next()
            at_once = command.passing and command.last_word
            output.again = self._sessions.now() + (0.0 if at_once else pause)
            return
        output.backoff.reset()
        if command.urgent:
            return
        if refused and not output.stand_in:
            output.is_refused(command, self._sessions.now())
            self._loop.call_soon(self._owe, command.signal)
        elif command.outcome in SURE and not output.stand_in:
            output.is_taken()
            self._taken(command.signal, command.value)

    def _taken(self, name: str, value: Value) -> None:
        """Take note that every point of a signal takes what the program wants."""
        layout = self._bus.layout
        index = layout.index.get(name)
        if index is not None and all(output.refused is None for output in self._outputs.get(name, ())):
            self._refusals.over(layout.signals[index], value)
