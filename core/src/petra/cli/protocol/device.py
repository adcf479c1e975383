"""Reading and writing one device by hand: what the bench commands of every polled protocol share."""

from __future__ import annotations

import asyncio
import csv
import sys
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from petra.cli.console.output import print_json, print_table, shown
from petra.cli.console.values import as_typed
from petra.errors import PetraError

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.drivers.polling.connection import Connection
    from petra.drivers.polling.driver import PolledDriver

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Name = Callable[["Point"], str]


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; an error of the device or the connection ends the command."""
    try:
        return asyncio.run(main)
    except PetraError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _address(point: Point) -> str:
    return point.address


def how_to_read(function: F) -> F:
    """Add --every, --csv and --json; `read_points` takes what they say."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs."),
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV."),
        click.option(
            "--every", type=click.FloatRange(min=0.01), help="Read again and again, every so many seconds."
        ),
    ):
        function = option(function)
    return function


def read_points(
    driver: PolledDriver, *, every: float | None, as_csv: bool, as_json: bool, name: Name = _address
) -> None:
    """Read a driver's points and show them, once or again and again."""

    async def main() -> None:
        connection = await driver.connect()
        try:
            while True:
                _show(
                    [(name(p), v) for p, v in await _values(driver, connection)],
                    as_csv=as_csv,
                    as_json=as_json,
                )
                if every is None:
                    return
                await asyncio.sleep(every)
        finally:
            connection.close()

    run(main())


def write_point(driver: PolledDriver, text: str, *, verify: bool, name: Name = _address) -> None:
    """Write what was typed to a driver's only point, and read it back."""
    from petra.drivers.polling.writing import same

    (point,) = driver.points
    value = as_typed(text, point.type)

    async def main() -> None:
        connection = await driver.connect()
        try:
            wanted = driver.as_written(point, value)
            await connection.write(point, value)
            if not verify:
                click.echo(f"{name(point)} = {shown(wanted)} (taken, not read back)")
                return
            ((_, seen),) = await _values(driver, connection)
            if not same(seen, wanted):
                raise click.ClickException(f"{name(point)} holds {shown(seen)}, not {shown(wanted)}")
            click.echo(f"{name(point)} = {shown(seen)} (confirmed)")
        finally:
            connection.close()

    run(main())


def as_range(text: str, lowest: int, highest: int) -> tuple[int, int]:
    """Return the two ends of a range such as 1-20, or end the command with what was wrong."""
    first, _, last = text.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        raise click.BadParameter(f"{text!r} is not a range, such as 1-20")
    found = int(first), int(last or first)
    if not lowest <= found[0] <= found[1] <= highest:
        raise click.BadParameter(f"{text!r} is not a range within {lowest} to {highest}")
    return found


async def _values(driver: PolledDriver, connection: Connection) -> list[tuple[Point, Any]]:
    """Return what each point holds, or why it cannot be read."""
    from petra.drivers.contract.errors import PointError

    found: dict[Point, Any] = {}
    for request in driver.plan(driver.points, connection.limits):
        for part, answer in zip(request.parts, await connection.read(request), strict=True):
            values = [answer] * len(part.spans) if isinstance(answer, PointError) else answer
            found.update(zip((span.point for span in part.spans), values, strict=True))
    return [(point, found[point]) for point in driver.points]


def _show(found: list[tuple[str, Any]], *, as_csv: bool, as_json: bool) -> None:
    bad = [value for _, value in found if isinstance(value, PetraError)]
    if len(bad) == len(found):
        raise click.ClickException(str(bad[0]))
    plain = [(name, f"error: {v}" if isinstance(v, PetraError) else v) for name, v in found]
    if as_json:
        print_json(dict(plain))
    elif as_csv:
        rows = [(f"{time.time():.3f}", name, shown(v) if isinstance(v, bool) else v) for name, v in plain]
        csv.writer(sys.stdout).writerows(rows)
        sys.stdout.flush()
    elif len(plain) == 1:
        click.echo(shown(plain[0][1]))
    else:
        print_table(("address", "value"), [(name, shown(value)) for name, value in plain])
