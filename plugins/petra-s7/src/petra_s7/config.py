"""The configuration of S7 connections and their points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen
from attrs.validators import and_, ge, gt, le, max_len, min_len, optional

from petra import SignalType, SignalUse, about
from petra.drivers import PointError, PointSettings, host_and_port, usable_scale
from petra.settings import AnyCase, Flaw, Named, Used

from .address import NAMES as AREA_NAMES
from .address import Address, AddressError, Area, checked, parse
from .codec import NAMES as TYPE_NAMES
from .codec import SCALABLE, Codec, type_named
from .tsap import FIXED, LOCAL, SLOTS, USUAL_SLOT, parse_tsap, tsap_of_slot

if TYPE_CHECKING:
    from petra.signals import Value

_MS = and_(gt(0.0), le(3_600_000.0))

_Taken = dict[tuple[Area, int, int], dict[int | None, str]]
"""The point that writes each byte, or each bit of it."""


def _a_tsap(_: object, __: object, value: str) -> None:
    if value and parse_tsap(value) is None:
        raise ValueError(f"{value!r} is not a valid TSAP, such as 02.00 or 0x0200")


@frozen(kw_only=True, slots=False)
class S7Point(PointSettings):
    """One value of a PLC, or an array of them."""

    address: int | str = field(
        metadata=about("Such as DB100.DBX0.0, DB1.REAL4, MW20 or M10.3; or a byte, with `area` beside it")
    )
    area: Literal["DB", "I", "E", "Q", "A", "M", "C", "Z", "T"] | None = field(
        default=None, metadata=about("Area of a plain number")
    )
    db_number: int | None = field(
        default=None,
        validator=optional(and_(ge(1), le(65_535))),
        metadata=about("Data block", aliases=("db",)),
    )
    bit: int | None = field(
        default=None, validator=optional(and_(ge(0), le(7))), metadata=about("Bit of the byte, for a bool")
    )
    data_type: str = field(
        default="",
        validator=AnyCase(TYPE_NAMES),
        metadata=about("Type of the value; if not given, as the address says", aliases=("type",)),
    )
    length: int = field(
        default=0,
        validator=and_(ge(0), le(16_382)),
        metadata=about("Characters that a string is declared with"),
    )
    scale: float = field(
        default=1.0,
        validator=usable_scale,
        metadata=about("The value is the number in the PLC times this"),
    )
    offset: float = field(default=0.0, metadata=about("plus this"))
    count: int = field(
        default=1,
        validator=and_(ge(1), le(10_000)),
        metadata=about("Items of an array; their signals are called NAME.0, NAME.1 and so on"),
    )

    unit: str = field(
        default="",
        validator=max_len(100),
        metadata=about(
            "What its value is measured in, such as bar, for people", aliases=("units", "engineering_unit")
        ),
    )

    def located(self) -> Address:
        """Return its address; AddressError when it is not a valid one."""
        text = str(self.address).strip()
        if not (text.isascii() and text.isdecimal()):
            found = parse(text)
            if self.area is not None or self.db_number is not None or self.bit is not None:
                raise AddressError(f"{text!r} is a whole address; leave out area, db_number and bit")
            return found
        if self.area is None:
            raise AddressError(f"{text} has no area: write DB1.DBW{text}, or `area` beside it")
        area = AREA_NAMES[self.area]
        if (area is Area.DB) is (self.db_number is None):
            raise AddressError("area DB and db_number belong together")
        return checked(Address(area, self.db_number or 0, int(text), self.bit))

    def codec(self, address: Address) -> Codec:
        """Return how its value lies in its bytes; AddressError when type and address do not match."""
        kind = self._type(address)
        is_string = kind in ("string", "wstring")
        if self.length and not is_string:
            raise AddressError(f"only a string has a length, and this is a {kind}")
        # a string that does not say its length is read as long as Step 7 declares it by default
        made = Codec(
            kind,
            address.bit,
            self.length or address.length or (254 if is_string else 0),
            self.scale,
            self.offset,
        )
        if kind == "string" and made.length > 254:
            raise AddressError(f"a string has at most 254 characters, not {made.length}")
        if made.scaled and made.type not in SCALABLE:
            raise AddressError(f"a {kind} cannot be scaled")
        self._match(made, address)
        return made

    def _type(self, address: Address) -> str:
        """Return its type: as configured, else as the address says."""
        if self.data_type and (said := type_named(self.data_type)):
            return said
        if address.type or address.bit is not None:
            return address.type or "bool"
        if address.area.numbered:
            return "timer" if address.area is Area.TIMER else "counter"
        raise AddressError("data_type is missing: int, real or any other")

    def _match(self, codec: Codec, address: Address) -> None:
        """Raise AddressError when a type does not match what the address says of bits and size."""
        kind, size = codec.type, codec.size
        if kind == "bool" and address.bit is None:
            raise AddressError("bit is missing: 0 to 7, and 0 is the lowest")
        if kind != "bool" and address.bit is not None:
            raise AddressError(f"a bit is a bool, not {kind}")
        if address.area.numbered and size != 2:
            raise AddressError(f"a timer or counter has two bytes, and {kind} has {size}")
        # B, W and D say a width alone: a DBD may hold a REAL, but never an LREAL
        if address.type in ("byte", "word", "dword") and size != (wide := Codec(address.type).size):
            raise AddressError(f"{self.address} has {wide} bytes, and {kind} has {size}")

    @property
    def holds(self) -> SignalType:
        """The type of its signals."""
        try:
            return self.codec(self.located()).holds
        except AddressError:
            return SignalType.FLOAT  # flaws() reports it

    @property
    def usual_deadband(self) -> float:
        """One step of a scaled whole number; else as for any point."""
        try:
            codec = self.codec(self.located())
        except AddressError:
            return 0.0  # flaws() reports it
        whole = codec.scaled and codec.type not in ("real", "lreal")
        return abs(self.scale) if whole else super().usual_deadband

    @property
    def signal_names(self) -> tuple[str, ...]:
        """The signals of the array, or the one."""
        if self.count == 1:
            return (self.signal,)
        return tuple(f"{self.signal}.{i}" for i in range(self.count))

    def refusal(self, value: Value) -> str:
        """Return why a value is never written: by its limits, or because its type does not hold it."""
        try:
            return super().refusal(value) or _beyond(self.codec(self.located()), value)
        except AddressError:
            return ""  # flaws() reports it

    def flaws(self) -> Iterator[Flaw]:
        """Yield what contradicts each other in its keys."""
        yield from super().flaws()
        try:
            address = self.located()
            codec = self.codec(address)
        except AddressError as error:
            yield Flaw(("address",), str(error))
            return
        if self.count > 1 and codec.type == "bool":
            yield Flaw(("count",), "an array of bools is read as bytes, or bit by bit")
        if self.direction.writes and address.area in (Area.INPUT, Area.TIMER):
            yield Flaw(("address",), "inputs and timers are not written: the PLC would overwrite them")
        for name in ("minimum", "maximum") if codec.type in SCALABLE else ():
            if (limit := getattr(self, name)) is not None and (wrong := _beyond(codec, limit)):
                yield Flaw((name,), wrong)
        last = address.start + extent(codec, address) * self.count - 1
        if last > 65_535:
            yield Flaw(("address",), f"areas end at 65535, and this ends at {last}")


def _beyond(codec: Codec, value: Value) -> str:
    try:
        codec.encode(value)
    except PointError as error:
        return str(error)
    return ""


def extent(codec: Codec, address: Address) -> int:
    """Return how many addresses a value takes: bytes, or timers and counters."""
    return 1 if address.area.numbered else codec.size


@frozen(slots=False)
class S7Config:
    """One S7 PLC."""

    host: str = field(
        validator=and_(min_len(1), max_len(253)), metadata=about("Name or address", aliases=("ip", "address"))
    )
    name: str = field(default="", metadata=about("Unique name; the host if not given"))
    port: int = field(default=102, validator=and_(ge(1), le(65_535)), metadata=about("TCP port"))
    cpu: Literal["s7-300", "s7-400", "s7-1200", "s7-1500", "logo", "s7-200"] | None = field(
        default=None, metadata=about("Kind of PLC: it says the slot, or the TSAPs of a LOGO!")
    )
    rack: int = field(default=0, validator=and_(ge(0), le(7)), metadata=about("Rack"))
    slot: int | None = field(
        default=None,
        validator=optional(and_(ge(0), le(31))),
        metadata=about("Slot; 2 if not given, or as `cpu` says"),
    )
    connection_type: Literal["PG", "OP", "basic"] = field(
        default="PG",
        metadata=about("Kind of connection; a PLC has a limited number of each"),
    )
    local_tsap: str = field(default="", validator=_a_tsap, metadata=about("Own TSAP, such as 01.00"))
    remote_tsap: str = field(
        default="", validator=_a_tsap, metadata=about("TSAP of the PLC, in place of rack and slot")
    )
    points: tuple[S7Point, ...] = field(
        default=(), metadata=about("What is read and written", aliases=("mappings",))
    )
    poll_ms: float = field(
        default=1_000.0,
        validator=_MS,
        metadata=about(
            "How often points are read", unit="ms", aliases=("poll_interval_ms", "scan_interval_ms")
        ),
    )
    timeout_ms: float = field(
        default=5_000.0, validator=_MS, metadata=about("How long the PLC has to answer", unit="ms")
    )
    pdu: int = field(
        default=960,
        validator=and_(ge(112), le(8_192)),
        metadata=about("Longest PDU that is asked for", unit="bytes"),
    )
    in_flight: int = field(
        default=4,
        validator=and_(ge(1), le(8)),
        metadata=about("How many requests are asked to be under way at once; the PLC may grant fewer"),
    )
    max_gap: int = field(
        default=32,
        validator=and_(ge(0), le(200)),
        metadata=about("Bytes that are worth reading to save an item"),
    )
    online: str | None = field(default=None, metadata=about("Signal that says whether it is connected"))

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or self.host

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port."""
        host, port = host_and_port(self.host)
        return host, self.port if port is None else port

    @property
    def tsaps(self) -> tuple[int, int]:
        """The TSAPs of both sides."""
        slot = SLOTS.get(self.cpu or "", USUAL_SLOT) if self.slot is None else self.slot
        by_slot = LOCAL, tsap_of_slot(self.connection_type, self.rack, slot)
        local, remote = FIXED.get(self.cpu or "", by_slot)
        own, other = parse_tsap(self.local_tsap), parse_tsap(self.remote_tsap)
        return local if own is None else own, remote if other is None else other

    def signals_used(self) -> Iterator[Used]:
        """Yield the signal that shows whether it is connected."""
        if self.online is not None:
            yield Used("online", self.online, SignalUse.WRITES, SignalType.BOOL)

    def drivers_named(self) -> Iterator[Named]:
        """Yield the name that its driver runs under."""
        yield Named("name" if self.name else "host", self.called)

    def flaws(self) -> Iterator[Flaw]:
        """Yield a host that is not valid, and points that write the same bytes."""
        try:
            _, port = host_and_port(self.host)
        except ValueError as error:
            yield Flaw(("host",), str(error))
        else:
            if port is not None and self.port not in (102, port):
                yield Flaw(("port",), f"the host names another port, {port}")
        taken: _Taken = {}
        for number, point in enumerate(self.points):
            if not point.direction.writes:
                continue
            address = point.located()
            yield from _overlaps(number, point, address, taken)


def _overlaps(number: int, point: S7Point, address: Address, taken: _Taken) -> Iterator[Flaw]:
    length = extent(point.codec(address), address) * point.count
    for cell in range(address.start, address.start + length):
        there = taken.setdefault((address.area, address.db, cell), {})
        other = (
            next(iter(there.values()), None)
            if address.bit is None
            else there.get(address.bit, there.get(None))
        )
        if other is not None:
            yield Flaw(("points", number, "address"), f"{address} is written by the point {other!r} already")
            return
    for cell in range(address.start, address.start + length):
        taken[address.area, address.db, cell][address.bit] = point.signal
