"""Single values of a document: references are replaced, and each text is read as exactly one type."""

from __future__ import annotations

import math
from collections.abc import Collection
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import attrs

from petra.config.environment import Environment, Substituted, SubstitutionError
from petra.config.models import MEANT, SYNONYMS
from petra.config.nodes import Node, Scalar
from petra.config.parse import MAX_BYTES
from petra.config.scalars import Ambiguous, Plain, read_plain
from petra.config.wording import cure, error_text, from_text, glued, noun, shape, written
from petra.settings.model import Setting, optional
from petra.settings.secret import Secret
from petra.signals import INT_MAX, INT_MIN
from petra.signals.types import NAME

if TYPE_CHECKING:
    from petra.config.nodes import Entry
    from petra.config.problems import Problems


class Invalid(Exception):  # noqa: N818 - it never leaves the loader
    """This part is not valid; its problem is reported already.

    `rest` holds what is valid in it, if anything.
    """

    def __init__(self, rest: Any = None) -> None:
        super().__init__()
        self.rest = rest


class ValueReader:
    """Reads the single values of one document. One load owns it; threads must not share it."""

    def __init__(self, problems: Problems, environment: Environment) -> None:
        self._problems = problems
        self._environment = environment
        self._substituted: dict[int, Substituted] = {}
        self._kept: list[Scalar] = []  # an id is that of another node when its node is gone
        self._room = MAX_BYTES
        self.unit = ""
        """The unit of the setting that is being read, for hints."""

    def resolve(self, node: Scalar) -> tuple[Plain, Substituted]:
        """Return the value that a text has without a wanted type, and the text with references replaced."""
        substituted = self._substituted.get(id(node)) or self._replace_references(node)
        if substituted.sources or not node.plain:
            return substituted.text, substituted
        return read_plain(substituted.text), substituted

    def _replace_references(self, node: Scalar) -> Substituted:
        try:
            substituted = self._environment.substitute(node.text)
        except SubstitutionError as error:
            shift = error.offset if node.plain else 0  # inside quotes, escape sequences shift the columns
            self._problems.add(node, error.code, str(error), hint=error.hint, shift=shift)
            raise Invalid from None
        if substituted.sources:
            self._room -= len(substituted.text)
            if self._room < 0:
                self._problems.add(
                    node, "too-large", "the document is too large with its references replaced"
                )
                raise Invalid
            for text in substituted.external:
                self._problems.hide(text)
            self._substituted[id(node)] = substituted  # aliases: the same node in many places
            self._kept.append(node)
        return substituted

    def read_scalar(self, node: Node, kind: type) -> Any:
        """Return a value of this scalar type; otherwise report the problem and raise Invalid."""
        if is_enum(kind):  # `class Mode(str, Enum)`: cattrs finds the hook of str first
            return self.read_enum(node, kind)
        if not isinstance(node, Scalar):
            raise self.wrong_type(node, kind)
        value, substituted = self.resolve(node)
        if isinstance(value, Ambiguous):
            raise self._ambiguous_value(node, value, kind)
        if substituted.sources:  # external values are untyped: read them as the wanted type
            value = from_text(substituted.text, kind)
        if kind in (str, Path, Secret):
            if not isinstance(value, str):
                raise self.wrong_type(node, kind)
            if kind is Secret and value and not substituted.sources:
                self._problems.warn(
                    node,
                    "plain-secret",
                    "a secret is written in the document",
                    hint="use ${NAME} or ${file:/path}",
                )
            return self._environment.folder / value if kind is Path else kind(value)
        if kind is bool and value.__class__ is bool:
            return value
        if kind is int and value.__class__ is int:
            if not INT_MIN <= value <= INT_MAX:
                raise self._bad_value(node, "does not fit into 64 bits")
            return value
        if kind is float and value.__class__ in (int, float):
            return self._finite_float(node, value)
        raise self.wrong_type(node, kind)

    def _finite_float(self, node: Scalar, value: float) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):  # `.inf` would pass a validator such as ge(0.0)
            raise self._bad_value(node, "is not a finite number")
        return number

    def read_union(self, node: Node, kind: Any) -> Any:
        """Read a single value as the one of several types in which it is written."""
        if not isinstance(node, Scalar):
            raise self.wrong_type(node, kind)
        value, substituted = self.resolve(node)
        if substituted.sources:
            plain = read_plain(substituted.text)
            value = substituted.text if plain is None or isinstance(plain, Ambiguous) else plain
        allowed = get_args(kind)
        for candidate in (bool, int, float, str):
            fits = value.__class__ is candidate or (candidate is float and value.__class__ is int)
            if candidate in allowed and fits:
                return value if candidate is str else self.read_scalar(node, candidate)
        raise (
            self._ambiguous_value(node, value, kind)
            if isinstance(value, Ambiguous)
            else self.wrong_type(node, kind)
        )

    def read_enum(self, node: Node, kind: type[Enum]) -> Enum:
        """Return the member of an enum with the value, or the synonym, that is written."""
        by_text = {str(member.value): member for member in kind}
        also = {name: by_text[value] for name, value in SYNONYMS.get(kind, {}).items()}
        return (by_text | also)[self._read_choice(node, tuple(by_text), also, MEANT.get(kind))]

    def read_literal(self, node: Node, kind: Any) -> Any:
        """Return the choice of a Literal that is written."""
        by_text = {str(value): value for value in get_args(kind)}
        return by_text[self._read_choice(node, tuple(by_text))]

    def _read_choice(
        self,
        node: Node,
        choices: tuple[str, ...],
        also: Collection[str] = (),
        elsewhere: dict[str, str] | None = None,
    ) -> str:
        if not isinstance(node, Scalar) or node.is_null:
            raise self.wrong_type(node, choices)
        _, substituted = self.resolve(node)
        if substituted.text not in choices and substituted.text not in also:
            known = (elsewhere or {}).get(node.text.casefold())
            hint = f"did you mean {known!r}?" if known else self._problems.meant(node.text, choices)
            message = f"{written(node)} is not one of {', '.join(choices)}"
            self._problems.add(node, "bad-value", message, hint=hint)
            raise Invalid
        return substituted.text

    def validate(self, setting: Setting, entry: Entry, value: Any) -> Any:
        """Return a value that its field's validator accepts; otherwise report and raise Invalid."""
        validator = setting.attribute.validator
        if validator is None:
            return value
        try:
            validator(None, setting.attribute, value)
        except AttributeError:
            return value  # it reads other fields through the instance: attrs runs it again with the model
        except Exception as error:  # noqa: BLE001 - any error of a validator concerns this value
            must = str(setting.bounds)
            wrong = "is not a valid name" if setting.bounds.pattern == NAME else f"is not {must}"
            words = f"{written(entry.value, setting.type)} {wrong}" if must else error_text(error)
            choices = setting.bounds.choices
            meant = self._problems.meant(str(value), map(str, choices)) if choices else ""
            self._problems.add(entry.value, "bad-value", words, hint=meant or setting.about.doc)
            raise Invalid from None
        return value

    def wrong_type(self, node: Node, kind: Any) -> Invalid:
        """Report a value of the wrong type, with a hint where possible; return the exception to raise."""
        wanted = noun(kind)
        hint = ""
        if not isinstance(node, Scalar):
            message = node.noun
        else:
            message = written(node, kind)
            hint = cure(node, kind, self.unit)
            if not hint and node.plain and wanted in ("a mapping", "a list") and (slip := glued(node)):
                hint = slip
        if not hint and attrs.has(optional(kind)):
            hint = shape(optional(kind))
        self._problems.add(node, "wrong-type", f"expected {wanted}, not {message}", hint=hint)
        return Invalid()

    def _ambiguous_value(self, node: Scalar, value: Ambiguous, kind: Any) -> Invalid:
        if kind is Secret:
            message, hint = "YAML readers read this value in different ways", "put it in quotes"
        else:
            message, hint = value.reading, f"write {value.instead}"
        self._problems.add(node, "yaml-ambiguous", message, hint=hint)
        return Invalid()

    def _bad_value(self, node: Node, message: str) -> Invalid:
        self._problems.add(node, "bad-value", f"{written(node)} {message}")
        return Invalid()


def is_enum(kind: Any) -> bool:
    """Return whether a type is an enum."""
    return isinstance(kind, type) and issubclass(kind, Enum)
