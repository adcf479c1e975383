"""`petra s7`: what a field engineer does with an S7 PLC, from a laptop."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
from attrs import evolve

from petra.cli.protocol import (
    as_range,
    how_to_read,
    plural,
    print_json,
    print_table,
    protocol_commands,
    read_points,
    run,
    write_point,
)
from petra.drivers import Direction

from .address import NAMES as AREA_NAMES
from .codec import NAMES as TYPE_NAMES
from .config import S7Config, S7Point

if TYPE_CHECKING:
    from .client import Line
    from .driver import S7Driver

F = TypeVar("F", bound=Callable[..., Any])

_CPUS = ("s7-300", "s7-400", "s7-1200", "s7-1500", "logo", "s7-200")


@click.group()
def s7() -> None:
    """Talk to S7 PLCs, plan and simulate them.

    TARGET is HOST or HOST:PORT. ADDRESS is written as in Step 7 or TIA: DB100.DBX0.0, DB1.DBW2, DB1.REAL4,
    DB1.STRING10.20, M10.3, MW20, IB0, Q4.7, T5, C3. Or give its parts: --area DB --db 100 --address 0.
    """


def _target(function: F) -> F:
    """Add TARGET and how to reach it; the command gets a configuration without points."""

    @click.argument("target")
    @click.option("--cpu", type=click.Choice(_CPUS), help="Kind of PLC; it says the slot, or the TSAPs.")
    @click.option("--rack", type=click.IntRange(0, 7), default=0, show_default=True)
    @click.option("--slot", type=click.IntRange(0, 31), help="Slot; 2 if neither this nor --cpu is given.")
    @click.option(
        "--connection-type", type=click.Choice(("PG", "OP", "basic")), default="PG", show_default=True
    )
    @click.option("--local-tsap", default="", help="Own TSAP, such as 01.00.")
    @click.option("--remote-tsap", default="", help="TSAP of the PLC, in place of rack and slot.")
    @click.option(
        "--timeout", type=float, default=5.0, show_default=True, help="Seconds that an answer may take."
    )
    @wraps(function)
    def call(*args: Any, target: str, timeout: float, **more: Any) -> Any:
        named = ("cpu", "rack", "slot", "connection_type", "local_tsap", "remote_tsap")
        try:
            config = S7Config(
                host=target,
                timeout_ms=timeout * 1e3,
                **{name: more.pop(name) for name in named},
            )
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        for flaw in config.flaws():
            raise click.BadParameter(flaw.message)
        return function(*args, config=config, **more)

    return call  # type: ignore[return-value]  # click has changed its signature


def _place(function: F) -> F:
    """Add the address, in one word or in parts; the command gets a point."""

    @click.argument("where", metavar="[ADDRESS]", required=False)
    @click.option(
        "--area", type=click.Choice(tuple(AREA_NAMES)), help="Area, where the address is given in parts."
    )
    @click.option("--db", type=click.IntRange(1, 65_535), help="Data block.")
    @click.option("--address", type=click.IntRange(0, 65_535), help="Byte, timer or counter.")
    @click.option("--bit", type=click.IntRange(0, 7), help="Bit of the byte.")
    @click.option("--data-type", "--type", "data_type", type=click.Choice(TYPE_NAMES, case_sensitive=False))
    @click.option("--length", type=click.IntRange(1, 16_382), help="Characters of a string.")
    @wraps(function)
    def call(
        *args: Any, where: str | None, area: Any, db: int | None, address: int | None, bit: int | None,
        data_type: str | None, length: int | None, count: int = 1, **more: Any,
    ) -> Any:  # fmt: skip
        if address is not None and where is not None and more.get("typed", "") is None:
            where, more["typed"] = None, where  # the address is given in parts: what is left is the value
        if (where is None) is (address is None):
            raise click.UsageError("give ADDRESS, such as DB1.REAL4, or --area and --address")
        apart: dict[str, Any] = {} if where else {"area": area, "db_number": db, "bit": bit}
        point = S7Point(
            signal="value",
            address=where if where is not None else address or 0,
            data_type=data_type or "",
            length=length or 0,
            count=count,
            direction=Direction.READ,
            **apart,
        )
        for flaw in point.flaws():
            raise click.BadParameter(flaw.message)
        return function(*args, point=point, **more)

    return call  # type: ignore[return-value]  # click has changed its signature


def _driver(config: S7Config) -> S7Driver:
    from .driver import S7Driver  # late: it imports python-snap7

    return S7Driver(config)


async def _opened(config: S7Config) -> Line:
    from .client import open_line

    return await open_line(config, config.timeout_ms / 1e3)


@s7.command()
@_target
def connect(*, config: S7Config) -> None:
    """Connect, and print what the PLC has agreed to."""

    async def main() -> None:
        from .driver import describe

        began = time.perf_counter()
        line = await _opened(config)
        line.exchange.close()
        took = (time.perf_counter() - began) * 1e3
        click.echo(f"connected in {took:.1f} ms: {describe(config)}, {line.agreed}")

    run(main())


@s7.command()
@_target
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def info(*, config: S7Config, as_json: bool) -> None:
    """Ask the PLC for its name, type and serial number."""

    async def main() -> dict[str, str]:
        from .client import identify

        line = await _opened(config)
        try:
            return {"pdu": str(line.pdu), **await identify(line)}
        finally:
            line.exchange.close()

    found = run(main())
    print_json(found) if as_json else print_table(("what", "is"), list(found.items()))


@s7.command("read")
@_target
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many values."
)
@_place
@how_to_read
def read_(*, config: S7Config, point: S7Point, **how: Any) -> None:
    """Read values from ADDRESS on."""
    read_points(_driver(evolve(config, points=(point,))), **how)


@s7.command("write", context_settings={"ignore_unknown_options": True})  # -5 is a value
@_target
@_place
@click.argument("typed", metavar="VALUE", required=False)
@click.option("--value", help="What to write, in place of VALUE.")
@click.option("--verify/--no-verify", default=True, help="Read back what was written.")
def write_(*, config: S7Config, point: S7Point, typed: str | None, value: str | None, verify: bool) -> None:
    """Write a value to ADDRESS, and read it back."""
    given = [text for text in (typed, value) if text is not None]
    if len(given) != 1:
        raise click.UsageError("give what to write once: VALUE or --value")
    whole = evolve(config, points=(evolve(point, direction=Direction.BOTH),))
    for flaw in (*whole.points[0].flaws(), *whole.flaws()):
        raise click.BadParameter(flaw.message)
    write_point(_driver(whole), given[0], verify=verify)


@s7.command("scan")
@_target
@click.option("--dbs", default="1-100", show_default=True, metavar="FROM-TO", help="Data blocks to look for.")
def scan_(*, config: S7Config, dbs: str) -> None:
    """Look for data blocks that can be read, and how long they are."""
    first, last = as_range(dbs, 1, 65_535)

    async def main() -> None:
        from .scan import data_blocks

        line = await _opened(config)
        found = 0
        try:
            async for number, length in data_blocks(line, first, last):
                found += 1
                click.echo(f"DB{number}: {plural(length, 'byte')}")
        finally:
            line.exchange.close()
        click.echo(plural(found, "data block"))

    run(main())


for _command in protocol_commands("s7"):
    s7.add_command(_command)
