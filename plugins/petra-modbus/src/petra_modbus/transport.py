"""How a connection reaches its devices: TCP, TLS or a serial line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from attrs import field, frozen
from attrs.validators import and_, ge, le

from petra import about
from petra.drivers import host_and_port
from petra.settings import Flaw, Secret

TransportName = Literal["tcp", "rtu", "rtu_over_tcp", "tls", "Tcp", "Rtu", "RtuOverTcp", "Tls"]


@frozen
class Transport:
    """How a connection reaches its devices."""

    type: TransportName = field(default="tcp", metadata=about("tcp, rtu, rtu_over_tcp or tls"))
    host: str = field(
        default="", metadata=about("Name or address", aliases=("ip", "address"), shorthand=True)
    )
    port: int | str | None = field(
        default=None, metadata=about("TCP port, 502 (tls: 802) if not given; for rtu also the serial device")
    )
    device: str = field(default="", metadata=about("Serial device, such as /dev/ttyUSB0", aliases=("path",)))
    baud_rate: int = field(
        default=19_200,
        validator=and_(ge(300), le(4_000_000)),
        metadata=about("Speed", aliases=("baud", "baudrate")),
    )
    parity: Literal["even", "odd", "none"] = field(default="even", metadata=about("Parity"))
    data_bits: int = field(
        default=8, validator=and_(ge(7), le(8)), metadata=about("Data bits of a character")
    )
    stop_bits: int = field(default=1, validator=and_(ge(1), le(2)), metadata=about("Stop bits"))
    ca_file: Path | None = field(
        default=None, metadata=about("Authority that signs the device's certificate, for tls")
    )
    cert_file: Path | None = field(default=None, metadata=about("Own certificate, for tls"))
    key_file: Path | None = field(default=None, metadata=about("Key of the own certificate, for tls"))
    key_password: Secret | None = field(default=None, metadata=about("Password of the key"))
    server_name: str = field(default="", metadata=about("Name in the device's certificate, if not `host`"))
    insecure: bool = field(default=False, metadata=about("With tls: accept any certificate"))

    @property
    def kind(self) -> str:
        """The type in lower case with underscores, whichever spelling was used."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.type).lower()

    @property
    def serial(self) -> str:
        """The serial device."""
        return self.device or (self.port if isinstance(self.port, str) else "")

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port."""
        host, port = host_and_port(self.host)
        given = self.port if isinstance(self.port, int) else port
        return host, given if given is not None else 802 if self.kind == "tls" else 502

    def flaws(self) -> Iterator[Flaw]:
        """Yield what is missing, or does not belong together."""
        if self.kind == "rtu":
            if not self.serial:
                yield Flaw((), "rtu needs a serial device", hint="device: /dev/ttyUSB0")
            return
        if not self.host:
            yield Flaw((), f"{self.kind} needs a host", hint="host: 192.168.1.10")
        else:
            yield from self._misplaced()
        if isinstance(self.port, str) or (self.port is not None and not 0 < self.port < 65_536):
            yield Flaw(("port",), f"{self.port!r} is not a valid TCP port")
        if self.kind != "tls" and (self.ca_file or self.cert_file or self.insecure):
            yield Flaw((), "certificates are only for `type: tls`")

    def _misplaced(self) -> Iterator[Flaw]:
        try:
            _, port = host_and_port(self.host)
        except ValueError as error:
            yield Flaw(("host",), str(error))
            return
        if port is not None and self.port not in (None, port):
            yield Flaw(("port",), f"the host names another port, {port}")
