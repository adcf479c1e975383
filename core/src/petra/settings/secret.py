"""Secret texts, which are never printed."""

from __future__ import annotations

import hmac
import re
from typing import NoReturn, Self

REDACTED = "***"

_CREDENTIALS = re.compile(r"(://[^/:@\s]*:)\S*@")


def without_credentials(text: str) -> str:
    """Return a text with the password of any URL in it redacted."""
    return _CREDENTIALS.sub(rf"\1{REDACTED}@", text)


class Secret:
    """A password, token or key. It is shown as `***` when it is printed, logged or serialized.

    `reveal()` is the only access to the text, so a search for it finds every place that uses a secret.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text. Call this where the text is used, and do not keep the result."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({REDACTED!r})"

    def __str__(self) -> str:
        return REDACTED

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # In constant time: the duration of a plain comparison reveals how many characters match.
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __len__(self) -> int:
        return len(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")
