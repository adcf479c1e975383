"""`petra modbus`: what a field engineer does with a Modbus device, from a laptop."""

from __future__ import annotations

import asyncio
import csv
import sys
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from petra import PetraError
from petra.cli.protocol import as_typed, plural, print_json, print_table, protocol_commands
from petra.drivers import BusyError, Direction, NoAnswerError, Point, PointError, SessionError, same

from .address import Address, AddressError, Area, parse
from .client import Line, identify, open_line
from .client import read as read_registers
from .codec import NAMES as TYPE_NAMES
from .codec import ORDERS
from .config import ModbusConfig, ModbusConnection, ModbusPoint, Transport
from .detect import AROUND, LONGEST, near, ranked, readings
from .driver import ModbusDriver, ModbusSession, drivers

T = TypeVar("T")
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
    """Add TARGET and how to reach it; the command gets a connection without points."""

    @click.argument("target")
    @click.option("--unit", type=click.IntRange(1, 255), default=1, show_default=True, help="Unit id.")
    @click.option("--transport", "kind", type=click.Choice(_KINDS), help="tcp, or rtu for a serial device.")
    @click.option("--baud", type=int, default=19_200, show_default=True, help="Speed of a serial line.")
    @click.option("--parity", type=click.Choice(("even", "odd", "none")), default="even", show_default=True)
    @click.option("--stop-bits", type=click.IntRange(1, 2), default=1, show_default=True)
    @click.option(
        "--ca-file", type=click.Path(path_type=Path), help="Who signs the device's certificate (tls)."
    )
    @click.option("--insecure", is_flag=True, help="Take any certificate (tls).")
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
    """Add how a value lies in its registers."""

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
    """Return a driver with the one point that was asked for; what is wrong with it ends the command."""
    from attrs import evolve

    try:
        found = parse(address, modicon=connection.modicon)
    except AddressError as error:
        raise click.BadParameter(str(error)) from None
    bits = found.area.bits or found.bit is not None
    point = ModbusPoint(
        signal=address.replace(":", "_"),
        address=address,
        data_type=data_type or ("bool" if bits else "uint16"),
        order=order,
        length=length or 0,
        scale=scale,
        offset=offset,
        count=count,
        direction=direction,
    )
    whole = evolve(connection, points=(point,))
    for flaw in (*point.flaws(), *whole.flaws()):
        raise click.BadParameter(flaw.message)
    (driver,) = drivers(ModbusConfig(connections=(whole,)))
    return driver


def _run(main: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(main)
    except PetraError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _timeout(connection: ModbusConnection) -> float:
    return (connection.timeout_ms or 1_000.0) / 1e3


async def _opened(connection: ModbusConnection) -> Line:
    return await open_line(connection.transport, _timeout(connection))


@modbus.command()
@_target
def connect(*, connection: ModbusConnection) -> None:
    """Connect, and say whether the unit answers and how fast."""

    async def main() -> None:
        began = time.perf_counter()
        line = await _opened(connection)
        click.echo(f"connected in {(time.perf_counter() - began) * 1e3:.1f} ms")
        try:
            began = time.perf_counter()
            said = await _alive(line, connection.unit)
            took = (time.perf_counter() - began) * 1e3
            if said is None:
                raise click.ClickException(
                    f"unit {connection.unit} does not answer; petra modbus scan looks for units"
                )
            click.echo(f"unit {connection.unit} answers in {took:.1f} ms{said}")
        finally:
            line.exchange.close()

    _run(main())


async def _alive(line: Line, unit: int) -> str | None:
    """Say how a unit answers; None when it does not."""
    try:
        await read_registers(line, unit, Area.HOLDING, 0, 1)
    except (PointError, BusyError) as error:
        return f" (holding register 0: {error})"
    except NoAnswerError:
        return None
    return ""


@modbus.command()
@_target
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def info(*, connection: ModbusConnection, as_json: bool) -> None:
    """Ask a unit who made it, and which areas it has."""

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

    found = _run(main())
    print_json(found) if as_json else print_table(("what", "is"), list(found.items()))


@modbus.command("read")
@_target
@click.argument("address")
@_value
@click.option("--count", type=click.IntRange(1, 2_000), default=1, show_default=True, help="How many values.")
@click.option("--every", type=click.FloatRange(min=0.01), help="Read again and again, every so many seconds.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def read_(
    *,
    connection: ModbusConnection,
    address: str,
    count: int,
    every: float | None,
    as_csv: bool,
    as_json: bool,
    **value: Any,
) -> None:
    """Read values from ADDRESS on."""
    driver = _driver(connection, address, count=count, **value)

    async def main() -> None:
        session = await driver.connect()
        try:
            while True:
                _show(await _values(driver, session), as_csv=as_csv, as_json=as_json)
                if every is None:
                    return
                await asyncio.sleep(every)
        finally:
            session.close()

    _run(main())


async def _values(driver: ModbusDriver, session: ModbusSession) -> list[tuple[Point, Any]]:
    found: dict[Point, Any] = {}
    for request in driver.plan(driver.points):
        for part, answer in zip(request.parts, await session.read(request), strict=True):
            values = [answer] * len(part.spans) if isinstance(answer, PointError) else answer
            found.update(zip((span.point for span in part.spans), values, strict=True))
    return [(point, found[point]) for point in driver.points]


def _show(found: list[tuple[Point, Any]], *, as_csv: bool, as_json: bool) -> None:
    plain = [(str(p.detail.address), f"error: {v}" if isinstance(v, PointError) else v) for p, v in found]
    if as_json:
        print_json(dict(plain))
    elif as_csv:
        csv.writer(sys.stdout).writerows([(f"{time.time():.3f}", *row) for row in plain])
        sys.stdout.flush()
    elif len(plain) == 1:
        click.echo(plain[0][1])
    else:
        print_table(("address", "value"), [(name, str(value)) for name, value in plain])


@modbus.command("write", context_settings={"ignore_unknown_options": True})  # -5 is a value
@_target
@click.argument("address")
@click.argument("value")
@_value
@click.option("--verify/--no-verify", default=True, help="Read back what was written.")
def write_(*, connection: ModbusConnection, address: str, value: str, verify: bool, **how: Any) -> None:
    """Write VALUE to ADDRESS, and read it back."""
    driver = _driver(connection, address, direction=Direction.BOTH, **how)
    (point,) = driver.points
    typed = as_typed(value, point.type)

    async def main() -> None:
        session = await driver.connect()
        try:
            wanted = driver.as_written(point, typed)
            await session.write(point, typed)
            if not verify:
                click.echo(f"{point.detail.address} = {wanted} (taken, not read back)")
                return
            ((_, seen),) = await _values(driver, session)
            if not same(seen, wanted):
                raise click.ClickException(f"{point.detail.address} holds {seen}, not {wanted}")
            click.echo(f"{point.detail.address} = {seen} (confirmed)")
        finally:
            session.close()

    _run(main())


@modbus.command()
@_target
@click.option("--units", default="", metavar="FROM-TO", help="Look for units, such as 1-247.")
@click.option(
    "--addresses", default="", metavar="FROM-TO", help="Look for addresses of --unit, such as 0-999."
)
@click.option(
    "--area", type=click.Choice([a.name.lower() for a in Area]), default="holding", show_default=True
)
def scan(*, connection: ModbusConnection, units: str, addresses: str, area: str) -> None:
    """Look for units that answer, or for addresses that a unit has."""

    async def main() -> None:
        line = await _opened(connection)
        try:
            if addresses:
                await _scan_addresses(line, connection.unit, Area[area.upper()], *_range(addresses, 65_535))
            else:
                await _scan_units(line, *_range(units or "1-247", 255))
        finally:
            line.exchange.close()

    _run(main())


async def _scan_units(line: Line, first: int, last: int) -> None:
    found = 0
    for unit in range(max(1, first), last + 1):
        if (said := await _alive(line, unit)) is not None:
            found += 1
            click.echo(f"unit {unit}{said}")
    click.echo(f"{plural(found, 'unit')} of {last - first + 1}")


async def _scan_addresses(line: Line, unit: int, area: Area, first: int, last: int) -> None:
    """Read in pieces; halve a piece that is refused, so that gaps cost few requests."""
    good: list[int] = []
    pending = [(start, min(100, last + 1 - start)) for start in range(first, last + 1, 100)][::-1]
    while pending:
        start, count = pending.pop()
        try:
            await read_registers(line, unit, area, start, count)
        except PointError:
            if count > 1:
                half = count // 2
                pending += [(start + half, count - half), (start, half)]
            continue
        good += range(start, start + count)
    for begin, end in _ranges(good):
        click.echo(f"{Address(area, begin)} to {end}: {end - begin + 1} of them")
    click.echo(f"{len(good)} of {last - first + 1} addresses")


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def _range(text: str, highest: int) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        raise click.BadParameter(f"{text!r} is no range, such as 1-20")
    found = int(first), int(last or first)
    if not 0 <= found[0] <= found[1] <= highest:
        raise click.BadParameter(f"{text!r} is no range within 0 to {highest}")
    return found


@modbus.command()
@_target
@click.argument("address")
@click.option("--expect", type=float, help="About what value it should be.")
@click.option("--all", "everything", is_flag=True, help="Show every reading, not only the likely ones.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def detect(
    *, connection: ModbusConnection, address: str, expect: float | None, everything: bool, as_json: bool
) -> None:
    """Show what the registers at ADDRESS mean as every type, order and scale, the likeliest first."""
    try:
        at = parse(address, modicon=connection.modicon)
    except AddressError as error:
        raise click.BadParameter(str(error)) from None
    if at.area.bits:
        raise click.BadParameter("bits have only one meaning")

    async def main() -> tuple[bytes, int]:
        line = await _opened(connection)
        try:
            return await _registers_around(line, connection.unit, at)
        finally:
            line.exchange.close()

    registers, before = _run(main())
    found = ranked(readings(registers, before), expect)
    if not everything:
        found = near(found, expect)[:12]
    rows = [_yaml_of(at, reading.shift, reading) for reading in found]
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


async def _registers_around(line: Line, unit: int, at: Address) -> tuple[bytes, int]:
    """Read what surrounds an address, or less where the unit has less."""
    last: PointError | None = None
    for before, length in ((AROUND, LONGEST + AROUND), (0, LONGEST), (0, 2), (0, 1)):
        if at.offset - before < 0:
            continue
        try:
            return await read_registers(line, unit, at.area, at.offset - before, before + length), before
        except PointError as error:
            last = error
    raise SessionError(str(last))


def _yaml_of(at: Address, shift: int, reading: Any) -> dict[str, Any]:
    codec = reading.codec
    row = {
        "value": reading.value,
        "address": str(Address(at.area, at.offset + shift)),
        "data_type": codec.type,
    }
    if codec.size > 2 or codec.order != "ABCD":
        row["order"] = codec.order
    if codec.scale != 1.0:
        row["scale"] = codec.scale
    return row


for _command in protocol_commands("modbus"):
    modbus.add_command(_command)
