"""Checks of signals and blocks against each other and against the blocks that are installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from petra.blocks.ports import accepts
from petra.closest import Names
from petra.config import nodes
from petra.config.models import BlockConfig, SignalConfig
from petra.config.wording import noun, written
from petra.signals import literal

if TYPE_CHECKING:
    from petra.blocks import BlockSpec
    from petra.config.problems import Problems
    from petra.plugin.catalog import Catalog

Signals = list[tuple[nodes.Node, SignalConfig]]
Blocks = list[tuple[nodes.Node, BlockConfig]]


class ProgramCheck:
    """Checks one document's program, passing over what could not be read: that has its problem already."""

    def __init__(self, catalog: Catalog, problems: Problems) -> None:
        self._catalog = catalog
        self._problems = problems

    def signals(self, signals: Signals) -> None:
        """Check that names are unique and that initial values are of their signal's type."""
        self._unique("signal", signals)
        for node, signal in signals:
            if literal(signal.name) is not None:
                self._problems.add(
                    _within(node, "name"), "bad-value", f"{signal.name!r} is a literal, not a name"
                )
            if signal.initial is None or accepts(signal.type.python, signal.initial):
                continue
            at = _within(node, "initial")
            self._problems.add(
                at,
                "wrong-type",
                f"the signal is {signal.type.value}: expected {noun(signal.type.python)}, not {written(at)}",
            )

    def blocks(self, blocks: Blocks, section: nodes.Node) -> None:
        """Check each block against its type: ports, parameters, literals."""
        self._unique("block", blocks)
        types = self._catalog.names("block type")
        known = Names(types)
        if blocks and not types:
            wanted = ", ".join(dict.fromkeys(block.type for _, block in blocks))
            wanted = wanted if len(wanted) <= 60 else wanted[:57] + "..."
            self._problems.add(
                section,
                "not-installed",
                f"no installed plugin provides any kind of block (here: {wanted})",
                hint="pip install --upgrade petra-core, or install the plugin that has them",
            )
            return
        for node, block in blocks:
            found = self._catalog.block(block.type)
            if found is None:
                self._problems.add(
                    _within(node, "type", "block_type"),
                    "unknown-block-type",
                    f"no installed plugin provides the block type {block.type!r}",
                    hint=self._problems.meant(block.type, known),
                )
                continue
            self._inputs(node, block, found.spec)
            self._outputs(node, block, found.spec)
            self._params(node, block, found.spec)

    def wiring(self, blocks: Blocks, declared: set[str], *, complete: bool) -> None:
        """Check that every signal has one writer and that none is misspelt.

        `complete` says that every part of the document that could write a signal was understood; otherwise a
        name that is not declared may still be one of theirs.
        """
        writers: dict[str, str] = {}
        for node, block in blocks:
            for port, signal in block.outputs.items():
                if (first := writers.get(signal)) is None:
                    writers[signal] = block.name
                else:
                    self._problems.add(
                        _within(_within(node, "outputs"), port),
                        "two-writers",
                        f"the signal {signal!r} is written by the block {first!r} already",
                    )
        if not complete:
            return
        names = {**dict.fromkeys(declared), **dict.fromkeys(writers)}
        known = Names(names)
        for node, block in blocks:
            for port, source in block.inputs.items():
                if isinstance(source, str) and literal(source) is None and source not in names:
                    self._problems.add(
                        _within(_within(node, "inputs"), port),
                        "unknown-signal",
                        f"no signal {source!r} is declared, and no block writes it",
                        hint=self._problems.meant(source, known),
                    )

    def _unique(self, what: str, named: Iterable[tuple[nodes.Node, SignalConfig | BlockConfig]]) -> None:
        first: dict[str, nodes.Node] = {}
        for node, item in named:
            if (other := first.setdefault(item.name, node)) is not node:
                self._problems.add(
                    _within(node, "name"),
                    "duplicate-name",
                    f"the {what} {item.name!r} stands in line {other.line} already",
                )

    def _inputs(self, node: nodes.Node, block: BlockConfig, spec: BlockSpec) -> None:
        within = _within(node, "inputs")
        wired = self._ports("input", within, block.inputs, spec, spec.inputs)
        for key, member in wired.items():
            source = block.inputs[key]
            value = literal(source) if isinstance(source, str) else source
            if value is not None and not accepts(member.type, value):
                at = _within(within, key)
                self._problems.add(
                    at,
                    "wrong-type",
                    f"{spec.type}.{member.name}: expected {noun(member.type)}, not {written(at)}",
                )
        for name, member in spec.inputs.items():
            if member.required and member not in wired.values():
                self._problems.add(within, "missing-input", f"the input {name!r} of {spec.type} is not wired")

    def _outputs(self, node: nodes.Node, block: BlockConfig, spec: BlockSpec) -> None:
        self._ports("output", _within(node, "outputs"), block.outputs, spec, spec.outputs)

    def _params(self, node: nodes.Node, block: BlockConfig, spec: BlockSpec) -> None:
        within = _within(node, "params", "parameters")
        given = self._ports("parameter", within, block.params, spec, spec.params)
        for key, param in given.items():
            value, at = block.params[key], _within(within, key)
            if not accepts(param.type, value):
                self._problems.add(
                    at,
                    "wrong-type",
                    f"{spec.type}.{param.name}: expected {noun(param.type)}, not {written(at)}",
                )
            elif complaint := param.complaint(value):
                self._problems.add(
                    at, "bad-value", f"{spec.type}.{param.name} {complaint}, not {written(at)}"
                )
        for name, param in spec.params.items():
            if param.required and param not in given.values():
                self._problems.add(
                    within, "missing-param", f"the parameter {name!r} of {spec.type} is not given"
                )

    def _ports(
        self,
        what: str,
        within: nodes.Node,
        given: Mapping[str, Any],
        spec: BlockSpec,
        members: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the member that each key stands for; note the keys that stand for none, and doubles."""
        by_name = {name: member for member in members.values() for name in (member.name, *member.aliases)}
        found: dict[str, Any] = {}
        for key in given:
            at = _key(within, key)
            member = by_name.get(key)
            if member is None:
                code = "unknown-param" if what == "parameter" else "unknown-port"
                hint = self._problems.meant(key, by_name)
                if not hint:
                    hint = f"there are {', '.join(members)}" if members else f"it has no {what}s"
                self._problems.add(at, code, f"{spec.type} has no {what} {key!r}", hint=hint)
            elif member in found.values():
                self._problems.add(
                    at, "duplicate-key", f"{key!r} and another key here both mean {member.name!r}"
                )
            else:
                found[key] = member
        return found


def declared_names(section: nodes.Node | None) -> set[str]:
    """Return the names under `signals`, also of signals that could not be read for another reason."""
    names: set[str] = set()
    for item in section.items if isinstance(section, nodes.Sequence) else ():
        name = item.get("name") if isinstance(item, nodes.Mapping) else item
        if isinstance(name, nodes.Scalar):
            names.add(name.text)
    return names


def _within(node: nodes.Node, *keys: str) -> nodes.Node:
    """Return what stands behind the first key that is there, or the node itself."""
    if isinstance(node, nodes.Mapping):
        for key in keys:
            if (found := node.get(key)) is not None:
                return found
    return node


def _key(node: nodes.Node, key: str) -> nodes.Node:
    entry = node.entries.get(key) if isinstance(node, nodes.Mapping) else None
    return entry.key if entry else node
