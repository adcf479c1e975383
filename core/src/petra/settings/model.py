"""The fields of an attrs model as settings: keys, types, defaults, bounds and documentation.

The loader, the JSON Schema, the reference pages and `petra plugins info` all read models through this module.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cache, reduce
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import field, frozen

from petra.errors import DeclarationError
from petra.settings.choice import AnyCase
from petra.settings.contracts import QUESTIONS, SignalUse
from petra.settings.secret import Secret

_ABOUT = "petra"
SCALARS = (bool, int, float, str, Secret, Path)


@frozen
class About:
    """The metadata of a field, beside its type."""

    doc: str = ""
    unit: str = ""
    aliases: tuple[str, ...] = ()
    shorthand: bool = False
    signal: SignalUse | None = None
    sparse: bool = False


def about(
    doc: str,
    *,
    unit: str = "",
    aliases: tuple[str, ...] = (),
    shorthand: bool = False,
    signal: SignalUse | None = None,
    sparse: bool = False,
) -> dict[str, Any]:
    """Document a field of a configuration model: `host: str = field(metadata=about("Name or address"))`.

    `aliases` are further keys for the same field. A field with `shorthand=True` takes the value if a single
    value is written in place of the whole mapping. `signal` declares that the field names a signal: a signal
    that the section writes is thereby declared, and a signal that it reads must exist. In a mapping with
    `sparse=True`, a key without a value counts as not given.
    """
    return {_ABOUT: About(doc, unit, tuple(aliases), shorthand, signal, sparse)}


@frozen
class Bounds:
    """The bounds from the validators of a field, as far as the validators are known."""

    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    below: float | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    choices: tuple[Any, ...] = ()
    any_case: str = ""
    """A regular expression for the choices, if case is ignored."""

    def __str__(self) -> str:
        parts = [
            (self.minimum is not None, f"at least {self.minimum}"),
            (self.above is not None, f"greater than {self.above}"),
            (self.maximum is not None, f"at most {self.maximum}"),
            (self.below is not None, f"less than {self.below}"),
            (self.shortest is not None, f"of length {self.shortest} or more"),
            (self.longest is not None, f"of length {self.longest} or less"),
            (self.pattern is not None, f"of the form {self.pattern}"),
            (bool(self.choices), f"one of {', '.join(map(str, self.choices))}"),
        ]
        return " and ".join(text for holds, text in parts if holds)


@frozen
class Setting:
    """One field of a model, as a key of a configuration."""

    name: str
    type: Any
    required: bool
    default: Any
    about: About
    bounds: Bounds
    attribute: Any = field(repr=False)

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that a document may use for this field."""
        return (self.name, *self.about.aliases)


@cache
def settings(model: type) -> tuple[Setting, ...]:
    """Return the settings of an attrs model; raise DeclarationError if no document can fill the model."""
    try:
        hints = get_type_hints(model)
    except Exception as error:  # a name that is imported for type checkers only
        raise DeclarationError(f"{model.__qualname__}: its annotations cannot be read: {error}") from error
    found = tuple(
        _make_setting(model, attribute, hints) for attribute in attrs.fields(model) if attribute.init
    )
    taken: dict[str, str] = {}
    for setting in found:
        for key in setting.keys:
            if key in taken:
                raise DeclarationError(f"{model.__qualname__}: the key {key!r} names two fields")
            taken[key] = setting.name
    return found


def not_read(model: type) -> Mapping[str, str]:
    """Return the keys that a model accepts and ignores, each with what replaces it.

    A model declares them as `NOT_READ: ClassVar[Mapping[str, str]]`. A key with a reason causes a note if it
    is given; a key with an empty reason is documentation for readers.
    """
    found: Mapping[str, str] = getattr(model, "NOT_READ", {})
    return found


def verify(model: type, outer: tuple[type, ...] = ()) -> None:
    """Raise DeclarationError with the reason if a document cannot fill a model, or a model inside it."""
    if model in outer:
        raise DeclarationError(f"{model.__qualname__} contains itself")
    if not attrs.inspect(model).is_frozen:
        raise DeclarationError(f"{model.__qualname__} is not frozen; use attrs.frozen")
    for setting in settings(model):
        if setting.attribute.name in QUESTIONS:
            raise DeclarationError(
                f"{model.__qualname__}.{setting.name}: `{setting.attribute.name}` is the name of a method "
                "that a model is asked by; rename the field"
            )
        if optional(setting.type) is Secret and (setting.bounds.pattern or setting.bounds.choices):
            raise DeclarationError(
                f"{model.__qualname__}.{setting.name}: a Secret cannot have a pattern or choices"
            )
        if setting.about.signal is not None and optional(setting.type) is not str:
            raise DeclarationError(f"{model.__qualname__}.{setting.name}: the name of a signal must be a str")
        for inner in _inner_models(setting.type):
            verify(inner, (*outer, model))


def _inner_models(kind: Any) -> Iterator[type]:
    inner = optional(kind)
    if isinstance(inner, type) and attrs.has(inner):
        yield inner
    elif get_origin(inner) in (list, tuple, dict):
        for argument in get_args(inner):
            yield from _inner_models(argument)


def _make_setting(model: type, attribute: Any, hints: Mapping[str, Any]) -> Setting:
    kind = hints.get(attribute.name)
    where = f"{model.__qualname__}.{attribute.name}"
    if kind is None:
        raise DeclarationError(f"{where} has no type annotation")
    if reason := unsupported(kind):
        raise DeclarationError(f"{where}: {reason}")
    default = attribute.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        default = None if default.takes_self else _default_of(where, default.factory)
    return Setting(
        name=attribute.alias,
        type=kind,
        required=attribute.default is attrs.NOTHING,
        default=None if default is attrs.NOTHING else default,
        about=attribute.metadata.get(_ABOUT, About()),
        bounds=_bounds_of(attribute.validator),
        attribute=attribute,
    )


def _default_of(where: str, factory: Callable[[], Any]) -> Any:
    try:
        return factory()
    except Exception as error:
        raise DeclarationError(f"{where}: its default cannot be made: {error!r}") from error


def optional(kind: Any) -> Any:
    """Return an optional type without None, or the type itself."""
    if get_origin(kind) in (Union, UnionType):
        inner = [part for part in get_args(kind) if part is not NoneType]
        return reduce(operator.or_, inner)
    return kind


def is_optional(kind: Any) -> bool:
    """Return whether a type allows None."""
    return get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind)


def unsupported(kind: Any) -> str:
    """Return why a field of this type cannot be read from a document; empty if it can."""
    inner = optional(kind)
    origin, arguments = get_origin(inner), get_args(inner)
    if inner in SCALARS or origin is Literal:
        return ""
    if origin in (Union, UnionType):
        others = [part for part in arguments if part not in (bool, int, float, str)]
        return f"a union holds single values, not {others[0]}" if others else ""
    if origin in (list, tuple) and arguments and (origin is list or arguments[1:] == (...,)):
        return unsupported(arguments[0])
    if origin is dict and len(arguments) == 2 and arguments[0] is str:
        return unsupported(arguments[1])
    if isinstance(inner, type) and (attrs.has(inner) or issubclass(inner, Enum)):
        return ""
    return f"a document cannot hold {inner}"


_COMPARISONS: dict[Callable[[Any, Any], bool], str] = {
    operator.ge: "minimum",
    operator.gt: "above",
    operator.le: "maximum",
    operator.lt: "below",
}


def _bounds_of(validator: Any) -> Bounds:
    found: dict[str, Any] = {}
    for part in _single_validators(validator):
        if comparison := _COMPARISONS.get(getattr(part, "compare_func", None)):  # type: ignore[arg-type]
            found[comparison] = part.bound
        elif (choices := getattr(part, "options", None)) is not None:
            found["choices"] = tuple(choices)
            found["any_case"] = part.pattern_of_all if isinstance(part, AnyCase) else ""
        elif (shortest := getattr(part, "min_length", None)) is not None:
            found["shortest"] = shortest
        elif (longest := getattr(part, "max_length", None)) is not None:
            found["longest"] = longest
        elif (pattern := getattr(part, "pattern", None)) is not None:
            found["pattern"] = pattern.pattern
    return Bounds(**found)


def _single_validators(validator: Any) -> Iterator[Any]:
    """Yield the single validators inside `and_` and `optional`."""
    if validator is None:
        return
    # attrs has no public access to the parts of `and_` and `optional`.
    if (many := getattr(validator, "_validators", None)) is not None:
        for part in many:
            yield from _single_validators(part)
    elif type(validator).__name__ == "_OptionalValidator":
        yield from _single_validators(validator.validator)
    else:
        yield validator


def type_name(kind: Any) -> str:
    """Return the name of a type for the reference pages."""
    inner = optional(kind)
    if get_origin(inner) in (list, tuple):
        return f"list of {type_name(get_args(inner)[0])}"
    if get_origin(inner) is dict:
        return f"mapping of {type_name(get_args(inner)[1])}"
    if get_origin(inner) is Literal:
        return " | ".join(map(str, get_args(inner)))
    if get_origin(inner) in (Union, UnionType):
        return " | ".join(map(type_name, get_args(inner)))
    if isinstance(inner, type) and issubclass(inner, Enum):
        return " | ".join(str(member.value) for member in inner)
    if attrs.has(inner):
        return "mapping"
    return _TYPE_NAMES.get(inner) or str(inner.__name__)


_TYPE_NAMES: dict[Any, str] = {str: "text", Secret: "secret", Path: "path"}
