"""What the tests of S7 share."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.config import configuration, load_bytes
from petra_s7 import plugin


@pytest.fixture(scope="session")
def s7():
    """Return a function from a document's text to the models of its section `s7`."""
    catalog = Catalog.of(plugin)

    def make(text: str):
        return configuration(load_bytes(text.encode(), catalog, {})).sections["s7"]

    return make


@pytest.fixture(scope="session")
def problems():
    """Return a function from a document's text to its problems, a line each, without notes."""
    catalog = Catalog.of(plugin)

    def check(text: str) -> list[str]:
        return [
            str(problem)
            for problem in load_bytes(text.encode(), catalog, {}, name="plant.yaml").problems
            if problem.code != "no-safe-value"
        ]

    return check
