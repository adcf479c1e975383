"""The view of a plant: its pages, its keys, and the lines that fit a terminal. It draws and reads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from rich.cells import cell_len

from petra.cli.screen.detail import DetailPage
from petra.cli.screen.dialog import Dialog
from petra.cli.screen.keys import Key, foot_of, pressed
from petra.cli.screen.logs import LogPage
from petra.cli.screen.page import event_line
from petra.cli.screen.scene import Request, Scene, Told, Wanted
from petra.cli.screen.signals import SignalsPage
from petra.cli.screen.status import DriversPage, ServicesPage, TasksPage
from petra.cli.screen.summary import about, head
from petra.cli.screen.text import BOLD, DIM, GREEN, RED, YELLOW, cell, fit, styled, wrapped
from petra.plant import PlantAct

if TYPE_CHECKING:
    from petra.cli.screen.page import Page

_BARE = 10  # with fewer lines there is room for the head, a page and the foot only
_TOLD = {None: YELLOW, True: GREEN, False: RED}
_FIGURES = (
    "exec  what the last scan took, and 99 of 100, in ms",
    "late  how late scans began: 99 of 100, and the latest, in ms",
)


class End(Enum):
    """What leaving the view does to the plant: a word for the foot, a line for the help, and Ctrl-C."""

    STOPS = ("quit", "stop the plant, as Ctrl-C does", "Ctrl-C stops")
    LEAVES = ("leave, the plant runs on", "leave this view; the plant runs on", "Ctrl-C leaves")


class View:
    """Where a reader is, and what is shown there. It is given a scene, and says what the next one needs."""

    def __init__(self, title: str, *, keys: bool = True, end: End = End.STOPS) -> None:
        self.quitting = False
        """Whether the reader wants to leave."""
        self.wanted = Wanted()
        """What the page needs of the plant."""
        self._title = title
        self._has_keys = keys
        self._scene: Scene = Scene(0.0)
        self._help: int | None = None
        self._dialog: Dialog | None = None
        self._request: Request | None = None
        self._message = ""
        self._seen: Told | None = None
        """The outcome that the reader has seen."""
        self._interrupt = end.value[2]
        acts = self._acts()
        self._signals = SignalsPage(acts, self._show_detail)
        self._detail = DetailPage(acts, self._show_signals)
        self._pages: tuple[Page, ...] = (
            self._signals,
            DriversPage(),
            TasksPage(),
            ServicesPage(),
            LogPage(),
        )
        self._page: Page = self._signals
        self._common = (
            Key("?", "help", "this help, or the page again", self._toggle_help),
            Key("q", *end.value[:2], self._quit),
        )
        self._turns = (
            *(Key(str(n), "", f"the page of {p.title}", partial(self._turn, p)) for n, p in self._numbered()),
            Key("tab", "", "the next page", self._turn_next),
        )

    def press(self, key: str) -> None:
        """Do what a key says."""
        self._seen, self._message = self._scene.told, ""
        if self._dialog is not None:
            self._ask(self._dialog, key)
        elif self._signals.typing:
            self._signals.type(key)
        elif self._help is not None and key in ("escape", "enter"):
            self._help = None
        elif self._help is not None and key in ("up", "down", "page up", "page down"):
            self._help += {"up": -1, "down": 1, "page up": -10, "page down": 10}[key]
        else:
            turned = pressed((*self._common, *self._turns), key)
            if not turned and pressed(self._page.keys, key):
                self._help = None

    def taken_request(self) -> Request | None:
        """Return what the reader has confirmed, once."""
        request, self._request = self._request, None
        return request

    def lines(self, scene: Scene, columns: int, height: int) -> list[str]:
        """Return as many lines as there is room for, none wider than the terminal."""
        self._scene = scene
        above, foot = [head(self._title, scene, columns)], self._foot(columns, height)
        below = foot
        if height >= _BARE and self._page is self._signals:
            if scene.status is not None:
                above += about(scene.status, columns, (height - 6) // 3)
            below = [*(event_line(e, columns) for e in scene.events[-(height // 8) :]), *below]
        room = max(0, height - len(above) - len(below) - 1)
        page = self._page.lines(scene, columns, room) if room else []
        self.wanted = self._page.wanted
        if self._help is not None:
            page = self._help_lines(columns, room)
        page = page[:room] + [""] * (room - len(page))
        return (
            [*above, *page, *below, self._state(scene, columns, foot=bool(foot))][-height:]
            if height > 1
            else above
        )

    def _numbered(self) -> Sequence[tuple[int, Page]]:
        return list(enumerate(self._pages, 1))

    def _acts(self) -> Sequence[Key]:
        about = {
            PlantAct.WRITE: "write the signal: to its device where a point writes it",
            PlantAct.FORCE: "force the signal: it is held at a value, whatever writes it",
            PlantAct.UNFORCE: "release a signal that is forced",
        }
        return [Key(a.value[0], a.value, said, partial(self._begin, a)) for a, said in about.items()]

    def _foot(self, columns: int, height: int) -> list[str]:
        if height < _BARE or not self._has_keys:
            return []
        return [styled(fit(foot_of((*self._common, *self._page.keys), columns), columns), BOLD)]

    def _state(self, scene: Scene, columns: int, *, foot: bool) -> str:
        """Return the last line: a question, an outcome, or where the reader is."""
        if self._dialog is not None:
            return styled(self._dialog.line(columns), YELLOW)
        if self._signals.typing:
            count = self._signals.where(scene)
            return styled(fit(f"search: {self._signals.query}_   ({count}; Escape shows all)", columns), BOLD)
        if self._message:
            return styled(fit(self._message, columns), YELLOW)
        if scene.told is not None and scene.told is not self._seen:
            return styled(fit(scene.told.text, columns), _TOLD[scene.told.good])
        where, tabs = self._page.where(scene), self._tabs()
        hint = "" if foot else "? help" if self._has_keys else self._interrupt
        where = "   ".join(filter(None, [where, hint, scene.notice]))
        if foot and cell_len(where) + 2 + cell_len(tabs) <= columns:
            return styled(cell(where, columns - cell_len(tabs)), BOLD) + styled(tabs, DIM)
        return styled(fit(where, columns), BOLD)

    def _tabs(self) -> str:
        return "  ".join(f"{n} {page.title}" for n, page in self._numbered())

    def _help_lines(self, columns: int, room: int) -> list[str]:
        keys = [key for key in (*self._page.keys, *self._common, *self._turns) if key.about]
        text = [f"{key.names[0]:7} {key.about}" for key in keys] + ["", *_FIGURES]
        found = [line for each in text for line in wrapped(each, columns, 8)]
        self._help = max(0, min(self._help or 0, len(found) - room))
        return found[self._help : self._help + room]

    def _begin(self, act: PlantAct) -> None:
        """Ask for what an act needs, for the signal that is shown or that the cursor is at."""
        name = self._detail.name if self._page is self._detail else self._signals.name
        info, status = self._scene.signals.by_name.get(name), self._scene.status
        if info is None or status is None:
            return
        if act is PlantAct.UNFORCE and name not in status.forced:
            self._message = f"{name} is not forced"
            return
        self._dialog = Dialog(act, info, lambda: self._scene.values.get(name))

    def _ask(self, dialog: Dialog, key: str) -> None:
        dialog.press(key)
        if dialog.over:
            self._dialog, self._request = None, dialog.request

    def _show_detail(self) -> None:
        if self._signals.name:
            self._detail.show(self._signals.name)
            self._page = self._detail

    def _show_signals(self) -> None:
        self._page = self._signals

    def _turn(self, page: Page) -> None:
        self._page, self._help = page, None

    def _turn_next(self) -> None:
        at = self._pages.index(self._page) if self._page in self._pages else 0
        self._turn(self._pages[(at + 1) % len(self._pages)])

    def _toggle_help(self) -> None:
        self._help = 0 if self._help is None else None

    def _quit(self) -> None:
        self.quitting = True
