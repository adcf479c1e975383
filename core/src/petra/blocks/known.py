"""The quality of outputs that a block can determine although some of its inputs are not good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from petra.signals.quality import Quality


class Qualities:
    """The quality of each input as an attribute; a tuple for an input that takes many."""

    def __init__(self, of: Mapping[str, Quality | tuple[Quality, ...]], worst: Quality) -> None:
        self.__dict__.update(of)
        self.__dict__["worst"] = worst
        """The worst of all inputs that pass their quality on."""

    if TYPE_CHECKING:
        worst: Quality

        def __getattr__(self, port: str) -> Any: ...


def best(qualities: Iterable[Quality]) -> Quality:
    """Return the best of some qualities."""
    return min(qualities, default=Quality.GOOD)


def worst(qualities: Iterable[Quality]) -> Quality:
    """Return the worst of some qualities."""
    return max(qualities, default=Quality.GOOD)


def decided(values: Sequence[Any], qualities: Sequence[Quality], *, by: object) -> Quality:
    """Return the quality of a result that a single input with the value `by` decides, as a false in an AND.

    The result is as good as the best input with that value. Without one, it depends on all inputs and is as
    bad as the worst.
    """
    deciding = [quality for value, quality in zip(values, qualities, strict=True) if value == by]
    return best(deciding) if deciding else worst(qualities)
