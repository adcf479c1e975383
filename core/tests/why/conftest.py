"""A plant without threads, whose signals are explained between two scans."""

from __future__ import annotations

import json

import pytest

from petra.config import load_bytes
from petra.engine.built import build
from petra.engine.evidence import ScanEvidence, moment_of
from petra.library import plugin
from petra.plugin import Catalog
from petra.signals import GOOD, Force, LocalBus, Quality, QualityReason, Store
from petra.testing import ManualClock
from petra.why import Change, HeldForce, explain

SECOND = 10**9


class Still(ScanEvidence):
    """What can be seen of such a plant: no devices, no commands."""

    def force(self, name, value):
        return HeldForce(value, "ann", self.time - 5 * SECOND)

    def points(self, signal):
        return ()

    def command(self, signal):
        return None

    def changed_at(self, names, time):
        return ()

    def changes(self, names):
        image = self._moment.image
        return {name: Change(image.when(image.layout.index[name])) for name in names}


class Plant:
    """Blocks of a document, scanned by hand."""

    def __init__(self, blocks: str, *more, **signals):
        types = {bool: "bool", int: "int", float: "float", str: "string"}
        declared = [
            f"- {{name: {name}, type: {types[type(value)]}, initial: {json.dumps(value)}}}"
            for name, value in signals.items()
        ]
        text = "scan_time_ms: 100\nsignals:\n" + "\n".join(declared) + "\nblocks:\n" + blocks
        self.catalog = Catalog.of(plugin, *more)
        loaded = load_bytes(text.encode(), self.catalog)
        assert loaded.configuration is not None, [str(each) for each in loaded.problems]
        built = build(loaded.configuration.plant, self.catalog, loaded.configuration.program)
        self.clock = ManualClock()
        self.store = Store(built.layout, self.clock)
        self.tasks = built.tasks
        self.scans = 0
        self.store.publish(0, self.clock.now_ns())

    def scan(self, times=1, **values):
        for name, value in values.items():
            self.write(name, value)
        for _ in range(times):
            self.scans += 1
            self.clock.advance(0.1)
            self.store.latch()
            for task in self.tasks:
                task.program.scan(self.store, task.period)
            self.store.publish(self.scans, self.clock.now_ns(), "main", 0.1)
        return self

    def write(self, name, value, status=GOOD):
        LocalBus(self.store).serve(name, value, status)

    def bad(self, name, reason="plc1 does not answer"):
        index = self.store.layout.place(name)
        self.write(name, self.store.values[index], QualityReason(Quality.BAD, reason))
        return self.scan()

    def force(self, name, value):
        self.store.apply(Force(self.clock.now_ns(), "ann", name, value))
        return self.scan()

    def evidence(self):
        return Still(moment_of(self.scans, self.store.image, self.tasks), self.clock.now_ns())

    def why(self, name, **options):
        return explain(self.evidence(), name, **options)


@pytest.fixture
def plant():
    return Plant
