"""Values from outside the document."""

from __future__ import annotations

import os

import pytest

from petra.config.environment import Environment, SubstitutionError


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "password").write_text("hunter2\n")
    (tmp_path / "crlf").write_text("a\r\n", newline="")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "zero").write_bytes(b"a\0b")
    (tmp_path / "large").write_bytes(b"x" * (64 * 1024 + 1))
    os.mkfifo(tmp_path / "pipe")
    return Environment({"HOST": "plc1", "EMPTY": "", "NESTED": "${HOST}"}, tmp_path)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("${HOST}", "plc1"),
        ("tcp://${HOST}:502/${HOST}", "tcp://plc1:502/plc1"),
        ("${NONE:-10.0.0.1}", "10.0.0.1"),
        ("${NONE:-}", ""),
        ("${HOST:-other}", "plc1"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY}", ""),
        ("${NESTED}", "${HOST}"),
        ("$${HOST}", "${HOST}"),
        ("$HOST and $5", "$HOST and $5"),
        ("${NONE:-a:-b}", "a:-b"),
        ("${file:password}", "hunter2"),
        ("${file:crlf}", "a"),
    ],
)
def test_references_are_replaced(environment, text, result):
    assert environment.substitute(text).text == result


@pytest.mark.parametrize(
    ("text", "code", "said", "offset"),
    [
        ("a ${NONE}", "unset-variable", "the environment variable NONE is not set", 2),
        ("${HOST", "bad-substitution", "is not closed", 0),
        ("x${}", "bad-substitution", "takes NAME", 1),
        ("${1X}", "bad-substitution", "takes NAME", 0),
        ("${HOST-x}", "bad-substitution", "takes NAME", 0),
        ("${file:nowhere}", "unreadable-secret", "No such file", 0),
        ("${file:binary}", "unreadable-secret", "not UTF-8", 0),
        ("${file:zero}", "unreadable-secret", "not a text", 0),
        ("${file:large}", "unreadable-secret", "larger than 64 KiB", 0),
        ("${file:pipe}", "unreadable-secret", "is a pipe", 0),
        ("${file:.}", "unreadable-secret", "is a folder", 0),
    ],
)
def test_references_that_cannot_be_replaced(environment, text, code, said, offset):
    with pytest.raises(SubstitutionError) as raised:
        environment.substitute(text)
    assert raised.value.code == code
    assert said in str(raised.value)
    assert raised.value.offset == offset


def test_sources_are_remembered_and_texts_are_not_shown(environment):
    made = environment.substitute("${HOST}-${NONE:-x}-${file:password}")
    assert [str(source) for source in made.sources] == ["env HOST", "default of NONE", "file password"]
    assert "hunter2" not in repr(made)
    assert "plc1" not in repr(environment)
