"""The base class of all blocks, and the declarations that it reads from a class body."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import frozen

from petra.blocks.member import Member
from petra.blocks.ports import In, Out, Param, QualityOf, State
from petra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from petra.blocks.known import Qualities
    from petra.signals import Quality

_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@frozen
class BlockSpec:
    """What a block class declares: its type names, its ports, its parameters and its state."""

    type: str
    aliases: tuple[str, ...]
    doc: str
    inputs: Mapping[str, In[Any]]
    outputs: Mapping[str, Out[Any]]
    params: Mapping[str, Param[Any]]
    states: Mapping[str, State[Any]]
    qualities: Mapping[str, QualityOf]

    @property
    def names(self) -> tuple[str, ...]:
        """Every type name that a configuration may use."""
        return (self.type, *self.aliases)

    @property
    def asked(self) -> frozenset[str]:
        """The inputs whose quality the step reads."""
        return frozenset(quality.port for quality in self.qualities.values())

    @property
    def many(self) -> In[Any] | None:
        """The input that takes many, if there is one."""
        return next((port for port in self.inputs.values() if port.many), None)


class Block(ABC):
    """A unit of logic: inputs, parameters and state in, outputs out, once per scan.

    Subclass with `type="NAME"` (and `aliases=`), declare members with In, Out, Param and State, and write
    `step(self, dt)`, where `dt` is the time in seconds since the last scan. A block must not read a clock or
    do I/O.

        class Doubler(Block, type="DOUBLER"):
            \"\"\"Twice the input.\"\"\"

            input = In(float)
            output = Out(float)

            def step(self, dt):
                self.output = 2.0 * self.input
    """

    spec: ClassVar[BlockSpec]
    waits_for_all: ClassVar[bool] = False
    """Whether the states keep their initial values until no required input is bad, as in a filter.

    Not for blocks that detect edges, measure time or count: their states must change in every scan.
    """

    def __init__(self, **params: bool | float | str) -> None:
        """Make an instance with these parameters and constant inputs; others start at their defaults."""
        spec = self.spec
        constants = {name for name, port in spec.inputs.items() if port.constant}
        if unknown := params.keys() - spec.params.keys() - constants:
            raise TypeError(f"{spec.type} has no parameter {', '.join(sorted(unknown))}")
        for group in (spec.inputs, spec.outputs, spec.states, spec.qualities):
            for name, member in group.items():
                setattr(self, name, _initial_value(member))
        for name in constants & params.keys():
            setattr(self, name, _checked_value(spec.type, spec.inputs[name], params[name]))
        for name, param in spec.params.items():
            setattr(self, name, _checked_value(spec.type, param, params.get(name, param.default)))
        given = {n: () if port.many else params.get(n) for n, port in spec.inputs.items()}
        given |= {n: getattr(self, n) for n in spec.params}
        for name, complaint in self.complaints(given):
            raise ValueError(f"{spec.type}.{name} {complaint}")

    def __init_subclass__(cls, type: str = "", aliases: Sequence[str] = (), **kwargs: object) -> None:
        """Read the class body; a class without a `type` is a base class and not a block type."""
        super().__init_subclass__(**kwargs)
        if type:
            cls.spec = _read_spec(cls, type, tuple(aliases))

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:  # noqa: ARG003
        """Yield conflicts between parameters and inputs: the name of one, and what is wrong with it.

        `given` holds every parameter, and every input that is given: its constant, or None if it is wired to
        a signal. For an input that takes many, it holds the names of the wires. `petra check` reports each
        complaint as an error at the place of the name.

            @classmethod
            def complaints(cls, given):
                if given["low"] > given["high"]:
                    yield "low", "is above high"
        """
        return ()

    @classmethod
    def remarks(
        cls,
        given: Mapping[str, Any],  # noqa: ARG003 - for those who override it
        outputs: Collection[str],  # noqa: ARG003
    ) -> Iterable[tuple[str, str]]:
        """Yield what is correct but may surprise: the name of a parameter or input, and a remark.

        `given` holds what the document gives, as for `complaints` but without defaults, and `outputs` the
        outputs that are wired. `petra check` shows each remark as a note.
        """
        return ()

    @classmethod
    def needs(cls, kinds: Mapping[str, type[Any] | None]) -> Iterable[str]:  # noqa: ARG003
        """Yield the optional inputs that must be wired in this case.

        `kinds` holds the inputs that are wired or have a default, with their types, or None while unknown.
        """
        return ()

    @classmethod
    def output_type(
        cls,
        port: str,  # noqa: ARG003 - for those who override it
        params: Mapping[str, Any],  # noqa: ARG003
        kinds: Mapping[str, type[Any] | None],  # noqa: ARG003
    ) -> type[Any] | None:
        """Return the type of a generic output if the parameters or input types decide it, otherwise None.

        `kinds` holds the types of the inputs that take one signal, or None while unknown.
        """
        return None

    @abstractmethod
    def step(self, dt: float) -> None:
        """Compute the outputs from the inputs, once per scan."""

    def known(self, quality: Qualities) -> Quality | Mapping[str, Quality]:
        """Return the quality of the outputs, given the inputs that `step` has read and their qualities.

        By default the outputs are as bad as the worst input. Override this method if some inputs can decide
        the result regardless of the others: an AND with a good false is a good false. Return one quality for
        all outputs, or a quality for each output by name; an output without a name here is as bad as the
        worst input. A better input must never make a result worse. The method may read only inputs and
        parameters: if it reads a state, or names something that is not an output, the outputs are bad with
        that reason.

            def known(self, quality):
                chosen = quality.in1 if self.selector else quality.in0
                return max(quality.selector, chosen)
        """
        return quality.worst


class Condition(Block):
    """A block that tests a condition for alarms; it has exactly one bool output."""


def _read_spec(cls: type[Block], type_name: str, aliases: tuple[str, ...]) -> BlockSpec:
    for name in (type_name, *aliases):
        if not _TYPE_NAME.fullmatch(name):
            raise DeclarationError(f"{cls.__qualname__}: {name!r} is not a valid name for a block type")
    if cls.step is Block.step:
        raise DeclarationError(f"{cls.__qualname__}: a block needs a method `step(self, dt)`")
    if len(inspect.signature(cls.step).parameters) != 2:
        raise DeclarationError(f"{cls.__qualname__}: `step` takes self and dt, nothing else")
    members = {member.name: member for member in _declared_members(cls)}
    spec = BlockSpec(
        type=type_name,
        aliases=aliases,
        doc=inspect.cleandoc(cls.__doc__ or ""),
        inputs={n: m for n, m in members.items() if isinstance(m, In)},
        outputs={n: m for n, m in members.items() if isinstance(m, Out)},
        params={n: m for n, m in members.items() if isinstance(m, Param)},
        states={n: m for n, m in members.items() if isinstance(m, State)},
        qualities={n: m for n, m in members.items() if isinstance(m, QualityOf)},
    )
    # By group: a document names inputs, outputs and parameters under separate keys.
    for group in (spec.inputs, spec.outputs, spec.params):
        _refuse_shared_names(cls, group.values())
    if not spec.outputs:
        raise DeclarationError(f"{cls.__qualname__}: a block needs at least one Out")
    if sum(port.many for port in spec.inputs.values()) > 1:
        raise DeclarationError(f"{cls.__qualname__}: only one input may have many=True")
    for quality in spec.qualities.values():
        if quality.port not in spec.inputs:
            raise DeclarationError(
                f"{cls.__qualname__}: there is no input {quality.port!r} to ask quality of"
            )
    for state in spec.states.values():
        _check_beginning(cls, spec, state)
    if issubclass(cls, Condition) and [out.types for out in spec.outputs.values()] != [(bool,)]:
        raise DeclarationError(f"{cls.__qualname__}: a condition has exactly one output, Out(bool)")
    return spec


def _check_beginning(cls: type[Block], spec: BlockSpec, state: State[Any]) -> None:
    output = spec.outputs.get(state.begins_with)
    if state.begins_with and (output is None or output.types != (state.type,)):
        raise DeclarationError(
            f"{cls.__qualname__}: the state {state.name!r} begins with {state.begins_with!r}, which is not "
            f"an output of the type {state.type.__name__}"
        )


def _declared_members(cls: type) -> Iterator[Member[Any]]:
    """Yield the members in the order of declaration, those of base classes first, each name once."""
    # A subclass that declares a name again keeps the position of the base class, so wires stay in order.
    names = dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base))
    for name in names:
        member = inspect.getattr_static(cls, name)
        if isinstance(member, Member):
            yield member


def _refuse_shared_names(cls: type, members: Any) -> None:
    taken: dict[str, str] = {}
    for member in members:
        for name in (member.name, *member.aliases):
            if name in taken:
                raise DeclarationError(
                    f"{cls.__qualname__}: {name!r} names both {taken[name]!r} and {member.name!r}"
                )
            taken[name] = member.name


def _initial_value(member: Member[Any]) -> Any:
    if isinstance(member, In) and member.many:
        return ()
    if isinstance(member, In | Out):
        return member.type() if member.default is None else member.exact(member.default)
    return member.default


def _checked_value(block: str, param: Param[Any] | In[Any], value: Any) -> Any:
    if value is None:
        raise TypeError(f"{block} needs the parameter {param.name}")
    if not param.accepts(value):
        raise TypeError(f"{block}.{param.name} is a {param.type_name}, not {value!r}")
    if complaint := param.complaint(value):
        raise ValueError(f"{block}.{param.name} {complaint}, not {value!r}")
    return param.exact(value)
