"""The known name that is closest to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cached_property

_FEW = 300  # most names that are compared in full
_LONG = 200  # longer names are not searched for slips of one character
_MUCH = 20_000_000  # most characters in the look-up table


class Names:
    """Known names, in which the closest to an unknown name can be found.

    The likeliest slips are found by a look-up whose cost does not depend on the number of names: another
    case, or one character added, left out, replaced or swapped with its neighbour. A full comparison costs
    0.1 ms for each name, and is made only if there are few names.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(dict.fromkeys(names))
        self.in_full = len(self._names) <= _FEW

    @property
    def any(self) -> bool:
        """Whether there is at least one name."""
        return bool(self._names)

    def __len__(self) -> int:
        """Return the number of names in a full comparison; 0 if there are too many for one."""
        return len(self._names) if self.in_full else 0

    def closest(self, name: str, *, in_full: bool = True) -> str:
        """Return the name that is most similar to this one, or an empty text."""
        folded = name.casefold()
        if (found := self._folded.get(folded)) is not None:
            return found
        for swapped in _with_two_swapped(folded) if len(folded) <= _LONG else ():
            if (found := self._folded.get(swapped)) is not None:
                return found
        for shorter in (folded, *(_with_one_left_out(folded) if len(folded) <= _LONG else ())):
            if (found := self._slips.get(shorter)) is not None:
                return found
        if not (in_full and self.in_full):
            return ""
        near = get_close_matches(folded, self._folded, n=1, cutoff=0.6)
        return self._folded[near[0]] if near else ""

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {name.casefold(): name for name in reversed(self._names)}

    @cached_property
    def _slips(self) -> dict[str, str]:
        """The names by themselves and by each of their variants with one character left out.

        A name with one character replaced or added shares such a variant with the intended name.
        """
        found: dict[str, str] = {}
        if sum(len(folded) ** 2 for folded in self._folded) <= _MUCH:
            for folded, name in self._folded.items():
                if len(folded) > 2:
                    found.update(dict.fromkeys(_with_one_left_out(folded), name))
        return {**found, **self._folded}


def _with_one_left_out(name: str) -> Iterator[str]:
    """Yield the variants of a name with one character left out."""
    return (name[:i] + name[i + 1 :] for i in range(len(name)))


def _with_two_swapped(name: str) -> Iterator[str]:
    """Yield the variants of a name with two neighbouring characters swapped."""
    return (name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in range(len(name) - 1))


def closest(name: str, candidates: Iterable[str]) -> str:
    """Return the candidate that is most similar to a name, or an empty text."""
    return Names(candidates).closest(name)
