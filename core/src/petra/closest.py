"""The closest of the names that could have been meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cached_property

_FEW = 300  # so many names are compared in full
_LONG = 200  # nobody misspells a name of this length by one character
_MUCH = 20_000_000  # so many characters the look-up may hold


class Names:
    """Names that are there, to be asked for the closest to one that is not.

    The likeliest slips are forgiven first, by a look-up that costs the same for ten names and for ten
    thousand: another case, and one character added, left out, mistaken or swapped. Comparing every name in
    full costs 0.1 ms a name, so that is left to the few.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(dict.fromkeys(names))
        self.in_full = len(self._names) <= _FEW

    @property
    def any(self) -> bool:
        """Whether there is any name at all."""
        return bool(self._names)

    def __len__(self) -> int:
        """How many names a comparison in full looks at: none when there are too many."""
        return len(self._names) if self.in_full else 0

    def closest(self, name: str, *, in_full: bool = True) -> str:
        """Return the name that reads most like this one, or an empty text when none does."""
        folded = name.casefold()
        if (found := self._folded.get(folded)) is not None:
            return found
        for swapped in _swapped(folded) if len(folded) <= _LONG else ():
            if (found := self._folded.get(swapped)) is not None:
                return found
        for shorter in (folded, *(_shorter(folded) if len(folded) <= _LONG else ())):
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
        """Every name with one character left out, and each name itself: what a slip has in common with it."""
        found: dict[str, str] = {}
        if sum(len(folded) ** 2 for folded in self._folded) <= _MUCH:
            for folded, name in self._folded.items():
                if len(folded) > 2:
                    found.update(dict.fromkeys(_shorter(folded), name))
        return {**found, **self._folded}


def _shorter(name: str) -> Iterator[str]:
    """Yield a name with each of its characters left out in turn."""
    return (name[:i] + name[i + 1 :] for i in range(len(name)))


def _swapped(name: str) -> Iterator[str]:
    """Yield a name with each pair of neighbours swapped in turn."""
    return (name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in range(len(name) - 1))


def closest(name: str, candidates: Iterable[str]) -> str:
    """Return the candidate that reads most like a name, or an empty text when none does."""
    return Names(candidates).closest(name)
