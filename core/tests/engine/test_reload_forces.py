"""Forces in a reload: they are kept with their signals, and told when they end."""

from __future__ import annotations

import pytest

from petra.config import configuration, load_bytes
from petra.engine import Engine
from petra.plugin import Catalog

CATALOG = Catalog.load()


def conf(text):
    return configuration(load_bytes(text.encode(), CATALOG))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ("signals: [kept]", ["- force gone: of 5.0 (its signal is gone, or of another type)"]),
        (
            "signals: [kept, {name: gone, type: int}]",
            ["- force gone: of 5.0 (its signal is gone, or of another type)"],
        ),
        (
            "signals: [kept, {name: gone, maximum: 2}]",
            ["~ force gone: 'gone' is at most 2, not 5 (it stays)"],
        ),
        ("signals: [kept, gone, more]", []),
    ],
)
def test_a_force_that_a_reload_ends_is_told(caplog, after, told):
    scan = "scan_time_ms: 5\n"
    with Engine(conf(f"{scan}signals: [kept, gone]"), CATALOG) as engine:
        for name in ("kept", "gone"):
            engine.bus.force(name, 5.0, actor="a test")
        while len(engine.bus.image.forced) < 2:
            pass
        changes = [str(change) for change in engine.reload(conf(f"{scan}{after}"))]
        assert [each for each in changes if "force" in each] == told
        assert all(any(line in message for message in caplog.messages) for line in told)
        assert "kept" in {engine.bus.layout.signals[i].name for i in engine.bus.image.forced}
