"""A serial line as a transport of asyncio: a port of pyserial, read and written without blocking."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from serial import Serial, SerialException

from petra.drivers import Exchange, Framing, SessionError

if TYPE_CHECKING:
    from .transport import Transport

_PARITY = {"even": "E", "odd": "O", "none": "N"}
_CHUNK = 4_096


class OpenPort(Protocol):
    """A serial port that is open."""

    def fileno(self) -> int:
        """Return its file descriptor."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class PseudoPort:
    """The far end of a pseudo-terminal, whose near end is opened as `path`."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        if self._path.exists() and not os.path.realpath(path).startswith("/dev/pts/"):
            raise SessionError(f"{path} is a real device: give the simulator a path that does not exist")
        self._far, self._near = os.openpty()
        for fd in (self._far, self._near):
            tty.setraw(fd)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(self._near))

    def fileno(self) -> int:
        """Return the far end."""
        return self._far

    def close(self) -> None:
        """Close both ends, and remove the path."""
        self._path.unlink(missing_ok=True)
        os.close(self._far)
        os.close(self._near)


class SerialTransport:
    """Carries bytes between a serial port and a protocol. It belongs to the loop in which it was created."""

    def __init__(self, port: OpenPort, protocol: asyncio.Protocol) -> None:
        self._port = port
        self._fd = port.fileno()
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._pending = bytearray()
        self._closed = False
        os.set_blocking(self._fd, False)
        self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        """Send as much as the port takes now, and the rest as soon as it takes more."""
        if not self._pending:
            try:
                sent = os.write(self._fd, data)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self._lost(error)
                return
            data = data[sent:]
            if not data:
                return
            self._loop.add_writer(self._fd, self._writable)
        self._pending += data

    def pause_reading(self) -> None:
        """Stop reading until `resume_reading`; the system buffers meanwhile."""
        if not self._closed:
            self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        """Read again."""
        if not self._closed:
            self._loop.add_reader(self._fd, self._readable)

    def abort(self) -> None:
        """Close it at once."""
        self._lost(None)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._lost(OSError("the serial device was removed"))

    def _writable(self) -> None:
        try:
            del self._pending[: os.write(self._fd, self._pending)]
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        if not self._pending:
            self._loop.remove_writer(self._fd)

    def _lost(self, error: OSError | None) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._port.close()
        self._loop.call_soon(self._protocol.connection_lost, error)


def open_port(transport: Transport) -> Serial:
    """Open a serial port as it is configured; a pseudo-terminal has no parity."""
    pseudo = os.path.realpath(transport.serial).startswith("/dev/pts/")
    try:
        return Serial(
            transport.serial,
            transport.baud_rate,
            bytesize=8 if pseudo else transport.data_bits,
            parity="N" if pseudo else _PARITY[transport.parity],
            stopbits=transport.stop_bits,
            timeout=0,
            exclusive=True,
        )
    except (SerialException, ValueError, OSError, termios.error) as error:
        raise SessionError(f"{transport.serial}: {error}") from error


def open_exchange(transport: Transport, framing: Framing) -> Exchange:
    """Return an exchange over a serial line."""
    exchange = Exchange(framing)
    carrier: Any = SerialTransport(open_port(transport), exchange)
    exchange.connection_made(carrier)
    return exchange
