"""`petra ps`: the plants that run on this machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from petra.cli.console.output import print_json, print_table, printable
from petra.cli.console.session import json_option

if TYPE_CHECKING:
    from petra.plant.registry import RunningPlant


@click.command()
@json_option
def ps(*, as_json: bool) -> None:
    """List the plants that run on this machine.

    A user sees the plants of that user and of the system service, root sees all. No plant is no failure.
    """
    from petra.plant.registry import running

    plants = running()
    if as_json:
        print_json([_as_json(plant) for plant in plants])
    elif plants:
        headings = ("name", "pid", "uptime", "document", "data folder", "channel", "version")
        print_table(headings, [_row(plant) for plant in plants])
    else:
        click.echo("no plant runs; start one with `petra run FILE`")


def _as_json(plant: RunningPlant) -> dict[str, Any]:
    return {
        "name": plant.name,
        "pid": plant.pid,
        "uptime_s": round(_uptime(plant), 1),
        "started_at": datetime.fromtimestamp(plant.started_at, UTC).isoformat(timespec="seconds"),
        "document": str(plant.document),
        "data_folder": str(plant.data_folder),
        "channel": plant.channel,
        "version": plant.version,
    }


def _row(plant: RunningPlant) -> tuple[str, ...]:
    texts = (str(plant.document), str(plant.data_folder), plant.channel, plant.version)
    return (printable(plant.name), str(plant.pid), _for_people(_uptime(plant)), *map(printable, texts))


def _uptime(plant: RunningPlant) -> float:
    return max(0.0, time.time() - plant.started_at)


def _for_people(seconds: float) -> str:
    """Return a time in its two largest units: 3 d 4 h, 12 min 5 s."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = [(days, "d"), (hour, "h"), (minute, "min"), (second, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{number} {unit}" for number, unit in parts[:2])
