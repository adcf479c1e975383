"""Checks of the whole program: names, block types, and the writers and readers of signals."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from petra.blocks.member import accepts
from petra.closest import Names
from petra.config import nodes
from petra.config.block import CheckedBlock, Text, check_block
from petra.config.limits import check_limits
from petra.config.models import MAIN, SignalConfig, TaskConfig
from petra.config.nodes import within
from petra.config.origin import line_of
from petra.config.providers import LATER_BLOCKS
from petra.config.values import Invalid
from petra.config.wording import as_number, cure, named, noun, written, written_as
from petra.scan.engine_signals import PREFIX
from petra.settings import SignalUse
from petra.signals import OnBad, SignalType, is_name, literal

if TYPE_CHECKING:
    from petra.config.making import NamedSignal
    from petra.config.models import BlockConfig, GroupConfig
    from petra.config.problems import Problems
    from petra.plugin.catalog import Catalog

Signals = list[tuple[nodes.Node, SignalConfig]]
Blocks = list[tuple[nodes.Node, "BlockConfig"]]
Tasks = list[tuple[nodes.Node, TaskConfig]]
Groups = list[tuple[nodes.Node, "GroupConfig"]]
_Named: TypeAlias = "SignalConfig | GroupConfig | BlockConfig | TaskConfig"


class ProgramCheck:
    """Checks the program of one document; parts that could not be read are skipped."""

    def __init__(
        self, catalog: Catalog, problems: Problems, text: Text, later: dict[str, SignalType | None]
    ) -> None:
        self._catalog = catalog
        self._problems = problems
        self._text = text
        self._later = later
        self._types = Names(catalog.names("block type"))
        self._strange: set[str] = set()

    def signals(self, signals: Signals) -> None:
        """Check that names are unique, and that initial and safe values have the type of their signal."""
        self._check_unique("signal", signals)
        for node, signal in signals:
            self._check_name(within(node, "name"), signal.name)
            limits = check_limits(node, signal, self._problems)
            for value, *keys in ((signal.initial, "initial", "initial_value"), (signal.safe, "safe")):
                if value is None:
                    continue
                at = within(node, *keys)
                if not accepts(signal.type.python, value):
                    message = f"the signal is {signal.type.value}: expected {noun(signal.type.python)}"
                    hint = cure(at, signal.type.python)
                    self._problems.add(at, "wrong-type", f"{message}, not {written(at)}", hint=hint)
                elif limits and (beyond := limits.beyond(value)):
                    self._problems.add(at, "bad-value", f"{written(at)} is {beyond}")

            if signal.on_bad is OnBad.SAFE and signal.safe is None:
                message = "on_bad is safe, but the signal has no safe value"
                self._problems.add(
                    within(node, "on_bad"), "bad-value", message, hint="add `safe:` to the signal"
                )

    def groups(self, groups: Groups) -> Groups:
        """Check that groups have different names, and limits that leave room; return those that do."""
        self._check_unique("group", groups)
        good = []
        for node, group in groups:
            low, high = group.minimum, group.maximum
            if low is None or high is None or low <= high:
                good.append((node, group))
            else:
                message = f"the maximum {high:g} is below the minimum {low:g}"
                self._problems.add(within(node, "maximum"), "bad-value", message)
        return good

    def tasks(self, tasks: Tasks, blocks: Blocks, scan_time_ms: float) -> tuple[TaskConfig, ...]:
        """Check that task names are unique and blocks name one; return all tasks, with `main` if used."""
        self._check_unique("task", tasks)
        names = [task.name for _, task in tasks]
        for node, block in blocks:
            if block.task not in names and block.task != MAIN:
                at = within(node, "task")
                message = f"there is no task {named(at)}"
                hint = (
                    self._problems.meant(block.task, [MAIN, *names])
                    or f"there are {', '.join([MAIN, *names])}"
                )
                self._problems.add(at, "unknown-task", message, hint=hint)
        made = tuple(task for _, task in tasks)
        wanted = not made or any(block.task == MAIN for _, block in blocks)
        return made if MAIN in names or not wanted else (TaskConfig(MAIN, scan_time_ms), *made)

    def blocks(self, blocks: Blocks, section: nodes.Node) -> list[CheckedBlock]:
        """Check each block against its type; return the blocks of known types with their declared names."""
        self._check_unique("block", blocks)
        types = self._catalog.names("block type")
        if blocks and not types:
            wanted = ", ".join(dict.fromkeys(written(within(n, "type", "block_type")) for n, _ in blocks))
            wanted = wanted if len(wanted) <= 60 else wanted[:57] + "..."
            message = f"no installed plugin provides any block type (here: {wanted})"
            hint = "pip install --upgrade petra-core, or install the plugin that provides them"
            self._problems.add(section, "not-installed", message, hint=hint)
            return []
        checked: list[CheckedBlock] = []
        for node, block in blocks:
            found = self._catalog.block(block.type)
            at = within(node, "type", "block_type")
            if found is None:
                self._unknown_type(at, block.type)
                continue
            checked.append(check_block(node, block, found, self._problems, self._text))
            if block.type == "SR_LATCH":
                self._warn_two_meanings(at)
            if not block.enabled:
                message = f"the block {block.name!r} is disabled and does not run"
                self._problems.note(within(node, "enabled"), "disabled-block", message)
        return checked

    def unread_block(self, node: nodes.Node) -> None:
        """Check the type of a block that is not valid otherwise, to report both errors at once."""
        at = within(node, "type", "block_type")
        if at is node or not isinstance(at, nodes.Scalar) or at.is_null or not self._types.any:
            return
        with suppress(Invalid):  # a reference that cannot be replaced is reported already
            name = self._text(at)
            if self._catalog.block(name) is None:
                self._unknown_type(at, name)

    def still_to_come(self, node: nodes.Node) -> bool:
        """Return whether a block is of a type of a later version; if so, warn and record its outputs."""
        at = within(node, "type", "block_type")
        name = at.text if isinstance(at, nodes.Scalar) else ""
        if name not in LATER_BLOCKS or self._catalog.block(name) is not None:
            return False
        if name not in self._strange:
            self._strange.add(name)
            message = f"this version has no block {name}: the block has no effect"
            self._problems.warn(at, "not-yet", message, hint=f"a later {LATER_BLOCKS[name]} will provide it")
        outputs = within(node, "outputs")
        for entry in outputs.entries.values() if isinstance(outputs, nodes.Mapping) else ():
            if isinstance(entry.value, nodes.Scalar) and is_name(entry.value.text):
                self._later.setdefault(entry.value.text, None)
        return True

    def _warn_two_meanings(self, at: nodes.Node) -> None:
        message = "with both inputs true, SR_LATCH is set; in the first generation it was reset"
        hint = "write SR to set it, or RS to reset it"
        self._problems.warn(at, "two-meanings", message, hint=hint)

    def wiring(
        self, blocks: Blocks, declared: Iterable[str], uses: list[NamedSignal], maybe: Collection[str] | None
    ) -> None:
        """Check that every signal has one writer, and that every signal that is read exists.

        `maybe` holds the names that parts which could not be read may write; None if these are unknown. A
        section writes a signal with `SignalUse.EITHER` unless a block does.
        """
        writers: dict[str, str | nodes.Node] = {}
        for signal in uses:
            if signal.use is SignalUse.WRITES:
                self._one_writer(writers, signal.name, signal.node, signal.node)
        for node, block in blocks:
            for port, name in block.outputs.items():
                at = within(within(node, "outputs"), port)
                self._one_writer(writers, name, at, f"the block {block.name!r}")
        of_blocks = {name for _, block in blocks for name in block.outputs.values()}
        for signal in uses:
            if signal.use is SignalUse.EITHER and signal.name not in of_blocks:
                self._one_writer(writers, signal.name, signal.node, signal.node)
        if maybe is None:
            return
        names = {**dict.fromkeys(declared), **dict.fromkeys(writers), **self._later}
        known = Names(names)
        names.update(dict.fromkeys(maybe))
        for signal in uses:
            if signal.use is SignalUse.READS and signal.name not in names:
                self._unknown_signal(signal.node, signal.name, known)
        for node, block in blocks:
            for port, source in block.inputs.items():
                if isinstance(source, str) and literal(source) is None and source not in names:
                    self._unknown_signal(within(within(node, "inputs"), port), source, known)

    def safe(self, signals: Signals, more: Iterable[SignalConfig], points: Iterable[NamedSignal]) -> None:
        """Report signals that go to a device and have no safe value, or one that the device refuses."""
        known = {signal.name: signal for signal in (*(s for _, s in signals), *more)}
        declared = {signal.name: (node, signal) for node, signal in signals}
        for point in points:
            if point.name in declared:
                self._check_refusal(point, *declared[point.name])
        for name, point in {p.name: p for p in points if p.use is not SignalUse.WRITES}.items():
            node, signal = declared.get(name, (point.node, None))
            if name not in known or known[name].safe is not None or known[name].on_bad is not None:
                continue
            kind = known[name].type
            value = "..." if kind is SignalType.STRING else written_as(kind.zero)
            declare = "" if signal is not None else "declare the signal under `signals` with one, such as "
            message = f"the signal {name!r} goes to a device and has no `safe` value"
            self._problems.note(node, "no-safe-value", message, hint=f"{declare}`safe: {value}`")

    def _check_refusal(self, point: NamedSignal, node: nodes.Node, signal: SignalConfig) -> None:
        kinds = {signal.type, point.type or signal.type}
        fit = len(kinds) == 1 or kinds == {SignalType.INT, SignalType.FLOAT}
        if signal.safe is None or point.refuses is None or not fit:
            return  # types that do not match are reported elsewhere
        if not accepts(signal.type.python, signal.safe) or not (reason := point.refuses(signal.safe)):
            return
        at = within(node, "safe")
        where = line_of(point.node, at, self._problems.file)
        self._problems.add(at, "bad-value", f"the point in {where} refuses this value: {reason}")

    def _check_unique(self, what: str, items: Iterable[tuple[nodes.Node, _Named]]) -> None:
        first: dict[str, nodes.Node] = {}
        for node, item in items:
            if (other := first.setdefault(item.name, node)) is not node:
                at = within(node, "name")
                where = line_of(other, at, self._problems.file)
                message = f"the {what} {named(at)} is already given in {where}"
                self._problems.add(at, "duplicate-name", message)

    def _check_name(self, at: nodes.Node, name: str) -> bool:
        if name.startswith(PREFIX):
            message = f"{named(at)} begins with `{PREFIX}`: such names belong to the engine"
            self._problems.add(at, "bad-value", message)
            return False
        if is_name(name):
            return True
        if literal(name) is not None:
            self._problems.add(at, "bad-value", f"{named(at)} is a literal, not a name")
        else:
            hint = "letters, digits and `_ . : / -`, at most 200"
            self._problems.add(at, "bad-value", f"{named(at)} is not a valid name for a signal", hint=hint)
        return False

    def _one_writer(
        self, writers: dict[str, str | nodes.Node], name: str, at: nodes.Node, writer: str | nodes.Node
    ) -> None:
        if not self._check_name(at, name):
            return
        if (first := writers.get(name)) is not None:
            itself = first is at
            hint = "an alias uses this part in two places: give each place its own signals" if itself else ""
            said = first if isinstance(first, str) else line_of(first, at, self._problems.file)
            message = f"the signal {named(at)} is already written by {said}"
            self._problems.add(at, "two-writers", message, hint=hint)
        else:
            writers[name] = writer

    def _unknown_signal(self, at: nodes.Node, name: str, known: Names) -> None:
        message = f"no signal {name!r} is declared, and nothing writes it"
        hint = as_number(name, "ms") or self._problems.meant(name, known)
        self._problems.add(at, "unknown-signal", message, hint=hint)

    def _unknown_type(self, at: nodes.Node, name: str) -> None:
        """Report an unknown type: a typing error at each place, a missing plugin only once."""
        if name in self._strange:
            return
        hint = self._problems.meant(name, self._types)
        if not hint:
            self._strange.add(name)
            hint = "install the plugin that provides it; `petra plugins list` shows the installed ones"
        message = f"no installed plugin provides the block type {named(at)}"
        self._problems.add(at, "unknown-block-type", message, hint=hint)


def declared_names(section: nodes.Node | None) -> set[str]:
    """Return the names under `signals` as written, also of signals that could not be read."""
    names: set[str] = set()
    for item in section.items if isinstance(section, nodes.Sequence) else ():
        name = item.get("name") if isinstance(item, nodes.Mapping) else item
        if isinstance(name, nodes.Scalar):
            names.add(name.text)
    return names
