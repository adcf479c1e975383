"""The configuration of Modbus connections and their points."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen
from attrs.validators import and_, ge, gt, instance_of, le, max_len, min_len, optional

from petra import SignalType, SignalUse, about
from petra.drivers import PointError, PointSettings, usable_scale
from petra.settings import AnyCase, Flaw, Named, Used

from .address import (
    MOST_BITS,
    MOST_REGISTERS,
    MOST_WRITTEN_REGISTERS,
    NAMES,
    Address,
    AddressError,
    Area,
    parse,
    says_bits,
)
from .codec import NAMES as TYPE_NAMES
from .codec import Codec, type_named
from .transport import Transport

if TYPE_CHECKING:
    from petra.signals import Value

Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]

_Taken = dict[tuple[int, Area, int], dict[int | None, str]]
"""The signal that writes each register or coil, or each bit of a register."""

_LONGEST_UNIT = 100
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|0x[0-9a-f]+)", re.IGNORECASE)
# 0 is a broadcast, which no unit answers. On a serial line 248 to 255 are reserved (MODBUS over Serial Line
# V1.02, 2.2); over TCP, 255 is the device itself and not a unit behind it (MODBUS Messaging on TCP/IP V1.0b,
# 4.4.2).
_UNIT = and_(ge(1), le(255))
_MS = and_(gt(0.0), le(3_600_000.0))


def _unit_of_either_kind(_: object, __: object, value: int | str) -> None:
    """Refuse a number that no unit has, and a text that looks like a number: it is ambiguous."""
    if isinstance(value, int):
        if not 1 <= value <= 255:
            raise ValueError(f"units are numbered 1 to 255, and this is {value}")
    elif not value.strip() or _NUMBER.fullmatch(value.strip()):
        raise ValueError(
            f"{value!r} is ambiguous, the number of a unit or an engineering unit: "
            "write unit_id: NUMBER, or engineering_unit: TEXT"
        )
    elif len(value) > _LONGEST_UNIT:
        raise ValueError(f"an engineering unit has at most {_LONGEST_UNIT} characters")


@frozen(kw_only=True, slots=False)
class ModbusPoint(PointSettings):
    """One value of a device, or an array of them."""

    address: int | str = field(
        metadata=about("Such as 100, holding:100, 100.3 (a bit), or 40101 with `modicon`")
    )
    data_type: str = field(
        default="",
        validator=AnyCase(TYPE_NAMES),
        metadata=about("Type of the value; if not given, bool for a bit, else uint16", aliases=("type",)),
    )
    area: Literal["coil", "discrete", "holding", "input"] | None = field(
        default=None, metadata=about("Area of a plain number; coil for a bool, holding for all else")
    )
    bit: int | None = field(
        default=None,
        validator=optional(and_(ge(0), le(15))),
        metadata=about("Bit of the register, for a bool"),
    )
    order: Order | None = field(
        default=None, metadata=about("Order of bytes in two registers, if not that of its connection")
    )
    length: int = field(default=0, validator=and_(ge(0), le(240)), metadata=about("Characters of a string"))
    packing: Literal["two_per_register", "one_per_register"] = field(
        default="two_per_register", metadata=about("How the characters of a string are stored in registers")
    )
    scale: float = field(
        default=1.0,
        validator=usable_scale,
        metadata=about("The value is the number in the registers times this"),
    )
    offset: float = field(default=0.0, metadata=about("plus this"))
    count: int = field(
        default=1,
        validator=and_(ge(1), le(2_000)),
        metadata=about("Items of an array; their signals are called NAME.0, NAME.1 and so on"),
    )
    unit_id: int | None = field(
        default=None,
        validator=optional(_UNIT),
        metadata=about("Unit that holds it, if not the connection's", aliases=("slave_id", "station")),
    )
    unit: int | str | None = field(
        default=None,
        validator=optional(_unit_of_either_kind),
        metadata=about("A number is its `unit_id`, a text such as bar its `engineering_unit`"),
    )

    engineering_unit: str = field(
        default="",
        validator=max_len(_LONGEST_UNIT),
        metadata=about("What the value is measured in, such as bar, for display", aliases=("units",)),
    )

    @property
    def station(self) -> int | None:
        """The number of the unit that holds the value, if the point names one."""
        return self.unit if isinstance(self.unit, int) else self.unit_id

    @property
    def type_name(self) -> str:
        """The data type by its canonical name."""
        return type_named(self.data_type or ("bool" if self._is_bit else "uint16")) or self.data_type

    @property
    def _is_bit(self) -> bool:
        """Whether the address is that of a bit, in either convention."""
        return "." in str(self.address) or self.bit is not None or says_bits(str(self.address), self.area)

    @property
    def holds(self) -> SignalType:
        """The type of its signals."""
        return Codec(self.type_name, scale=self.scale, offset=self.offset).holds

    @property
    def usual_deadband(self) -> float:
        """One step of a scaled whole number; for others the default of every point."""
        codec = Codec(self.type_name, scale=self.scale, offset=self.offset)
        whole = codec.scaled and not codec.type.startswith("float")
        return abs(self.scale) if whole else super().usual_deadband

    @property
    def signal_names(self) -> tuple[str, ...]:
        """The names of the signals: one for each item of an array."""
        if self.count == 1:
            return (self.signal,)
        return tuple(f"{self.signal}.{i}" for i in range(self.count))

    def located(self, *, modicon: bool) -> Address:
        """Return the address; AddressError when it is not valid."""
        is_bit = self.type_name == "bool" and self.bit is None and "." not in str(self.address)
        given = NAMES[self.area] if self.area else None
        found = parse(
            str(self.address), modicon=modicon, area=given, default=Area.COIL if is_bit else Area.HOLDING
        )
        if self.bit is None:
            return found
        if found.area.bits:
            raise AddressError(f"{found.area.noun} have no bits: remove `bit`")
        if found.bit is not None:
            raise AddressError(f"{self.address!r} contains the bit already: remove `bit`")
        return Address(found.area, found.offset, self.bit)

    def _invalid(self) -> str | None:
        """Return why the address is not valid in either convention, or None."""
        reason = None
        for modicon in (True, False):
            try:
                self.located(modicon=modicon)
            except AddressError as error:
                reason = str(error)
            else:
                return None
        return reason

    def codec(self, address: Address, order: str) -> Codec:
        """Return how the value is stored in its registers."""
        return Codec(
            type=self.type_name,
            order=self.order or order,
            bit=address.bit,
            length=self.length,
            one_per_register=self.packing == "one_per_register",
            scale=self.scale,
            offset=self.offset,
        )

    def flaws(self) -> Iterator[Flaw]:
        """Yield what is missing or contradicts itself."""
        yield from super().flaws()
        if (reason := self._invalid()) is not None:
            yield Flaw(("address",), reason)
        if (self.type_name == "string") is not bool(self.length):
            said = "a string needs its length" if not self.length else "only a string has a length"
            yield Flaw(("length",), said, hint="length: 16")
        if self.type_name in ("bool", "string") and (self.scale != 1.0 or self.offset != 0.0):
            yield Flaw(("scale",), f"a {self.type_name} cannot be scaled")
        if self._is_bit and self.type_name != "bool" and (self.bit is not None or "." in str(self.address)):
            place = ("address",) if self.bit is None else ("bit",)
            yield Flaw(place, f"a bit is a bool, not {self.type_name}", hint="data_type: bool")
        if isinstance(self.unit, int) and self.unit_id is not None:
            yield Flaw(("unit",), "`unit` with a number and `unit_id` mean the same: remove one of them")
        if isinstance(self.unit, str) and self.engineering_unit:
            yield Flaw(("unit",), "`unit` and `engineering_unit` mean the same: remove one of them")
        for name in () if self.type_name in ("bool", "string") else ("minimum", "maximum"):
            if (limit := getattr(self, name)) is not None and (wrong := self._beyond(limit)):
                yield Flaw((name,), wrong)

    def refusal(self, value: Value) -> str:
        """Return why a value cannot be written: it exceeds the limits, or does not fit into the registers."""
        return super().refusal(value) or self._beyond(value)

    def _beyond(self, value: Value) -> str:
        codec = Codec(self.type_name, length=self.length, scale=self.scale, offset=self.offset)
        try:
            codec.encode(value)
        except PointError as error:
            return str(error)
        return ""


@frozen(slots=False)
class ModbusConnection:
    """One connection: a TCP peer or a serial line, with one or several units behind it."""

    name: str = field(validator=and_(min_len(1), max_len(100)), metadata=about("Unique name"))
    transport: Transport = field(metadata=about("How the connection reaches the device"))
    points: tuple[ModbusPoint, ...] = field(
        default=(), metadata=about("Values that are read and written", aliases=("mappings",))
    )
    unit: int = field(
        default=1,
        validator=_UNIT,
        metadata=about("Unit of points that name none", aliases=("unit_id", "slave_id", "station")),
    )
    poll_ms: float | None = field(
        default=None,
        validator=optional(_MS),
        metadata=about(
            "How often points are read", unit="ms", aliases=("scan_interval_ms", "poll_interval_ms")
        ),
    )
    timeout_ms: float | None = field(
        default=None, validator=optional(_MS), metadata=about("Time limit of each request", unit="ms")
    )
    addressing: Literal["zero_based", "modicon"] = field(
        default="zero_based",
        metadata=about("zero_based: plain numbers are offsets; modicon: 40001 is the first register"),
    )
    order: Order = field(default="ABCD", metadata=about("Order of bytes in two registers"))
    max_registers: int = field(
        default=MOST_REGISTERS,
        validator=and_(ge(1), le(MOST_REGISTERS)),
        metadata=about("Maximum of registers in a request"),
    )
    max_bits: int = field(
        default=MOST_BITS,
        validator=and_(ge(1), le(MOST_BITS)),
        metadata=about("Maximum of bits in a request"),
    )
    max_gap: int = field(
        default=16,
        validator=and_(ge(0), le(124)),
        metadata=about("Registers between two points that are read as well to save a request"),
    )
    in_flight: int = field(
        default=1,
        validator=and_(ge(1), le(16)),
        metadata=about("Requests under way at once; only TCP and TLS"),
    )
    pause_ms: float = field(
        default=0.0,
        validator=and_(ge(0.0), le(10_000.0)),
        metadata=about("Pause after each request", unit="ms"),
    )
    write_single: bool = field(
        default=True,
        metadata=about("Write one register with function 6 and one coil with 5; otherwise 16 and 15"),
    )
    bit_write: Literal["mask", "read_modify_write"] = field(
        default="mask",
        metadata=about("How a bit of a register is written: function 22, or read the register and write it"),
    )
    online: str | None = field(default=None, metadata=about("Signal that is true while it is connected"))

    def signals_used(self) -> Iterator[Used]:
        """Yield the signal that shows whether the connection is open."""
        if self.online is not None:
            yield Used("online", self.online, SignalUse.WRITES, SignalType.BOOL)

    def drivers_named(self) -> Iterator[Named]:
        """Yield the name of its driver."""
        yield Named("name", self.name)

    @cached_property
    def modicon(self) -> bool:
        """Whether plain numbers are those that manuals print."""
        return self.addressing == "modicon"

    def flaws(self) -> Iterator[Flaw]:
        """Yield what contradicts itself, and points that overlap."""
        if self.transport.kind in ("rtu", "rtu_over_tcp") and self.in_flight > 1:
            yield Flaw(
                ("in_flight",), f"{self.transport.kind} allows one request under way: in_flight is 1 there"
            )
        if self.bit_write == "read_modify_write" and self.in_flight > 1:
            yield Flaw(
                ("in_flight",),
                "`bit_write: read_modify_write` allows one request under way: in_flight is 1 there",
            )
        taken: _Taken = {}
        for number, point in enumerate(self.points):
            unit = point.station or self.unit
            if self.transport.kind == "rtu" and unit > 247:
                key = "unit_id" if point.unit_id else "unit"
                yield Flaw(
                    ("points", number, key), f"units on a serial line end at 247, and this one is {unit}"
                )
            try:
                address = point.located(modicon=self.modicon)
            except AddressError as error:
                yield Flaw(("points", number, "address"), str(error))
                continue
            yield from self._fits(number, point, address)
            if point.direction.writes:
                yield from self._overlaps(number, point, unit, address, taken)

    def _fits(self, number: int, point: ModbusPoint, address: Address) -> Iterator[Flaw]:
        area, place = address.area, ("points", number, "address")
        if area.bits and point.type_name != "bool":
            said = f"{area.noun} hold bools" + (f", not {point.type_name}" if point.data_type else "")
            yield Flaw(("points", number, "data_type"), said, hint="data_type: bool")
            return
        if not area.bits and point.type_name == "bool" and address.bit is None:
            yield Flaw(
                place,
                "the bit of the register is missing: 0 to 15, and 0 is the lowest",
                hint=f"{point.address}.0",
            )
        if point.direction.writes and not area.writable:
            yield Flaw(place, f"{area.noun} cannot be written")
        last = address.offset + extent(point, address) - 1
        if last > 65_535:
            yield Flaw(place, f"{area.noun} end at 65535, and this point ends at {last}")
        if area.bits:
            return
        registers = point.codec(address, self.order).size // 2
        if registers > self.max_registers:
            said = f"the value has {registers} registers, and a request at most {self.max_registers}"
            yield Flaw(place, said)
        elif point.direction.writes and registers > MOST_WRITTEN_REGISTERS:
            said = f"the value has {registers} registers, and a write at most {MOST_WRITTEN_REGISTERS}"
            yield Flaw(place, said)

    def _overlaps(
        self, number: int, point: ModbusPoint, unit: int, address: Address, taken: _Taken
    ) -> Iterator[Flaw]:
        cells = range(address.offset, min(address.offset + extent(point, address), 65_536))
        for cell in cells:
            there = taken.get((unit, address.area, cell), {})
            other = there.get(None) or there.get(address.bit)
            if address.bit is None and there:
                other = next(iter(there.values()))
            if other is not None:
                said = f"{address} is written by the point {other!r} already"
                yield Flaw(("points", number, "address"), said)
                return
        for cell in cells:
            taken.setdefault((unit, address.area, cell), {})[address.bit] = point.signal


def extent(point: ModbusPoint, address: Address) -> int:
    """Return how many registers or bits a point takes."""
    if address.area.bits:
        return point.count
    return point.codec(address, "ABCD").size // 2 * point.count


@frozen
class ModbusConfig:
    """Modbus connections over TCP, TLS and serial lines."""

    connections: tuple[ModbusConnection, ...] = field(default=(), metadata=about("The connections"))
    poll_ms: float = field(
        default=1_000.0,
        validator=and_(instance_of(float), _MS),
        metadata=about(
            "How often points are read, for connections that do not set it",
            unit="ms",
            aliases=("scan_interval_ms",),
        ),
    )
    timeout_ms: float = field(
        default=1_000.0,
        validator=_MS,
        metadata=about("Time limit of each request, for connections that do not set it", unit="ms"),
    )
