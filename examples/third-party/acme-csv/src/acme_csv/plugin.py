"""What this plugin offers; light, because PETRA imports it at every start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra import ServiceKind, hookimpl

from .config import CsvConfig

if TYPE_CHECKING:
    from .service import CsvService

PETRA_API = 1


@hookimpl
def petra_services() -> list[ServiceKind[CsvConfig]]:
    """List the services: which section is theirs, how they are made of it, and where they run."""
    return [ServiceKind("acme_csv", CsvConfig, _build, process=True)]


def _build(config: CsvConfig) -> CsvService:
    from .service import CsvService

    return CsvService(config)
