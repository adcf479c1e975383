"""What goes wrong with devices. The class of an error says what the core has to do about it."""

from __future__ import annotations

from petra.errors import PetraError
from petra.signals.quality import ReasonCode


class SessionError(PetraError):
    """The session is over: its points turn bad, and it is begun again."""


class GarbledError(SessionError):
    """What arrives is not of the protocol."""


class NoAnswerError(PetraError):
    """A station gives no valid answer: it is asked again, then left out for a while."""


class BusyError(PetraError):
    """A station asks for patience: this request is left out once."""


class PointError(PetraError):
    """A device refuses this address or value: this point is bad alone."""

    code = ReasonCode.REFUSED
    """What kind of reason the point is bad for."""


class UnusableValueError(PointError):
    """A device sends something that is not a value of the point."""

    code = ReasonCode.UNUSABLE
