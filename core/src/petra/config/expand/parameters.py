"""The parameters of a template: their types and limits, and the values that an instance gives."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from petra.config.nodes import Mapping, Node, Scalar, key_of, within
from petra.config.values import Invalid
from petra.config.wording import noun, written
from petra.settings.model import about
from petra.signals import is_name

if TYPE_CHECKING:
    from petra.config.problems import Problems
    from petra.config.structure import Structurer

PARAMETER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")

_SECRETIVE = re.compile(r"pass|secret|token|key|cred|auth|(?:^|_)(?:pw|pwd|pin)(?:$|_|[0-9])", re.IGNORECASE)


class ParameterType(Enum):
    """The type of a parameter; a signal is a text that can be the name of a signal."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    STRING = "string"
    SIGNAL = "signal"


_PYTHON: dict[ParameterType, type] = {
    ParameterType.INT: int,
    ParameterType.FLOAT: float,
    ParameterType.BOOL: bool,
    ParameterType.STRING: str,
    ParameterType.SIGNAL: str,
}


@frozen
class ParameterConfig:
    """A parameter of a template. A type alone declares a parameter that every instance must give."""

    type: ParameterType = field(
        metadata=about("Type of its values; `signal` is a text that can name a signal", shorthand=True)
    )
    default: bool | int | float | str | None = field(
        default=None, metadata=about("Value if an instance gives none; without it the value is required")
    )
    minimum: int | float | None = field(default=None, metadata=about("Lowest value of a number"))
    maximum: int | float | None = field(default=None, metadata=about("Highest value of a number"))
    choices: tuple[bool | int | float | str, ...] = field(
        default=(), metadata=about("Values that are allowed; any value if empty", aliases=("enum",))
    )
    unit: str = field(default="", metadata=about("Unit of the value, for display"))
    description: str = field(default="", metadata=about("Description, for display"))


@frozen
class Value:
    """The value of a parameter: the text as it is written, and what it means.

    `external` is true for a text with a reference to the environment, which is replaced later, in its place.
    """

    text: str = field(repr=False)
    plain: bool
    meaning: bool | int | float | str = field(repr=False)
    external: bool = False

    def formatted(self, form: str) -> str:
        """Return the text of the value, in a format if one is given."""
        return format(self.meaning, form) if form else self.text


@frozen
class Parameter:
    """A declared parameter."""

    name: str
    config: ParameterConfig
    default: Value | None = field(default=None, repr=False)

    @property
    def python(self) -> type:
        """The type of its values in Python."""
        return _PYTHON[self.config.type]

    @property
    def noun(self) -> str:
        """The name of its type in a sentence."""
        return noun(self.python)

    def shown(self, value: Value) -> str:
        """Return a value for a message, hidden if the parameter is named like a secret."""
        return "***" if _SECRETIVE.search(self.name) else value.text

    def read(self, node: Node, structurer: Structurer) -> Value:
        """Return the value that is written; otherwise report the problem and raise Invalid."""
        meaning = structurer.values.read_scalar(node, self.python)
        assert isinstance(node, Scalar)  # noqa: S101 - read_scalar has refused all other nodes
        wrong = self._complaint(meaning)
        if wrong:
            structurer.problems.add(node, "bad-value", f"{self.name}: {written(node)} {wrong}")
            raise Invalid
        # A text is never read again as a number: it counts as quoted wherever it is inserted.
        plain = self.python is not str and node.plain
        return Value(node.text, plain, meaning, "${" in node.text)

    def _complaint(self, value: Any) -> str:
        config = self.config
        if config.type is ParameterType.SIGNAL and not is_name(value):
            return "is not a valid name for a signal"
        if config.choices and value not in config.choices:
            return f"is not one of {', '.join(map(str, config.choices))}"
        if config.minimum is not None and value < config.minimum:
            return f"is below the minimum, {config.minimum}"
        if config.maximum is not None and value > config.maximum:
            return f"is above the maximum, {config.maximum}"
        return ""


def read_parameters(node: Node | None, structurer: Structurer) -> dict[str, Parameter] | None:
    """Return the declared parameters; report what is not valid, and return None if anything is not."""
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return {}
    if not isinstance(node, Mapping):
        hint = "write each as `name: type`, such as `n: int`"
        structurer.problems.add(
            node, "wrong-type", f"expected a mapping of parameters, not {node.noun}", hint=hint
        )
        return None
    made: dict[str, Parameter] = {}
    for name, entry in node.entries.items():
        try:
            made[name] = _read_parameter(name, node, entry.value, structurer)
        except Invalid:
            continue
    return made if len(made) == len(node.entries) else None


def _read_parameter(name: str, of: Mapping, node: Node, structurer: Structurer) -> Parameter:
    problems = structurer.problems
    if not PARAMETER_NAME.fullmatch(name):
        hint = "letters, digits and `_`, not a digit first"
        problems.add(
            key_of(of, name), "bad-value", f"{name!r} is not a valid name for a parameter", hint=hint
        )
        raise Invalid
    config = structurer.structure(node, ParameterConfig)
    _check_limits(node, config, problems)
    parameter = Parameter(name, config)
    at = within(node, "default")
    if at is node or (isinstance(at, Scalar) and at.is_null):
        return parameter
    return Parameter(name, config, parameter.read(at, structurer))


def _check_limits(node: Node, config: ParameterConfig, problems: Problems) -> None:
    """Report limits of a parameter that is not a number, and choices of another type."""
    kind = _PYTHON[config.type]
    number = kind in (int, float)
    for key, limit in (("minimum", config.minimum), ("maximum", config.maximum)):
        if limit is not None and not number:
            message = f"a parameter of type {config.type.value} has no {key}"
            problems.add(within(node, key), "bad-value", message, hint="leave it out")
            raise Invalid
    for choice in config.choices:
        fits = choice.__class__ is kind or (kind is float and choice.__class__ is int)
        if not fits:
            message = f"the choice {choice!r} is not {noun(kind)}"
            problems.add(within(node, "choices", "enum"), "wrong-type", message)
            raise Invalid
