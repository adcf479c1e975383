"""The base of the members that a block declares: a name, a default and documentation, and a type."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, overload

from petra.errors import DeclarationError
from petra.signals.types import INT_MAX, INT_MIN

if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence

T = TypeVar("T", bound=bool | int | float | str)
S = TypeVar("S")

SCALARS = (bool, int, float, str)


class Member(Generic[S]):
    """One declared member of a block; on an instance, the attribute is the plain value."""

    name = ""

    def __init__(self, default: S | None, doc: str, unit: str, aliases: Sequence[str]) -> None:
        self.default = default
        self.doc = doc
        self.unit = unit
        self.aliases = tuple(aliases)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    if TYPE_CHECKING:  # at run time the attribute of the instance is found first; this is for type checkers

        @overload
        def __get__(self, instance: None, owner: type) -> Any: ...
        @overload
        def __get__(self, instance: object, owner: type) -> S: ...
        def __get__(self, instance: object, owner: type) -> Any: ...
        def __set__(self, instance: object, value: S) -> None: ...


class TypedMember(Member[T]):
    """A member of one type, or of one of several types, which the wiring decides."""

    def __init__(
        self,
        type: builtins.type[T] | UnionType,
        default: T | None,
        *,
        doc: str,
        unit: str,
        aliases: Sequence[str],
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> None:  # `type`, so that a declaration reads In(bool)
        self.minimum = minimum
        self.maximum = maximum
        types: tuple[builtins.type[T], ...] = get_args(type) if isinstance(type, UnionType) else (type,)
        if not set(types) <= set(SCALARS):
            raise DeclarationError(f"a port or parameter is bool, int, float or str, not {type!r}")
        self.types = types
        if default is not None and not self.accepts(default):
            raise DeclarationError(f"the default {default!r} is not of type {self.type_name}")
        super().__init__(default, doc, unit, aliases)

    @property
    def generic(self) -> bool:
        """Whether there are several types, and the wiring decides between them."""
        return len(self.types) > 1

    @property
    def type(self) -> builtins.type[T]:
        """The type; for a generic member, the first of its types."""
        return self.types[0]

    @property
    def type_name(self) -> str:
        """The name of the type, or of all types, for messages."""
        return " or ".join(each.__name__ for each in self.types)

    def accepts(self, value: object) -> bool:
        """Return whether this member can hold a value."""
        return any(accepts(each, value) for each in self.types)

    def exact(self, value: Any) -> Any:
        """Return an accepted value in exactly one of the types: an int becomes a float where needed."""
        return value if value.__class__ in self.types else float(value)

    def complaint(self, value: T) -> str:
        """Return why a value of the right type is out of bounds; empty if it is within."""
        if isinstance(value, str):
            return ""
        # `not >=` instead of `<`: NaN compares false either way, and is refused by these.
        if self.minimum is not None and not value >= self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and not value <= self.maximum:
            return f"must be at most {self.maximum:g}"
        return ""


def accepts(type: type, value: object) -> bool:
    """Return whether a declared type accepts a value: exactly that type, or an int for a float.

    An int must fit into 64 bits. A bool is not accepted as an int, although Python's bool is a subclass of
    int.
    """
    if value.__class__ is int:
        return type in (int, float) and INT_MIN <= value <= INT_MAX
    return value.__class__ is type
