"""Comparing a run with an earlier one, and showing a run as a page."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from petra.errors import PetraError

if TYPE_CHECKING:
    from pathlib import Path

    from petra.bench.results import Result

CLASSES = ((0.25, "critical"), (0.15, "high"), (0.10, "low"))
"""How much worse a figure has to be to belong to a class of regression."""


class BaselineError(PetraError):
    """A baseline does not exist, or cannot be stored."""


@frozen
class Comparison:
    """A figure beside its baseline. `worse` is a share: 0.1 for ten per cent worse."""

    key: str
    what: str
    before: float
    now: float
    worse: float

    @property
    def severity(self) -> str:
        """The class of the regression; empty when there is none."""
        return next((name for least, name in CLASSES if self.worse >= least), "")


def compared(results: Sequence[Result], baseline: Mapping[str, Any]) -> list[Comparison]:
    """Compare figures with a baseline: by the ratio to the reference where there is one, else by the median.

    A ratio can be compared between machines and under load; a median on the same idle machine only.
    """
    before = {f"{each['group']}: {each['name']}": each for each in baseline["results"]}
    found = []
    for now in results:
        then = before.get(now.key)
        if then is None:
            continue
        if now.ratio and then["ratio"]:
            found.append(
                Comparison(now.key, "ratio", then["ratio"], now.ratio, then["ratio"] / now.ratio - 1)
            )
        elif then["p50"] > 0:
            found.append(Comparison(now.key, "median", then["p50"], now.p50, now.p50 / then["p50"] - 1))
    return found


def keep(folder: Path, name: str, run: Mapping[str, Any]) -> Path:
    """Keep a run under a name."""
    path = folder / f"{name}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(run, indent=1), "utf-8")
    except OSError as error:
        raise BaselineError(f"{path} cannot be written: {error}") from error
    return path


def baseline(folder: Path, name: str) -> dict[str, Any]:
    """Return a run that was kept."""
    path = folder / f"{name}.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in folder.glob("*.json"))) or "none"
        raise BaselineError(f"there is no baseline {name!r} in {folder}; there are: {known}") from None
    except (OSError, ValueError) as error:
        raise BaselineError(f"{path} cannot be read: {error}") from error
    return found


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>petra bench</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100%; margin: 1rem 0 }}
th, td {{ text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #ddd; white-space: nowrap }}
th:first-child, td:first-child, td:last-child {{ text-align: left; white-space: normal }}
.critical {{ color: #b00020 }} .high {{ color: #c25e00 }} .low {{ color: #8a6d00 }}
svg text {{ font: 12px system-ui, sans-serif }}
</style></head><body><h1>petra bench</h1><p>{about}</p>{body}</body></html>
"""


def page(run: Mapping[str, Any], comparisons: Sequence[Comparison] = ()) -> str:
    """Return a run as an HTML page with tables and plots, in one file."""
    parts = []
    for group in dict.fromkeys(each["group"] for each in run["results"]):
        rows = [each for each in run["results"] if each["group"] == group]
        parts.append(f"<h2>{html.escape(group)}</h2>{_table(rows)}{_plots(rows)}")
    if comparisons:
        parts.append(f"<h2>beside the baseline</h2>{_compared_table(comparisons)}")
    about = html.escape(f"{run['date']}, petra {run['petra']}, Python {run['python']}, {run['machine']}")
    return _PAGE.format(about=about, body="".join(parts))


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", "unit", "p50", "p95", "p99", "min", "ratio", ""))
    lines = []
    for row in rows:
        figures = "".join(f"<td>{said(row[name])}</td>" for name in ("p50", "p95", "p99", "minimum"))
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else ""
        lines.append(
            f"<tr><td>{html.escape(row['name'])}</td><td>{row['unit']}</td>{figures}<td>{ratio}</td>"
            f"<td>{html.escape(row['note'])}</td></tr>"
        )
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _plots(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a bar from the least to the 99th percentile for each row, one plot for each unit."""
    return "".join(
        _plot(unit, [row for row in rows if row["unit"] == unit and row["p99"] > 0])
        for unit in dict.fromkeys(row["unit"] for row in rows if row["unit"])
    )


def _plot(unit: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    widest = max(row["p99"] for row in rows)
    height, left, width = 24, 380, 560
    marks = []
    for i, row in enumerate(rows):
        y = i * height + 4
        low, middle, high = (left + width * row[name] / widest for name in ("minimum", "p50", "p99"))
        marks.append(
            f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{html.escape(row["name"])}</text>'
            f'<rect x="{low:.1f}" y="{y + 4}" width="{max(1.0, high - low):.1f}" height="8" fill="#9db8d9"/>'
            f'<rect x="{middle - 1.5:.1f}" y="{y}" width="3" height="16" fill="#1f4e8c"/>'
            f'<text x="{high + 6:.1f}" y="{y + 13}">{said(row["p50"])} {unit}</text>'
        )
    total = len(rows) * height + 10
    label = f'role="img" aria-label="figures in {unit}"'
    return f'<svg viewBox="0 0 1100 {total}" {label}>{"".join(marks)}</svg>'


def _compared_table(comparisons: Sequence[Comparison]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", "by", "before", "now", "worse by", "regression"))
    lines = [
        f'<tr class="{c.severity}"><td>{html.escape(c.key)}</td><td>{c.what}</td><td>{said(c.before)}</td>'
        f"<td>{said(c.now)}</td><td>{c.worse:+.1%}</td><td>{c.severity or 'none'}</td></tr>"
        for c in comparisons
    ]
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def said(value: float) -> str:
    """Return a figure with its significant digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
