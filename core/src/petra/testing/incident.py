"""Running an incident again, in a test that `petra replay --pytest` wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petra.plugin import Catalog


def replay_incident(text: str, catalog: Catalog) -> int:
    """Run an incident again; fail at the first scan that comes out differently. Return how many were run."""
    from petra.engine.incident import replay_incident as run_again

    return run_again(text, catalog)
