"""`petra s7`: what a field engineer does with an S7 PLC, from a laptop."""

from __future__ import annotations

import asyncio
import csv
import sys
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

import click
from attrs import evolve

from petra import PetraError
from petra.cli.protocol import as_typed, plural, print_json, print_table, protocol_commands
from petra.drivers import Direction, Point, PointError, same

from .config import S7Config, S7Point
from .driver import S7Driver, S7Session
from .values import NAMES as TYPE_NAMES
from .wire import Area, Item

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_AREAS = ("DB", "I", "E", "Q", "A", "M", "C", "Z", "T")
_CPUS = ("s7-300", "s7-400", "s7-1200", "s7-1500", "logo", "s7-200")


@click.group()
def s7() -> None:
    """Talk to S7 PLCs, plan and simulate them.

    TARGET is HOST or HOST:PORT. ADDRESS is written as in Step 7 or TIA: DB100.DBX0.0, DB1.DBW2, DB1.REAL4,
    DB1.STRING10.20, M10.3, MW20, IB0, Q4.7, T5, C3. Or it is said apart: --area DB --db 100 --address 0.
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
        host, _, port = target.partition(":")
        try:
            config = S7Config(
                host=host,
                port=int(port or 102),
                timeout_ms=timeout * 1e3,
                **{name: more.pop(name) for name in named},
            )
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        return function(*args, config=config, **more)

    return call  # type: ignore[return-value]  # click has changed its signature


def _place(function: F) -> F:
    """Add the address, in one word or said apart; the command gets a point."""

    @click.argument("where", metavar="[ADDRESS]", required=False)
    @click.option("--area", type=click.Choice(_AREAS), help="Area, where ADDRESS is said apart.")
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


def _run(main: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(main)
    except PetraError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _opened(config: S7Config) -> Coroutine[Any, Any, S7Session]:
    return S7Session.open(config, config.timeout_ms / 1e3)


@s7.command()
@_target
def connect(*, config: S7Config) -> None:
    """Connect, and say what the PLC has agreed to."""

    async def main() -> None:
        began = time.perf_counter()
        session = await _opened(config)
        session.close()
        click.echo(f"connected in {(time.perf_counter() - began) * 1e3:.1f} ms: {session.detail}")

    _run(main())


@s7.command()
@_target
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def info(*, config: S7Config, as_json: bool) -> None:
    """Ask the PLC what it is."""

    async def main() -> dict[str, str]:
        session = await _opened(config)
        try:
            found = {"pdu": str(session.pdu)}
            for name, number in (("component", 0x1C), ("module", 0x11)):
                try:
                    records = await session.status_list(number)
                except PointError as error:
                    found[name] = str(error)
                    continue
                for record in records:
                    text = record[2:34].split(b"\0", 1)[0].decode("latin-1").strip()
                    key = (
                        _COMPONENTS.get(int.from_bytes(record[:2]), "") if number == 0x1C else "order number"
                    )
                    if key and text:
                        found.setdefault(key, text[:20].strip() if number == 0x11 else text)
            return found
        finally:
            session.close()

    found = _run(main())
    print_json(found) if as_json else print_table(("what", "is"), list(found.items()))


_COMPONENTS = {
    1: "system name",
    2: "module name",
    3: "plant",
    4: "copyright",
    5: "serial number",
    7: "module type",
    8: "memory card",
}


@s7.command("read")
@_target
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many values."
)
@_place
@click.option("--every", type=click.FloatRange(min=0.01), help="Read again and again, every so many seconds.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def read_(*, config: S7Config, point: S7Point, every: float | None, as_csv: bool, as_json: bool) -> None:
    """Read values from ADDRESS on."""
    driver = S7Driver(evolve(config, points=(point,)))

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


async def _values(driver: S7Driver, session: S7Session) -> list[tuple[Point, Any]]:
    found: dict[Point, Any] = {}
    for request in driver.plan(driver.points):
        for part, answer in zip(request.parts, await session.read(request), strict=True):
            values = [answer] * len(part.spans) if isinstance(answer, PointError) else answer
            found.update(zip((span.point for span in part.spans), values, strict=True))
    return [(point, found[point]) for point in driver.points]


def _show(found: list[tuple[Point, Any]], *, as_csv: bool, as_json: bool) -> None:
    bad = [value for _, value in found if isinstance(value, PointError)]
    if len(bad) == len(found):
        raise click.ClickException(str(bad[0]))
    plain = [(p.address, f"error: {v}" if isinstance(v, PointError) else v) for p, v in found]
    if as_json:
        print_json(dict(plain))
    elif as_csv:
        csv.writer(sys.stdout).writerows([(f"{time.time():.3f}", *row) for row in plain])
        sys.stdout.flush()
    elif len(plain) == 1:
        click.echo(plain[0][1])
    else:
        print_table(("address", "value"), [(name, str(value)) for name, value in plain])


@s7.command("write")
@_target
@_place
@click.option("--value", required=True, help="What to write.")
@click.option("--verify/--no-verify", default=True, help="Read back what was written.")
def write_(*, config: S7Config, point: S7Point, value: str, verify: bool) -> None:
    """Write a value to ADDRESS, and read it back."""
    whole = evolve(config, points=(evolve(point, direction=Direction.BOTH),))
    for flaw in (*whole.points[0].flaws(), *whole.flaws()):
        raise click.BadParameter(flaw.message)
    driver = S7Driver(whole)
    (target,) = driver.points
    typed = as_typed(value, target.type)

    async def main() -> None:
        session = await driver.connect()
        try:
            wanted = driver.as_written(target, typed)
            await session.write(target, typed)
            if not verify:
                click.echo(f"{target.address} = {wanted} (taken, not read back)")
                return
            ((_, seen),) = await _values(driver, session)
            if isinstance(seen, PointError) or not same(seen, wanted):
                raise click.ClickException(f"{target.address} holds {seen}, not {wanted}")
            click.echo(f"{target.address} = {seen} (confirmed)")
        finally:
            session.close()

    _run(main())


@s7.command()
@_target
@click.option("--dbs", default="1-100", show_default=True, metavar="FROM-TO", help="Data blocks to look for.")
def scan(*, config: S7Config, dbs: str) -> None:
    """Look for data blocks that can be read, and how long they are."""
    first, _, last = dbs.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal() or int(first) < 1:
        raise click.BadParameter(f"{dbs!r} is no range, such as 1-100")

    async def main() -> None:
        session = await _opened(config)
        found = 0
        try:
            for number in range(int(first), int(last or first) + 1):
                length = await _length(session, number)
                if length:
                    found += 1
                    click.echo(f"DB{number}: {plural(length, 'byte')}")
        finally:
            session.close()
        click.echo(plural(found, "data block"))

    _run(main())


async def _length(session: S7Session, number: int) -> int:
    """Return how many bytes of a data block can be read: the last readable one is searched by halves."""

    async def readable(byte: int) -> bool:
        (data,) = await session.read_items([Item(Area.DB, number, byte, 1)])
        return not isinstance(data, PointError)

    if not await readable(0):
        return 0
    low, high = 0, 65_536
    while high - low > 1:
        middle = (low + high) // 2
        if await readable(middle):
            low = middle
        else:
            high = middle
    return low + 1


for _command in protocol_commands("s7"):
    s7.add_command(_command)
