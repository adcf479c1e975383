"""Checks of the types of signals and ports, and the signals that only a writer declares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from petra.config.later import declared_for
from petra.config.models import SignalConfig
from petra.config.nodes import within
from petra.config.wording import named
from petra.scan import CheckedProgram, Resolution, Wired, order_program, wire
from petra.scan.engine_signals import PREFIX, engine_signal_types
from petra.settings import SignalUse
from petra.signals import SignalType, Value, is_name

if TYPE_CHECKING:
    from petra.config import nodes
    from petra.config.block import CheckedBlock
    from petra.config.making import NamedSignal
    from petra.config.models import TaskConfig
    from petra.config.problems import Problems
    from petra.plugin.catalog import Catalog

_NOTES = ("bool-as-number", "left-out")


class TypeCheck:
    """Checks the types of one document's program; `later` holds the signals of later sections."""

    def __init__(self, catalog: Catalog, problems: Problems, later: dict[str, SignalType | None]) -> None:
        self._catalog = catalog
        self._problems = problems
        self._later = later
        self.program: CheckedProgram | None = None
        """The program that was checked last, if no error was found in the document."""

    def check(
        self,
        blocks: list[CheckedBlock],
        signals: list[tuple[nodes.Node, SignalConfig]],
        tasks: Sequence[TaskConfig],
        uses: list[NamedSignal],
        *,
        complete: bool,
    ) -> tuple[SignalConfig, ...]:
        """Check the type of every port against its wiring; return the signals that only a writer declares.

        Unless all sections could be read (`complete`), an undeclared signal may have any type.
        """
        good = [block for block in blocks if block.good and block.config.enabled]
        wired = [self._wire_block(block) for block in good]
        # Outputs of disabled blocks exist too, so that their readers stay valid.
        silent = [self._wire_block(block) for block in blocks if block.good and not block.config.enabled]
        declared = {signal.name: signal.type.python for _, signal in signals}
        engine = engine_signal_types(task.name for task in tasks)
        declared.update((name, kind.python) for name, kind in engine.items())
        for use in uses:
            if use.use is not SignalUse.READS and use.type is not None:
                declared.setdefault(use.name, use.type.python)
        written = {name for block in wired for name in block.targets.values()}
        typed = set(declared)
        extra = declared_for(wired, self._later, {*declared, *written})
        extra += _disabled_outputs(silent, {*declared, *written})
        declared.update((signal.name, signal.type.python) for signal in extra)
        resolution = Resolution(wired, declared)
        for mismatch in resolution.mismatches:
            block = good[mismatch.block]
            if not complete and not typed.issuperset(wired[mismatch.block].reads):
                continue
            at = block.places.get((mismatch.port, mismatch.at)) or within(block.node, "inputs")
            self._problems.add(at, mismatch.code, mismatch.message)
        # Remarks on a program with errors would often be consequences of the errors.
        for remark in () if self._problems.errors else resolution.remarks:
            at = good[remark.block].places.get((remark.port, remark.at), good[remark.block].node)
            report = self._problems.note if remark.code in _NOTES else self._problems.warn
            report(at, remark.code, remark.message)
        for use in uses:
            self._check_use(use, resolution.types.get(use.name))
        known = {signal.name for _, signal in signals} | engine.keys() | {s.name for s in extra}
        made = [signal.name for signal in uses if signal.use is not SignalUse.READS]
        made += [name for block in wired for name in block.targets.values()]
        made = [name for name in dict.fromkeys(made) if name not in known and _is_usable(name)]
        implied = [SignalConfig(name, SignalType.of(resolution.types.get(name, float))) for name in made]
        if not self._problems.errors:
            task_of = {block.config.name: block.config.task for block in good}
            self.program = order_program(wired, resolution, [task.name for task in tasks], task_of)
        return (*implied, *extra)

    def _check_use(self, use: NamedSignal, kind: type[Value] | None) -> None:
        """Check that a signal has the type that a section needs; only a float must not go to an int."""
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
        message = f"{named(use.node)} is {held}, but {use.type.value} is needed here"
        self._problems.add(use.node, "wrong-type", message)

    def _wire_block(self, block: CheckedBlock) -> Wired:
        config = block.config
        cls = self._catalog.block(config.type)
        assert cls is not None  # noqa: S101 - it was found when the block was checked
        return wire(config.name, cls, config.inputs, config.outputs, config.params)


def _disabled_outputs(silent: Iterable[Wired], known: set[str]) -> list[SignalConfig]:
    """Return the signals that only disabled blocks would write."""
    made: dict[str, SignalConfig] = {}
    for block in silent:
        for port in block.cls.spec.outputs.values():
            name = block.targets.get(port.name)
            if name is not None and name not in known and _is_usable(name):
                made.setdefault(name, SignalConfig(name, SignalType.of(port.type)))
    return list(made.values())


def _is_usable(name: str) -> bool:
    return is_name(name) and not name.startswith(PREFIX)
