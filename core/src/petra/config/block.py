"""One block against what its class declares: ports, parameters, literals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from petra.blocks.ports import accepts
from petra.config.nodes import Node, key_of, within
from petra.config.wording import noun, written
from petra.signals import literal

if TYPE_CHECKING:
    from petra.blocks import BlockSpec
    from petra.config.models import BlockConfig
    from petra.config.problems import Problems


def check_block(node: Node, block: BlockConfig, spec: BlockSpec, problems: Problems) -> BlockConfig:
    """Note what is wrong with a block; return it by the names its class declares, literals as values.

    The keys of its outputs and inputs stay as they are written until all is checked: they are the places of
    further problems.
    """
    return _BlockCheck(node, spec, problems).check(block)


class _BlockCheck:
    def __init__(self, node: Node, spec: BlockSpec, problems: Problems) -> None:
        self._node = node
        self._spec = spec
        self._problems = problems

    def check(self, block: BlockConfig) -> BlockConfig:
        return attrs.evolve(
            block,
            type=self._spec.type,
            inputs=self._inputs(block),
            outputs=self._outputs(block),
            params=self._params(block),
        )

    def _inputs(self, block: BlockConfig) -> dict[str, Any]:
        at = within(self._node, "inputs")
        members = self._members("input", at, block.inputs, self._spec.inputs)
        for name, member in self._spec.inputs.items():
            if member.required and member not in members.values():
                said = f"the input {name!r} of {self._spec.type} is not wired"
                self._problems.add(at, "missing-input", said)
        return {
            member.name: self._source(within(at, key), member, block.inputs[key])
            for key, member in members.items()
        }

    def _source(self, at: Node, member: Any, source: Any) -> Any:
        """Return the name of a signal, or the value that a literal stands for."""
        value = literal(source) if isinstance(source, str) else source
        if value is None:
            return source
        if not accepts(member.type, value):
            self._wrong_type(at, member)
        elif isinstance(value, float) and not math.isfinite(value):
            self._problems.add(at, "bad-value", f"{written(at)} is not a finite number")
        else:
            return member.type(value)
        return value

    def _outputs(self, block: BlockConfig) -> dict[str, str]:
        members = self._members("output", within(self._node, "outputs"), block.outputs, self._spec.outputs)
        return {member.name: block.outputs[key] for key, member in members.items()}

    def _params(self, block: BlockConfig) -> dict[str, Any]:
        at = within(self._node, "params", "parameters")
        members = self._members("parameter", at, block.params, self._spec.params)
        for name, param in self._spec.params.items():
            if param.required and param not in members.values():
                said = f"the parameter {name!r} of {self._spec.type} is not given"
                self._problems.add(at, "missing-param", said)
        return {
            param.name: self._parameter(within(at, key), param, block.params[key])
            for key, param in members.items()
        }

    def _parameter(self, at: Node, param: Any, value: Any) -> Any:
        if not accepts(param.type, value):
            self._wrong_type(at, param)
        elif complaint := param.complaint(value):
            said = f"{self._spec.type}.{param.name} {complaint}, not {written(at)}"
            self._problems.add(at, "bad-value", said)
        else:
            return param.type(value)
        return value

    def _members(
        self, what: str, at: Node, given: Mapping[str, Any], members: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the member that each key stands for; note the keys that stand for none, and doubles."""
        by_name = {name: member for member in members.values() for name in (member.name, *member.aliases)}
        found: dict[str, Any] = {}
        for key in given:
            member = by_name.get(key)
            if member is None:
                code = "unknown-param" if what == "parameter" else "unknown-port"
                listed = f"there are {', '.join(members)}" if members else f"it has no {what}s"
                hint = self._problems.meant(key, by_name) or listed
                said = f"{self._spec.type} has no {what} {key!r}"
                self._problems.add(key_of(at, key), code, said, hint=hint)
            elif member in found.values():
                said = f"{key!r} and another key here both mean {member.name!r}"
                self._problems.add(key_of(at, key), "duplicate-key", said)
            else:
                found[key] = member
        return found

    def _wrong_type(self, at: Node, member: Any) -> None:
        said = f"{self._spec.type}.{member.name}: expected {noun(member.type)}, not {written(at)}"
        self._problems.add(at, "wrong-type", said)
