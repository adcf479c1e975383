"""From signals to commands: what the program writes to a driver's points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from petra.drivers.commands.delivery import TAKES, Delivery
from petra.drivers.commands.order import SURE, Origin, Outcome
from petra.drivers.commands.substitutes import Substitutes
from petra.signals import Quality

if TYPE_CHECKING:
    from petra.drivers.commands.command import Command
    from petra.drivers.commands.lapses import Instead, Lapsed
    from petra.drivers.commands.ledger import Ledger
    from petra.drivers.contract.point import Point
    from petra.drivers.contract.sessions import DriverSessions
    from petra.signals import Image, ServedBus, Value

Delivered = Mapping[tuple[str, str, type], "Value | None"]
"""What was given before a reload, by signal, address and type; None where that is uncertain."""


class Deliveries:
    """Makes a command of every change of a signal that a driver writes. It belongs to the drivers' loop.

    A value is written when it changes, and again for as long as the device is busy. What a block computes is
    written once more when its point comes back: the device may have been exchanged meanwhile. Nothing is
    written before the first scan has published. A signal that no block writes is written only when a command
    has given it another value: the initial value of the document is not an order. A bad value is never
    written; what the device is given instead, the signal's `on_bad` says. When the scan has stopped, safe
    values are written, whatever else holds.

    It looks at what has happened and is told nothing: `step` after the sessions' wakeup has rung, `tick` now
    and then for what is owed until later.
    """

    def __init__(
        self,
        sessions: DriverSessions,
        bus: ServedBus,
        ledger: Ledger,
        delivered: Delivered | None = None,
        lapsed: Mapping[str, Lapsed] | None = None,
    ) -> None:
        self._sessions = sessions
        self._bus = bus
        self._ledger = ledger
        self._of: dict[str, list[Delivery]] = {}
        for point in sessions.driver.points:
            if point.direction.writes:
                self._of.setdefault(point.signal, []).append(self._delivery(point, delivered or {}))
        self._ended: dict[Delivery, None] = {}
        """Those with a command that has ended since they were last heard, each once."""
        self._last_ended: dict[Delivery, Command] = {}
        """The last commands that have ended since they were last asked for."""
        self._retrying: dict[Delivery, None] = {}
        """Those that may have something to write once more."""
        self._parting: dict[Delivery, None] = {}
        """Those that a reload has given up: they have a last command, and nothing follows it."""
        self._owed: set[str] = set()
        """Signals to look at again with the next tick."""
        self._instead = Substitutes(lapsed or {})
        self._changed = False
        self._changes = bus.changes(list(self._of), woken=self._ring) if self._of else None

    # what the host does

    def step(self) -> None:
        """Act on what has happened: commands that ended, points that came back, signals that changed."""
        at_once = self._hear()
        if points := self._sessions.take_returned():
            self._return(points)
            at_once = True
        if self._changed:
            self._changed = False
            self._look()
        if at_once:
            self.tick()

    def tick(self) -> None:
        """Write what is owed, once there is an image of a scan."""
        now = self._sessions.now()
        self._owed.update(self._instead.due(now))
        for delivery in self._parting:
            if delivery.sent is not None and delivery.tries_on and (delivery.again or now) <= now:
                self._submit(delivery, delivery.sent.value, "", urgent=True, last_word=True)
        if not self._sessions.serves:
            return
        for delivery in list(self._retrying):
            if delivery.again is not None and delivery.again <= now and delivery not in self._parting:
                delivery.given = delivery.again = None
                self._owed.add(delivery.point.signal)
            if delivery.again is None:
                del self._retrying[delivery]
        if self._owed:
            owed, self._owed = self._owed, set()
            self._want(self._bus.image, owed)

    def look(self) -> None:
        """Act on everything that can be seen now, also on a change that has not been reported yet."""
        self._changed = True
        self.step()
        self.tick()

    def next_at(self) -> float:
        """Return when the next safe value is due."""
        return self._instead.next_at()

    def close(self) -> None:
        """Write no more."""
        if self._changes is not None:
            self._changes.close()

    def writes(self, point: Point) -> bool:
        """Return whether a point is written still: a reload may have given it up."""
        return any(delivery.point == point for delivery in self._of.get(point.signal, ()))

    def expect(self, command: Command) -> None:
        """Note a command that the program has not given, before it is sent."""
        for delivery in self._of.get(command.signal, ()):
            delivery.others.append(command)
        self._hear_of(command, self._of.get(command.signal, ()))

    # what is left at the end, and at a reload

    @property
    def lacks_session(self) -> bool:
        """Whether a safe value waits for a session."""
        image = self._bus.image
        signals, index = image.layout.signals, image.layout.index
        return (
            image.stopped
            and not self._sessions.serves
            and any(signal in index and signals[index[signal]].safe is not None for signal in self._of)
        )

    @property
    def tries_on(self) -> bool:
        """Whether a safe value was not taken for a reason that passes."""
        return self.parting or any(
            delivery.again is not None and delivery.sent is not None and delivery.sent.order.last_word
            for delivery in self._retrying
            if delivery not in self._parting
        )

    @property
    def parting(self) -> bool:
        """Whether a point that was given up still waits for its last command."""
        return any(delivery.waits or delivery.tries_on for delivery in self._parting)

    def give_up(self, point: Point) -> None:
        """Write the safe value of a point, where there is one, and nothing after it."""
        mine = self._of.get(point.signal, [])
        delivery = next((each for each in mine if each.point == point), None)
        layout = self._bus.layout
        index = layout.index.get(point.signal)
        if delivery is None or index is None:
            return
        mine.remove(delivery)
        signal = layout.signals[index]
        if signal.safe is None:
            return
        self._parting[delivery] = None
        value = layout.converted(index, signal.safe)
        self._submit(delivery, value, "", urgent=True, last_word=True)

    def ended_last_words(self) -> list[Command]:
        """Return the last commands that have ended since this was last asked for, one for each point."""
        ended, self._last_ended = self._last_ended, {}
        return list(ended.values())

    def parted(self) -> list[Command]:
        """Return the last commands to points that were given up and have not taken them."""
        sent = (delivery.sent for delivery in self._parting)
        return [command for command in sent if command is not None and command.outcome not in SURE]

    def undelivered(self) -> list[Command]:
        """End what is wanted of the device at the end and was not written; return those commands."""
        image, lost = self._bus.image, self.parted()
        for delivery in self._all():
            signal = delivery.point.signal
            index = image.layout.index.get(signal)
            if not image.stopped or index is None or image.layout.signals[index].safe is None:
                continue
            command, value = delivery.sent, image.value(index)
            dropped = command is not None and command.outcome is Outcome.SUPERSEDED
            if command is None or command.value != value or not command.order.urgent or dropped:
                command = self._ledger.open(signal, value, "safe value", Origin.LOGIC)
                message = "there was no session to write it in"
                command.end(Outcome.TIMED_OUT, self._sessions.now_ns(), message)
            if command.outcome not in SURE:
                lost.append(command)
        return lost

    def delivered(self) -> Delivered:
        """Return what the device has been given, for the next driver of these points."""
        layout = self._bus.layout
        found: dict[tuple[str, str, type], Value | None] = {}
        for delivery in self._all():
            signal = delivery.point.signal
            sure = delivery.sent is None or delivery.sent.outcome in SURE
            found[signal, delivery.point.address, layout.types[layout.place(signal)]] = (
                delivery.given if sure else None
            )
        return found

    def lapsed(self) -> Mapping[str, Lapsed]:
        """Return since when signals are bad and what was good last, for the next driver of these points."""
        return self._instead.handed_over()

    # what has happened

    def _ring(self) -> None:
        self._changed = True
        self._sessions.wakeup.ring()

    def _hear(self) -> bool:
        """Hear how commands have ended; return whether what is owed is to be looked at now."""
        at_once = False
        ended, self._ended = self._ended, {}
        for delivery in ended:
            signal = delivery.point.signal
            changed, certain = delivery.hear_others(self._bus.publishes)
            if changed:
                self._owed.add(signal)  # a force, or what the program wants by then, may be something else
                at_once |= certain and self._bus.image.stopped  # the last word is that of the stop
            command = delivery.hear_own(self._sessions.now())
            if command is not None and command.order.last_word:
                self._last_ended[delivery] = command
            if command is not None and delivery.refused is not None and not delivery.stand_in:
                self._owed.add(signal)
                at_once = True
            elif command is not None and command.outcome in SURE and not command.order.urgent:
                self._note_taken(delivery, command)
            if delivery.again is not None:
                self._retrying[delivery] = None
        return at_once

    def _hear_of(self, command: Command, deliveries: Sequence[Delivery]) -> None:
        """Have these look at a command once it has ended."""

        def note() -> None:
            self._ended.update(dict.fromkeys(deliveries))
            self._sessions.wakeup.ring()

        deliveries = tuple(deliveries)
        command.on_end = note
        if command.outcome.final:
            note()

    def _note_taken(self, delivery: Delivery, command: Command) -> None:
        """Note that every point of a signal takes what the program wants."""
        layout, name = self._bus.layout, command.signal
        index = layout.index.get(name)
        all_take = all(each.refused is None for each in self._of.get(name, ()))
        if index is not None and all_take and not delivery.stand_in:
            self._instead.taken(layout.signals[index], command.value)

    def _return(self, points: Iterable[Point]) -> None:
        """Write once more what the program wants of these points: they can be written again."""
        image, back = self._bus.image, set(points)
        for signal, deliveries in self._of.items():
            index = image.layout.index.get(signal, -1)
            wanted = image.stopped or index in image.forced or self._is_computed(index)
            for delivery in deliveries:
                if delivery.point not in back:
                    continue
                sent = delivery.sent
                if sent is not None and not sent.outcome.final:
                    continue  # it is on its way
                delivery.refused = None  # it may be another device by now
                if wanted or (sent is not None and sent.outcome not in SURE):
                    delivery.given = None
                if delivery.given is None:
                    self._owed.add(signal)

    def _look(self) -> None:
        if self._changes is None:
            return
        image, changed = self._changes.take()
        signals = image.layout.signals
        if self._sessions.serves:
            self._want(image, (signals[i].name for i in changed))
            return
        for index in changed:  # what was good last is to be known when the device is back
            if image.status(index).quality is not Quality.BAD:
                self._instead.wanted(image, index, self._sessions.now())
            self._owed.add(signals[index].name)

    # what follows from it

    def _want(self, image: Image, signals: Iterable[str]) -> None:
        if not (image.scan or image.stopped):
            self._owed.update(signals)
            return
        for signal in signals:
            index = image.layout.index.get(signal)
            wanted = None if index is None else self._instead.wanted(image, index, self._sessions.now())
            if index is None or wanted is None:
                continue
            for delivery in self._of.get(signal, ()):
                given = self._instead.fitting(delivery, image.layout, index, wanted, self._sessions.now())
                if given is None or given.stands_in:
                    self._owed.add(signal)  # until what was refused is tried again
                if given is not None:
                    self._deliver(delivery, image, index, given)

    def _deliver(self, delivery: Delivery, image: Image, index: int, given: Instead) -> None:
        """Give a point a value, if the device does not have it, and if nothing else is in the way."""
        value, safe, stands_in = given
        if safe and delivery.safe_only and not image.stopped:
            return  # it is bad because its own device was away, which holds what it holds
        older = self._bus.publishes < delivery.noted + TAKES and value != delivery.given
        if not safe and (delivery.others or older):  # the image does not show yet what the device is given
            self._owed.add(delivery.point.signal)
        elif delivery.needs(value, self._sessions.now(), safe=safe, stop=image if image.stopped else None):
            writer = image.layout.signals[index].written_by
            delivery.stand_in = stands_in
            self._submit(delivery, value, writer, urgent=safe, last_word=safe and image.stopped)
        elif delivery.held is not None:  # until it has settled
            self._owed.add(delivery.point.signal)

    def _submit(
        self, delivery: Delivery, value: Value, writer: str, *, urgent: bool, last_word: bool
    ) -> None:
        point, layout = delivery.point, self._bus.layout
        command = self._ledger.open(
            point.signal,
            value,
            "safe value" if urgent else writer or "signal",
            Origin.LOGIC,
            point=point,
            urgent=urgent,
            last_word=last_word,
        )
        delivery.order_is(command)
        self._hear_of(command, (delivery,))
        index = layout.index.get(point.signal)
        if index is not None and (reason := layout.outside(index, value)):
            command.end(Outcome.REJECTED, self._sessions.now_ns(), reason)
        else:
            self._sessions.queue.put(command, self._sessions.now())

    def _delivery(self, point: Point, delivered: Delivered) -> Delivery:
        layout, image = self._bus.layout, self._bus.image
        index = layout.place(point.signal)
        if self._is_computed(index):
            return Delivery(point, None)
        known = (point.signal, point.address, layout.types[index])
        now = image.value(index)
        before = delivered.get(known, layout.initial()[index])
        return Delivery(point, now if before == now else None, safe_only=point.direction.reads)

    def _is_computed(self, index: int) -> bool:
        """Return whether a block or another device says what the signal is, and no command."""
        layout = self._bus.layout
        return index >= 0 and (layout.is_computed(index) or layout.signals[index].fed)

    def _all(self) -> Iterator[Delivery]:
        for deliveries in self._of.values():
            yield from deliveries
