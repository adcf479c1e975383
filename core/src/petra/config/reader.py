"""The sections of one document, read into a configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from attrs import field, frozen

from petra.config import nodes
from petra.config.groups import Groups
from petra.config.later import mentioned_signals
from petra.config.models import BlockConfig, GroupConfig, PlantConfig, SignalConfig, TaskConfig
from petra.config.origin import line_of
from petra.config.program import ProgramCheck, declared_names
from petra.config.providers import LATER, PUBLISHED, install_hint
from petra.config.service_names import ServiceNames
from petra.config.shapes import devices
from petra.config.signal_types import TypeCheck
from petra.config.values import Invalid
from petra.plugin.kinds import DriverKind, ServiceKind
from petra.scan.engine_signals import PREFIX, engine_signal_types
from petra.settings.model import settings

if TYPE_CHECKING:
    from petra.config.making import NamedSignal
    from petra.config.problems import Problems
    from petra.config.structure import Structurer
    from petra.plugin.catalog import Catalog
    from petra.scan import CheckedProgram
    from petra.signals import SignalType

M = TypeVar("M")

PROTOCOLS = "protocols"
"""The key that holds the sections of drivers in documents of the original's second generation."""

NOT_READ_PREFIX = "x-"
"""The prefix of keys that are not read: notes for readers, or places for anchors."""

_PARTS = re.compile(r"[\s:=,;>]+")
"""The separators of names in a text with a missing space or colon."""

_BY_ITEM = ("signals", "groups", "blocks", "tasks")
_OWN = {setting.name: setting for setting in settings(PlantConfig)}


@frozen
class Configuration:
    """A document that has been read: the part of the core, and the sections of plugins as models."""

    plant: PlantConfig
    sections: Mapping[str, tuple[Any, ...]] = field(factory=dict)
    _checked: tuple[PlantConfig, CheckedProgram] | None = field(default=None, eq=False, repr=False)

    @property
    def program(self) -> CheckedProgram | None:
        """The blocks, wired, typed and ordered; None for a plant that no document was checked for."""
        if self._checked is None or self._checked[0] is not self.plant:  # it was evolved after the check
            return None
        return self._checked[1]


class Reader:
    """Reads the sections of one document."""

    def __init__(
        self, problems: Problems, catalog: Catalog, structurer: Structurer, *, complete: bool = True
    ) -> None:
        self._problems = problems
        self._catalog = catalog
        self._structurer = structurer
        self._own: dict[str, Any] = {}
        self._sections: dict[str, tuple[Any, ...]] = {}
        self._service_names = ServiceNames(problems)
        self._points: list[NamedSignal] = []
        self._later: dict[str, SignalType | None] = {}
        self._all_writers_known = complete
        self._program: CheckedProgram | None = None
        self._maybe_written: set[str] = set()
        """The texts in blocks and signals that could not be read: any of them may be the name of a signal."""

    def read(self, root: nodes.Mapping) -> Configuration:
        """Return the configuration; what is not valid is left out and reported as a problem."""
        for name, entry in root.entries.items():
            if name in _OWN:
                self._read_own(name, entry)
            elif self._catalog.section(name) is not None:
                self._read_section(name, entry)
            elif name == PROTOCOLS:
                self._read_protocols(root, entry)
            elif name in PlantConfig.NOT_READ:
                self._structurer.note_no_effect(PlantConfig, entry)
            elif not name.startswith(NOT_READ_PREFIX):
                self._note_unowned(name, entry)
        # The program last: sections declare the signals that they write, and name those that they read.
        self._check_drivers()
        self._check_program(root)
        plant = PlantConfig(**self._own)
        return Configuration(plant, self._sections, None if self._program is None else (plant, self._program))

    def _read_own(self, name: str, entry: nodes.Entry) -> None:
        if name in _BY_ITEM:
            return  # read item by item in _check_program
        if isinstance(entry.value, nodes.Scalar) and entry.value.is_null:
            return  # without a value: the default holds
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
        before = len(self._structurer.models.signals)
        try:
            made = self._structurer.each(((item, kind.config) for item in items), self._structurer.structure)
        except Invalid:
            self._all_writers_known = False
            return
        finally:
            # Also after a failure: the points that could be read are checked for safe values.
            if isinstance(kind, DriverKind):
                self._points += self._structurer.models.signals[before:]
        if isinstance(kind, ServiceKind):
            self._service_names.check(name, items, made)
        self._sections[name] = tuple(made)

    def _read_protocols(self, root: nodes.Mapping, entry: nodes.Entry) -> None:
        """Read the sections under `protocols`, where the original has those of its drivers."""
        inner = entry.value
        if isinstance(inner, nodes.Mapping):
            for name, section in inner.entries.items():
                if name in root.entries:
                    where = line_of(root.entries[name].key, entry.key, self._problems.file)
                    message = f"{name!r} is already given in {where}"
                    self._problems.add(section.key, "duplicate-key", message)
                else:
                    self._read_section(name, section)
        elif not (isinstance(inner, nodes.Scalar) and inner.is_null):
            message = f"expected a mapping of sections, not {inner.noun}"
            self._problems.add(inner, "wrong-type", message, hint="protocols: {s7: ..., modbus: ...}")

    def _check_drivers(self) -> None:
        """Report drivers whose names are not valid or not unique."""
        taken: set[str] = set()
        for node, name in self._structurer.models.drivers:
            if name in taken:
                wrong, hint = f"another connection has the name {name!r}", "give each a different `name`"
            elif name.startswith(PREFIX):
                wrong = f"{name!r} is reserved: names that begin with {PREFIX!r} belong to the engine"
                hint = "choose another name"
            elif not name.isprintable() or not name.strip():
                wrong, hint = (
                    f"{name!r} is not a valid name",
                    "use printable characters, at least one not a space",
                )
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
            self._later.update(mentioned_signals(entry.value))
            message = f"this version does not read `{name}`: the section has no effect"
            self._problems.warn(key, "not-yet", message, hint=f"a later {LATER[name]} will read it")
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
            self._catalog,
            self._problems,
            lambda node: self._structurer.values.resolve(node)[1].text,
            self._later,
        )
        named_groups = check.groups(self._read_items(root, "groups", GroupConfig))
        groups = Groups(named_groups)
        signals = [
            (node, groups.apply(self._read_external(node, s)))
            for node, s in self._read_items(root, "signals", SignalConfig)
        ]
        blocks = self._read_items(root, "blocks", BlockConfig, check.unread_block, check.still_to_come)
        named = self._read_items(root, "tasks", TaskConfig)
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
                *engine_signal_types(task.name for task in tasks),
            ],
            self._structurer.models.signals,
            self._maybe_written if self._all_writers_known else None,
        )
        types = TypeCheck(self._catalog, self._problems, self._later)
        more = types.check(
            checked, signals, tasks, self._structurer.models.signals, complete=self._all_writers_known
        )
        check.safe(signals, more, self._points)
        self._own["signals"] = (*(signal for _, signal in signals), *map(groups.apply, more))
        self._own["groups"] = tuple(group for _, group in named_groups)
        groups.report([signal.name for signal in self._own["signals"]], self._problems)
        self._own["blocks"] = tuple(block.config for block in checked if block.config.enabled)
        self._own["tasks"] = tasks
        self._program = types.program

    def _read_external(self, node: nodes.Node, signal: SignalConfig) -> SignalConfig:
        """Read external values, which are untyped, as the type of the signal."""
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

    def _read_items(
        self,
        root: nodes.Mapping,
        section: str,
        model: type[M],
        unread: Callable[[nodes.Node], None] = lambda _: None,
        later: Callable[[nodes.Node], bool] = lambda _: False,
    ) -> list[tuple[nodes.Node, M]]:
        """Return the models of a list, each with its node; `unread` is called for each invalid item.

        An item with an unknown key is checked as well, for further problems. Items for which `later` returns
        True are skipped.
        """
        node = root.get(section)
        if node is None or (isinstance(node, nodes.Scalar) and node.is_null):
            return []
        if not isinstance(node, nodes.Sequence):
            hint = f"write each of the {section} after a dash and a space: `- name: ...`"
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
        """Record that parts which could not be read may write the signals that they name."""
        texts = set().union(*map(nodes.texts, parts))
        self._maybe_written |= texts
        self._maybe_written.update(part for text in texts for part in _PARTS.split(text))
        if section == "tasks" or any("${" in text for text in texts):  # a reference may contain any name
            self._all_writers_known = False


def _of_other_keys(item: nodes.Mapping, model: type) -> list[nodes.Node]:
    """Return the values of the keys that a model does not have."""
    known = {key for setting in settings(model) for key in setting.keys}
    return [entry.value for key, entry in item.entries.items() if key not in known]
