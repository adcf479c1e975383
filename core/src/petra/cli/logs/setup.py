"""Log lines: JSON for machines, with rotation in a file; plain text in a terminal.

No part of the process waits for a reader of the log: not the scan, not a driver, not the exit.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from petra.cli.logs.sink import LogFile, LogSink, QueuedStream, QueueHandler, close_sinks, real_stderr, writer

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 10_000_000
KEPT = 5
CLOSE_WITHIN = 1.0  # seconds that the end of the process waits for its log to be read

_sinks: dict[str, LogSink] = {}


def set_up_logs(file: Path | None, *, console: bool, verbose: bool = False, quiet: bool = False) -> None:
    """Send what is logged to standard error and, with a file, there as JSON.

    Warnings and what ends a thread are logged too, and `sys.stderr` becomes a queue: a reader that does not
    read cannot hold up a thread that writes there.
    """
    close_logs()
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(logging.NullHandler())
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    if (stream := real_stderr()) is not None:
        _queue_stderr(stream)
        if console:
            log_to_console(logging.WARNING if quiet else logging.DEBUG)
    if file is not None:
        rotating = LogFile(file, MOST_BYTES, KEPT)
        root.addHandler(_handler(_sink("file", rotating.write, _json()), _json()))
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_end_of_thread


def log_to_console(level: int = logging.DEBUG) -> None:
    """Send what is logged to standard error from now on."""
    stream = real_stderr()
    if stream is None or "stderr" not in _sinks:
        return
    formatter = _text() if stream.isatty() else _json()
    handler = _handler(_sinks["stderr"], formatter)
    handler.setLevel(level)
    logging.getLogger().addHandler(handler)


def hold_stderr() -> None:
    """Keep what goes to standard error until `release_stderr`: a view has the terminal."""
    if "stderr" in _sinks:
        _sinks["stderr"].hold()


def release_stderr() -> None:
    """Write to standard error again, what was kept first."""
    if "stderr" in _sinks:
        _sinks["stderr"].resume()


def close_logs(within: float = CLOSE_WITHIN) -> None:
    """Write what is left, for so long at most; lines that are not read by then are lost."""
    if isinstance(sys.stderr, QueuedStream):
        sys.stderr.flush()
    close_sinks(_sinks.values(), within)
    _sinks.clear()


atexit.register(close_logs)


def _queue_stderr(stream: TextIO) -> None:
    sink = _sink("stderr", writer(stream), _text() if stream.isatty() else _json())
    if stream is sys.__stderr__:  # what a test has put there instead is read by the test
        sys.stderr = QueuedStream(sink, stream)


def _sink(name: str, write: Any, formatter: logging.Formatter) -> LogSink:
    def said(text: str) -> str:
        record = logging.LogRecord("petra.logs", logging.WARNING, __file__, 0, text, None, None)
        return formatter.format(record) + "\n"

    sink = _sinks[name] = LogSink(name, write, said)
    sink.start()
    return sink


def _handler(sink: LogSink, formatter: logging.Formatter) -> logging.Handler:
    handler = QueueHandler(sink)
    handler.setFormatter(formatter)
    return handler


def _log_end_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit or args.exc_value is None:
        return
    name = args.thread.name if args.thread is not None else "unknown"
    log = logging.getLogger("petra.threads")
    log.critical("the thread %s has ended: %r", name, args.exc_value, exc_info=args.exc_value)


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
