"""`petra write`, `force`, `unforce`, `tune`, `reload` and `stop`: acts on a running plant."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from petra.cli.console.output import print_json, printable, shown
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.console.values import Duration, as_typed
from petra.cli.running.connection import (
    complete_signals,
    connected,
    note_option,
    plant_argument,
    plant_option,
    signal_argument,
)

if TYPE_CHECKING:
    from petra.plant.blocking import BlockingPlant
    from petra.plant.status import PlantStatus
    from petra.plant.values import ActResult
    from petra.signals import Value

_LOOK_AGAIN = 0.1  # seconds


@click.command(context_settings={"ignore_unknown_options": True})  # a value may be -5
@signal_argument
@click.argument("value")
@note_option
@plant_option
@json_option
@with_session
def write(session: Session, signal: str, value: str, *, note: str, plant: str | None, as_json: bool) -> int:
    """Write a signal of a running plant.

    Where a point writes it, it goes to the device, and what the device says is waited for. The exit code
    is 0 when it is done, 1 when it is refused or not confirmed, 2 when the plant cannot be reached or has
    no such signal.
    """
    with connected(session, plant) as reached:
        return _told([reached.command(signal, _typed(reached, signal, value), note=note)], as_json=as_json)


@click.command(context_settings={"ignore_unknown_options": True})
@signal_argument
@click.argument("value")
@note_option
@plant_option
@json_option
@with_session
def force(session: Session, signal: str, value: str, *, note: str, plant: str | None, as_json: bool) -> int:
    """Hold a signal of a running plant at a value.

    Whatever writes it, until it is unforced. `petra forces` lists what is held. A force outlasts a
    reload, and a restart of a plant that retains.
    """
    with connected(session, plant) as reached:
        return _told([reached.force(signal, _typed(reached, signal, value), note=note)], as_json=as_json)


@click.command()
@click.argument("signals", metavar="[SIGNAL]...", nargs=-1, shell_complete=complete_signals)
@click.option("--all", "everything", is_flag=True, help="Release all signals that are held.")
@note_option
@plant_option
@json_option
@with_session
def unforce(
    session: Session,
    signals: tuple[str, ...],
    *,
    everything: bool,
    note: str,
    plant: str | None,
    as_json: bool,
) -> int:
    """Release signals that are held.

    What writes them counts again.
    """
    if bool(signals) is everything:
        raise click.UsageError("Name the signals to release, or give --all.")
    with connected(session, plant) as reached:
        names = [force.signal for force in reached.forces()] if everything else _single(signals)
        return _told([reached.unforce(name, note=note) for name in names], as_json=as_json)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("block")
@click.argument("parameter")
@click.argument("value")
@note_option
@plant_option
@json_option
@with_session
def tune(
    session: Session,
    block: str,
    parameter: str,
    value: str,
    *,
    note: str,
    plant: str | None,
    as_json: bool,
) -> int:
    """Change a parameter of a block of a running plant.

    It changes between two scans, and holds until the next reload or restart. To keep it, change the
    document too: petra edit FILE set "blocks[BLOCK].params.PARAMETER" VALUE
    """
    with connected(session, plant) as reached:
        return _told([reached.tune(block, parameter, _value(value), note=note)], as_json=as_json)


@click.command()
@plant_argument
@note_option
@json_option
@with_session
def reload(session: Session, *, note: str, plant: str | None, as_json: bool) -> int:
    """Have a running plant read its document again.

    It changes to it between two scans. A document with problems is refused, and everything goes on as it
    was: the exit code is 1. `petra plan` shows before what would change.
    """
    with connected(session, plant) as reached:
        return _told([reached.reload(note=note)], as_json=as_json)


@click.command()
@plant_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--wait", type=Duration(), default=15.0, show_default="15s", help="How long to wait until it has ended."
)
@note_option
@json_option
@with_session
def stop(session: Session, *, plant: str | None, yes: bool, wait: float, note: str, as_json: bool) -> int:
    """Stop a running plant.

    Safe values are written, and its process ends. In a terminal it asks before. The exit code is 1 when
    the plant refuses, or has not ended in time.
    """
    with connected(session, plant) as reached:
        status = reached.status()
        if not yes and sys.stdin.isatty():
            click.confirm(f"Stop {status.name} ({status.document}, process {status.pid})?", abort=True)
        result = reached.stop(note=note)
    ended = not result.ok or _has_ended(status, wait)
    code = _told([result], as_json=as_json)
    if not ended:
        click.echo(f"petra: process {status.pid} has not ended within {wait:g} s", err=True)
    return code or (0 if ended else 1)


def _has_ended(status: PlantStatus, within: float) -> bool:
    """Wait until a plant is no longer among those that run, and has given its lock back."""
    from petra.plant.liveness import lock_of
    from petra.plant.registry import running

    lock = Path(status.data_dir or ".", "lock")
    until = time.monotonic() + within
    while any(plant.pid == status.pid for plant in running()) or (status.data_dir and lock_of(lock)[0]):
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_AGAIN)
    return True


def _single(names: Sequence[str]) -> Sequence[str]:
    """Return names, none of which is a pattern."""
    from petra.plant.names import is_pattern

    for name in names:
        if is_pattern(name):
            raise click.BadParameter(f"{name!r} is a pattern: name one signal")
    return names


def _typed(plant: BlockingPlant, signal: str, text: str) -> Value:
    """Return a value of the signal's type."""
    _single([signal])
    (info,) = plant.signals(signal)
    return as_typed(text, info.signal.type)


def _value(text: str) -> Any:
    """Return a value as a document would have it: 5, 2.5, true, or a text."""
    from petra.config.edit import EditError
    from petra.config.edit.listed import read_value

    try:
        return read_value(text)
    except EditError as error:
        raise click.BadParameter(f"{text!r}: {error.message}") from None


def _told(results: Sequence[ActResult], *, as_json: bool) -> int:
    """Print how acts have ended; return the exit code."""
    if as_json:
        import msgspec

        print_json([{**msgspec.to_builtins(result), "ok": result.ok} for result in results])
    elif not results:
        click.echo("no signal is forced")
    else:
        for result in results:
            _print(result)
    return 0 if all(result.ok for result in results) else 1


def _print(result: ActResult) -> None:
    value = "" if result.value is None else f" = {printable(shown(result.value))}"
    outcome = "refused" if result.refused else result.outcome.value.replace("_", " ")
    because = f": {printable(result.reason)}" if result.reason else ""
    click.echo(f"{result.act.value} {printable(result.target)}{value}: {outcome}{because}", err=not result.ok)
    for detail in result.details:
        click.echo(f"  {printable(detail)}", err=not result.ok)
