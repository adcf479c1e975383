"""The members that a block declares in its class body: inputs, outputs, parameters and state.

The declarations are read once, when the class is made. Instances have plain attributes of the same names, so
`self.input` inside `step` costs no more than any other attribute.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, overload

from petra.blocks.member import SCALARS, Member, S, T, TypedMember
from petra.errors import DeclarationError
from petra.signals.quality import Quality
from petra.signals.types import INT_MAX, INT_MIN

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Sequence
    from types import UnionType


class In(TypedMember[T]):
    """An input. An input without a default must be wired.

    An input with a default is also a parameter: a configuration can give a constant for it under `params`,
    within `minimum` and `maximum`, and the constant can be tuned. The bounds do not apply to the value of a
    signal: the step must handle any value.

    A union such as `In(int | float)` takes signals of either type. All ports of a block that declare the same
    union have the same type, except ports with `alone=True`. With `bools=True` the input also takes bools, as
    0 and 1. With `many=True` it takes any number of wires, under any names, and `step` reads a tuple; with
    `default=()` the tuple may be empty. With `first=2` the wires are numbered: `in2` is the first item of the
    tuple, `in5` the fourth.

    An input with `optional=True` need not be wired and is not a parameter: without a wire it is false, 0 or
    an empty text, depending on the type that it is resolved to. The same holds for numbers missing before
    `in5`.
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
            raise DeclarationError("an input with many=True takes no default other than ()")
        if optional and (many or default is not None):
            raise DeclarationError("an optional input takes one signal and has no default")
        if first is not None and not many:
            raise DeclarationError("`first` needs many=True")

    @property
    def required(self) -> bool:
        """Whether a configuration must wire this input."""
        return self.default is None and not self.optional

    @property
    def constant(self) -> bool:
        """Whether an instance accepts a constant for this input among its parameters."""
        return self.default is not None

    def positions(self, keys: Iterable[str]) -> list[int]:
        """Return the position of each wire of many: its number, or otherwise the next position."""
        found: list[int] = []
        for key in keys:
            following = found[-1] + 1 if found else 0
            number = wire_number(key) if self.first is not None else None
            found.append(following if number is None else max(following, number - (self.first or 0)))
        return found

    def taken(self, found: builtins.type[Any]) -> builtins.type[Any]:
        """Return the type in which the input reads a value of this type; `bools` makes a bool a number."""
        if found is bool and self.bools and bool not in self.types:
            return int if int in self.types else float
        return found


class Out(TypedMember[T]):
    """An output. The block is the only writer of the signal that the output is wired to.

    An assigned value is converted to the declared type: an int to a float, a float to the nearest whole
    number within 64 bits. A value that cannot be converted (a text that is not a number, NaN to an int or
    bool) is a fault.

    With `bools=True` a bool may go to a signal that holds numbers, as 0 or 1. With `rounds=True` a float may
    go to a signal declared int and is rounded; `petra check` warns about it. With `widens=True` the step
    reads ints as floats if the output goes to a signal declared float, so that a quotient keeps its fraction.
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


class Param(TypedMember[T]):
    """A parameter: constant until it is tuned. Without a default, the configuration must give a value."""

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
        """Return why a value of the right type is not allowed; empty if it is."""
        if self.choices and value not in self.choices:
            return "must be one of " + ", ".join(map(repr, self.choices))
        return super().complaint(value)


class State(Member[S]):
    """A value that the block keeps from one scan to the next: a scalar, or a tuple of scalars.

    It survives a reload, and with `retain=True` also a restart. With `begins_with="level"` it begins at the
    `initial` value of the signal that the output `level` writes, if that signal declares one.
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
        """The type of the value."""
        return self.default.__class__  # type: ignore[return-value]  # it always has one


class QualityOf(Member[Any]):
    """The quality of an input, for a block that handles bad inputs itself.

    The quality of such an input no longer affects the outputs: the step must raise a fault if it cannot
    compute a good result. For an input that takes many, this is a tuple.
    """

    def __init__(self, port: str, *, doc: str = "") -> None:
        super().__init__(Quality.GOOD, doc, "", ())
        self.port = port


def wire_number(key: str) -> int | None:
    """Return the number in the name of a wire such as `in2`, or None."""
    found = _NUMBERED.fullmatch(key)
    return int(found[1]) if found else None


_NUMBERED = re.compile(r"in(\d{1,9})", re.ASCII | re.IGNORECASE)
