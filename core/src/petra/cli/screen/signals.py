"""The page of signals: a list with search, filters and orders, and a cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from petra.cli.console.output import plural, shown
from petra.cli.screen.keys import Cursor, Key
from petra.cli.screen.listing import Listing
from petra.cli.screen.page import listed
from petra.cli.screen.scene import Wanted
from petra.cli.screen.text import RED, YELLOW, Column, age
from petra.signals import Quality

if TYPE_CHECKING:
    from petra.cli.screen.scene import Scene

_COLUMNS = (
    Column("signal", 60),
    Column("value", 12),
    Column("unit", 8),
    Column("quality", 9),
    Column("age", 5, least=60, right=True),
    Column("writer", 30, least=120),
    Column("description", 40, least=160),
    Column("reason", 200),
)


class SignalsPage:
    """The list of signals. A cursor keeps to its signal, unless the order follows the values."""

    title = "signals"

    def __init__(self, act: Sequence[Key], detail: Callable[[], None]) -> None:
        self.typing = False
        self.cursor = Cursor()
        self._name = ""
        self._listing = Listing()
        self._names: Sequence[str] = ()
        self._seen = range(0)
        self._near = range(0)
        self._own = (
            *act,
            Key("/", "search", "search by name: Enter keeps it, Escape shows all", self._search),
            Key("s", "sort", "sort: as declared, by name, value, quality, age, last change", self._sort),
            Key("r", "", "reverse the order", self._reverse),
            Key("b", "bad", "only signals that are not good, or all again", self._bad),
            Key("o", "forced", "only signals that are forced, or all again", self._forced),
            Key("enter,right", "", "show all that is known of the signal", detail),
            Key("escape", "", "show all signals again", self._all),
            *self.cursor.keys(),
        )

    @property
    def keys(self) -> Sequence[Key]:
        """Its keys."""
        return self._own

    @property
    def wanted(self) -> Wanted:
        """The signals near the cursor; all only while the order or the filter depends on them."""
        return Wanted(tuple(self._names[i] for i in self._near), self._listing.needs_everything)

    @property
    def name(self) -> str:
        """The signal of the cursor, also between two frames; empty when none is listed."""
        return self._names[min(self.cursor.at, len(self._names) - 1)] if self._names else ""

    @property
    def query(self) -> str:
        """What is searched for."""
        return self._listing.query

    def type(self, key: str) -> None:
        """Take a key of a search."""
        listing = self._listing
        if key == "enter":
            self.typing = False
        elif key == "escape":
            self.typing, listing.query = False, ""
        elif key == "backspace":
            listing.query = listing.query[:-1]
        elif len(key) == 1:
            listing.query += key
        self._to_top()

    def lines(self, scene: Scene, columns: int, room: int) -> list[str]:
        """Return the titles and the signals that are seen."""
        self._find(scene)
        room = max(1, room - 1)
        self._seen = self.cursor.window(len(self._names), room)
        # whole pages: what is read changes once a page, and not with each step
        first = max(0, self._seen.start // room - 1) * room
        self._near = range(first, min(len(self._names), first + 4 * room))
        self._name = self.name
        seen = [self._names[i] for i in self._seen]
        rows = [_cells(scene, name) for name in seen]
        styles = [_style(scene, name) for name in seen]
        return listed(_fitting(columns, scene, seen), rows, styles, self._seen, self.cursor, columns)

    def where(self, scene: Scene) -> str:
        """Return which signals are seen."""
        count, said = len(self._names), str(self._listing)
        if self._listing.needs_everything and scene.latest is None:
            return f"waiting for the values of all signals {said}"
        seen = f"{self._seen.start + 1}-{self._seen.stop} of {plural(count, 'signal')}"
        return f"{seen if self._seen else 'no signals'} {said}".rstrip()

    def _find(self, scene: Scene) -> None:
        found = self._listing.names(scene)
        if found is self._names:
            return
        self._names = found
        if not self._listing.sort.live and self.cursor.at and self._name in scene.signals.by_name:
            try:
                self.cursor.at = found.index(self._name)
            except ValueError:  # it is not listed any more
                return

    def _to_top(self) -> None:
        self.cursor.at, self._name = 0, ""

    def _search(self) -> None:
        self.typing, self._listing.query = True, ""
        self._to_top()

    def _sort(self) -> None:
        self._listing.sort = self._listing.sort.next
        self._to_top()

    def _reverse(self) -> None:
        self._listing.reverse = not self._listing.reverse
        self._to_top()

    def _bad(self) -> None:
        self._listing.only_bad = not self._listing.only_bad
        self._to_top()

    def _forced(self) -> None:
        self._listing.only_forced = not self._listing.only_forced
        self._to_top()

    def _all(self) -> None:
        self._listing.show_all()


def _fitting(columns: int, scene: Scene, seen: Sequence[str]) -> Sequence[Column]:
    """Return the columns: two fifths of the terminal for names at most, none for units if none is seen."""
    units = any(scene.signals.by_name[name].signal.unit for name in seen if name in scene.signals.by_name)
    hidden = {"unit"} if not units else set()
    name = Column("signal", max(8, columns * 2 // 5))
    return [
        Column(each.title, each.most, columns + 1) if each.title in hidden else each
        for each in (name, *_COLUMNS[1:])
    ]


def _cells(scene: Scene, name: str) -> Sequence[str]:
    info, now = scene.signals.by_name.get(name), scene.values.get(name)
    forced = "forced" if scene.status is not None and name in scene.status.forced else ""
    unit, writer, about = (info.signal.unit, info.writer, info.signal.description) if info else ("", "", "")
    if now is None:
        return name, "", unit, "", "", writer, about, forced
    reason = "  ".join(filter(None, [forced, now.reason]))
    since = age(scene.now - now.time / 1e9) if now.time else ""
    return name, shown(now.value, 6), unit, now.quality.name.lower(), since, writer, about, reason


def _style(scene: Scene, name: str) -> str:
    now = scene.values.get(name)
    if now is None or not now.quality:
        return ""
    return RED if now.quality is Quality.BAD else YELLOW
