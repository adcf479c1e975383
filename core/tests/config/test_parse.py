"""The text itself: every trap of YAML, and every way to make a loader fall over."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import pytest

from petra.config import load, load_bytes
from petra.config.nodes import Mapping, Scalar, Sequence
from petra.config.parse import MAX_BYTES, MAX_DEPTH, decode, parse_document
from petra.config.problems import Problems

if TYPE_CHECKING:
    from pathlib import Path


def tree(text: str):
    problems = Problems("f")
    root = parse_document(text, problems)
    assert not problems.errors, problems.finish()
    return root


def plain(node):
    if isinstance(node, Mapping):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.text


def test_nodes_know_their_place():
    root = tree('a: 1\nb:\n  - x\n  - "y"\n  - {c: z}\n')
    items = root.get("b").items
    assert [(n.line, n.column, n.text, n.plain) for n in items[:2]] == [(3, 5, "x", True), (4, 5, "y", False)]
    assert items[2].entries["c"].key.column == 6
    assert repr(items[1]) == "<a single value at 4:5>"


def test_columns_count_characters_not_bytes():
    root = tree("äöü€: [°C, x]\n")
    assert root.get("äöü€").items[1].column == 12


def test_merge_keys_take_over_what_is_not_given():
    root = tree("x-d: &d {a: 1, b: 2}\nx-e: &e {b: 3, c: 4}\nm:\n  <<: [*d, *e]\n  a: 9\n")
    assert plain(root.get("m")) == {"a": "9", "b": "2", "c": "4"}


def test_block_scalars_are_texts():
    node = tree("a: |\n  <Response>\n    <Say/>\n  </Response>\n").get("a")
    assert node.text == "<Response>\n  <Say/>\n</Response>\n"
    assert not node.plain


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\na: 2\n", "duplicate-key", (2, 1)),
        ("a:\n  b: 1\n  'b': 2\n", "duplicate-key", (3, 3)),
        ("a: [1\nb: 2\n", "yaml-syntax", (2, 2)),
        ("a: b: c\n", "yaml-syntax", (1, 5)),
        ("a:\n\t- 1\n", "yaml-syntax", (2, 1)),
        ("a: @x\n", "yaml-syntax", (1, 4)),
        ("a: 'x\n", "yaml-syntax", (1, 4)),
        ("%YAML 9.9\n---\na: 1\n", "yaml-syntax", (1, 1)),
        ("a: 1\n---\nb: 2\n", "yaml-documents", (2, 1)),
        ("a: *nowhere\n", "yaml-alias", (1, 4)),
        ("a: &a [*a]\n", "yaml-alias", (1, 8)),
        ("a: &a {b: {c: *a}}\n", "yaml-alias", (1, 15)),
        ("a: !!python/object/apply:os.system [ls]\n", "yaml-tag", (1, 4)),
        ("a: !include other.yaml\n", "yaml-tag", (1, 4)),
        ("[a, b]: 1\n", "bad-key", (1, 1)),
        ("{a: 1}: 1\n", "bad-key", (1, 1)),
        ("x: &x 1\n*x : 2\n", "bad-key", (2, 1)),
        ("a: 1\n<<: 5\n", "wrong-type", (2, 5)),
        ("a: x\x00y\n", "bad-character", (1, 5)),
        ("ok: 1\nbell: \x07\n", "bad-character", (2, 7)),
        ("a: " + "[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5), "too-deep", (1, MAX_DEPTH + 3)),
    ],
)
def test_traps_of_the_text(check, text, code, place):
    problem = next(p for p in check(text.encode()).loaded.problems if p.code == code)
    assert (problem.line, problem.column) == place


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"", "empty-document", "the document is empty"),
        (b"# only a comment\n\n", "empty-document", "is empty"),
        (b"---\n...\n", "empty-document", "is empty"),
        (b"null\n", "empty-document", "is empty"),
        (b"just a text\n", "wrong-type", "a document is a mapping of sections, not a single value"),
        (b"- a\n- b\n", "wrong-type", "not a list"),
        (b"signals: \xff\n", "not-utf8", "byte 0xff"),
        ("signals: °C\n".encode("cp1252"), "not-utf8", "byte 0xb0"),
        ("signals: []\n".encode("utf-16"), "not-utf8", "UTF-16"),
        (b"a: \xed\xa0\x80\n", "not-utf8", "byte 0xed"),
    ],
)
def test_documents_that_are_none(check, data, code, said):
    problem = check(data).only
    assert problem.code == code
    assert said in problem.message


def test_a_byte_order_mark_is_no_trouble(check):
    assert check(b"\xef\xbb\xbfscan_time_ms: 10\n").good.plant.scan_time_ms == 10


def test_the_place_of_bad_bytes(check):
    problem = check(b"a: 1\r\nb: \xc3\xa4\xff\n").only
    assert (problem.line, problem.column) == (2, 5)


def bomb(levels: int) -> str:
    lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"x-{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines)


def merge_bomb(levels: int) -> str:
    lines = ["x-0: &a0 {" + ", ".join(f"k{i}: v" for i in range(100)) + "}"]
    lines += [f"x-{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 20)}]}}" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (bomb(9), "too-large"),
        (bomb(40), "too-large"),
        (merge_bomb(30), "too-large"),
        ("a: " + "x" * (2**20 + 1), "too-large"),
        ("a: [" + "x," * 1_000_001 + "]", "too-large"),
        ("[" * 100_000, "too-deep"),
        ("- " * 100_000, "too-deep"),
        ("{a: " * 100_000, "too-deep"),
        ("? " * 50_000, "too-deep"),
        ("? [" + "[" * 100_000, "too-deep"),
        ("a: " + "&a " * 10_000 + "x", "yaml-syntax"),
        ("'" + "\n" * 200_000, "yaml-syntax"),
        ("{'\n'", "yaml-syntax"),
        ("a: " + "1" * 5_000, "wrong-type"),
        ("!" * 100_000, "yaml-tag"),
        ("{" + "," * 1_000_000, "yaml-syntax"),
        ("a: [" + "x, " * 300_000 + "${", "yaml-syntax"),
        ("\n".join(f"k{i % 7}: 1" for i in range(200_000)), "duplicate-key"),
    ],
    ids=lambda value: value[:12].strip() if isinstance(value, str) else "",
)
def test_a_nasty_text_ends_soon(check, text, code):
    begin = time.process_time()
    result = check(text.encode() if code != "wrong-type" else f"scan_time_ms{text[1:]}".encode())
    assert code in result.codes
    assert time.process_time() - begin < 30  # a guard against hours, not a benchmark


@pytest.fixture
def nasty_files(tmp_path: Path):
    """Every kind of thing that a path can name."""
    (tmp_path / "big.yaml").write_bytes(b"a: " + b"x" * (100 * 2**20))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "secret.yaml").write_text("a: 1")
    (tmp_path / "secret.yaml").chmod(0)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("big.yaml", "too-large", "larger than 16 MiB"),
        ("pipe", "not-a-file", "is a pipe"),
        (".", "not-a-file", "is a folder"),
        ("loop", "unreadable", "symbolic links"),
        ("missing.yaml", "unreadable", "No such file"),
        ("x\0y", "unreadable", "null"),
        ("x" * 5000, "unreadable", "too long"),
        ("/dev/zero", "not-a-file", "is a device"),
        ("/dev/null", "not-a-file", "is a device"),
    ],
)
def test_a_path_that_is_no_document(nasty_files, meter_catalog, name, code, said):
    (problem,) = load(nasty_files / name, meter_catalog).problems
    assert problem.code == code
    assert said in problem.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(nasty_files, meter_catalog):
    (problem,) = load(nasty_files / "secret.yaml", meter_catalog).problems
    assert (problem.code, problem.message) == ("unreadable", "it cannot be read: Permission denied")


def test_a_socket_is_no_document(tmp_path, meter_catalog, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        (problem,) = load("socket", meter_catalog).problems
    assert problem.code in ("not-a-file", "unreadable")


def test_bytes_are_bounded_like_files(meter_catalog):
    (problem,) = load_bytes(b"x" * (MAX_BYTES + 1), meter_catalog).problems
    assert problem.code == "too-large"


def test_a_reference_without_quotes_among_braces_says_what_to_do(check):
    problem = check(b"meter: {host: a, port: ${PORT}}\n").only
    assert problem.code == "yaml-syntax"
    assert 'write "${NAME}" in quotes' in problem.hint


def test_a_slow_parser_gives_the_same_tree(monkeypatch):
    """A platform without libyaml parses with PyYAML's own parser."""
    import yaml

    from petra.config import parse as module

    text = 'a: &a [1, "2", {b: c}]\nd: *a\ne: |\n  x\n'
    fast = plain(tree(text))
    monkeypatch.setattr(module, "_LOADER", yaml.SafeLoader)
    assert plain(tree(text)) == fast


def test_decode_says_nothing_of_a_good_text():
    problems = Problems("f")
    assert decode("ä\r\n\tx\x85".encode(), problems) == "ä\r\n\tx\x85"
    assert not problems.errors


@pytest.mark.parametrize("key", ["[a]", "{a: 1}", "*x"])
def test_a_key_that_is_no_text_is_one_problem_and_its_value_is_left_out(check, key):
    made = check(f"x-a: &x b\nsignals: [a]\n? {key}\n: 1\nscan_time_ms: 50\n")
    assert (made.only.code, made.only.line) == ("bad-key", 3)
    twice = check(f"x-a: &x b\n? {key}\n: 1\n? {key}\n: {{a: 1}}\nsignals: [a]\n")
    assert twice.codes == ["bad-key", "bad-key"]
