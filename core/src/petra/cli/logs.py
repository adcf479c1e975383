"""Log lines: JSON for machines, with rotation in a file; plain text in a terminal."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 10_000_000
KEPT = 5


def set_up_logs(file: Path | None, *, console: bool, verbose: bool = False, quiet: bool = False) -> None:
    """Send what is logged to standard error and, with a file, there as JSON."""
    handlers: list[logging.Handler] = []
    if console:
        stream = logging.StreamHandler(sys.stderr)
        stream.setFormatter(_text() if sys.stderr.isatty() else _json())
        stream.setLevel(logging.WARNING if quiet else logging.DEBUG)
        handlers.append(stream)
    if file is not None:
        rotating = RotatingFileHandler(file, maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8")
        rotating.setFormatter(_json())
        handlers.append(rotating)
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in handlers or [logging.NullHandler()]:
        root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.INFO)


def _json() -> logging.Formatter:
    from structlog.processors import JSONRenderer

    return _formatter(JSONRenderer(ensure_ascii=False))


def _text() -> logging.Formatter:
    from structlog.dev import ConsoleRenderer

    return _formatter(ConsoleRenderer())


def _formatter(renderer: Any) -> logging.Formatter:
    import structlog

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
