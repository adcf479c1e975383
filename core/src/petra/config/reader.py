"""The sections of one document, read into a configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from attrs import field, frozen

from petra.config import nodes
from petra.config.later import mentioned
from petra.config.models import BlockConfig, PlantConfig, SignalConfig, TaskConfig
from petra.config.program import ProgramCheck, declared_names
from petra.config.providers import LATER, PUBLISHED, install_hint
from petra.config.shapes import devices
from petra.config.structure import Invalid, NamedSignal, Structurer
from petra.plugin.groups import Group
from petra.scan.statistics import PREFIX, engine_signals
from petra.settings.model import settings

if TYPE_CHECKING:
    from petra.config.environment import Environment
    from petra.config.problems import Problems
    from petra.plugin.catalog import Catalog
    from petra.signals import SignalType

M = TypeVar("M")

PROTOCOLS = "protocols"
"""Where documents of the original's second generation have the sections of their drivers."""

FOR_PEOPLE = "x-"
"""How a key begins that is for people, or a place for anchors, and is not read."""

_PARTS = re.compile(r"[\s:=,;>]+")
"""What separates names where a space or a colon is missing."""

_BY_ITEM = ("signals", "blocks", "tasks")
_OWN = {setting.name: setting for setting in settings(PlantConfig)}


@frozen
class Configuration:
    """A document that has been understood: core's own part, and each plugin's section as its models."""

    plant: PlantConfig
    sections: Mapping[str, tuple[Any, ...]] = field(factory=dict)


class Reader:
    """Goes through the sections of one document."""

    def __init__(self, problems: Problems, catalog: Catalog, environment: Environment) -> None:
        self._problems = problems
        self._catalog = catalog
        self._structurer = Structurer(problems, environment)
        self._own: dict[str, Any] = {}
        self._sections: dict[str, tuple[Any, ...]] = {}
        self._points: list[NamedSignal] = []
        self._later: dict[str, SignalType | None] = {}
        self._all_writers_known = True
        self._maybe_written: set[str] = set()
        """What stands in blocks and signals that could not be read: any of it may be a signal's name."""

    def read(self, root: nodes.Mapping) -> Configuration:
        """Return what the document says; what cannot be used is left out, and is a problem."""
        for name, entry in root.entries.items():
            if name in _OWN:
                self._read_own(name, entry)
            elif self._catalog.section(name) is not None:
                self._read_section(name, entry)
            elif name == PROTOCOLS:
                self._read_protocols(root, entry)
            elif name in PlantConfig.NOT_READ:
                self._structurer.pass_over(PlantConfig, entry)
            elif not name.startswith(FOR_PEOPLE):
                self._note_unowned(name, entry)
        self._check_drivers()
        self._check_program(root)
        return Configuration(PlantConfig(**self._own), self._sections)

    def _read_own(self, name: str, entry: nodes.Entry) -> None:
        if name in _BY_ITEM:
            return  # item by item, in _check_program
        if isinstance(entry.value, nodes.Scalar) and entry.value.is_null:
            return  # not given
        try:
            self._own[name] = self._structurer.field(_OWN[name], entry)
        except Invalid:
            return

    def _read_section(self, name: str, entry: nodes.Entry) -> None:
        kind = self._catalog.section(name)
        if kind is None:
            self._note_unowned(name, entry)
            return
        items = devices(entry.value, kind.config)
        before = len(self._structurer.signals)
        try:
            made = self._structurer.each(((item, kind.config) for item in items), self._structurer.structure)
        except Invalid:
            self._all_writers_known = False
            return
        finally:
            if self._catalog.find("section", name).group is Group.DRIVER:  # type: ignore[union-attr]
                self._points += self._structurer.signals[before:]
        self._sections[name] = tuple(made)

    def _read_protocols(self, root: nodes.Mapping, entry: nodes.Entry) -> None:
        """Read the sections that stand under `protocols`, where the original has those of its drivers."""
        inner = entry.value
        if isinstance(inner, nodes.Mapping):
            for name, section in inner.entries.items():
                if name in root.entries:
                    said = f"{name!r} stands in line {root.entries[name].key.line} already"
                    self._problems.add(section.key, "duplicate-key", said)
                else:
                    self._read_section(name, section)
        elif not (isinstance(inner, nodes.Scalar) and inner.is_null):
            said = f"expected a mapping of sections, not {inner.noun}"
            self._problems.add(inner, "wrong-type", said, hint="protocols: {s7: ..., modbus: ...}")

    def _check_drivers(self) -> None:
        """Say which drivers cannot run under the names that they have."""
        taken: set[str] = set()
        for node, name in self._structurer.drivers:
            if name in taken:
                wrong, hint = f"another connection is called {name!r}", "give each a `name` of its own"
            elif name.startswith(PREFIX):
                wrong, hint = f"{name!r} is a name of the engine's own", f"begin it without {PREFIX!r}"
            elif not name.isprintable() or not name.strip():
                wrong, hint = f"{name!r} is no name", "take letters, digits, spaces and signs"
            else:
                taken.add(name)
                continue
            self._problems.add(node, "bad-value", wrong, hint=hint)

    def _note_unowned(self, name: str, entry: nodes.Entry) -> None:
        key = entry.key
        if name.startswith("-"):
            self._all_writers_known = False
            hint = f"write `- {name[1:]}: ...`"
            self._problems.add(key, "missing-space", "a dash needs a space after it", hint=hint)
            return
        provider = PUBLISHED.get(name) or LATER.get(name) or f"petra-{name}"
        fault = next((f for f in self._catalog.faults if {f.name, f.distribution} & {name, provider}), None)
        if fault is None and name in LATER:
            self._later.update(mentioned(entry.value))
            said = f"this version reads no `{name}`: nothing that stands here takes effect"
            self._problems.warn(key, "not-yet", said, hint=f"it comes with a later {LATER[name]}")
            return
        self._all_writers_known = False
        if fault is not None:
            self._problems.add(
                key, "quarantined-section", f"the plugin of `{name}` is in quarantine: {fault.message}"
            )
            return
        if hint := install_hint(name):
            self._problems.add(key, "not-installed", f"no installed plugin provides `{name}`", hint=hint)
            return
        known = [*_OWN, *PlantConfig.NOT_READ, PROTOCOLS, *self._catalog.sections, *PUBLISHED, *LATER]
        self._problems.add(
            key,
            "unknown-section",
            f"no installed plugin provides a section {name!r}",
            hint=self._problems.meant(name, known),
        )

    def _check_program(self, root: nodes.Mapping) -> None:
        check = ProgramCheck(
            self._catalog, self._problems, lambda node: self._structurer.resolve(node)[1].text, self._later
        )
        signals = [(node, self._typed(node, s)) for node, s in self._items(root, "signals", SignalConfig)]
        blocks = self._items(root, "blocks", BlockConfig, check.unread_block, check.still_to_come)
        named = self._items(root, "tasks", TaskConfig)
        check.signals(signals)
        period = self._own.get("scan_time_ms", PlantConfig().scan_time_ms)
        tasks = check.tasks(named, blocks, period)
        section = root.entries.get("blocks")
        checked = check.blocks(blocks, section.key) if section is not None else []
        silent = [name for _, block in blocks if not block.enabled for name in block.outputs.values()]
        blocks = [(node, block) for node, block in blocks if block.enabled]
        as_written = declared_names(root.get("signals"))
        check.wiring(
            blocks,
            [
                *as_written,
                *silent,
                *(signal.name for _, signal in signals),
                *engine_signals(task.name for task in tasks),
            ],
            self._structurer.signals,
            self._maybe_written if self._all_writers_known else None,
        )
        more = check.types(
            checked, signals, tasks, self._structurer.signals, complete=self._all_writers_known
        )
        check.safe(signals, more, self._points)
        self._own["signals"] = (*(signal for _, signal in signals), *more)
        self._own["blocks"] = tuple(block.config for block in checked if block.config.enabled)
        self._own["tasks"] = tasks

    def _typed(self, node: nodes.Node, signal: SignalConfig) -> SignalConfig:
        """Read values that come from outside, where they have no type, as what the signal holds."""
        for key, also in (("initial", "initial_value"), ("safe", "safe")):
            at = nodes.within(node, key, also)
            if at is node or not isinstance(at, nodes.Scalar) or "${" not in at.text:
                continue
            try:
                value: Any = self._structurer.structure(at, signal.type.python)
            except Invalid:
                value = None
            signal = attrs.evolve(signal, **{key: value})
        return signal

    def _items(
        self,
        root: nodes.Mapping,
        section: str,
        model: type[M],
        unread: Callable[[nodes.Node], None] = lambda _: None,
        later: Callable[[nodes.Node], bool] = lambda _: False,
    ) -> list[tuple[nodes.Node, M]]:
        """Return the models of a list, each with its node; `unread` takes the items that make none.

        One with a key too many is looked at all the same, for what else is wrong with it.
        Items for which `later` answers yes are passed over.
        """
        node = root.get(section)
        if node is None or (isinstance(node, nodes.Scalar) and node.is_null):
            return []
        if not isinstance(node, nodes.Sequence):
            hint = f"write each of the {section} behind a dash and a space: `- name: ...`"
            self._problems.add(node, "wrong-type", f"expected a list, not {node.noun}", hint=hint)
            self._not_read(section, node)
            return []
        made = []
        for item in node.items:
            if later(item):
                continue
            try:
                made.append((item, self._structurer.structure(item, model)))
            except Invalid as invalid:
                if isinstance(invalid.rest, model) and isinstance(item, nodes.Mapping):
                    made.append((item, invalid.rest))
                    self._not_read(section, *_of_other_keys(item, model))
                else:
                    self._not_read(section, item)
                    unread(item)
        return made

    def _not_read(self, section: str, *parts: nodes.Node) -> None:
        """Heed that parts that could not be read may write signals: those whose names stand there."""
        texts = set().union(*map(nodes.texts, parts))
        self._maybe_written |= texts
        self._maybe_written.update(part for text in texts for part in _PARTS.split(text))
        if section == "tasks" or any("${" in text for text in texts):  # the names are others
            self._all_writers_known = False


def _of_other_keys(item: nodes.Mapping, model: type) -> list[nodes.Node]:
    """Return what stands behind the keys that a model does not have."""
    known = {key for setting in settings(model) for key in setting.keys}
    return [entry.value for key, entry in item.entries.items() if key not in known]
