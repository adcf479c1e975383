"""The error of an edit that cannot be made."""

from __future__ import annotations

from petra.errors import PetraError


class EditError(PetraError):
    """An edit cannot be made; nothing is changed. It has the place, the reason and what was meant."""

    def __init__(
        self, message: str, *, file: str = "", line: int = 0, column: int = 0, hint: str = ""
    ) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
        where = f"{file}:{line}:{column}: " if line else f"{file}: " if file else ""
        super().__init__(f"{where}{message}{f' ({hint})' if hint else ''}")

    def as_dict(self) -> dict[str, object]:
        """Return the error as plain data for JSON."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "hint": self.hint,
        }
