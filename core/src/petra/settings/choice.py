"""A choice of names that may be written in upper or lower case."""

from __future__ import annotations

from attrs import frozen


@frozen
class AnyCase:
    """A validator for a text field: one of these names in any case, or an empty text.

        data_type: str = field(default="", validator=AnyCase(("int", "real")))

    The JSON Schema offers the names, and so does the message for a misspelt one.
    """

    options: tuple[str, ...]

    def __call__(self, _: object, __: object, value: str) -> None:
        """Raise ValueError for a text that is not one of the names."""
        if value and value.lower() not in {name.lower() for name in self.options}:
            raise ValueError(f"{value!r} is not one of {', '.join(self.options)}")

    @property
    def pattern_of_all(self) -> str:
        """A regular expression for the names in any case; JSON Schema has no other way to ignore case."""
        return "|".join("".join(map(_letter_pattern, name)) for name in self.options)


def _letter_pattern(letter: str) -> str:
    return f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter
