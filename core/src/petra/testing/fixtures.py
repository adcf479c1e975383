"""pytest fixtures for everyone who tests against PETRA; petra-core registers this module with pytest."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from petra.config.models import PlantConfig
    from petra.plugin import Catalog
    from petra.testing.clock import ManualClock


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Everything that is installed in the environment of the tests."""
    from petra.plugin import Catalog

    return Catalog.load()


@pytest.fixture
def configuration(catalog: Catalog) -> Callable[[str], PlantConfig]:
    """Return a function from YAML to core's part of the configuration; it fails with every problem."""
    from petra.config import configuration, load_bytes

    def make(text: str) -> PlantConfig:
        return configuration(load_bytes(textwrap.dedent(text).encode(), catalog)).plant

    return make


@pytest.fixture
def manual_clock() -> ManualClock:
    """Return a clock that moves when the test says so."""
    from petra.testing.clock import ManualClock

    return ManualClock()
