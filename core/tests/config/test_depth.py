"""One code and one place for what is too deep, whatever the YAML library says about it."""

from __future__ import annotations

import pytest
import yaml

from petra.config import parse as parsing
from petra.config.parse import MAX_DEPTH, parse_document
from petra.config.problems import Problems

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]
LINES = "".join("  " * i + "a:\n" for i in range(1100))


def codes(text: str) -> list[tuple[str, int, int]]:
    problems = Problems("f")
    parse_document(text, problems)
    return [(p.code, p.line, p.column) for p in problems.finish() if p.code != "bad-key"]


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def loader(request, monkeypatch):
    monkeypatch.setattr(parsing, "_LOADER", request.param)
    return request.param


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 300, 1100, 5000])
@pytest.mark.parametrize(
    ("before", "one", "column"),
    [
        ("", "[", MAX_DEPTH + 1),
        ("", "{a: ", 4 * MAX_DEPTH + 1),
        ("", "- ", 2 * MAX_DEPTH + 1),
        ("", "? ", 2 * MAX_DEPTH + 1),
        ("? ", "[", MAX_DEPTH + 2),
        ("a: ", "[", MAX_DEPTH + 3),
        ("a: ", "{? ", 3 * MAX_DEPTH + 1),
        ("a: ", "[{? ", 2 * MAX_DEPTH + 1),
        ("a: [']]]', ", "[", MAX_DEPTH + 10),
    ],
    ids=["lists", "mappings", "dashes", "question-marks", "key", "value", "keys", "both", "beside-a-text"],
)
def test_too_deep_is_one_code_at_one_place(loader, before, one, column, levels):
    assert codes(before + one * levels) == [("too-deep", 1, column)]


def test_a_block_in_a_block(loader):
    assert codes(LINES) == [("too-deep", MAX_DEPTH + 1, 2 * MAX_DEPTH + 1)]


@pytest.mark.parametrize(
    "text",
    [
        "a: x" + "[" * 200 + "\nb: @\n",
        "a: b " + "[" * 200 + ": c: d\n",
        'a: "' + "[" * 200 + '" @\n',
        "a: 1 # " + "[" * 200 + "\n@\n",
        "a: [" + "[], " * 200 + "@]\n",
        "[" * MAX_DEPTH + "@",
    ],
    ids=["plain", "words", "quoted", "comment", "beside", "the-limit"],
)
def test_another_mistake_keeps_its_own_code(loader, text):
    assert [code for code, *_ in codes(text)] == ["yaml-syntax"]


def test_as_deep_as_is_allowed(loader):
    assert codes("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []
