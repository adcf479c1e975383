"""Random operations over documents in many styles: meaning, untouched lines and the way back are right."""

from __future__ import annotations

import copy
import difflib
import os
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from petra.config.edit import Add, EditError, Operation, Remove, Set, apply_edits, edit_texts

NAMES = ["a", "tank.level", "pump:run", "größe", "x1", "no", "12:30", "on", "y z"]
WORDS = [
    *["cm", "no", "12:30", "1e3", "75.0", "${X}", "$(x)", " x", "x ", "a: b", "a #b", "- a", "", "true"],
    *[
        "ü😀",
        "line\nline",
        "tab\there",
        "'",
        '"',
        "\\",
        "\x07",
        "{a}",
        "[",
        "null",
        "2024-01-02",
        "0x1f",
        "%",
        "\x85",
    ],
]
SCALARS = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=12).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text)),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
VALUES = st.one_of(
    SCALARS,
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=3),
    st.lists(st.dictionaries(st.sampled_from(NAMES), SCALARS, min_size=1, max_size=2), max_size=2),
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A document of random data, each part in a style of its own."""
    writer = _Writer(draw)
    sections = draw(
        st.lists(
            st.sampled_from(["signals", "blocks", "engine", "s7", "x-y", *NAMES]),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    for name in sections:
        writer.entry(name, draw(st.sampled_from(["list", "list", "map", "map", "scalar"])), 0, 0)
    text = "\n".join(writer.lines) + draw(st.sampled_from(["", "\n", "\n", "\n\n# the end\n"]))
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return draw(st.sampled_from(["", "", "\ufeff", "# head\n\n"])).replace("\n", newline) + text.replace(
        "\n", newline
    )


class _Writer:
    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.step = draw(st.sampled_from([2, 2, 4]))
        self.offset = draw(st.sampled_from([0, 2]))
        self.anchors: list[str] = []

    def one_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def comment(self) -> str:
        return self.one_of("", "", "", "  # über: [x", " # c")

    def scalar(self, *, flow: bool = False) -> str:
        made = self.one_of(
            "1", "2.5", "true", "abc", "a b", '"no"', "'it''s'", '"\\u00fc, {"', "größe", "'12:30'"
        )
        if self.anchors and self.one_of(0, 0, 0, 1):
            return f"*{self.one_of(*self.anchors)} " if flow else f"*{self.one_of(*self.anchors)}"
        if not flow and self.one_of(0, 0, 0, 0, 1):
            self.anchors.append(f"n{len(self.anchors)}")
            return f"&{self.anchors[-1]} {made}"
        return made

    def inline(self) -> str:
        kind = self.one_of("scalar", "scalar", "list", "map", "empty")
        if kind == "list":
            return self.one_of("[{}]", "[ {} ]", "[{},]").format(
                ", ".join(self.scalar(flow=True) for _ in range(self.one_of(1, 2, 3)))
            )
        if kind == "map":
            keys = self.draw(
                st.lists(st.sampled_from(["a", "b", "name"]), min_size=1, max_size=3, unique=True)
            )
            return "{" + ", ".join(f"{key}: {self.scalar(flow=True)}" for key in keys) + "}"
        return self.one_of("", "[]", "{}") if kind == "empty" else self.scalar()

    def between(self, column: int) -> None:
        if self.one_of(0, 0, 0, 1):
            self.lines.append(" " * column + self.one_of("# about it", "#- name: old", "", "# é"))

    def entry(self, key: str, kind: str, column: int, depth: int, lead: str | None = None) -> None:
        shown = {"no": '"no"', "12:30": '"12:30"', "on": '"on"'}.get(key, key)
        self.between(column) if lead is None else None
        lead = " " * column if lead is None else lead
        if kind == "literal":
            self.lines += [
                f"{lead}{shown}: {self.one_of('|', '>', '|-', '|+')}",
                " " * (column + 2) + "text",
                " " * (column + 2) + "more",
            ]
        elif kind in ("list", "map"):
            self.lines.append(f"{lead}{shown}:{self.comment()}")
            self.branch(kind, column + (self.step if kind == "map" else self.offset), depth + 1)
        else:
            self.lines.append(f"{lead}{shown}: {self.inline()}".rstrip() + self.comment())

    def branch(self, kind: str, column: int, depth: int) -> None:
        kinds = ["scalar", "scalar", "literal", *(["list", "map"] if depth < 3 else [])]
        if kind == "map":
            for key in self.draw(
                st.lists(st.sampled_from(["name", "unit", *NAMES]), min_size=1, max_size=3, unique=True)
            ):
                self.entry(key, self.one_of(*kinds), column, depth)
            return
        for _ in range(self.one_of(1, 2, 3)):
            if self.one_of(0, 1):
                self.between(column)
                self.lines.append(" " * column + f"- {self.inline()}".rstrip() + self.comment())
                continue
            self.between(column)
            lead = " " * column + "- "
            for key in self.draw(
                st.lists(st.sampled_from(["name", "unit", *NAMES]), min_size=1, max_size=3, unique=True)
            ):
                self.entry(key, self.one_of(*kinds), column + 2, depth, lead)
                lead = None


def places(data: Any, steps: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the steps to every place of plain data."""
    found = [steps] if steps else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found += places(value, (*steps, key))
    return found


def path_of(steps: tuple[Any, ...]) -> str:
    return "".join(f'["{step}"]' if isinstance(step, str) else f"[{step}]" for step in steps)


def at(data: Any, steps: tuple[Any, ...]) -> Any:
    for step in steps:
        data = data[step]
    return data


@st.composite
def operations(draw: st.DrawFn, data: Any) -> tuple[Operation, Any]:
    """An operation, and the plain data after it."""
    after = copy.deepcopy(data)
    known = places(data)
    value = draw(VALUES)
    if not known:
        return Set("new", value), {"new": value}
    steps = draw(st.sampled_from(known))
    target, kind = at(data, steps), draw(st.sampled_from(["set", "set", "add", "remove"]))
    inner = at(after, steps[:-1])
    if kind == "set":
        inner[steps[-1]] = value
        return Set(path_of(steps), value), after
    if kind == "remove":
        del inner[steps[-1]]
        return Remove(path_of(steps)), after
    if isinstance(target, list):
        if draw(st.booleans()) and isinstance(steps[-1], str):  # with a number it means: before this item
            at(after, steps).append(value)
            return Add(path_of(steps), value), after
        number = draw(st.integers(0, len(target)))
        at(after, steps).insert(number, value)
        return Add(f"{path_of(steps)}[{number}]", value), after
    if isinstance(target, dict):
        key = draw(st.sampled_from(["new", "k.l", "größe 2", "yes"]))
        if key not in target:
            at(after, steps)[key] = value
            return Add(f'{path_of(steps)}["{key}"]', value), after
    inner[steps[-1]] = value
    return Set(path_of(steps), value), after


def without_aliases(text: str) -> Any:
    """Return the data of a document, every alias with data of its own."""

    def own(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: own(inner) for key, inner in value.items()}
        return [own(inner) for inner in value] if isinstance(value, list) else value

    return own(yaml.safe_load(text))


def same(one: Any, two: Any) -> bool:
    """Return whether two values are equal and of equal types."""
    if type(one) is not type(two):
        return False
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(two) and all(map(same, one, two))
    return one == two


def only_the_lines_of(operation: Operation, before: str, after: str) -> bool:
    """Return whether the lines that an operation does not concern are there, byte for byte."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    changed = [
        c for c in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if c[0] != "equal"
    ]
    gone, came = sum(c[2] - c[1] for c in changed), sum(c[4] - c[3] for c in changed)
    if isinstance(operation, Add):
        return gone <= 2  # the line of a list in brackets, and a last line without a line break
    if isinstance(operation, Remove):
        return came <= 2
    return True


@settings(
    max_examples=int(os.environ.get("PETRA_EDIT_EXAMPLES", "300")),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes; a failure prints its document
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(st.data())
def test_random_operations(data: st.DataObject):
    """Five operations in a row: each means what it says, leaves all other lines alone, and can be undone."""
    text = data.draw(documents())
    for _ in range(5):
        before = without_aliases(text) or {}
        operation, expected = data.draw(operations(before))
        try:
            edited = edit_texts({"f": text}, [operation])
        except EditError as error:
            event(f"refused: {error.message[-60:]}")
            refusal = error.message
            if "safely" in refusal:
                # an alias in what is edited, or line breaks that a literal text would gain or lose
                assert "*" in text or "|" in text or ">" in text, (text, operation, refusal)
            continue
        if not edited.changed:
            assert same(before, expected)
            continue
        file = edited.files["f"]
        event(type(operation).__name__)
        shared = (
            operation.path.startswith('["x-') and "*n" in text
        )  # what has aliases is changed for all of them
        assert shared or same(without_aliases(file.text) or {}, expected), (text, operation, file.text)
        assert apply_edits(text, file.edits) == file.text
        assert apply_edits(file.text, file.inverse) == text
        assert all(text[e.offset : e.end] == e.removed for e in file.edits)
        assert only_the_lines_of(operation, text, file.text), (text, operation, file.text)
        text = file.text
