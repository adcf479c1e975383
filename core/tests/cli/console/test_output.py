"""What is printed can be read."""

from __future__ import annotations

import pytest

from petra.cli.console import output

TIME = "2026-11-24 20:20:57.263+00:00"


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(output, "in_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")


def test_a_table_that_is_too_wide_cuts_nothing_off(terminal, capsys):
    output.print_table(("id", "requested", "signal", "reason"), [("1", TIME, "pump.run." * 6, "refused")])
    text = capsys.readouterr().out
    assert TIME in text
    assert "pump.run." * 6 in text
    assert "refused" in text
    assert "…" not in text


def test_the_last_column_folds_where_there_is_room(terminal, capsys):
    output.print_table(("id", "requested", "reason"), [("1", TIME, "because " * 20)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.count("because") for line in lines) == 20


def test_a_table_without_rows_has_headings(terminal, capsys):
    output.print_table(("id", "reason"), [])
    assert "reason" in capsys.readouterr().out
