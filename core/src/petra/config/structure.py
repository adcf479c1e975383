"""Nodes → frozen attrs models, with every problem collected.

cattrs chooses the hook for each type; the hooks here are exact: a text is never taken for a number nor a
number for a text, a key that no field has is a problem, and a field's validator speaks at the place of its
value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, get_args, get_origin

import attrs
import cattrs

from petra.config.environment import Environment, Substituted, SubstitutionError
from petra.config.models import MEANT, SYNONYMS
from petra.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from petra.config.parse import MAX_BYTES
from petra.config.scalars import Ambiguous, Plain, read_plain
from petra.config.wording import cure, from_text, glued, is_union, need, noun, said, shape, unit_of, written
from petra.settings.contracts import HasFlaws, NamesDrivers, SignalUse, UsesSignals
from petra.settings.model import SCALARS, Setting, is_optional, not_read, optional, settings
from petra.settings.secret import Secret
from petra.signals import INT_MAX, INT_MIN, SignalType
from petra.signals.types import NAME

if TYPE_CHECKING:
    from petra.config.problems import Problems

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]


class Invalid(Exception):  # noqa: N818 - it never leaves the loader
    """This part cannot be used; the reason is noted already. `rest` is what can be looked at all the same."""

    def __init__(self, rest: Any = None) -> None:
        super().__init__()
        self.rest = rest


class NamedSignal(NamedTuple):
    """A place in a section that names a signal, and what the section does with it."""

    node: Node
    name: str
    use: SignalUse
    type: SignalType | None = None
    refuses: Callable[[Any], str] | None = None


class NamedDriver(NamedTuple):
    """A place in a section that names a driver."""

    node: Node
    name: str


class Structurer:
    """Makes models of one document's nodes. It belongs to one load and is not shared between threads."""

    def __init__(self, problems: Problems, environment: Environment) -> None:
        self.problems = problems
        self.environment = environment
        self._converter = cattrs.Converter()
        self._substituted: dict[int, Substituted] = {}
        self._room = MAX_BYTES
        self._unit = ""  # of the setting that is being read
        self.signals: list[NamedSignal] = []
        self.drivers: list[NamedDriver] = []
        self._kept: dict[int, list[int]] = {}
        """Of lists with items that cannot be used: where in the document the others are."""
        factories: tuple[tuple[Callable[[Any], bool], Callable[[Any], Hook]], ...] = (
            (attrs.has, self._model_hook),
            (_is_enum, lambda _: self._enum),
            (lambda kind: get_origin(kind) is Literal, lambda _: self._literal),
            (lambda kind: get_origin(kind) in (list, tuple), self._list_hook),
            (lambda kind: get_origin(kind) is dict, self._dict_hook),
            (is_optional, self._optional_hook),
            (lambda kind: not is_optional(kind) and is_union(kind), lambda _: self._any_scalar),
        )
        for kind in SCALARS:
            self._converter.register_structure_hook(kind, self._scalar)
        for predicate, factory in factories:
            self._converter.register_structure_hook_factory(predicate, factory)

    def structure(self, node: Node, kind: type[T]) -> T:
        """Return the node as that type, or raise Invalid after noting why not."""
        made: T = self._hook(kind)(node, kind)
        return made

    def field(self, setting: Setting, entry: Entry) -> Any:
        """Return one field's value, checked by its validator, or raise Invalid after noting why not."""
        self._unit = unit_of(entry.key.text, setting.about.unit)
        if setting.about.sparse and isinstance(entry.value, Mapping):
            entry = Entry(entry.key, _given(entry.value))
        value = self._validated(setting, entry, self._hook(setting.type)(entry.value, setting.type))
        if setting.about.signal is not None and value is not None:
            self.signals.append(NamedSignal(entry.value, value, setting.about.signal))
        return value

    def resolve(self, node: Scalar) -> tuple[Plain, Substituted]:
        """Return what a single value means by itself, and its text with references replaced."""
        substituted = self._substituted.get(id(node)) or self._substitute(node)
        if substituted.sources or not node.plain:
            return substituted.text, substituted
        return read_plain(substituted.text), substituted

    def _substitute(self, node: Scalar) -> Substituted:
        try:
            substituted = self.environment.substitute(node.text)
        except SubstitutionError as error:
            shift = error.offset if node.plain else 0  # within quotes, escapes move the columns
            self.problems.add(node, error.code, str(error), hint=error.hint, shift=shift)
            raise Invalid from None
        if substituted.sources:
            self._room -= len(substituted.text)
            if self._room < 0:
                self.problems.add(node, "too-large", "with references replaced, the document is too large")
                raise Invalid
            for foreign in substituted.foreign:
                self.problems.hide(foreign)
            self._substituted[id(node)] = substituted  # an alias puts the same node in many places
        return substituted

    def each(self, nodes: Iterable[tuple[Node, Any]], make: Callable[[Node, Any], T]) -> list[T]:
        """Return what `make` makes of each; when one is invalid the others are still looked at."""
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

    def _hook(self, kind: Any) -> Hook:
        return self._converter.get_structure_hook(kind)

    # single values

    def _scalar(self, node: Node, kind: type) -> Any:
        if _is_enum(kind):  # `class Mode(str, Enum)`: cattrs finds the hook of its base first
            return self._enum(node, kind)
        if not isinstance(node, Scalar):
            raise self._wrong(node, kind)
        value, substituted = self.resolve(node)
        if isinstance(value, Ambiguous):
            raise self._ambiguous(node, value, kind)
        if substituted.sources:  # what comes from outside has no type of its own: read it as what is wanted
            value = from_text(substituted.text, kind)
        if kind in (str, Path, Secret):
            if not isinstance(value, str):
                raise self._wrong(node, kind)
            if kind is Secret and value and not substituted.sources:
                self.problems.warn(
                    node,
                    "plain-secret",
                    "a secret is written in the document",
                    hint="use ${NAME} or ${file:/path}",
                )
            return self.environment.folder / value if kind is Path else kind(value)
        if kind is bool and value.__class__ is bool:
            return value
        if kind is int and value.__class__ is int:
            if not INT_MIN <= value <= INT_MAX:
                raise self._bad(node, "does not fit into 64 bits")
            return value
        if kind is float and value.__class__ in (int, float):
            return self._finite(node, value)
        raise self._wrong(node, kind)

    def _finite(self, node: Scalar, value: float) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self._bad(node, "is not a finite number")
        return number

    def _any_scalar(self, node: Node, kind: Any) -> Any:
        """Read a single value as the one of several types that it is written as."""
        if not isinstance(node, Scalar):
            raise self._wrong(node, kind)
        value, substituted = self.resolve(node)
        if substituted.sources:
            plain = read_plain(substituted.text)
            value = substituted.text if plain is None or isinstance(plain, Ambiguous) else plain
        allowed = get_args(kind)
        for candidate in (bool, int, float, str):
            fits = value.__class__ is candidate or (candidate is float and value.__class__ is int)
            if candidate in allowed and fits:
                return value if candidate is str else self._scalar(node, candidate)
        raise self._ambiguous(node, value, kind) if isinstance(value, Ambiguous) else self._wrong(node, kind)

    def _enum(self, node: Node, kind: type[Enum]) -> Enum:
        by_text = {str(member.value): member for member in kind}
        also = {name: by_text[value] for name, value in SYNONYMS.get(kind, {}).items()}
        return (by_text | also)[self._choice(node, tuple(by_text), also, MEANT.get(kind))]

    def _literal(self, node: Node, kind: Any) -> Any:
        by_text = {str(value): value for value in get_args(kind)}
        return by_text[self._choice(node, tuple(by_text))]

    def _choice(
        self,
        node: Node,
        choices: tuple[str, ...],
        also: Collection[str] = (),
        elsewhere: dict[str, str] | None = None,
    ) -> str:
        if not isinstance(node, Scalar) or node.is_null:
            raise self._wrong(node, choices)
        _, substituted = self.resolve(node)
        if substituted.text not in choices and substituted.text not in also:
            known = (elsewhere or {}).get(node.text.casefold())
            hint = f"did you mean {known!r}?" if known else self.problems.meant(node.text, choices)
            said = f"{written(node)} is none of {', '.join(choices)}"
            self.problems.add(node, "bad-value", said, hint=hint)
            raise Invalid
        return substituted.text

    # containers

    def _optional_hook(self, kind: Any) -> Hook:
        inner = optional(kind)
        hook = self._hook(inner)

        def structure(node: Node, _: Any) -> Any:
            return None if isinstance(node, Scalar) and node.is_null else hook(node, inner)

        return structure

    def _list_hook(self, kind: Any) -> Hook:
        inner = get_args(kind)[0]
        hook = self._hook(inner)
        container = get_origin(kind)

        def structure(node: Node, _: Any) -> Any:
            if isinstance(node, Scalar) and node.is_null:
                return container()
            if not isinstance(node, Sequence):
                raise self._wrong(node, kind)
            made: list[Any] = []
            kept: list[int] = []
            for number, item in enumerate(node.items):
                try:
                    made.append(hook(item, inner))
                except Invalid:
                    continue
                kept.append(number)
            if len(made) < len(node.items):
                self._kept[id(node)] = kept
                raise Invalid(container(made))
            return container(made)

        return structure

    def _dict_hook(self, kind: Any) -> Hook:
        inner = get_args(kind)[1]
        hook = self._hook(inner)

        def structure(node: Node, _: Any) -> Any:
            if isinstance(node, Scalar) and node.is_null:
                return {}
            if not isinstance(node, Mapping):
                raise self._wrong(node, kind)
            self._slips(node)
            values = self.each(((entry.value, inner) for entry in node.entries.values()), hook)
            return dict(zip(node.entries, values, strict=True))

        return structure

    def _slips(self, mapping: Mapping) -> None:
        """Refuse keys without a value that are slips of the pen: `{in1:a}`, and a number with a comma."""
        slips = []
        for key, entry in mapping.entries.items():
            if entry.value.noun == "nothing" and isinstance(entry.key, Scalar):
                hint = "a number with a comma? write a point" if key.isdecimal() else glued(entry.key)
                if hint:
                    slips.append(entry)
                    said = f"the key {key!r} has no value"
                    self.problems.add(entry.key, "wrong-type", said, hint=hint)
        if slips:
            raise Invalid

    def _model_hook(self, model: Any) -> Hook:
        known = settings(model)
        by_key = {key: setting for setting in known for key in setting.keys}
        passed_over = not_read(model)
        short = [setting for setting in known if setting.about.shorthand]

        def structure(node: Node, _: Any) -> Any:
            mapping = _as_mapping(node, short)
            if isinstance(node, Scalar) and node.text.partition(":")[0] in by_key and (hint := glued(node)):
                self.problems.warn(node, "missing-space", "a colon needs a space after it", hint=hint)
            if mapping is None:
                raise self._wrong(node, model)
            read = mapping
            for key in mapping.entries.keys() & passed_over.keys():
                self.pass_over(model, mapping.entries[key])
            if mapping.entries.keys() & passed_over.keys():
                read = Mapping(mapping.line, mapping.column)
                read.entries = {k: e for k, e in mapping.entries.items() if k not in passed_over}
            values, failed, partly = self._fields(read, by_key)
            strange = self._strange(read, by_key)
            for setting in known:
                if setting.required and setting.name not in values and setting.name not in failed:
                    self.problems.add(
                        mapping, "missing-key", f"{setting.name!r} is missing", hint=need(setting)
                    )
                    failed.add(setting.name)
            if failed:
                rest = None
                if failed - strange == partly.keys():  # what is good is looked at, with its neighbours
                    with suppress(Invalid):
                        rest = self._made(model, values | partly, mapping, whole=False)
                raise Invalid(None if partly else rest)
            return self._made(model, values, mapping)

        return structure

    def _strange(self, mapping: Mapping, by_key: dict[str, Setting]) -> set[str]:
        """Return the keys that are none, and no misspelt ones either: the others mean what they say."""
        unknown = mapping.entries.keys() - by_key.keys()
        return {
            key
            for key in unknown
            if not glued(mapping.entries[key].key) and not self.problems.meant(key, by_key)
        }

    def pass_over(self, model: Any, entry: Entry) -> None:
        """Note that a model accepts a setting of the original and does not read it; once for all places."""
        key = entry.key
        if reason := not_read(model)[key.text]:
            said = f"{key.text!r} has no effect: {reason}"
            self.problems.note(key, "no-effect", said, of=f"{model.__name__}.{key.text}")

    def _made(self, model: Any, values: dict[str, Any], mapping: Mapping, *, whole: bool = True) -> Any:
        """Return a model, after noting what it says of itself; Invalid when it has flaws."""
        try:
            made = model(**values)
            own = type(made)  # isinstance with a protocol takes 30 µs on Python 3.11, issubclass 0.1 µs
            used = list(made.signals_used()) if issubclass(own, UsesSignals) else []
            flaws = list(made.flaws()) if issubclass(own, HasFlaws) else []
            drivers = list(made.drivers_named()) if issubclass(own, NamesDrivers) else []
        except Exception as error:  # noqa: BLE001 - whatever a model's own checks raise is about this place
            if whole:
                self.problems.add(mapping, "bad-value", said(error))
            raise Invalid from None
        self.signals += [
            NamedSignal(
                self._place(mapping, model, (each.field,)), each.name, each.use, each.type, each.refuses
            )
            for each in used
        ]
        self.drivers += [
            NamedDriver(self._place(mapping, model, (each.field,)), each.name) for each in drivers
        ]
        for flaw in flaws:
            at = self._place(mapping, model, flaw.path)
            self.problems.add(at, flaw.code, flaw.message, hint=flaw.hint or _unquoted(at, flaw.message))
        if flaws:
            raise Invalid
        return made

    def _place(self, node: Node, kind: Any, path: tuple[str | int, ...]) -> Node:
        """Return where a path of fields and items leads, or the last place on the way that was written."""
        for step in path:
            kind = optional(kind)
            if isinstance(step, int) and isinstance(node, Sequence) and step < len(node.items):
                kept = self._kept.get(id(node))
                node, kind = node.items[step if kept is None else kept[step]], get_args(kind)[0]
            elif isinstance(node, Mapping) and attrs.has(kind):
                setting = next(each for each in settings(kind) if each.name == step)
                written_as = next((key for key in setting.keys if key in node.entries), None)
                if written_as is None:
                    return node
                node, kind = node.entries[written_as].value, setting.type
            else:
                return node
        return node

    def _fields(
        self, mapping: Mapping, by_key: dict[str, Setting]
    ) -> tuple[dict[str, Any], set[str], dict[str, Any]]:
        """Return the values of fields, which ones failed, and of those that are lists what is good."""
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
                continue  # not given
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

    def _validated(self, setting: Setting, entry: Entry, value: Any) -> Any:
        validator = setting.attribute.validator
        if validator is None:
            return value
        try:
            validator(None, setting.attribute, value)
        except AttributeError:
            return value  # a validator that looks at other fields: it runs when the model is made
        except Exception as error:  # noqa: BLE001 - whatever a validator raises is about this place
            must = str(setting.bounds)
            wrong = "is no name" if setting.bounds.pattern == NAME else f"is not {must}"
            words = f"{written(entry.value, setting.type)} {wrong}" if must else said(error)
            choices = setting.bounds.choices
            meant = self.problems.meant(str(value), map(str, choices)) if choices else ""
            self.problems.add(entry.value, "bad-value", words, hint=meant or setting.about.doc)
            raise Invalid from None
        return value

    # complaints

    def _wrong(self, node: Node, kind: Any) -> Invalid:
        wanted = noun(kind)
        hint = ""
        if not isinstance(node, Scalar):
            said = node.noun
        else:
            said = written(node, kind)
            hint = cure(node, kind, self._unit)
            if not hint and node.plain and wanted in ("a mapping", "a list") and (slip := glued(node)):
                hint = slip
        if not hint and attrs.has(optional(kind)):
            hint = shape(optional(kind))
        self.problems.add(node, "wrong-type", f"expected {wanted}, not {said}", hint=hint)
        return Invalid()

    def _ambiguous(self, node: Scalar, value: Ambiguous, kind: Any) -> Invalid:
        if kind is Secret:
            said, hint = "YAML readers disagree about what is written here", "put it in quotes"
        else:
            said, hint = value.reading, f"write {value.instead}"
        self.problems.add(node, "yaml-ambiguous", said, hint=hint)
        return Invalid()

    def _bad(self, node: Node, message: str) -> Invalid:
        self.problems.add(node, "bad-value", f"{written(node)} {message}")
        return Invalid()


def _given(mapping: Mapping) -> Mapping:
    """Return a mapping without the keys that have nothing behind them."""
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


def _unquoted(at: Node, message: str) -> str:
    """Say that quotes make a text of a number, where a model speaks of it as one."""
    quoted = isinstance(at, Scalar) and not at.plain and repr(at.text) in message
    return cure(at, int | float) if quoted else ""


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)
