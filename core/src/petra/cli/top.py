"""`petra top`: a running plant on the whole screen."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from petra.cli.console.session import Session, with_session
from petra.cli.running.connection import connect_with, plant_argument

if TYPE_CHECKING:
    from petra.cli.screen.feed import Feed
    from petra.cli.screen.view import View
    from petra.plant import BlockingPlant

_PAGES = ("signals", "drivers", "tasks", "services")


@click.command()
@plant_argument
@click.option("--once", is_flag=True, help="Print the page once, and end.")
@click.option("--page", type=click.Choice(_PAGES), default=_PAGES[0], show_default=True, help="Begin there.")
@with_session
def top(session: Session, *, plant: str | None, page: str, once: bool) -> int:
    """Show a running plant on the whole screen.

    Signals are searched, sorted, written, forced and released with single keys; `?` lists them. `q` leaves
    the view, and the plant runs on. When the plant stops, the view waits for it to be started again.
    """
    from petra.cli.screen.feed import Feed
    from petra.cli.screen.view import End, View

    terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    if not (terminal or once):
        raise click.UsageError("petra top needs a terminal; with --once it prints one page")
    logging.getLogger().addHandler(logging.NullHandler())  # a line of the log would be drawn over
    if once:
        view = View("", keys=False, end=End.LEAVES)
        feed = Feed(lambda: connect_with(session, plant), lambda: view.wanted, lambda: None)
        return _print_once(view, feed, page, styled=terminal)
    return _show(lambda: connect_with(session, plant), page)


def _print_once(view: View, feed: Feed, page: str, *, styled: bool) -> int:
    """Print a page of a plant: one look finds out what it needs, the next one has it."""
    from petra.cli.screen.show import shaded
    from petra.cli.screen.terminal import size_of
    from petra.cli.screen.text import plain

    try:
        columns, height = size_of(sys.stdout.fileno())
        view.press(str(_PAGES.index(page) + 1))
        feed.poll()
        view.lines(feed.scene(), columns, height)
        feed.poll()
        lines = view.lines(feed.scene(), columns, height)
    finally:
        feed.stop()
    for line in shaded(lines) if styled else map(plain, lines):
        click.echo(line)
    return 0


def _show(connect: Callable[[], BlockingPlant], page: str) -> int:
    from petra.cli.screen.feed import Feed
    from petra.cli.screen.live import keyboard
    from petra.cli.screen.show import show
    from petra.cli.screen.terminal import Terminal
    from petra.cli.screen.view import End, View

    ended = threading.Event()
    screen = Terminal(sys.stdout.fileno(), keyboard())
    view = View("", keys=screen.has_keys, end=End.LEAVES)
    view.press(str(_PAGES.index(page) + 1))
    feed = Feed(connect, lambda: view.wanted, screen.wake)
    feed.open()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        screen.take_keys()
        screen.open()
        feed.start()
        show(view, feed, screen, ended.is_set, ended.set)
    except OSError:  # the terminal has gone, and nobody looks any more
        return 0
    finally:
        feed.stop()
        screen.restore()
        with suppress(OSError):
            screen.close()
    return 0
