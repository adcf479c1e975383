"""The hooks that tell plugins of an engine's life."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petra.engine.engine import Engine

log = logging.getLogger("petra.engine")

_WITHIN = 5.0
_LOOK = 0.02


def announce(hook: str, engine: Engine, over: Callable[[], bool]) -> None:
    """Tell plugins, in a thread of its own; one that blocks is waited for a while, until it is over."""
    ended = threading.Event()

    def tell() -> None:
        try:
            for fault in engine.catalog.announce(hook, engine=engine):
                log.error("%s", fault)
        except BaseException:  # a hook may raise anything
            log.exception("%s has failed", hook)
        finally:
            ended.set()

    threading.Thread(target=tell, name="petra-hooks", daemon=True).start()
    for _ in range(int(_WITHIN / _LOOK)):
        if ended.wait(_LOOK) or over():
            break
    if not ended.is_set():
        log.error("%s of a plugin has not ended; it is left behind", hook)
