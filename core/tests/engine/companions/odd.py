# ruff: noqa: T201 - what a service prints is under test
"""A plugin of one file, with a service that can do whatever a companion has to survive."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

from attrs import field, frozen

from petra import Secret, ServiceKind, about, hookimpl
from petra.plant import Actor, Origin
from petra.services import Service, ServiceContext, ServiceSettings

PETRA_API = 1


@frozen
class OddConfig(ServiceSettings):
    """What the service does."""

    word: str = field(default="", metadata=about("What it does"))
    password: Secret = field(default=Secret(""), metadata=about("What nobody may see"))


class Odd(Service):
    """Does what its configuration says."""

    def __init__(self, config: OddConfig) -> None:
        self.config = config
        if config.word in ("hangs", "blocks"):
            self.patience = 0.4

    async def run(self, context: ServiceContext) -> None:
        """Serve."""
        await getattr(self, self.config.word or "serves")(context)

    async def serves(self, context: ServiceContext) -> None:
        """Count in a signal, and say so."""
        context.log.warning("it works")
        context.detail("counting")
        context.serving()
        while True:
            count = (await context.plant.read("count"))["count"].value
            result = await context.plant.command("count", count + 1)
            assert result.ok, result
            context.progress()
            await asyncio.sleep(0.01)

    async def speaks(self, context: ServiceContext) -> None:
        """Say who it is, where it is, and what it knows."""
        stranger = context.plant.acting(Actor("mallory", Origin.NETWORK, "mqtt"))
        refused = (await stranger.command("count", 1)).reason
        seen = sorted(name for name in os.environ if name.startswith("PETRA"))
        told = f"{len(self.config.password)} {self.config.password.reveal()[::-1]} {seen} {sys.argv[1:]}"
        context.log.info("%s; %s; %s", context.plant.actor, told, refused)
        (context.folder / "here").write_text(str(os.getpid()))
        print("printed")
        print("complained", file=sys.stderr)
        os.write(2, b"x" * 50_000 + b"\n")
        context.serving()
        await context.idle()

    async def floods(self, context: ServiceContext) -> None:
        """Log more than anybody reads."""
        context.serving()
        for number in range(20_000):
            context.log.info("line %d", number)
            print("and another one")
            if number % 100 == 0:
                context.progress()
                await asyncio.sleep(0)
        await context.idle()

    async def fails(self, context: ServiceContext) -> None:
        """Raise."""
        raise OSError("the broker is away")

    async def breaks(self, context: ServiceContext) -> None:
        """Have a defect."""
        raise ZeroDivisionError

    async def returns(self, context: ServiceContext) -> None:
        """End by itself."""

    async def exits(self, context: ServiceContext) -> None:
        """Try to end the process."""
        sys.exit("no licence")

    async def dies(self, context: ServiceContext) -> None:
        """Be killed."""
        os.kill(os.getpid(), signal.SIGKILL)

    async def leaves(self, context: ServiceContext) -> None:
        """End the process without a word."""
        print("the library says goodbye", file=sys.stderr, flush=True)
        os._exit(7)

    async def hangs(self, context: ServiceContext) -> None:
        """Make no progress."""
        context.serving()
        await asyncio.Event().wait()

    async def blocks(self, context: ServiceContext) -> None:
        """Block the loop, and do not end when asked to."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        context.serving()
        time.sleep(3600)  # noqa: ASYNC251 - what a service must not do

    async def detaches(self, context: ServiceContext) -> None:
        """Start a process that leaves the session, and has all the pipes."""
        child = subprocess.Popen(["sleep", "3600"], start_new_session=True)  # noqa: ASYNC220 - as above
        context.detail(str(child.pid))
        context.serving()
        await context.idle()

    async def forks(self, context: ServiceContext) -> None:
        """Start a process that does not end, and has all its pipes."""
        child = subprocess.Popen(["sleep", "3600"])  # noqa: ASYNC220 - what a service must not do
        context.detail(str(child.pid))
        context.serving()
        await context.idle()


@hookimpl
def petra_services():
    """List the kind."""
    return [ServiceKind("odd", OddConfig, _build)]


def _build(config: OddConfig) -> Odd:
    if config.word == "cannot be built":
        raise ImportError("no module named 'broker'")
    return Odd(config)
