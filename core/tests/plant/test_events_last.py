"""The last events of a plant, for who wants them once and follows nothing."""

from __future__ import annotations

import pytest

from petra.plant import EventKind
from petra.plant.events import EventBook
from petra.testing import ManualClock


@pytest.mark.parametrize(("number", "texts"), [(0, []), (-1, []), (2, ["b", "c"]), (9, ["a", "b", "c"])])
def test_the_last_events_are_there_without_a_reader(number, texts):
    book = EventBook(ManualClock())
    for text in "abc":
        book.add(EventKind.LOG, "info", "petra.engine", text)
    assert [event.text for event in book.last(number)] == texts
