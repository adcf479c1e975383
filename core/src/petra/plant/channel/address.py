"""Where a plant's channel is: a Unix socket, or a port of this machine with a secret in a file beside it."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

from attrs import frozen

from petra.errors import PetraError

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

HAS_SOCKETS = hasattr(socket, "AF_UNIX")
LONGEST = 100
"""Characters of a path that a socket may have."""


class NoPlantError(PetraError):
    """No plant answers there."""


@frozen
class PortFile:
    """What a file says of a port: where there are no Unix sockets, it stands in the place of the socket."""

    port: int
    secret: str

    @classmethod
    def read(cls, path: Path) -> PortFile:
        """Return what a file says."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(int(data["port"]), str(data["secret"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoPlantError(f"{path} does not say where a plant listens: {error}") from None

    def write(self, path: Path) -> None:
        """Write the file, for its owner alone."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"port": self.port, "secret": self.secret}, file)


async def opened(path: Path, within: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    """Connect with the plant that listens there; return the streams, and the secret that it wants to hear."""
    import asyncio  # noqa: PLC0415 - a command that names no plant needs no event loop

    try:
        async with asyncio.timeout(within):
            if HAS_SOCKETS and path.is_socket():  # noqa: ASYNC240 - one look at one inode
                return *await asyncio.open_unix_connection(str(path)), ""
            if not path.exists():  # noqa: ASYNC240 - as above
                raise NoPlantError(f"no plant runs there: {path} does not exist")
            port = PortFile.read(path)
            return *await asyncio.open_connection("127.0.0.1", port.port), port.secret
    except TimeoutError:
        raise NoPlantError(f"the plant at {path} does not answer within {within:g} s") from None
    except OSError as error:
        said = error.strerror or str(error)
        raise NoPlantError(f"no plant answers at {path} ({said}); start it with `petra run`") from None
