"""What this plugin offers; light, because PETRA imports it at every start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra import Kind, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from petra.drivers import Driver

    from .config import S7Config

PETRA_API = 1


@hookimpl
def petra_drivers() -> list[Kind[Sequence[Driver]]]:
    """List the section `s7`."""
    from .config import S7Config

    return [Kind("s7", S7Config, _build)]


def _build(config: S7Config) -> Sequence[Driver]:
    from .driver import drivers

    return drivers(config)
