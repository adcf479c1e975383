"""What a block declares in its class body: inputs, outputs, parameters and state.

The declarations are read once, when the class is made. An instance carries plain attributes of the same
names, so `self.input` inside `step` costs what any attribute costs.
"""

from __future__ import annotations

import re
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, overload

from petra.errors import DeclarationError
from petra.signals.quality import Quality
from petra.signals.types import INT_MAX, INT_MIN

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Sequence

T = TypeVar("T", bound=bool | int | float | str)
S = TypeVar("S")

SCALARS = (bool, int, float, str)


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
    """A member that holds values of one type, or of one of several that its wiring decides."""

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
    ) -> None:  # the SDK reads In(bool), as a declaration should
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
        """Whether the wiring decides which of several types it is."""
        return len(self.types) > 1

    @property
    def type(self) -> builtins.type[T]:
        """The type; of a generic member, the first of those that it can be."""
        return self.types[0]

    @property
    def type_name(self) -> str:
        """The type as a person reads it."""
        return " or ".join(each.__name__ for each in self.types)

    def accepts(self, value: object) -> bool:
        """Say whether a value may stand here."""
        return any(accepts(each, value) for each in self.types)

    def exact(self, value: Any) -> Any:
        """Return a value that may stand here as exactly the type that it stands for."""
        return value if value.__class__ in self.types else float(value)

    def complaint(self, value: T) -> str:
        """Return why a value of the right type does not fit; empty when it fits."""
        if isinstance(value, str):
            return ""
        if self.minimum is not None and not value >= self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and not value <= self.maximum:
            return f"must be at most {self.maximum:g}"
        return ""


class In(_Typed[T]):
    """An input. Without a default it must be wired.

    One with a default is a parameter as well: a constant for it may stand under `params`, within `minimum`
    and `maximum`, and can be tuned. What a signal brings is not held within them: the step has to.

    A union such as `In(int | float)` takes signals of either type; all ports of a block that declare the same
    union get the same type, unless they are declared with `alone=True`. `bools=True` takes bools as well and
    counts them as 0 and 1. `many=True` takes any number of inputs, under any names; `step` sees a tuple. With
    `default=()` there may be none of them. With `first=2` as well they are known by their numbers: `in2` is
    the first of the tuple, `in5` the fourth.

    `optional=True` is for an input that need not be wired and is no parameter: without a wire it is false, 0
    or an empty text, whatever its type comes to be. So are numbers that are left out before `in5`.
    """

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: In[T],
            type: type[T],
            *,
            default: T | None = None,
            minimum: float | None = None,
            maximum: float | None = None,
            doc: str = "",
            unit: str = "",
            aliases: Sequence[str] = (),
        ) -> None: ...
        @overload
        def __init__(
            self: In[Any],
            type: UnionType | type[Any],
            *,
            default: Any = None,
            many: bool = False,
            first: int | None = None,
            optional: bool = False,
            alone: bool = False,
            bools: bool = False,
            minimum: float | None = None,
            maximum: float | None = None,
            doc: str = "",
            unit: str = "",
            aliases: Sequence[str] = (),
        ) -> None: ...

    def __init__(
        self,
        type: Any,
        *,
        default: Any = None,
        many: bool = False,
        first: int | None = None,
        optional: bool = False,
        alone: bool = False,
        bools: bool = False,
        minimum: float | None = None,
        maximum: float | None = None,
        doc: str = "",
        unit: str = "",
        aliases: Sequence[str] = (),
    ) -> None:
        none = many and default == ()
        super().__init__(
            type,
            None if none else default,
            doc=doc,
            unit=unit,
            aliases=aliases,
            minimum=minimum,
            maximum=maximum,
        )
        self.many = many
        self.first = first
        self.optional = optional or none
        self.alone = alone
        self.bools = bools
        if many and self.default is not None:
            raise DeclarationError("an input that takes many has no default but ()")
        if optional and (many or default is not None):
            raise DeclarationError("an optional input takes one signal and has no default")
        if first is not None and not many:
            raise DeclarationError("only inputs of one that takes many are known by their numbers")

    @property
    def required(self) -> bool:
        """Whether a configuration must wire this input."""
        return self.default is None and not self.optional

    @property
    def constant(self) -> bool:
        """Whether a constant for it may stand among the parameters of an instance."""
        return self.default is not None

    def positions(self, keys: Iterable[str]) -> list[int]:
        """Return which of many each of these wires is: the next one, or the one that its number says."""
        found: list[int] = []
        for key in keys:
            following = found[-1] + 1 if found else 0
            number = wire_number(key) if self.first is not None else None
            found.append(following if number is None else max(following, number - (self.first or 0)))
        return found

    def taken(self, found: builtins.type[Any]) -> builtins.type[Any]:
        """Return the type that a value of this type is taken as: a bool counts as a number where it may."""
        if found is bool and self.bools and bool not in self.types:
            return int if int in self.types else float
        return found


class Out(_Typed[T]):
    """An output: the block is the one writer of the signal that it is wired to.

    What is assigned is stored as the declared type: an int as a float, a number as the nearest whole one
    within 64 bits. What cannot be (a text that is no number, an int or a bool of NaN) is a fault.

    With `bools=True` a bool may go to a signal that holds numbers, as 0 or 1. With `rounds=True` a float may
    go to a signal that holds whole numbers, as the nearest one; `petra check` warns of it. With `widens=True`
    the step sees ints as floats where the signal is declared float: a quotient then has its fraction.
    """

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Out[T],
            type: type[T],
            *,
            rounds: bool = False,
            doc: str = "",
            unit: str = "",
            aliases: Sequence[str] = (),
        ) -> None: ...
        @overload
        def __init__(
            self: Out[Any],
            type: UnionType | type[Any],
            *,
            bools: bool = False,
            rounds: bool = False,
            widens: bool = False,
            doc: str = "",
            unit: str = "",
            aliases: Sequence[str] = (),
        ) -> None: ...

    def __init__(
        self,
        type: Any,
        *,
        bools: bool = False,
        rounds: bool = False,
        widens: bool = False,
        doc: str = "",
        unit: str = "",
        aliases: Sequence[str] = (),
    ) -> None:
        super().__init__(type, None, doc=doc, unit=unit, aliases=aliases)
        self.bools = bools
        self.rounds = rounds
        self.widens = widens


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
        super().__init__(type, default, doc=doc, unit=unit, aliases=aliases, minimum=minimum, maximum=maximum)
        self.choices = tuple(choices)
        if default is not None and (complaint := self.complaint(default)):
            raise DeclarationError(f"the default {default!r} {complaint}")

    @property
    def required(self) -> bool:
        """Whether a configuration must give this parameter."""
        return self.default is None

    def complaint(self, value: T) -> str:
        """Return why a value of the right type does not fit; empty when it fits."""
        if self.choices and value not in self.choices:
            return "must be one of " + ", ".join(map(repr, self.choices))
        return super().complaint(value)


class State(Member[S]):
    """A value that the block keeps from one scan to the next: a scalar, or a tuple of scalars.

    It survives a reload, and a restart as well when it is declared with `retain=True`. With
    `begins_with="level"` it begins with the `initial` value of the signal that the output `level` writes, if
    that signal declares one.
    """

    def __init__(self, initial: S, *, doc: str = "", retain: bool = False, begins_with: str = "") -> None:
        if type(initial) not in (*SCALARS, tuple):
            raise DeclarationError(
                f"state is bool, int, float, str or a tuple of these, not {type(initial).__name__}"
            )
        if isinstance(initial, int) and not INT_MIN <= initial <= INT_MAX:
            raise DeclarationError(f"the state {initial} does not fit into 64 bits")
        super().__init__(initial, doc, "", ())
        self.retain = retain
        self.begins_with = begins_with

    @property
    def type(self) -> builtins.type[S]:
        """The type of what it holds."""
        return self.default.__class__  # type: ignore[return-value]  # it always has one


class QualityOf(Member[Any]):
    """The quality of an input, for a block that decides for itself what to do about a bad one.

    An input whose quality is asked for no longer passes it on to the outputs: the block answers for them. It
    raises when it has nothing good to say. Of an input that takes many, this is a tuple.
    """

    def __init__(self, port: str, *, doc: str = "") -> None:
        super().__init__(Quality.GOOD, doc, "", ())
        self.port = port


def wire_number(key: str) -> int | None:
    """Return the number in the name of a wire such as `in2`, or None."""
    found = _NUMBERED.fullmatch(key)
    return int(found[1]) if found else None


_NUMBERED = re.compile(r"in(\d{1,9})", re.ASCII | re.IGNORECASE)


def accepts(type: type, value: object) -> bool:
    """Say whether a value may stand where a type is declared: exactly that type, or an int for a float.

    An int has 64 bits.
    """
    if value.__class__ is int:
        return type in (int, float) and INT_MIN <= value <= INT_MAX
    return value.__class__ is type
