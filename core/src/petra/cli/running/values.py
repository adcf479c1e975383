"""`petra read` and `petra watch`: what the signals of a running plant are, now and from now on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from petra.cli.console.output import print_json, print_table, printable, shown
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.console.values import Duration
from petra.cli.running.connection import complete_signals, connected, connected_async, plant_option
from petra.cli.running.texts import length, moment, state, written

if TYPE_CHECKING:
    from petra.plant.channel.client import ChannelPlant
    from petra.plant.channel.remote import RemoteWatch
    from petra.plant.values import SignalValue, Snapshot

_LOOK_AGAIN = 0.2  # seconds

names_argument = click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_signals)


@click.command()
@names_argument
@plant_option
@click.option("--value", "bare", is_flag=True, help="Print the values alone, one on a line, for scripts.")
@json_option
@with_session
def read(session: Session, names: tuple[str, ...], *, plant: str | None, bare: bool, as_json: bool) -> int:
    """Show what signals of a running plant are now.

    All values are of one scan. NAME is a signal, or a pattern such as 'pump*'. Without one, all signals
    of the document are shown; 'petra.*' are those of the engine itself. The exit code is 0 when all are
    usable, 1 when one is bad, 2 when the plant cannot be reached or has no such signal.
    """
    from petra.signals.quality import Quality

    with connected(session, plant) as reached:
        snapshot = reached.read(names or "*")
    found = [*_each(snapshot, own=bool(names))]
    if names and not found:
        raise click.ClickException(f"no signal matches {' '.join(names)}")
    if as_json:
        data = [_as_data(each) for each in found]
        print_json({"scan": snapshot.scan, "time": snapshot.time, "signals": data})
    elif bare:
        for each in found:
            click.echo(printable(shown(each.now.value, 17)))
    else:
        print_table(("name", "value", "state", "age"), [_row(each, snapshot.time) for each in found])
    return 1 if any(each.now.quality is Quality.BAD for each in found) else 0


@click.command()
@names_argument
@plant_option
@click.option("--every", type=Duration(), help="Tell at most once in this time, such as 1s.")
@click.option("--for", "seconds", type=Duration(), help="End after this time, such as 10s or 5m.")
@json_option
@with_session
def watch(
    session: Session,
    names: tuple[str, ...],
    *,
    plant: str | None,
    every: float | None,
    seconds: float | None,
    as_json: bool,
) -> int:
    """Print signals of a running plant whenever they change.

    First all of them, then what has changed, until Ctrl-C. NAME is a signal, or a pattern such as
    'pump*'. With --json each change is one line. When the plant is restarted, watching goes on. What
    changes faster than it can be printed is merged to the newest state.
    """

    async def watched() -> None:
        async with connected_async(session, plant) as reached:
            await _watch(reached, names, every or 0.0, as_json=as_json)

    async def limited() -> None:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await watched()
        except TimeoutError:
            if not limit.expired():
                raise

    try:
        asyncio.run(limited())
    except KeyboardInterrupt:
        return 0
    return 0


async def _watch(plant: ChannelPlant, names: Sequence[str], every: float, *, as_json: bool) -> None:
    if not await plant.signals(names or "*"):
        raise click.ClickException(f"no signal matches {' '.join(names)}")
    async with plant.watch(names or "*", every=every) as changes:
        telling = asyncio.create_task(_tell_of_losses(changes))
        try:
            async for snapshot in changes:
                for each in _each(snapshot, own=bool(names)):
                    click.echo(_line(each, snapshot, as_json=as_json))
        finally:
            telling.cancel()


async def _tell_of_losses(changes: RemoteWatch) -> None:
    """Say when the plant has gone, and when it is there again."""
    lost = False
    while True:
        await asyncio.sleep(_LOOK_AGAIN)
        if changes.is_lost is not lost:
            lost = changes.is_lost
            said = "has gone; this goes on when it runs again" if lost else "runs again"
            click.echo(f"petra: the plant {said}", err=True)


@frozen
class _Shown:
    """A signal as it is shown."""

    name: str
    unit: str
    now: SignalValue
    forced: bool


def _each(snapshot: Snapshot, *, own: bool) -> Iterator[_Shown]:
    """Yield the signals; those of the engine itself only if they are asked for."""
    from petra.scan.engine_signals import PREFIX

    signals, forced = snapshot.layout.signals, snapshot.forced
    for index, (name, now) in zip(snapshot.indices, snapshot.items(), strict=True):
        if own or not name.startswith(PREFIX):
            yield _Shown(name, signals[index].unit, now, index in forced)


def _line(each: _Shown, snapshot: Snapshot, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"scan": snapshot.scan, **_as_data(each)}, ensure_ascii=False)
    said = state(each.now, forced=each.forced)
    text = f"{moment(snapshot.time)}  {printable(each.name)} = {written(each.now.value, each.unit)}"
    return text if said == "good" else f"{text}  {said}"


def _row(each: _Shown, now: int) -> tuple[str, ...]:
    age = length((now - each.now.time) / 1e9) if each.now.time else ""
    value = written(each.now.value, each.unit)
    return printable(each.name), value, state(each.now, forced=each.forced), age


def _as_data(each: _Shown) -> dict[str, Any]:
    return {
        "name": each.name,
        "value": each.now.value,
        "unit": each.unit,
        "quality": each.now.quality.name.lower(),
        "reason": each.now.reason,
        "time": each.now.time,
        "forced": each.forced,
    }
