"""`petra bench`: how fast PETRA is on this machine, and whether it has become slower."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from petra.cli.console.output import print_json, print_table, tinted
from petra.cli.console.session import Session, json_option, with_session

if TYPE_CHECKING:
    from petra.bench.report import Comparison
    from petra.bench.results import Result


class Preset(NamedTuple):
    """How much is measured."""

    signals: tuple[int, ...]
    blocks: tuple[int, ...]
    batches: int
    paced_s: float
    lateness_s: float
    periods_ms: tuple[float, ...]
    torn_reads: int
    growth_s: float
    reloads: int


PRESETS = {
    "quick": Preset((10_000,), (50, 1_000), 15, 1.0, 2.0, (10.0,), 50_000, 2.0, 200),
    "standard": Preset(
        (10_000,), (50, 100, 1_000), 31, 3.0, 20.0, (10.0, 50.0, 100.0), 1_000_000, 20.0, 2_000
    ),
    "stress": Preset(
        (10_000, 50_000),
        (50, 100, 1_000, 5_000, 20_000),
        31,
        5.0,
        60.0,
        (10.0, 50.0, 100.0),
        2_000_000,
        60.0,
        10_000,
    ),
    "edge": Preset((500,), (20, 100), 31, 3.0, 20.0, (100.0,), 100_000, 20.0, 500),
}
_ROUNDS = 5
_GROUPS = ("scan", "bus", "scheduler", "memory", "config", "channel")


class Numbers(click.ParamType):  # type: ignore[type-arg]  # generic in some versions of click only
    """Numbers with commas between them."""

    name = "N,N,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return them."""
        try:
            found = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            found = ()
        if not found or min(found) < 1:
            self.fail(f"{value!r} is not a list of numbers, such as 50,100", param, ctx)
        return found


@click.command()
@click.argument("groups", nargs=-1, type=click.Choice(_GROUPS), metavar="[GROUP] ...")
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="quick",
    show_default=True,
    help="How much to measure.",
)
@click.option("--signals", type=Numbers(), help="Numbers of signals, such as 10000,50000.")
@click.option("--blocks", type=Numbers(), help="Numbers of blocks, such as 50,100.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="How long to watch lateness and growth.")
@click.option("--baseline", "keep_as", metavar="NAME", help="Keep this run under a name.")
@click.option("--compare", "compare_with", metavar="NAME", help="Compare with the run of that name.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".petra-bench"),
    show_default=True,
    help="Where runs are kept.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the run as a page with plots.",
)
@json_option
@with_session
def bench(
    session: Session,
    groups: tuple[str, ...],
    *,
    preset: str,
    signals: tuple[int, ...] | None,
    blocks: tuple[int, ...] | None,
    seconds: float | None,
    keep_as: str | None,
    compare_with: str | None,
    folder: Path,
    page: Path | None,
    as_json: bool,
) -> int:
    """Measure the scan, the bus, memory, the channel and others.

    The groups are scan, bus, scheduler, memory, config and channel; without a name, all of them.

    `channel` runs two plants and 20 clients, one of which never reads, in processes of their own. It compares
    the lateness of a task beside its clients with that without clients, and with that beside clients of the
    other plant: those use the same processors.

    `hot` scans follow each other without a pause; `paced` ones run every 10 ms, as a task does. The ratio
    says how many times longer the same blocks take when their steps are called one by one, in the same run:
    it holds on any machine. With --compare, figures that are 10, 15 or 25 % worse are regressions, low, high
    or critical, and the exit code is 1 when there is a high or a critical one.
    """
    from petra.bench import report

    before = report.baseline(folder, compare_with) if compare_with else None
    chosen = PRESETS[preset]
    chosen = chosen._replace(signals=signals or chosen.signals, blocks=blocks or chosen.blocks)
    if seconds:
        chosen = chosen._replace(lateness_s=seconds, growth_s=seconds)
    results = []
    for found in _measured(session, groups or _GROUPS, chosen):
        results.append(found)
        click.echo(f"{found.key}: {report.said(found.p50)} {found.unit}", err=True)
    run = {**_machine(), "preset": preset, "results": [each.as_dict() for each in results]}
    comparisons = report.compared(results, before) if before else []
    if keep_as:
        click.echo(f"kept: {report.keep(folder, keep_as, run)}", err=True)
    if page:
        page.write_text(report.page(run, comparisons), "utf-8")
    if as_json:
        print_json(run | {"comparisons": [_as_dict(each) for each in comparisons]})
    else:
        _print(results, comparisons)
    return 1 if any(each.severity in ("high", "critical") for each in comparisons) else 0


def _measured(session: Session, groups: tuple[str, ...], preset: Preset) -> Iterator[Result]:
    from petra.bench.bus import measure_bus
    from petra.bench.channel import measure_channel
    from petra.bench.config import measure_config
    from petra.bench.memory import measure_memory
    from petra.bench.readers import measure_readers
    from petra.bench.scan import measure_scan, tuning
    from petra.bench.scheduler import measure_scheduler

    sizes = [(signals, blocks) for signals in preset.signals for blocks in preset.blocks]
    for group in groups:
        if group == "scan":
            yield from measure_scan(session.catalog, sizes, batches=preset.batches, paced_s=preset.paced_s)
            yield tuning(session.catalog)
        elif group == "bus":
            yield from measure_bus(preset.signals[0], batches=preset.batches, torn_reads=preset.torn_reads)
            yield from measure_readers(preset.signals[0], batches=preset.batches, seconds=preset.lateness_s)
        elif group == "scheduler":
            yield from measure_scheduler(session.catalog, preset.periods_ms, preset.lateness_s)
        elif group == "config":
            yield from measure_config(session.catalog)
        elif group == "channel":
            yield from measure_channel(_ROUNDS, preset.lateness_s)
        else:
            yield from measure_memory(
                session.catalog,
                preset.signals[0],
                min(1_000, max(preset.blocks)),
                seconds=preset.growth_s,
                reloads=preset.reloads,
            )


def _machine() -> dict[str, str]:
    from datetime import UTC, datetime

    from petra._version import __version__

    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "petra": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {platform.platform()}",
    }


def _print(results: list[Result], comparisons: list[Comparison]) -> None:
    from petra.bench.report import said

    print_table(
        ("benchmark", "unit", "p50", "p95", "p99", "min", "ratio", ""),
        [
            (
                r.key,
                r.unit,
                said(r.p50),
                said(r.p95),
                said(r.p99),
                said(r.minimum),
                f"{r.ratio:.2f}" if r.ratio else "",
                r.note,
            )
            for r in results
        ],
    )
    for each in comparisons:
        said_so = (
            f"{each.key}: {each.what} {said(each.before)} -> {said(each.now)}, worse by {each.worse:+.1%}"
        )
        click.echo(tinted(f"{said_so}: {each.severity} regression", "red") if each.severity else said_so)


def _as_dict(each: Comparison) -> dict[str, Any]:
    return {
        "key": each.key,
        "by": each.what,
        "before": each.before,
        "now": each.now,
        "worse": each.worse,
        "regression": each.severity,
    }
