"""The program as a whole: names, kinds of blocks, and who writes and reads which signal."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from petra.blocks.member import accepts
from petra.closest import Names
from petra.config import nodes
from petra.config.block import CheckedBlock, Text, check_block
from petra.config.later import declared_for
from petra.config.limits import check_limits
from petra.config.models import MAIN, SignalConfig, TaskConfig
from petra.config.nodes import within
from petra.config.providers import LATER_BLOCKS
from petra.config.structure import Invalid
from petra.config.wording import as_number, cure, named, noun, written, written_as
from petra.scan import Resolution, Wired, wire
from petra.scan.statistics import PREFIX, engine_signals
from petra.settings import SignalUse
from petra.signals import OnBad, SignalType, Value, is_name, literal

if TYPE_CHECKING:
    from petra.config.models import BlockConfig
    from petra.config.problems import Problems
    from petra.config.structure import NamedSignal
    from petra.plugin.catalog import Catalog

Signals = list[tuple[nodes.Node, SignalConfig]]
Blocks = list[tuple[nodes.Node, "BlockConfig"]]
Tasks = list[tuple[nodes.Node, TaskConfig]]


_NOTES = ("bool-as-number", "left-out")


class ProgramCheck:
    """Checks one document's program, passing over what could not be read: that has its problem already."""

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
        """Check that names are unique and that initial values are of their signal's type."""
        self._unique("signal", signals)
        for node, signal in signals:
            self._name(within(node, "name"), signal.name)
            limits = check_limits(node, signal, self._problems)
            for value, *keys in ((signal.initial, "initial", "initial_value"), (signal.safe, "safe")):
                if value is None:
                    continue
                at = within(node, *keys)
                if not accepts(signal.type.python, value):
                    said = f"the signal is {signal.type.value}: expected {noun(signal.type.python)}"
                    hint = cure(at, signal.type.python)
                    self._problems.add(at, "wrong-type", f"{said}, not {written(at)}", hint=hint)
                elif limits and (beyond := limits.beyond(value)):
                    self._problems.add(at, "bad-value", f"{written(at)} is {beyond}")

            if signal.on_bad is OnBad.SAFE and signal.safe is None:
                said = "on_bad is safe, and the signal has no safe value"
                self._problems.add(within(node, "on_bad"), "bad-value", said, hint="give it `safe:`")

    def tasks(self, tasks: Tasks, blocks: Blocks, scan_time_ms: float) -> tuple[TaskConfig, ...]:
        """Check that tasks are unique and that blocks name one; return all, with `main` where it is used."""
        self._unique("task", tasks)
        names = [task.name for _, task in tasks]
        for node, block in blocks:
            if block.task not in names and block.task != MAIN:
                at = within(node, "task")
                said = f"there is no task {named(at)}"
                hint = (
                    self._problems.meant(block.task, [MAIN, *names])
                    or f"there are {', '.join([MAIN, *names])}"
                )
                self._problems.add(at, "unknown-task", said, hint=hint)
        made = tuple(task for _, task in tasks)
        wanted = not made or any(block.task == MAIN for _, block in blocks)
        return made if MAIN in names or not wanted else (TaskConfig(MAIN, scan_time_ms), *made)

    def blocks(self, blocks: Blocks, section: nodes.Node) -> list[CheckedBlock]:
        """Check each block against its type; return those that have one, by the names it is declared with."""
        self._unique("block", blocks)
        types = self._catalog.names("block type")
        if blocks and not types:
            wanted = ", ".join(dict.fromkeys(written(within(n, "type", "block_type")) for n, _ in blocks))
            wanted = wanted if len(wanted) <= 60 else wanted[:57] + "..."
            said = f"no installed plugin provides any kind of block (here: {wanted})"
            hint = "pip install --upgrade petra-core, or install the plugin that has them"
            self._problems.add(section, "not-installed", said, hint=hint)
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
                self._two_meanings(at)
            if not block.enabled:
                said = f"the block {block.name!r} is not run"
                self._problems.note(within(node, "enabled"), "disabled-block", said)
        return checked

    def unread_block(self, node: nodes.Node) -> None:
        """Check the type of a block that could not be read for what else is wrong with it."""
        at = within(node, "type", "block_type")
        if at is node or not isinstance(at, nodes.Scalar) or at.is_null or not self._types.any:
            return
        with suppress(Invalid):  # a reference that cannot be replaced is noted
            name = self._text(at)
            if self._catalog.block(name) is None:
                self._unknown_type(at, name)

    def still_to_come(self, node: nodes.Node) -> bool:
        """Return whether a block is of a type still to come; if so say it, and heed what it would write."""
        at = within(node, "type", "block_type")
        name = at.text if isinstance(at, nodes.Scalar) else ""
        if name not in LATER_BLOCKS or self._catalog.block(name) is not None:
            return False
        if name not in self._strange:
            self._strange.add(name)
            said = f"this version has no block {name}: those that stand here do nothing"
            self._problems.warn(at, "not-yet", said, hint=f"it comes with a later {LATER_BLOCKS[name]}")
        outputs = within(node, "outputs")
        for entry in outputs.entries.values() if isinstance(outputs, nodes.Mapping) else ():
            if isinstance(entry.value, nodes.Scalar) and is_name(entry.value.text):
                self._later.setdefault(entry.value.text, None)
        return True

    def _two_meanings(self, at: nodes.Node) -> None:
        said = "SR_LATCH was reset when both inputs are true in the first generation, and is set here"
        hint = "write SR where it is to be set, RS where it is to be reset"
        self._problems.warn(at, "two-meanings", said, hint=hint)

    def wiring(
        self, blocks: Blocks, declared: Iterable[str], uses: list[NamedSignal], maybe: Collection[str] | None
    ) -> None:
        """Check that every signal has one writer and that none is misspelt.

        `maybe` has the names that parts of the document may write that were not understood; None when nobody
        knows them. What a section uses either way it writes, unless a block does.
        """
        writers: dict[str, str] = {}
        for signal in uses:
            if signal.use is SignalUse.WRITES:
                self._one_writer(writers, signal.name, signal.node, f"line {signal.node.line}")
        for node, block in blocks:
            for port, name in block.outputs.items():
                at = within(within(node, "outputs"), port)
                self._one_writer(writers, name, at, f"the block {block.name!r}")
        of_blocks = {name for _, block in blocks for name in block.outputs.values()}
        for signal in uses:
            if signal.use is SignalUse.EITHER and signal.name not in of_blocks:
                self._one_writer(writers, signal.name, signal.node, f"line {signal.node.line}")
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
        """Note the signals that go to a device and have no safe value, or one that it never takes."""
        known = {signal.name: signal for signal in (*(s for _, s in signals), *more)}
        declared = {signal.name: (node, signal) for node, signal in signals}
        for point in points:
            if point.name in declared:
                self._takes(point, *declared[point.name])
        for name, point in {p.name: p for p in points if p.use is not SignalUse.WRITES}.items():
            node, signal = declared.get(name, (point.node, None))
            if name not in known or known[name].safe is not None or known[name].on_bad is not None:
                continue
            kind = known[name].type
            value = "..." if kind is SignalType.STRING else written_as(kind.zero)
            declare = "" if signal is not None else "declare it under `signals` with one, such as "
            said = f"the signal {name!r} goes to a device and has no `safe` value"
            self._problems.note(node, "no-safe-value", said, hint=f"{declare}`safe: {value}`")

    def _takes(self, point: NamedSignal, node: nodes.Node, signal: SignalConfig) -> None:
        kinds = {signal.type, point.type or signal.type}
        fit = len(kinds) == 1 or kinds == {SignalType.INT, SignalType.FLOAT}
        if signal.safe is None or point.refuses is None or not fit:
            return  # that they do not fit is a problem of its own
        if not accepts(signal.type.python, signal.safe) or not (reason := point.refuses(signal.safe)):
            return
        said = f"the point in line {point.node.line} never takes it: {reason}"
        self._problems.add(within(node, "safe"), "bad-value", said)

    def types(
        self,
        blocks: list[CheckedBlock],
        signals: Signals,
        tasks: Iterable[TaskConfig],
        uses: list[NamedSignal],
        *,
        complete: bool,
    ) -> tuple[SignalConfig, ...]:
        """Check that every port fits what it is wired to; return the signals that only a writer declares.

        Unless all sections could be read, a signal that nobody declares may be of any type.
        """
        good = [block for block in blocks if block.good and block.config.enabled]
        wired = [self._wired(block) for block in good]
        silent = [self._wired(block) for block in blocks if block.good and not block.config.enabled]
        declared = {signal.name: signal.type.python for _, signal in signals}
        engine = engine_signals(task.name for task in tasks)
        declared.update((name, kind.python) for name, kind in engine.items())
        for use in uses:
            if use.use is not SignalUse.READS and use.type is not None:
                declared.setdefault(use.name, use.type.python)
        written = {name for block in wired for name in block.targets.values()}
        said = set(declared)
        extra = declared_for(wired, self._later, {*declared, *written})
        extra += _of_silent(silent, {*declared, *written})
        declared.update((signal.name, signal.type.python) for signal in extra)
        resolution = Resolution(wired, declared)
        for mismatch in resolution.mismatches:
            block = good[mismatch.block]
            if not complete and not said.issuperset(wired[mismatch.block].reads):
                continue
            at = block.places.get((mismatch.port, mismatch.at)) or within(block.node, "inputs")
            self._problems.add(at, mismatch.code, mismatch.message)
        for remark in () if self._problems.errors else resolution.remarks:
            at = good[remark.block].places.get((remark.port, remark.at), good[remark.block].node)
            tell = self._problems.note if remark.code in _NOTES else self._problems.warn
            tell(at, remark.code, remark.message)
        for use in uses:
            self._fits(use, resolution.types.get(use.name))
        known = {signal.name for _, signal in signals} | engine.keys() | {s.name for s in extra}
        made = [signal.name for signal in uses if signal.use is not SignalUse.READS]
        made += [name for block in wired for name in block.targets.values()]
        made = [name for name in dict.fromkeys(made) if name not in known and _usable(name)]
        made_so = [SignalConfig(name, SignalType.of(resolution.types.get(name, float))) for name in made]
        return (*made_so, *extra)

    def _fits(self, use: NamedSignal, kind: type[Value] | None) -> None:
        """Check that a signal holds what a section puts into it; numbers go either way, a fraction never."""
        if use.type is None or kind is None or kind is use.type.python:
            return
        numbers = (int, float)
        given = use.type.python
        if (
            kind in numbers
            and given in numbers
            and not (kind is int and given is float and use.use is not SignalUse.READS)
        ):
            return
        held = SignalType.of(kind).value
        said = f"{named(use.node)} holds {held}, and {use.type.value} is meant here"
        self._problems.add(use.node, "wrong-type", said)

    def _wired(self, block: CheckedBlock) -> Wired:
        config = block.config
        cls = self._catalog.block(config.type)
        assert cls is not None  # noqa: S101 - it was found when the block was checked
        return wire(config.name, cls, config.inputs, config.outputs, config.params)

    def _unique(
        self, what: str, items: Iterable[tuple[nodes.Node, SignalConfig | BlockConfig | TaskConfig]]
    ) -> None:
        first: dict[str, nodes.Node] = {}
        for node, item in items:
            if (other := first.setdefault(item.name, node)) is not node:
                at = within(node, "name")
                said = f"the {what} {named(at)} stands in line {other.line} already"
                self._problems.add(at, "duplicate-name", said)

    def _name(self, at: nodes.Node, name: str) -> bool:
        if name.startswith(PREFIX):
            said = f"{named(at)} begins with `{PREFIX}`: such names belong to the engine"
            self._problems.add(at, "bad-value", said)
            return False
        if is_name(name):
            return True
        if literal(name) is not None:
            self._problems.add(at, "bad-value", f"{named(at)} is a literal, not a name")
        else:
            hint = "letters, digits and `_ . : / -`, at most 200"
            self._problems.add(at, "bad-value", f"{named(at)} is no name for a signal", hint=hint)
        return False

    def _one_writer(self, writers: dict[str, str], name: str, at: nodes.Node, who: str) -> None:
        if not self._name(at, name):
            return
        if (first := writers.get(name)) is not None:
            itself = first == f"line {at.line}"
            hint = "an alias puts this part in two places: give each its own signals" if itself else ""
            said = f"the signal {named(at)} is written by {first} already"
            self._problems.add(at, "two-writers", said, hint=hint)
        else:
            writers[name] = who

    def _unknown_signal(self, at: nodes.Node, name: str, known: Names) -> None:
        said = f"no signal {name!r} is declared, and nothing writes it"
        hint = as_number(name, "ms") or self._problems.meant(name, known)
        self._problems.add(at, "unknown-signal", said, hint=hint)

    def _unknown_type(self, at: nodes.Node, name: str) -> None:
        """Note a type that nothing provides: a slip at each of its places, a missing plugin only once."""
        if name in self._strange:
            return
        hint = self._problems.meant(name, self._types)
        if not hint:
            self._strange.add(name)
            hint = "install the plugin that has it; petra plugins list shows what is there"
        said = f"no installed plugin provides the block type {named(at)}"
        self._problems.add(at, "unknown-block-type", said, hint=hint)


def _of_silent(silent: Iterable[Wired], known: set[str]) -> list[SignalConfig]:
    """Return the signals that only blocks which are not run would write."""
    made: dict[str, SignalConfig] = {}
    for block in silent:
        for port in block.cls.spec.outputs.values():
            name = block.targets.get(port.name)
            if name is not None and name not in known and _usable(name):
                made.setdefault(name, SignalConfig(name, SignalType.of(port.type)))
    return list(made.values())


def _usable(name: str) -> bool:
    return is_name(name) and not name.startswith(PREFIX)


def declared_names(section: nodes.Node | None) -> set[str]:
    """Return the names under `signals` as they are written, also of signals that could not be read."""
    names: set[str] = set()
    for item in section.items if isinstance(section, nodes.Sequence) else ():
        name = item.get("name") if isinstance(item, nodes.Mapping) else item
        if isinstance(name, nodes.Scalar):
            names.add(name.text)
    return names
