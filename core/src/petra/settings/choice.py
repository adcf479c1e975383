"""Names to choose from, written in upper or lower case as their user is used to."""

from __future__ import annotations

from attrs import frozen


@frozen
class AnyCase:
    """A validator of a text field: one of these names, in whichever case, or nothing.

        data_type: str = field(default="", validator=AnyCase(("int", "real")))

    The names are offered by the JSON Schema and by the message for one that is misspelt.
    """

    options: tuple[str, ...]

    def __call__(self, _: object, __: object, value: str) -> None:
        """Refuse what is none of the names."""
        if value and value.lower() not in {name.lower() for name in self.options}:
            raise ValueError(f"{value!r} is not one of {', '.join(self.options)}")

    @property
    def pattern_of_all(self) -> str:
        """A pattern for the names in every case: JSON Schema has no other word for that."""
        return "|".join("".join(map(_any_case, name)) for name in self.options)


def _any_case(letter: str) -> str:
    return f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter
