"""pytest fixtures for tests of plugins and plants; petra-core registers this module with pytest."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from petra.config import Configuration
    from petra.plugin import Catalog
    from petra.testing.clock import ManualClock


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Return the catalog of all plugins in the environment of the tests."""
    from petra.plugin import Catalog

    return Catalog.load()


@pytest.fixture
def configuration(catalog: Catalog, tmp_path: Path) -> Callable[..., Configuration]:
    """Return a function that makes a configuration of a YAML text and fails with all problems.

    Its keyword arguments are environment variables, and files are relative to `tmp_path`.
    """
    from petra.config import configuration, load_bytes

    def make(text: str, **variables: str) -> Configuration:
        return configuration(load_bytes(textwrap.dedent(text).encode(), catalog, variables, folder=tmp_path))

    return make


@pytest.fixture
def manual_clock() -> ManualClock:
    """Return a clock that the test controls."""
    from petra.testing.clock import ManualClock

    return ManualClock()
