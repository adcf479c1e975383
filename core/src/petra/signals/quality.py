"""How far a value can be trusted, and why not."""

from __future__ import annotations

from enum import IntEnum

from attrs import frozen


class Quality(IntEnum):
    """Good, uncertain or bad; the worst of several is their bitwise or."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 3


@frozen
class Status:
    """A quality with its reason; the reason of a good value is empty."""

    quality: Quality
    reason: str = ""


GOOD = Status(Quality.GOOD)


def worst(statuses: list[Status]) -> Status:
    """Return the status of what is made of several values: the worst quality, and the first reason for it."""
    found = GOOD
    for status in statuses:
        if status.quality > found.quality:
            found = status
    return found
