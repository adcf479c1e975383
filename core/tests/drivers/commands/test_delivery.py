"""What is given to a device that refuses: not what it refused, not too often, and not for ever."""

from __future__ import annotations

import math

import pytest

from petra.drivers import Command, Origin, Outcome, Point
from petra.drivers.commands.delivery import REFUSED_FOR, Delivery
from petra.drivers.commands.ledger import Ledger
from petra.signals import SignalType
from petra.testing import ManualClock


@pytest.fixture
def send():
    """Return a function that sends something to an output, and says how it has ended."""
    ledger = Ledger(ManualClock())

    def send(output: Delivery, value: float, outcome: Outcome, *, urgent: bool = False) -> Command:
        command = output.sent = ledger.open("sp", value, "me", Origin.LOGIC, urgent=urgent)
        command.end(outcome, 0, "it does not fit" if outcome is Outcome.REJECTED else "")
        return command

    return send


@pytest.fixture
def output(send):
    made = Delivery(Point("sp", SignalType.FLOAT, "1"), None)
    made.is_refused(send(made, 7.0, Outcome.REJECTED), 100.0)
    return made


def test_what_was_refused_waits_longer_than_anything_else(output):
    assert output.refusal == "it does not fit"
    assert not output.may_try(8.0, 100.0 + REFUSED_FOR / 2)
    assert output.may_try(8.0, 100.0 + REFUSED_FOR)
    assert not output.may_try(7.0, 100.0 + REFUSED_FOR)
    assert output.may_try(7.0, 100.0 + 60.0), "a device may refuse for a while"


def test_a_value_that_is_not_a_number_is_the_same_as_itself(output, send):
    output.is_refused(send(output, math.nan, Outcome.REJECTED), 100.0)
    assert not output.may_try(math.nan, 100.0 + REFUSED_FOR)


def test_the_safe_value_comes_before_the_next_try(output, send):
    send(output, 0.0, Outcome.REJECTED, urgent=True)
    assert not output.may_try(8.0, 100.0 + REFUSED_FOR)
    send(output, 0.0, Outcome.CONFIRMED, urgent=True)
    assert output.may_try(8.0, 100.0 + REFUSED_FOR)


def test_a_safe_value_that_is_never_taken_keeps_nothing_back_for_ever(output, send):
    """The device takes neither 7 nor its safe value; what it would take is not to wait for that."""
    send(output, 0.0, Outcome.REJECTED, urgent=True)
    assert output.may_try(8.0, 100.0 + 60.0)


def test_what_is_taken_ends_it(output):
    output.is_taken()
    assert output.may_try(7.0, 100.0)
