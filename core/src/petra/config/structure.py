"""Nodes → frozen attrs models, with every problem collected.

cattrs chooses the hook for each type; the hooks here are exact. A text is never read as a number, nor a
number as a text; a key without a field is a problem; and the message of a validator names the place of the
value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import attrs
import cattrs

from petra.config.making import ModelMaker, NamedSignal
from petra.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from petra.config.values import Invalid, ValueReader, is_enum
from petra.config.wording import glued, is_union, need, unit_of
from petra.settings.model import SCALARS, Setting, is_optional, not_read, optional, settings

if TYPE_CHECKING:
    from petra.config.environment import Environment
    from petra.config.problems import Problems

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]


class Structurer:
    """Makes models from the nodes of one document. One load owns it; threads must not share it."""

    def __init__(self, problems: Problems, environment: Environment) -> None:
        self.problems = problems
        self.values = ValueReader(problems, environment)
        self.models = ModelMaker(problems)
        self._converter = cattrs.Converter()
        factories: tuple[tuple[Callable[[Any], bool], Callable[[Any], Hook]], ...] = (
            (attrs.has, self._model_hook),
            (is_enum, lambda _: self.values.read_enum),
            (lambda kind: get_origin(kind) is Literal, lambda _: self.values.read_literal),
            (lambda kind: get_origin(kind) in (list, tuple), self._list_hook),
            (lambda kind: get_origin(kind) is dict, self._dict_hook),
            (is_optional, self._optional_hook),
            (lambda kind: not is_optional(kind) and is_union(kind), lambda _: self.values.read_union),
        )
        for kind in SCALARS:
            self._converter.register_structure_hook(kind, self.values.read_scalar)
        for predicate, factory in factories:
            self._converter.register_structure_hook_factory(predicate, factory)

    def structure(self, node: Node, kind: type[T]) -> T:
        """Return the node as that type; otherwise report the problem and raise Invalid."""
        made: T = self._hook_of(kind)(node, kind)
        return made

    def field(self, setting: Setting, entry: Entry) -> Any:
        """Return the value of a field, checked by its validator; otherwise report and raise Invalid."""
        self.values.unit = unit_of(entry.key.text, setting.about.unit)
        if setting.about.sparse and isinstance(entry.value, Mapping):
            entry = Entry(entry.key, _with_values(entry.value))
        value = self.values.validate(setting, entry, self._hook_of(setting.type)(entry.value, setting.type))
        if setting.about.signal is not None and value is not None:
            self.models.signals.append(NamedSignal(entry.value, value, setting.about.signal))
        return value

    def each(self, nodes: Iterable[tuple[Node, Any]], make: Callable[[Node, Any], T]) -> list[T]:
        """Return the results of `make`; the problems of all nodes are reported before Invalid is raised."""
        made: list[T] = []
        failed = False
        for node, extra in nodes:
            try:
                made.append(make(node, extra))
            except Invalid:
                failed = True
        if failed:
            raise Invalid
        return made

    def _hook_of(self, kind: Any) -> Hook:
        return self._converter.get_structure_hook(kind)

    # containers

    def _optional_hook(self, kind: Any) -> Hook:
        inner = optional(kind)
        hook = self._hook_of(inner)

        def structure(node: Node, _: Any) -> Any:
            return None if isinstance(node, Scalar) and node.is_null else hook(node, inner)

        return structure

    def _list_hook(self, kind: Any) -> Hook:
        inner = get_args(kind)[0]
        hook = self._hook_of(inner)
        container = get_origin(kind)

        def structure(node: Node, _: Any) -> Any:
            if isinstance(node, Scalar) and node.is_null:
                return container()
            if not isinstance(node, Sequence):
                raise self.values.wrong_type(node, kind)
            made: list[Any] = []
            kept: list[int] = []
            for number, item in enumerate(node.items):
                try:
                    made.append(hook(item, inner))
                except Invalid:
                    continue
                kept.append(number)
            if len(made) < len(
                node.items
            ):  # the valid items are still checked, with their places in the document
                self.models.kept[id(node)] = kept
                raise Invalid(container(made))
            return container(made)

        return structure

    def _dict_hook(self, kind: Any) -> Hook:
        inner = get_args(kind)[1]
        hook = self._hook_of(inner)

        def structure(node: Node, _: Any) -> Any:
            if isinstance(node, Scalar) and node.is_null:
                return {}
            if not isinstance(node, Mapping):
                raise self.values.wrong_type(node, kind)
            self._refuse_slips(node)
            values = self.each(((entry.value, inner) for entry in node.entries.values()), hook)
            return dict(zip(node.entries, values, strict=True))

        return structure

    def _refuse_slips(self, mapping: Mapping) -> None:
        """Report keys without a value that are typing errors: `{in1:a}`, or a number with a comma."""
        slips = []
        for key, entry in mapping.entries.items():
            if entry.value.noun == "nothing" and isinstance(entry.key, Scalar):
                hint = "a number with a comma? write a point" if key.isdecimal() else glued(entry.key)
                if hint:
                    slips.append(entry)
                    message = f"the key {key!r} has no value"
                    self.problems.add(entry.key, "wrong-type", message, hint=hint)
        if slips:
            raise Invalid

    def _model_hook(self, model: Any) -> Hook:
        known = settings(model)
        by_key = {key: setting for setting in known for key in setting.keys}
        ignored = not_read(model)
        short = [setting for setting in known if setting.about.shorthand]

        def structure(node: Node, _: Any) -> Any:
            mapping = _as_mapping(node, short)
            if isinstance(node, Scalar) and node.text.partition(":")[0] in by_key and (hint := glued(node)):
                self.problems.warn(node, "missing-space", "a colon needs a space after it", hint=hint)
            if mapping is None:
                raise self.values.wrong_type(node, model)
            read = mapping
            for key in mapping.entries.keys() & ignored.keys():
                self.note_no_effect(model, mapping.entries[key])
            if mapping.entries.keys() & ignored.keys():
                read = Mapping(mapping.line, mapping.column)
                read.entries = {k: e for k, e in mapping.entries.items() if k not in ignored}
            values, failed, partly = self._read_fields(read, by_key)
            strange = self._unknown_keys(read, by_key)
            for setting in known:
                if setting.required and setting.name not in values and setting.name not in failed:
                    self.problems.add(
                        mapping, "missing-key", f"{setting.name!r} is missing", hint=need(setting)
                    )
                    failed.add(setting.name)
            if failed:
                rest = None
                if failed - strange == partly.keys():  # only unknown keys and items are wrong: check the rest
                    with suppress(Invalid):
                        rest = self.models.make(model, values | partly, mapping, whole=False)
                raise Invalid(None if partly else rest)
            return self.models.make(model, values, mapping)

        return structure

    def _unknown_keys(self, mapping: Mapping, by_key: dict[str, Setting]) -> set[str]:
        """Return the unknown keys that are not typing errors; all other keys can be used."""
        unknown = mapping.entries.keys() - by_key.keys()
        return {
            key
            for key in unknown
            if not glued(mapping.entries[key].key) and not self.problems.meant(key, by_key)
        }

    def note_no_effect(self, model: Any, entry: Entry) -> None:
        """Report that a setting of the original has no effect; one note for all its places."""
        key = entry.key
        if reason := not_read(model)[key.text]:
            message = f"{key.text!r} has no effect: {reason}"
            self.problems.note(key, "no-effect", message, of=f"{model.__name__}.{key.text}")

    def _read_fields(
        self, mapping: Mapping, by_key: dict[str, Setting]
    ) -> tuple[dict[str, Any], set[str], dict[str, Any]]:
        """Return the values, the names of the fields that failed, and the valid items of failed lists."""
        values: dict[str, Any] = {}
        failed: set[str] = set()
        partly: dict[str, Any] = {}
        for key, entry in mapping.entries.items():
            if key not in by_key:
                hint = self.problems.meant(key, by_key) or f"there are {', '.join(by_key)}"
                if entry.value.noun == "nothing" and isinstance(entry.key, Scalar):
                    hint = glued(entry.key) or hint
                    if key.isdecimal() and values:
                        hint = "a number with a comma? write a point"
                self.problems.add(entry.key, "unknown-key", f"there is no {key!r} here", hint=hint)
                failed.add(key)
                continue
            setting = by_key[key]
            if not setting.required and isinstance(entry.value, Scalar) and entry.value.is_null:
                continue  # without a value: the default holds
            if setting.name in values:
                self.problems.add(
                    entry.key, "duplicate-key", f"{key!r} and another key here both mean {setting.name!r}"
                )
                failed.add(setting.name)
                continue
            try:
                values[setting.name] = self.field(setting, entry)
            except Invalid as invalid:
                failed.add(setting.name)
                if invalid.rest is not None:
                    partly[setting.name] = invalid.rest
        return values, failed, partly


def _with_values(mapping: Mapping) -> Mapping:
    """Return a mapping without the keys that have no value."""
    made = Mapping(mapping.line, mapping.column)
    made.entries = {
        key: entry
        for key, entry in mapping.entries.items()
        if not (isinstance(entry.value, Scalar) and entry.value.is_null) or glued(entry.key)
    }
    return made


def _as_mapping(node: Node, short: list[Setting]) -> Mapping | None:
    if isinstance(node, Mapping):
        return node
    if not isinstance(node, Scalar) or not (short or node.is_null):
        return None
    mapping = Mapping(node.line, node.column)
    if not node.is_null:
        mapping.entries = {setting.name: Entry(node, node) for setting in short}
    return mapping
