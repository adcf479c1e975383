"""What goes wrong with devices. The class of an error says what the core has to do about it."""

from __future__ import annotations

from petra.errors import PetraError


class SessionError(PetraError):
    """The session is over: its points go bad, and it is begun anew."""


class GarbledError(SessionError):
    """What arrives is not of the protocol."""


class NoAnswerError(PetraError):
    """A station did not answer, or not intelligibly: it is asked again, then left in peace."""


class BusyError(PetraError):
    """A station asks for patience: this request is left out once."""


class PointError(PetraError):
    """A device refuses this address or value, or sends nothing usable: this point is bad alone."""
