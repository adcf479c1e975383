"""`petra bench config` compares two documents that mean the same."""

from __future__ import annotations

from petra.bench.config import PUMPS, measure_config, with_template, written_out
from petra.config import configuration, load_bytes
from petra.plugin import Catalog


def test_both_documents_mean_the_same():
    catalog = Catalog.load()
    made = [configuration(load_bytes(text, catalog)) for text in (with_template(), written_out())]
    assert made[0] == made[1]
    assert len(made[0].plant.blocks) == 6 * PUMPS


def test_the_ratio_says_how_much_longer_the_written_one_takes():
    template, written = measure_config(Catalog.load())
    assert template.ratio == written.p50 / template.p50
