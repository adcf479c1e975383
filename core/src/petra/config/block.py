"""Checks of one block against the declarations of its class: ports, parameters, literals."""

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
"""A function that returns the text of a value with its references replaced."""

MOST_INPUTS = 1000
"""Most inputs of one block: the time for a product of ints grows with the square of their number."""

_SHORTEST_SLIP = 4
"""Shorter names of inputs, such as in1 and b, are never reported as misspelt."""

_NUMBERED = re.compile(r"(\D*)(\d{1,9})")


@frozen
class CheckedBlock:
    """A checked block with the declared names of its class, and literals as values.

    The wires of an input that takes many keep their names from the document, in order.
    """

    config: BlockConfig
    node: Node
    places: Mapping[tuple[str, int], Node]
    """The node of each wire, by port and position (0 for a port that takes one, and for outputs)."""
    good: bool


def check_block(
    node: Node, block: BlockConfig, cls: type[Block], problems: Problems, text: Text
) -> CheckedBlock:
    """Report the errors of a block; return it with the declared names of its class."""
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
        """The node of each parameter."""
        self._moved: set[str] = set()
        """The keys under `params` that are inputs."""

    def check(self, block: BlockConfig) -> CheckedBlock:
        before = self._problems.errors
        constants = self._constant_inputs(block)
        made = attrs.evolve(
            block,
            type=self._spec.type,
            inputs=self._check_inputs(block, constants),
            outputs=self._check_outputs(block),
            params=self._check_params(block),
        )
        # Only with valid values: a complaint compares parameters, and would fail on one of the wrong type.
        if self._problems.errors == before:
            self._report_complaints(made)
        if self._problems.errors == before:
            self._make_instance(made.params)
        return CheckedBlock(made, self._node, self._places, self._problems.errors == before)

    def _report_complaints(self, made: BlockConfig) -> None:
        """Report the complaints and remarks of the block's class at the places of the names in them."""
        params = {n: made.params.get(n, p.default) for n, p in self._spec.params.items()}
        inputs: dict[str, Any] = {}
        for key, source in made.inputs.items():
            value = literal(source) if isinstance(source, str) else source
            port = self._spec.inputs.get(key)
            if port is None or port.many:
                many = self._spec.many.name  # type: ignore[union-attr]  # only its wires have other names
                inputs[many] = (*inputs.get(many, ()), key)
            else:
                inputs[key] = None if value is None else port.exact(value)
        try:
            complaints = list(self._cls.complaints(inputs | params))
        except Exception as error:  # noqa: BLE001 - a plugin's class may raise anything
            complaints = [("", f"cannot be checked: {type(error).__name__}: {error}")]
        for name, message in complaints:
            self._problems.add(
                self._node_of(name),
                "params-conflict",
                f"{self._spec.type}{'.' if name else ''}{name} {message}",
            )
        try:
            remarks = list(self._cls.remarks(inputs | dict(made.params), set(made.outputs)))
        except Exception:  # noqa: BLE001 - a plugin's class; remarks are not needed
            remarks = []
        for name, message in remarks:
            self._problems.note(self._node_of(name), "assumed-value", f"{self._spec.type}.{name} {message}")

    def _node_of(self, name: str) -> Node:
        """Return the node of a parameter or an input, or otherwise of the block."""
        return self._places.get((name, 0)) or self._at.get(name, self._node)

    def _make_instance(self, params: Mapping[str, Any]) -> None:
        """Make an instance: the `__init__` of a class may check its parameters further."""
        try:
            self._cls(**params)
        except Exception as error:  # noqa: BLE001 - a plugin's class may raise anything
            at = within(self._node, "params", "parameters")
            message = " ".join(str(error).split()) or type(error).__name__
            self._problems.add(at, "bad-value", f"{self._cls.spec.type}: {message}")

    def _constant_inputs(self, block: BlockConfig) -> dict[str, Any]:
        """Return the inputs under `params`, where documents of the original have limits and presets."""
        params = _names_and_aliases(self._spec.params)
        ports = _names_and_aliases(self._spec.inputs)
        wired = {ports[key].name: key for key in block.inputs if key in ports}
        if (many := self._spec.many) is not None and (rest := self._wires_of_many(block)):
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
                message = f"{key!r} is given twice: {other!r} under `inputs` is also {port.name!r}"
                self._problems.add(key_of(at, key), "duplicate-key", message, hint="leave one of them out")
            elif (other := first.setdefault(port.name, key)) != key:
                message = f"{key!r} and {other!r} both mean {port.name!r}"
                self._problems.add(key_of(at, key), "duplicate-key", message)
            else:
                found[key] = port
        return found

    def _wires_of_many(self, block: BlockConfig) -> list[str]:
        """Return the wires of the input that takes many."""
        own = _names_and_aliases(self._spec.inputs) | _names_and_aliases(self._spec.params)
        return [key for key in block.inputs if key not in own] if self._spec.many is not None else []

    def _maybe_misspelt(self, at: Node, key: str, source: Any) -> None:
        """Warn about a wire whose name is probably a misspelt port or parameter."""
        if len(key) < _SHORTEST_SLIP or _NUMBERED.fullmatch(key):
            return
        ports = {name for name, port in _names_and_aliases(self._spec.inputs).items() if not port.many}
        params = _names_and_aliases(self._spec.params)
        meant = Names([*ports, *params]).closest(key, in_full=False)
        if not meant and (not isinstance(source, str) or literal(source) is not None):
            meant = Names(params).closest(key)  # a literal, as parameters have: compare with these in full
        if meant:
            message = f"did you mean {meant!r}? {key!r} is read as one of the inputs"
            hint = "write it under `params`" if meant in params else ""
            self._problems.warn(key_of(at, key), "maybe-misspelt", message, hint=hint)

    def _constant_value(self, at: Node, member: Any, value: Any) -> Any:
        if isinstance(value, str) and literal(value) is None:
            if not member.accepts(value):
                self._wrong_type(at, member)
                return member.type()
            value = f"'{value}'"
        return self._check_source(at, member, value)

    def _check_inputs(self, block: BlockConfig, constants: Mapping[str, Any]) -> dict[str, Any]:
        at = within(self._node, "inputs")
        many = self._spec.many
        members = self._match_members("input", at, block.inputs, self._spec.inputs)
        rest = self._wires_of_many(block)
        for name, member in self._spec.inputs.items():
            given = member in members.values() or member in constants.values() or (member is many and rest)
            if member.required and not given:
                message = f"the input {name!r} of {self._spec.type} is not wired"
                self._problems.add(at, "missing-input", message)
        made = {}
        for key, member in members.items():
            self._places[member.name, 0] = within(at, key)
            made[member.name] = self._check_source(within(at, key), member, block.inputs[key])
        params = within(self._node, "params", "parameters")
        for key, member in constants.items():
            self._places[member.name, 0] = within(params, key)
            made[member.name] = self._constant_value(within(params, key), member, block.params[key])
        if len(rest) > MOST_INPUTS:
            message = f"{self._spec.type} takes at most {MOST_INPUTS} inputs, not {len(rest)}"
            self._problems.add(at, "bad-value", message)
        for key in rest:
            self._maybe_misspelt(at, key, block.inputs[key])
        if many is not None:
            keys = [*([many.name] if many in members.values() else []), *_sorted_wires(rest)]
            for i, key in zip(many.positions(keys), keys, strict=True):
                self._places.setdefault((many.name, i), within(at, key))
        made.update(
            {key: self._check_source(within(at, key), many, block.inputs[key]) for key in _sorted_wires(rest)}
        )
        return made

    def _check_source(self, at: Node, member: Any, source: Any) -> Any:
        """Return the name of a signal, or the value of a literal."""
        value = literal(source) if isinstance(source, str) else source
        if value is None:
            return source
        if not member.accepts(value):
            self._wrong_type(at, member)
        elif isinstance(value, float) and not math.isfinite(value):
            self._problems.add(at, "bad-value", f"{written(at)} is not a finite number")
        elif complaint := member.complaint(value):
            message = f"{self._spec.type}.{member.name} {complaint}, not {written(at)}"
            self._problems.add(at, "bad-value", message)
        else:
            return source if isinstance(value, str) else member.exact(value)
        return value

    def _check_outputs(self, block: BlockConfig) -> dict[str, str]:
        members = self._match_members(
            "output", within(self._node, "outputs"), block.outputs, self._spec.outputs
        )
        at = within(self._node, "outputs")
        self._places.update({(member.name, 0): within(at, key) for key, member in members.items()})
        return {member.name: block.outputs[key] for key, member in members.items()}

    def _check_params(self, block: BlockConfig) -> dict[str, Any]:
        at = within(self._node, "params", "parameters")
        given = {key: value for key, value in block.params.items() if key not in self._moved}
        members = self._match_members("parameter", at, given, self._spec.params)
        for name, param in self._spec.params.items():
            if param.required and param not in members.values():
                message = f"the parameter {name!r} of {self._spec.type} is not given"
                self._problems.add(at, "missing-param", message)
        self._at = {param.name: within(at, key) for key, param in members.items()}
        return {
            param.name: self._check_parameter(within(at, key), param, block.params[key])
            for key, param in members.items()
        }

    def _check_parameter(self, at: Node, param: Any, value: Any) -> Any:
        if param.types == (str,) and isinstance(at, Scalar) and "${" in at.text:
            value = self._text(at)  # external values are untyped
        if not param.accepts(value):
            self._wrong_type(at, param)
        elif complaint := param.complaint(value):
            message = f"{self._spec.type}.{param.name} {complaint}, not {written(at)}"
            self._problems.add(at, "bad-value", message)
        else:
            return param.exact(value)
        return value

    def _match_members(
        self, what: str, at: Node, given: Mapping[str, Any], members: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the member of each key; report unknown keys and duplicates."""
        by_name = _names_and_aliases(members)
        others = _names_and_aliases(self._spec.params if what == "input" else {})
        found: dict[str, Any] = {}
        for key in given:
            member = by_name.get(key)
            if member is None and what == "input" and self._spec.many is not None and key not in others:
                continue  # a wire of the input that takes many
            if member is None:
                code = "unknown-param" if what == "parameter" else "unknown-port"
                message = f"{self._spec.type} has no {what} {key!r}"
                hint = f"{key!r} is a parameter: write it under `params`" if key in others else ""
                hint = hint or self._unknown_hint(what, key, by_name)
                self._problems.add(key_of(at, key), code, message, hint=hint)
            elif member in found.values():
                message = f"{key!r} and another key here both mean {member.name!r}"
                self._problems.add(key_of(at, key), "duplicate-key", message)
            else:
                found[key] = member
        return found

    def _unknown_hint(self, what: str, key: str, by_name: Mapping[str, Any]) -> str:
        """Return the hint for an unknown name; `params` may contain inputs too."""
        also = _names_and_aliases(self._spec.inputs) if what == "parameter" else {}
        if meant := self._problems.meant(key, [*by_name, *also]):
            return meant
        if by_name:
            return f"there are {', '.join(dict.fromkeys(member.name for member in by_name.values()))}"
        inputs = f", and the inputs {', '.join(self._spec.inputs)}" if also else ""
        return f"it has no {what}s{inputs}"

    def _wrong_type(self, at: Node, member: Any) -> None:
        wanted = " or ".join(map(noun, member.types))
        message = f"{self._spec.type}.{member.name}: expected {wanted}, not {written(at)}"
        hint = next((h for kind in member.types if (h := cure(at, kind, member.unit))), "")
        self._problems.add(at, "wrong-type", message, hint=hint)


def _names_and_aliases(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the member of each name and alias."""
    return {name: member for member in members.values() for name in (member.name, *member.aliases)}


def _sorted_wires(keys: list[str]) -> list[str]:
    """Return names such as in1, in2 sorted by their numbers, and any other names unchanged."""
    found = [_NUMBERED.fullmatch(key) for key in keys]
    if all(found) and len({match[1] for match in found if match}) == 1:
        return sorted(keys, key=lambda key: int(_NUMBERED.fullmatch(key)[2]))  # type: ignore[index]  # all match
    return keys
