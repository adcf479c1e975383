"""What an attrs model says about its fields: keys, types, defaults, bounds and documentation.

The loader, the JSON Schema, the reference pages and `petra plugins info` all read a model through this one
module.
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
    """What a field's metadata says beyond its type."""

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

    `aliases` are further keys for the same field. A field with `shorthand=True` takes the value when a single
    value stands where the whole mapping belongs. `signal` says that the field names a signal: one that a
    section writes is declared by that, and one that it reads must be there. The keys of a mapping with
    `sparse=True` have defaults of their own: one with nothing behind it is not given.
    """
    return {_ABOUT: About(doc, unit, tuple(aliases), shorthand, signal, sparse)}


@frozen
class Bounds:
    """What a field's validators allow, as far as they can be told apart."""

    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    below: float | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    choices: tuple[Any, ...] = ()
    any_case: str = ""
    """A pattern for the choices, where upper and lower case are the same."""

    def __str__(self) -> str:
        said = [
            (self.minimum is not None, f"at least {self.minimum}"),
            (self.above is not None, f"greater than {self.above}"),
            (self.maximum is not None, f"at most {self.maximum}"),
            (self.below is not None, f"less than {self.below}"),
            (self.shortest is not None, f"of length {self.shortest} or more"),
            (self.longest is not None, f"of length {self.longest} or less"),
            (self.pattern is not None, f"of the form {self.pattern}"),
            (bool(self.choices), f"one of {', '.join(map(str, self.choices))}"),
        ]
        return " and ".join(text for holds, text in said if holds)


@frozen
class Setting:
    """One field of a model, as a configuration sees it."""

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
    """Return the settings of an attrs model; a model that cannot be read from a document is refused."""
    try:
        hints = get_type_hints(model)
    except Exception as error:  # a name that only a type checker sees
        raise DeclarationError(f"{model.__qualname__}: its annotations cannot be read: {error}") from error
    found = tuple(_setting(model, attribute, hints) for attribute in attrs.fields(model) if attribute.init)
    taken: dict[str, str] = {}
    for setting in found:
        for key in setting.keys:
            if key in taken:
                raise DeclarationError(f"{model.__qualname__}: the key {key!r} names two fields")
            taken[key] = setting.name
    return found


def not_read(model: type) -> Mapping[str, str]:
    """Return the keys that a model accepts and does not read, each with what there is in its place.

    A model has them as `NOT_READ: ClassVar[Mapping[str, str]]`. A key with a reason is noted when given; one
    with an empty reason is for people.
    """
    found: Mapping[str, str] = getattr(model, "NOT_READ", {})
    return found


def verify(model: type, outer: tuple[type, ...] = ()) -> None:
    """Refuse a model that a document cannot fill, or that holds such a model; DeclarationError says why."""
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
                f"{model.__qualname__}.{setting.name}: a Secret has no form and no choices"
            )
        if setting.about.signal is not None and optional(setting.type) is not str:
            raise DeclarationError(f"{model.__qualname__}.{setting.name}: a signal's name is a str")
        for inner in _models(setting.type):
            verify(inner, (*outer, model))


def _models(kind: Any) -> Iterator[type]:
    inner = optional(kind)
    if isinstance(inner, type) and attrs.has(inner):
        yield inner
    elif get_origin(inner) in (list, tuple, dict):
        for argument in get_args(inner):
            yield from _models(argument)


def _setting(model: type, attribute: Any, hints: Mapping[str, Any]) -> Setting:
    kind = hints.get(attribute.name)
    where = f"{model.__qualname__}.{attribute.name}"
    if kind is None:
        raise DeclarationError(f"{where} has no type annotation")
    if reason := unsupported(kind):
        raise DeclarationError(f"{where}: {reason}")
    default = attribute.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        default = None if default.takes_self else _made(where, default.factory)
    return Setting(
        name=attribute.alias,
        type=kind,
        required=attribute.default is attrs.NOTHING,
        default=None if default is attrs.NOTHING else default,
        about=attribute.metadata.get(_ABOUT, About()),
        bounds=_bounds(attribute.validator),
        attribute=attribute,
    )


def _made(where: str, factory: Callable[[], Any]) -> Any:
    try:
        return factory()
    except Exception as error:
        raise DeclarationError(f"{where}: its default cannot be made: {error!r}") from error


def optional(kind: Any) -> Any:
    """Return what an optional type holds when it is not None, or the type itself."""
    if get_origin(kind) in (Union, UnionType):
        inner = [part for part in get_args(kind) if part is not NoneType]
        return reduce(operator.or_, inner)
    return kind


def is_optional(kind: Any) -> bool:
    """Say whether a type allows None."""
    return get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind)


def unsupported(kind: Any) -> str:
    """Say why a field of this type cannot be read from a document; empty when it can."""
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


def _bounds(validator: Any) -> Bounds:
    found: dict[str, Any] = {}
    for part in _flatten(validator):
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


def _flatten(validator: Any) -> Iterator[Any]:
    """Yield the single validators within `and_` and `optional`."""
    if validator is None:
        return
    if (many := getattr(validator, "_validators", None)) is not None:
        for part in many:
            yield from _flatten(part)
    elif type(validator).__name__ == "_OptionalValidator":
        yield from _flatten(validator.validator)
    else:
        yield validator


def type_name(kind: Any) -> str:
    """Return a type as a reference page names it."""
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
