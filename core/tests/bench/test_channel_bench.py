"""The benchmark of the channel measures real plants and clients: here few of them, for a moment."""

from __future__ import annotations

import pytest

from petra.bench import channel


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(channel, "CLIENTS", 2)
    monkeypatch.setattr(channel, "_SETTLED", 0.1)


def test_it_measures_delivery_lateness_and_a_follow():
    found = {result.name.partition(" ")[0]: result for result in channel.measure_channel(1, 0.3)}
    assert set(found) == {"delivery", "lateness", "processor", "resident", "follow"}
    assert found["delivery"].samples >= 1
    assert found["lateness"].samples >= 10
    assert found["follow"].p50 == 0
    assert "0 gaps" in found["follow"].note
