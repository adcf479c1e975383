"""`petra modbus`: commands to examine a Modbus device from a laptop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

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
from petra.drivers import BusyError, Direction, Point, PointError

from .address import Address, AddressError, Area, parse
from .client import Line, identify, open_line
from .client import read as read_registers
from .codec import NAMES as TYPE_NAMES
from .codec import ORDERS
from .config import ModbusConfig, ModbusConnection, ModbusPoint
from .detect import Interpretation, interpretations, near, ranked
from .driver import ModbusDriver, drivers
from .scan import addresses as addresses_of
from .scan import alive, registers_around
from .scan import units as units_of
from .transport import Transport

F = TypeVar("F", bound=Callable[..., Any])

_KINDS = ("tcp", "rtu", "rtu_over_tcp", "tls")


@click.group()
def modbus() -> None:
    """Talk to Modbus devices, plan and simulate them.

    TARGET is HOST, HOST:PORT or a serial device such as /dev/ttyUSB0. ADDRESS is an offset from 0 (100), with
    its area (holding:100, input:3, coil:5, discrete:7) or its bit (holding:100.3); with --modicon it is a
    number as manuals print it (40101).
    """


def _target(function: F) -> F:
    """Add TARGET and the options of its transport; the command gets a connection without points."""

    @click.argument("target")
    @click.option("--unit", type=click.IntRange(1, 255), default=1, show_default=True, help="Unit id.")
    @click.option("--transport", "kind", type=click.Choice(_KINDS), help="tcp, or rtu for a serial device.")
    @click.option("--baud", type=int, default=19_200, show_default=True, help="Speed of a serial line.")
    @click.option("--parity", type=click.Choice(("even", "odd", "none")), default="even", show_default=True)
    @click.option("--stop-bits", type=click.IntRange(1, 2), default=1, show_default=True)
    @click.option(
        "--ca-file",
        type=click.Path(path_type=Path),
        help="Authority that signs the device's certificate (tls).",
    )
    @click.option("--insecure", is_flag=True, help="Accept any certificate (tls).")
    @click.option(
        "--timeout", type=float, default=1.0, show_default=True, help="Seconds that an answer may take."
    )
    @click.option("--modicon", is_flag=True, help="Plain numbers are as manuals print them: 40001.")
    @wraps(function)
    def call(
        *args: Any, target: str, unit: int, kind: str | None, baud: int, parity: Any, stop_bits: int,
        ca_file: Path | None, insecure: bool, timeout: float, modicon: bool, **more: Any,
    ) -> Any:  # fmt: skip
        chosen: Any = kind or ("rtu" if target.startswith("/") else "tcp")
        try:
            transport = Transport(
                type=chosen,
                host="" if chosen == "rtu" else target,
                device=target if chosen == "rtu" else "",
                baud_rate=baud,
                parity=parity,
                stop_bits=stop_bits,
                ca_file=ca_file,
                insecure=insecure,
            )
            for flaw in transport.flaws():
                raise click.BadParameter(flaw.message)
            connection = ModbusConnection(
                name=target,
                transport=transport,
                unit=unit,
                addressing="modicon" if modicon else "zero_based",
                timeout_ms=timeout * 1e3,
            )
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        return function(*args, connection=connection, **more)

    return call  # type: ignore[return-value]  # click has changed its signature


def _value(function: F) -> F:
    """Add the options for how a value is stored in its registers."""

    @click.option(
        "--type",
        "data_type",
        type=click.Choice(TYPE_NAMES, case_sensitive=False),
        help="Data type; uint16, or bool for bits.",
    )
    @click.option(
        "--order", type=click.Choice(ORDERS), default="ABCD", show_default=True, help="Order of bytes."
    )
    @click.option("--length", type=click.IntRange(1, 240), help="Characters of a string.")
    @click.option("--scale", type=float, default=1.0, show_default=True)
    @click.option("--offset", type=float, default=0.0, show_default=True)
    @wraps(function)
    def call(*args: Any, **more: Any) -> Any:
        return function(*args, **more)

    return call  # type: ignore[return-value]  # click has changed its signature


def _driver(
    connection: ModbusConnection, address: str, *, data_type: str | None, order: Any, length: int | None,
    scale: float, offset: float, count: int = 1, direction: Direction = Direction.READ,
) -> ModbusDriver:  # fmt: skip
    """Return a driver with the one point that was asked for; BadParameter when it is not valid."""
    from attrs import evolve

    try:
        found = parse(address, modicon=connection.modicon)
    except AddressError as error:
        raise _bad_address(error) from None
    bits = found.area.bits or found.bit is not None
    if not math.isfinite(offset):
        raise click.BadParameter(f"an offset of {offset} is not a finite number")
    try:
        point = ModbusPoint(
            signal="value",
            address=address.strip(),
            data_type=data_type or ("bool" if bits else "uint16"),
            order=order,
            length=length or 0,
            scale=scale,
            offset=offset,
            count=count,
            direction=direction,
        )
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    whole = evolve(connection, points=(point,))
    for flaw in (*point.flaws(), *whole.flaws()):
        raise click.BadParameter(flaw.message)
    (driver,) = drivers(ModbusConfig(connections=(whole,)))
    return driver


def _bad_address(error: AddressError) -> click.BadParameter:
    text = str(error)
    if "addressing: modicon" in text:  # the advice for a document; a command has an option
        text = text.partition(":")[0] + ": write holding:NUMBER for the offset, or use --modicon"
    return click.BadParameter(text)


def _timeout(connection: ModbusConnection) -> float:
    return (connection.timeout_ms or 1_000.0) / 1e3


async def _opened(connection: ModbusConnection) -> Line:
    return await open_line(connection.transport, _timeout(connection))


@modbus.command()
@_target
def connect(*, connection: ModbusConnection) -> None:
    """Connect, and print whether the unit answers and how fast."""

    async def main() -> None:
        began = time.perf_counter()
        line = await _opened(connection)
        click.echo(f"connected in {(time.perf_counter() - began) * 1e3:.1f} ms")
        try:
            began = time.perf_counter()
            said = await alive(line, connection.unit)
            took = (time.perf_counter() - began) * 1e3
            if said is None:
                raise click.ClickException(
                    f"unit {connection.unit} does not answer; petra modbus scan searches for units"
                )
            click.echo(f"unit {connection.unit} answers in {took:.1f} ms{said}")
        finally:
            line.exchange.close()

    run(main())


@modbus.command()
@_target
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def info(*, connection: ModbusConnection, as_json: bool) -> None:
    """Print the manufacturer of a unit, and which areas it has."""

    async def main() -> dict[str, str]:
        line = await _opened(connection)
        try:
            found = await identify(line, connection.unit)
            for area in Area:
                try:
                    await read_registers(line, connection.unit, area, 0, 1)
                    found[area.name.lower()] = "answers at 0"
                except (PointError, BusyError) as error:
                    found[area.name.lower()] = str(error)
            return found
        finally:
            line.exchange.close()

    found = run(main())
    print_json(found) if as_json else print_table(("what", "is"), list(found.items()))


@modbus.command("read")
@_target
@click.argument("address")
@_value
@click.option("--count", type=click.IntRange(1, 2_000), default=1, show_default=True, help="How many values.")
@how_to_read
def read_command(
    *, connection: ModbusConnection, address: str, count: int, every: float | None, as_csv: bool,
    as_json: bool, **value: Any,
) -> None:  # fmt: skip
    """Read values from ADDRESS on."""
    driver = _driver(connection, address, count=count, **value)
    read_points(driver, every=every, as_csv=as_csv, as_json=as_json, name=_name)


def _name(point: Point) -> str:
    return str(point.detail.address)


@modbus.command("write", context_settings={"ignore_unknown_options": True})  # -5 is a value
@_target
@click.argument("address")
@click.argument("value")
@_value
@click.option("--verify/--no-verify", default=True, help="Read back what was written.")
def write_command(
    *, connection: ModbusConnection, address: str, value: str, verify: bool, **how: Any
) -> None:
    """Write VALUE to ADDRESS, and read it back."""
    driver = _driver(connection, address, direction=Direction.BOTH, **how)
    write_point(driver, value, verify=verify, name=_name)


@modbus.command("scan")
@_target
@click.option("--units", default="", metavar="FROM-TO", help="Search for units, such as 1-247.")
@click.option(
    "--addresses", default="", metavar="FROM-TO", help="Search for addresses of --unit, such as 0-999."
)
@click.option(
    "--area", type=click.Choice([a.name.lower() for a in Area]), default="holding", show_default=True
)
def scan_command(*, connection: ModbusConnection, units: str, addresses: str, area: str) -> None:
    """Search for units that answer, or for addresses that a unit has."""
    of = Area[area.upper()]
    first, last = as_range(addresses, 0, 65_535) if addresses else as_range(units or "1-247", 0, 255)

    async def main() -> None:
        line = await _opened(connection)
        try:
            if addresses:
                await _print_addresses(line, connection.unit, of, first, last)
            else:
                await _print_units(line, max(1, first), last)
        finally:
            line.exchange.close()

    run(main())


async def _print_units(line: Line, first: int, last: int) -> None:
    found = 0
    async for unit, said in units_of(line, first, last):
        found += 1
        click.echo(f"unit {unit}{said}")
    click.echo(f"{plural(found, 'unit')} of {last - first + 1}")


async def _print_addresses(line: Line, unit: int, area: Area, first: int, last: int) -> None:
    found = await addresses_of(line, unit, area, first, last)
    for begin, end in found:
        click.echo(f"{Address(area, begin)} to {end}: {end - begin + 1} of them")
    click.echo(f"{sum(end - begin + 1 for begin, end in found)} of {last - first + 1} addresses")


@modbus.command("detect")
@_target
@click.argument("address")
@click.option("--expect", type=float, help="The value to expect, roughly.")
@click.option(
    "--all", "everything", is_flag=True, help="Show every interpretation, not only the likely ones."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def detect_command(
    *, connection: ModbusConnection, address: str, expect: float | None, everything: bool, as_json: bool
) -> None:
    """Show the registers at ADDRESS in every type, order and scale, the likeliest first."""
    try:
        at = parse(address, modicon=connection.modicon)
    except AddressError as error:
        raise _bad_address(error) from None
    if at.area.bits:
        raise click.BadParameter("a bit has only one interpretation: give the address of a register")

    async def main() -> tuple[bytes, int]:
        line = await _opened(connection)
        try:
            return await registers_around(line, connection.unit, at)
        finally:
            line.exchange.close()

    registers, before = run(main())
    found = ranked(interpretations(registers, before), expect)
    if not everything:
        found = near(found, expect)[:12]
    rows = [_yaml_of(at, each) for each in found]
    if as_json:
        print_json(rows)
        return
    shown = registers[before * 2 :]
    click.echo("registers: " + " ".join(shown[i : i + 2].hex() for i in range(0, len(shown), 2)))
    print_table(
        ("value", "points: - {signal: NAME, ...}"),
        [
            (f"{row['value']:.8g}", ", ".join(f"{k}: {v}" for k, v in row.items() if k != "value"))
            for row in rows
        ],
    )


def _yaml_of(at: Address, found: Interpretation) -> dict[str, Any]:
    codec = found.codec
    row: dict[str, Any] = {
        "value": found.value,
        "address": str(Address(at.area, at.offset + found.shift)),
        "data_type": codec.type,
    }
    if codec.size > 2 or codec.order != "ABCD":
        row["order"] = codec.order
    if codec.scale != 1.0:
        row["scale"] = codec.scale
    return row


for _command in protocol_commands("modbus"):
    modbus.add_command(_command)
