"""The closest of the names that could have been meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(name: str, candidates: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return the candidate that reads most like a name, or an empty string when none does.

    Case is forgiven first: `gt` for `GT` is the likeliest slip of all. Names of very different length are
    left out before they are compared, because a plant has ten thousand of them.
    """
    folded = name.casefold()
    reach = max(3, len(name) // 2)
    near: dict[str, str] = {}
    for candidate in candidates:
        if candidate.casefold() == folded:
            return candidate
        if abs(len(candidate) - len(name)) <= reach:
            near.setdefault(candidate.casefold(), candidate)
    found = get_close_matches(folded, near, n=1, cutoff=cutoff)
    return near[found[0]] if found else ""
