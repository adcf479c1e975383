"""What a block declares in its class body: inputs, outputs, parameters and state.

The declarations are read once, when the class is made. An instance carries plain attributes of the same
names, so `self.input` inside `step` costs what any attribute costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from petra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T", bound=bool | int | float | str)
S = TypeVar("S")

_TYPES = (bool, int, float, str)


class Member(Generic[S]):
    """One declared name of a block; on an instance it reads and writes as the plain value."""

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

    if TYPE_CHECKING:  # at run time an instance's own attribute answers; a type checker needs to be told

        @overload
        def __get__(self, instance: None, owner: type) -> Any: ...
        @overload
        def __get__(self, instance: object, owner: type) -> S: ...
        def __get__(self, instance: object, owner: type) -> Any: ...
        def __set__(self, instance: object, value: S) -> None: ...


class _Typed(Member[T]):
    def __init__(
        self, type: type[T], default: T | None, *, doc: str, unit: str, aliases: Sequence[str]
    ) -> None:  # the SDK reads In(bool), as a declaration should
        if type not in _TYPES:
            raise DeclarationError(f"a port or parameter is bool, int, float or str, not {type!r}")
        if default is not None and not accepts(type, default):
            raise DeclarationError(f"the default {default!r} is not of type {type.__name__}")
        super().__init__(default, doc, unit, aliases)
        self.type = type


class In(_Typed[T]):
    """An input. Without a default it must be wired."""

    def __init__(
        self,
        type: type[T],
        *,
        default: T | None = None,
        doc: str = "",
        unit: str = "",
        aliases: Sequence[str] = (),
    ) -> None:
        super().__init__(type, default, doc=doc, unit=unit, aliases=aliases)

    @property
    def required(self) -> bool:
        """Whether a configuration must wire this input."""
        return self.default is None


class Out(_Typed[T]):
    """An output: the block is the one writer of the signal that it is wired to."""

    def __init__(self, type: type[T], *, doc: str = "", unit: str = "", aliases: Sequence[str] = ()) -> None:
        super().__init__(type, None, doc=doc, unit=unit, aliases=aliases)


class Param(_Typed[T]):
    """A parameter: constant while the program runs. Without a default the configuration must give it."""

    def __init__(
        self,
        type: type[T],
        *,
        default: T | None = None,
        minimum: float | None = None,
        maximum: float | None = None,
        choices: Sequence[T] = (),
        doc: str = "",
        unit: str = "",
        aliases: Sequence[str] = (),
    ) -> None:
        super().__init__(type, default, doc=doc, unit=unit, aliases=aliases)
        self.minimum = minimum
        self.maximum = maximum
        self.choices = tuple(choices)
        if default is not None and (complaint := self.complaint(default)):
            raise DeclarationError(f"the default {default!r} {complaint}")

    @property
    def required(self) -> bool:
        """Whether a configuration must give this parameter."""
        return self.default is None

    def complaint(self, value: T) -> str:
        """Say why a value of the right type does not fit; empty when it fits."""
        if self.choices and value not in self.choices:
            return "must be one of " + ", ".join(map(repr, self.choices))
        if isinstance(value, str):
            return ""
        if self.minimum is not None and not value >= self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and not value <= self.maximum:
            return f"must be at most {self.maximum:g}"
        return ""


class State(Member[S]):
    """A value that the block keeps from one scan to the next."""

    def __init__(self, initial: S, *, doc: str = "", retain: bool = False) -> None:
        if type(initial) not in _TYPES:
            raise DeclarationError(f"state is bool, int, float or str, not {type(initial).__name__}")
        super().__init__(initial, doc, "", ())
        self.retain = retain


def accepts(type: type, value: object) -> bool:
    """Say whether a value may stand where a type is declared: exactly that type, or an int for a float."""
    actual = value.__class__
    return actual is type or (type is float and actual is int)
