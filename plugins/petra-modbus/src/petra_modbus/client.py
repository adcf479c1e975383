"""Requests to Modbus units over one connection of any transport, for the driver and the commands."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Protocol

from petra.drivers import Exchange, NoAnswerError, PointError, SessionError, open_tcp

from . import wire

if TYPE_CHECKING:
    from .address import Area
    from .transport import Transport


class Line(Protocol):
    """Carries requests to units and their answers back, on any transport."""

    exchange: Exchange

    async def ask(self, unit: int, pdu: bytes) -> bytes:
        """Return the PDU that answers."""
        ...


class TcpLine:
    """Modbus TCP and TLS: any number of requests under way, distinguished by their reference."""

    def __init__(self, exchange: Exchange, timeout: float) -> None:
        self.exchange = exchange
        self._timeout = timeout
        self._reference = 0

    async def ask(self, unit: int, pdu: bytes) -> bytes:
        """Return the PDU that answers.

        The unit is not compared: the reference identifies the answer, and devices exist that answer as
        another unit.
        """
        self._reference = reference = (self._reference + 1) & 0xFFFF
        frame = wire.tcp_frame(reference, unit, pdu)
        return (await self.exchange.ask(reference, frame, self._timeout))[1:]


class RtuLine:
    """Modbus RTU: one request under way. An answer that is late must not be taken for the next one."""

    def __init__(self, exchange: Exchange, timeout: float, silence: float) -> None:
        self.exchange = exchange
        self._timeout = timeout
        self._silence = silence
        self._late_until: dict[int, float] = {}
        self._quiet_until = 0.0
        self._lock = asyncio.Lock()

    async def ask(self, unit: int, pdu: bytes) -> bytes:
        """Return the PDU that answers, of this unit."""
        async with self._lock:
            await self._wait_for_late_answer(unit)
            self.exchange.drop_input()
            try:
                answer = await self.exchange.ask(0, wire.rtu_frame(unit, pdu), self._timeout)
            except NoAnswerError:
                self._late_until[unit] = asyncio.get_running_loop().time() + self._timeout
                raise
            await asyncio.sleep(self._silence)
            if (
                not answer or answer[0] != unit
            ):  # what is still under way must not be taken for the next answer
                self._quiet_until = asyncio.get_running_loop().time() + self._timeout
            if not answer:
                raise NoAnswerError("the answer is garbled: its check sum is wrong")
            if answer[0] != unit:
                raise NoAnswerError(f"unit {answer[0]} answered, where unit {unit} was asked")
            return answer[1:]

    async def _wait_for_late_answer(self, unit: int) -> None:
        """Wait until a late answer of this unit would have arrived, so that it is dropped."""
        until = max(self._late_until.pop(unit, 0.0), self._quiet_until)
        await asyncio.sleep(max(0.0, until - asyncio.get_running_loop().time()))


async def open_line(transport: Transport, timeout: float) -> Line:  # noqa: ASYNC109 - each request has it
    """Connect, or raise SessionError that says to where and why not."""
    if transport.kind == "rtu":
        from .serial import open_exchange

        # 3.5 characters of silence end a frame; from 19,200 baud on 1.75 ms do (serial line V1.02, 2.5.1.1)
        silence = 0.00175 if transport.baud_rate > 19_200 else 38.5 / transport.baud_rate
        return RtuLine(open_exchange(transport, wire.RtuFraming()), timeout, silence)
    host, port = transport.endpoint
    if transport.kind == "rtu_over_tcp":
        exchange = await open_tcp(host, port, wire.RtuFraming(), within=timeout)
        return RtuLine(exchange, timeout, 0.0)
    context = tls_context(transport) if transport.kind == "tls" else None
    exchange = await open_tcp(
        host, port, wire.TcpFraming(), within=timeout, ssl=context, server_name=transport.server_name
    )
    return TcpLine(exchange, timeout)


def tls_context(transport: Transport) -> ssl.SSLContext:
    """Return the TLS context: the authority that is trusted, and the own certificate."""
    try:
        context = ssl.create_default_context(cafile=transport.ca_file)
        if transport.cert_file is not None:
            # without a password OpenSSL would ask for it on the terminal, and block
            password = transport.key_password.reveal() if transport.key_password else ""
            context.load_cert_chain(transport.cert_file, transport.key_file, password)
    except (OSError, ssl.SSLError) as error:
        said = "is the key encrypted, and key_password right?" if isinstance(error, ssl.SSLError) else error
        raise SessionError(f"the certificates cannot be used: {said}") from error
    if transport.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def read(line: Line, unit: int, area: Area, start: int, count: int) -> bytes:
    """Return the registers, two bytes each, or the bits, eight in a byte."""
    return await ask_for(line, unit, wire.read_request(area, start, count), length_of(area, count))


def length_of(area: Area, count: int) -> int:
    """Return how many bytes so many registers or bits take in an answer."""
    return (count + 7) // 8 if area.bits else count * 2


async def ask_for(line: Line, unit: int, request: bytes, length: int) -> bytes:
    """Send a request that reads, and return its answer's data, which has to have that length."""
    return wire.read_answer(request, await line.ask(unit, request), length)


async def write(line: Line, unit: int, request: bytes) -> None:
    """Send a request that writes, and check its answer."""
    wire.check_written(request, await line.ask(unit, request))


async def identify(line: Line, unit: int) -> dict[str, str]:
    """Return the objects by which a unit describes itself; none when it has none."""
    request = wire.identification_request()
    try:
        found = wire.identification_answer(request, await line.ask(unit, request))
    except PointError:
        return {}
    return {_OBJECTS.get(number, f"object {number}"): text for number, text in found.items()}


_OBJECTS = {0: "vendor", 1: "product", 2: "revision", 3: "url", 4: "name", 5: "model", 6: "application"}
