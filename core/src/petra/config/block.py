"""One block against what its class declares: ports, parameters, literals."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from petra.closest import Names
from petra.config.nodes import Node, Scalar, key_of, within
from petra.config.wording import cure, noun, written
from petra.signals import literal

if TYPE_CHECKING:
    from petra.blocks import Block
    from petra.config.models import BlockConfig
    from petra.config.problems import Problems


Text = Callable[[Scalar], str]
"""Returns the text of a value with its references replaced."""

MOST_INPUTS = 1000
"""Of one block: a product of many ints takes time by the square of their number."""

_SHORTEST_SLIP = 4
"""Shorter names of inputs, such as in1 and b, are not compared with those of ports."""

_NUMBERED = re.compile(r"(\D*)(\d{1,9})")


@frozen
class CheckedBlock:
    """A block by the names that its class declares, with literals as values.

    Inputs of a port that takes many keep the names they are written with, in their order.
    """

    config: BlockConfig
    node: Node
    places: Mapping[tuple[str, int], Node]
    """Where the wiring of each input is written, by port and, of many, which one; outputs by their port."""
    good: bool


def check_block(
    node: Node, block: BlockConfig, cls: type[Block], problems: Problems, text: Text
) -> CheckedBlock:
    """Note what is wrong with a block; return it as its class declares it."""
    return _BlockCheck(node, cls, problems, text).check(block)


class _BlockCheck:
    def __init__(self, node: Node, cls: type[Block], problems: Problems, text: Text) -> None:
        self._node = node
        self._cls = cls
        self._spec = cls.spec
        self._problems = problems
        self._text = text
        self._places: dict[tuple[str, int], Node] = {}
        self._at: dict[str, Node] = {}
        """Where each parameter is written."""
        self._moved: set[str] = set()
        """The keys under `params` that are inputs."""

    def check(self, block: BlockConfig) -> CheckedBlock:
        before = self._problems.errors
        constants = self._constants(block)
        made = attrs.evolve(
            block,
            type=self._spec.type,
            inputs=self._inputs(block, constants),
            outputs=self._outputs(block),
            params=self._params(block),
        )
        if self._problems.errors == before:
            self._complain(made)
        if self._problems.errors == before:
            self._try(made.params)
        return CheckedBlock(made, self._node, self._places, self._problems.errors == before)

    def _complain(self, made: BlockConfig) -> None:
        """Note what does not go together, as the block's class says, at the place of what it names."""
        params = {n: made.params.get(n, p.default) for n, p in self._spec.params.items()}
        inputs: dict[str, Any] = {}
        for key, source in made.inputs.items():
            value = literal(source) if isinstance(source, str) else source
            port = self._spec.inputs.get(key)
            if port is None or port.many:
                many = self._spec.many.name  # type: ignore[union-attr]  # whose wires have names of their own
                inputs[many] = (*inputs.get(many, ()), key)
            else:
                inputs[key] = None if value is None else port.exact(value)
        try:
            complaints = list(self._cls.complaints(inputs | params))
        except Exception as error:  # noqa: BLE001 - whatever a stranger's class raises
            complaints = [("", f"cannot be checked: {type(error).__name__}: {error}")]
        for name, said in complaints:
            self._problems.add(
                self._place(name), "params-conflict", f"{self._spec.type}{'.' if name else ''}{name} {said}"
            )
        try:
            remarks = list(self._cls.remarks(inputs | dict(made.params), set(made.outputs)))
        except Exception:  # noqa: BLE001 - whatever a stranger's class raises; nothing depends on it
            remarks = []
        for name, said in remarks:
            self._problems.note(self._place(name), "assumed-value", f"{self._spec.type}.{name} {said}")

    def _place(self, name: str) -> Node:
        """Return where a parameter or an input is written, or else the block."""
        return self._places.get((name, 0)) or self._at.get(name, self._node)

    def _try(self, params: Mapping[str, Any]) -> None:
        """Make the block: a class with an `__init__` of its own may know more about its parameters."""
        try:
            self._cls(**params)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's class raises
            at = within(self._node, "params", "parameters")
            said = " ".join(str(error).split()) or type(error).__name__
            self._problems.add(at, "bad-value", f"{self._cls.spec.type}: {said}")

    def _constants(self, block: BlockConfig) -> dict[str, Any]:
        """Return the inputs that stand under `params`, where documents of the original have their limits."""
        params = _by_name(self._spec.params)
        ports = _by_name(self._spec.inputs)
        wired = {ports[key].name: key for key in block.inputs if key in ports}
        if (many := self._spec.many) is not None and (rest := self._rest(block)):
            wired.setdefault(many.name, rest[0])
        at = within(self._node, "params", "parameters")
        found: dict[str, Any] = {}
        first: dict[str, str] = {}
        for key in block.params:
            if key in params or key not in ports:
                continue
            self._moved.add(key)
            port = ports[key]
            if (other := wired.get(port.name)) is not None:
                said = f"{key!r} is given twice: {other!r} under `inputs` means {port.name!r} too"
                self._problems.add(key_of(at, key), "duplicate-key", said, hint="leave one of them out")
            elif (other := first.setdefault(port.name, key)) != key:
                said = f"{key!r} and {other!r} both mean {port.name!r}"
                self._problems.add(key_of(at, key), "duplicate-key", said)
            else:
                found[key] = port
        return found

    def _rest(self, block: BlockConfig) -> list[str]:
        """Return the inputs that are of the port that takes many, under names of their own."""
        own = _by_name(self._spec.inputs) | _by_name(self._spec.params)
        return [key for key in block.inputs if key not in own] if self._spec.many is not None else []

    def _maybe_misspelt(self, at: Node, key: str, source: Any) -> None:
        """Warn of an input under a name of its own that was most likely meant to be a port or a parameter."""
        if len(key) < _SHORTEST_SLIP or _NUMBERED.fullmatch(key):
            return
        ports = {name for name, port in _by_name(self._spec.inputs).items() if not port.many}
        params = _by_name(self._spec.params)
        meant = Names([*ports, *params]).closest(key, in_full=False)
        if not meant and (not isinstance(source, str) or literal(source) is not None):
            meant = Names(params).closest(key)  # a number where a parameter has one
        if meant:
            said = f"did you mean {meant!r}? {key!r} is taken as one of the inputs"
            hint = "write it under `params`" if meant in params else ""
            self._problems.warn(key_of(at, key), "maybe-misspelt", said, hint=hint)

    def _constant(self, at: Node, member: Any, value: Any) -> Any:
        if isinstance(value, str) and literal(value) is None:
            if not member.accepts(value):
                self._wrong_type(at, member)
                return member.type()
            value = f"'{value}'"
        return self._source(at, member, value)

    def _inputs(self, block: BlockConfig, constants: Mapping[str, Any]) -> dict[str, Any]:
        at = within(self._node, "inputs")
        many = self._spec.many
        members = self._members("input", at, block.inputs, self._spec.inputs)
        rest = self._rest(block)
        for name, member in self._spec.inputs.items():
            given = member in members.values() or member in constants.values() or (member is many and rest)
            if member.required and not given:
                said = f"the input {name!r} of {self._spec.type} is not wired"
                self._problems.add(at, "missing-input", said)
        made = {}
        for key, member in members.items():
            self._places[member.name, 0] = within(at, key)
            made[member.name] = self._source(within(at, key), member, block.inputs[key])
        params = within(self._node, "params", "parameters")
        for key, member in constants.items():
            self._places[member.name, 0] = within(params, key)
            made[member.name] = self._constant(within(params, key), member, block.params[key])
        if len(rest) > MOST_INPUTS:
            said = f"{self._spec.type} takes at most {MOST_INPUTS} inputs, not {len(rest)}"
            self._problems.add(at, "bad-value", said)
        for key in rest:
            self._maybe_misspelt(at, key, block.inputs[key])
        if many is not None:
            keys = [*([many.name] if many in members.values() else []), *_in_order(rest)]
            for i, key in zip(many.positions(keys), keys, strict=True):
                self._places.setdefault((many.name, i), within(at, key))
        made.update({key: self._source(within(at, key), many, block.inputs[key]) for key in _in_order(rest)})
        return made

    def _source(self, at: Node, member: Any, source: Any) -> Any:
        """Return the name of a signal, or the value that a literal stands for."""
        value = literal(source) if isinstance(source, str) else source
        if value is None:
            return source
        if not member.accepts(value):
            self._wrong_type(at, member)
        elif isinstance(value, float) and not math.isfinite(value):
            self._problems.add(at, "bad-value", f"{written(at)} is not a finite number")
        elif complaint := member.complaint(value):
            said = f"{self._spec.type}.{member.name} {complaint}, not {written(at)}"
            self._problems.add(at, "bad-value", said)
        else:
            return source if isinstance(value, str) else member.exact(value)
        return value

    def _outputs(self, block: BlockConfig) -> dict[str, str]:
        members = self._members("output", within(self._node, "outputs"), block.outputs, self._spec.outputs)
        at = within(self._node, "outputs")
        self._places.update({(member.name, 0): within(at, key) for key, member in members.items()})
        return {member.name: block.outputs[key] for key, member in members.items()}

    def _params(self, block: BlockConfig) -> dict[str, Any]:
        at = within(self._node, "params", "parameters")
        given = {key: value for key, value in block.params.items() if key not in self._moved}
        members = self._members("parameter", at, given, self._spec.params)
        for name, param in self._spec.params.items():
            if param.required and param not in members.values():
                said = f"the parameter {name!r} of {self._spec.type} is not given"
                self._problems.add(at, "missing-param", said)
        self._at = {param.name: within(at, key) for key, param in members.items()}
        return {
            param.name: self._parameter(within(at, key), param, block.params[key])
            for key, param in members.items()
        }

    def _parameter(self, at: Node, param: Any, value: Any) -> Any:
        if param.types == (str,) and isinstance(at, Scalar) and "${" in at.text:
            value = self._text(at)  # what comes from outside has no type of its own
        if not param.accepts(value):
            self._wrong_type(at, param)
        elif complaint := param.complaint(value):
            said = f"{self._spec.type}.{param.name} {complaint}, not {written(at)}"
            self._problems.add(at, "bad-value", said)
        else:
            return param.exact(value)
        return value

    def _members(
        self, what: str, at: Node, given: Mapping[str, Any], members: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the member that each key stands for; note the keys that stand for none, and doubles."""
        by_name = _by_name(members)
        others = _by_name(self._spec.params if what == "input" else {})
        found: dict[str, Any] = {}
        for key in given:
            member = by_name.get(key)
            if member is None and what == "input" and self._spec.many is not None and key not in others:
                continue  # it is one of many
            if member is None:
                code = "unknown-param" if what == "parameter" else "unknown-port"
                said = f"{self._spec.type} has no {what} {key!r}"
                hint = f"{key!r} is a parameter: write it under `params`" if key in others else ""
                hint = hint or self._unknown(what, key, by_name)
                self._problems.add(key_of(at, key), code, said, hint=hint)
            elif member in found.values():
                said = f"{key!r} and another key here both mean {member.name!r}"
                self._problems.add(key_of(at, key), "duplicate-key", said)
            else:
                found[key] = member
        return found

    def _unknown(self, what: str, key: str, by_name: Mapping[str, Any]) -> str:
        """Return what was meant by a name that is none: under `params` inputs may stand too."""
        also = _by_name(self._spec.inputs) if what == "parameter" else {}
        if meant := self._problems.meant(key, [*by_name, *also]):
            return meant
        if by_name:
            return f"there are {', '.join(dict.fromkeys(member.name for member in by_name.values()))}"
        inputs = f", and the inputs {', '.join(self._spec.inputs)}" if also else ""
        return f"it has no {what}s{inputs}"

    def _wrong_type(self, at: Node, member: Any) -> None:
        wanted = " or ".join(map(noun, member.types))
        said = f"{self._spec.type}.{member.name}: expected {wanted}, not {written(at)}"
        hint = next((h for kind in member.types if (h := cure(at, kind, member.unit))), "")
        self._problems.add(at, "wrong-type", said, hint=hint)


def _by_name(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the member that each name and alias stands for."""
    return {name: member for member in members.values() for name in (member.name, *member.aliases)}


def _in_order(keys: list[str]) -> list[str]:
    """Return names such as in1, in2 by their numbers, any others as they are written."""
    found = [_NUMBERED.fullmatch(key) for key in keys]
    if all(found) and len({match[1] for match in found if match}) == 1:
        return sorted(keys, key=lambda key: int(_NUMBERED.fullmatch(key)[2]))  # type: ignore[index]  # all match
    return keys
