"""`petra check`: every problem of every document, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from petra.cli.console.output import plural, print_json, tinted
from petra.cli.console.session import Session, json_option, with_session

if TYPE_CHECKING:
    from petra.config import Loaded, Problem

_MOST_SHOWN = 100


def _explain(ctx: click.Context, _: click.Parameter, code: str | None) -> None:
    if code is None:
        return
    from petra.closest import closest
    from petra.config.codes import CODES

    if code not in CODES:
        guess = closest(code, CODES)
        raise click.UsageError(
            f"There is no code {code!r}." + (f" Did you mean {guess!r}?" if guess else ""), ctx
        )
    click.echo(f"{code}\n\nCause: {CODES[code].cause}\n\nCure: {CODES[code].cure}")
    ctx.exit()


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option(
    "--most",
    type=click.IntRange(min=0),
    default=_MOST_SHOWN,
    show_default=True,
    help="How many problems of a file to print (not with --json).",
)
@click.option(
    "--explain",
    metavar="CODE",
    is_eager=True,
    expose_value=False,
    callback=_explain,
    help="Explain a problem code and what to do, and exit.",
)
@json_option
@with_session
def check(session: Session, files: tuple[str, ...], *, strict: bool, most: int, as_json: bool) -> int:
    """Check documents; every problem with its place.

    Nothing is connected and nothing is run. Errors stop a document from running; warnings deserve a look, and
    --strict takes them for errors; notes are good to know. FILE may be `-` for standard input. The exit code
    is 0 when all is good, 1 when there are problems, 2 when a file cannot be read.
    """
    from petra.config import load

    report = _Report(strict=strict, most=most, as_json=as_json)
    for (
        file
    ) in files:  # one at a time: a document of ten thousand signals is forgotten before the next is read
        report.add(load(file, session.catalog))
    return report.finish()


class _Report:
    """What is said of all the files together."""

    def __init__(self, *, strict: bool, most: int, as_json: bool) -> None:
        self._strict = strict
        self._most = most
        self._as_json = as_json
        self._files: list[dict[str, object]] = []
        self._errors = self._warnings = 0
        self._first_code = ""
        self._unreadable = False

    def add(self, result: Loaded) -> None:
        from petra.config import Severity

        warnings = sum(p.severity is Severity.WARNING for p in result.problems)
        bad = result.errors > 0 or (self._strict and warnings > 0)
        self._errors += result.errors
        self._warnings += warnings
        self._unreadable |= result.unreadable
        if bad:
            self._first_code = self._first_code or result.serious[0].code
        self._files.append({"file": result.file, "ok": not bad})
        if self._as_json:
            self._files[-1]["problems"] = [problem.as_dict() for problem in result.problems]
            self._files[-1]["left_out"] = result.left_out
        else:
            _print(result, self._most, bad=bad)

    def finish(self) -> int:
        good = all(file["ok"] for file in self._files)
        if self._as_json:
            print_json({"ok": good, "files": self._files})
        elif not good:
            click.echo(
                f"{plural(self._errors, 'error')} and {plural(self._warnings, 'warning')}"
                f" in {plural(len(self._files), 'file')}; petra check --explain {self._first_code}"
                + ("; --strict takes warnings for errors" if self._strict and not self._errors else ""),
                err=True,
            )
        if self._unreadable:
            return 2
        return 0 if good else 1


def _print(result: Loaded, most: int, *, bad: bool) -> None:
    for problem in result.problems[:most]:
        click.echo(_line(problem))
    hidden = max(0, len(result.problems) - most) + result.left_out
    if hidden:
        click.echo(f"{result.file}: and {plural(hidden, 'more problem')} (--most shows more)")
    if result.configuration is not None and not bad:
        plant = result.configuration.plant
        counts = [plural(len(plant.signals), "signal"), plural(len(plant.blocks), "block")]
        sections = [f"section {name}" for name in result.configuration.sections]
        click.echo(f"{result.file}: {tinted('good', 'green')}: {', '.join(counts + sections)}")


def _line(problem: Problem) -> str:
    colour = {"error": "red", "warning": "yellow"}.get(problem.severity.value, "cyan")
    return str(problem).replace(
        f": {problem.severity.value}: ", f": {tinted(problem.severity.value, colour)}: ", 1
    )
