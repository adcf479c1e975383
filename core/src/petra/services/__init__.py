"""Services: what lives beside the engine, in its loop or in another process, and works with its plant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra._lazy import lazy

if TYPE_CHECKING:
    from petra.services.context import ServiceContext
    from petra.services.contract import Service
    from petra.services.settings import ServiceSettings

_HOME = {
    "Service": "petra.services.contract",
    "ServiceContext": "petra.services.context",
    "ServiceSettings": "petra.services.settings",
}

__all__ = ["Service", "ServiceContext", "ServiceSettings"]

__getattr__ = lazy(globals(), _HOME)


def __dir__() -> list[str]:
    return __all__
