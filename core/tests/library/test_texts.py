"""Templates that are refused, and texts that must not grow."""

from __future__ import annotations

import re

import pytest

from petra.library.faults import BlockFault
from petra.library.texts import Format, joined, pieces
from petra.scan import Bench
from petra.signals.types import LONGEST_TEXT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Level {a:.1f} m", "'{a:.1f}' at character 7 is not a placeholder: write '{a:.1}'"),
        ("{a:>08.2f}", "'{a:>08.2f}' at character 1 is not a placeholder: write '{a:08.2}'"),
        ("{a!r}", "'{a!r}' at character 1 is not a placeholder: write '{a}'"),
        ("{z:.1}", "'{z:.1}' at character 1 does not name an input: use a to h"),
        ("{a:.99f}", "'{a:.99f}' at character 1 is not a placeholder: write '{a:.99}'"),
        ("Level {a", "'{' at character 7 is not part of a placeholder: write '{{'"),
        ("{x}", "'{x}' at character 1 does not name an input"),
        ("{a:999}", "'{a:999}' at character 1 is not a placeholder: write {a}, {a:8}"),
        ("{a.real}", "'{a.real}' at character 1 is not a placeholder"),
        ("a}", "'}' at character 2"),
        ("{a:.99}", "more than 15 digits"),
        ("{a}" * 101, "more than 100 pieces"),
        ("a" * (LONGEST_TEXT + 1), "65536 characters"),
    ],
)
def test_a_template_is_refused_with_a_reason(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        pieces(text)
    with pytest.raises(ValueError, match=r"FORMAT\.text has an invalid placeholder"):
        Format(text=text)


def test_a_text_is_not_made_when_no_signal_holds_it():
    assert len(joined(["a" * LONGEST_TEXT, ""])) == LONGEST_TEXT
    with pytest.raises(BlockFault, match="a text of 65537 characters is too long"):
        joined(["a" * LONGEST_TEXT, "b"])


def test_a_text_that_feeds_itself_stops_at_the_limit():
    bench = Bench(Format, inputs={"a": "x" * 40_000}, params={"text": "{a}{a}"})
    bench.scan()
    assert "a text of 80000 characters is too long" in bench.fault
