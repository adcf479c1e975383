"""How far a value can be trusted, and the reason when it cannot."""

from __future__ import annotations

from enum import Enum, IntEnum

from attrs import frozen


class Quality(IntEnum):
    """Good, uncertain or bad; the worst of several is their bitwise or."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 3


class ReasonCode(Enum):
    """The kind of a reason, for programs: a text may change, a code does not."""

    NONE = "none"
    """There is no reason: the value is good."""
    OTHER = "other"
    """Known to its writer alone, who gave no code."""
    NOT_YET = "not_yet"
    """There is no first value: nothing was read or computed so far."""
    NOT_CONNECTED = "not_connected"
    """There is no session with the device."""
    NO_ANSWER = "no_answer"
    """The session is there, and the station or point does not answer."""
    REFUSED = "refused"
    """The device refuses the point: an address or a type that it does not have."""
    UNUSABLE = "unusable"
    """The device sends something that is not a value of the signal."""
    NOT_PRESENT = "not_present"
    """The peer does not have the point now: it has not announced it, or has withdrawn it."""
    STALE = "stale"
    """The value was not updated for too long."""
    BLOCK_FAULT = "block_fault"
    """The block that computes the value has failed."""
    SAFE_VALUE = "safe_value"
    """A safe value is shown in place of the value."""
    STOPPED = "stopped"
    """The scan has stopped: no block computes the value."""


@frozen
class QualityReason:
    """A quality with its reason, as a text for people and as a code; a good value has none."""

    quality: Quality
    reason: str = ""
    code: ReasonCode = ReasonCode.OTHER

    def __attrs_post_init__(self) -> None:
        if self.quality is Quality.GOOD and self.code is ReasonCode.OTHER:
            object.__setattr__(self, "code", ReasonCode.NONE)


GOOD = QualityReason(Quality.GOOD)


def worst(statuses: list[QualityReason]) -> QualityReason:
    """Return the status of what is made of several values: the worst quality, and the first reason for it."""
    found = GOOD
    for status in statuses:
        if status.quality > found.quality:
            found = status
    return found
