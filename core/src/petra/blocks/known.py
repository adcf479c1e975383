"""What a block can know although some of its inputs are not good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from petra.signals.quality import Quality


class Qualities:
    """The quality of each input: an attribute for each, a tuple where the input takes many."""

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
    """Return the quality of a result that one input of some value decides alone, as a false does in an AND.

    It is as good as the best input that decides it. Where none does, it takes all of them.
    """
    deciding = [quality for value, quality in zip(values, qualities, strict=True) if value == by]
    return best(deciding) if deciding else worst(qualities)
