"""A plant with a channel in a folder of its own."""

from __future__ import annotations

import pytest

from petra.config import load_bytes
from petra.engine import Engine
from petra.engine.site import Site
from petra.plant.blocking import BlockingPlant, ClientLoop
from petra.plant.channel.client import ChannelPlant
from petra.plant.channel.link import Credentials, Link
from petra.plant.channel.server import ChannelServer
from petra.plugin import Catalog

CATALOG = Catalog.load()
DOCUMENT = """
scan_time_ms: 10
signals:
  - {name: level, minimum: 0, maximum: 10, unit: m}
  - {name: count, type: int}
  - {name: label, type: string}
  - {name: enabled, type: bool}
  - {name: pump1.run, type: bool}
blocks:
  - {name: delay, type: TON, inputs: {input: enabled}, outputs: {output: pump1.run}, params: {preset: 0.0}}
"""


def conf(text=DOCUMENT):
    return load_bytes(text.encode(), CATALOG)


class Reachable:
    """A running plant, and how to connect with it."""

    def __init__(self, folder, text=DOCUMENT, *, sockets=True):
        self.text = text
        self.sockets = sockets
        self.path = folder / "channel.sock"
        self.stops = 0
        self.engine = self.server = None
        self.clients = []

    def start(self):
        site = Site("tank", read=lambda: conf(self.text), stop=self._stopped)
        self.engine = Engine(conf(self.text).configuration, CATALOG, site=site)
        self.engine.start()
        self.server = ChannelServer(
            self.engine.plant, self.engine.guard, self.engine.clock, self.path, sockets=self.sockets
        )
        self.server.start()
        return self

    def _stopped(self):
        self.stops += 1

    def stop(self):
        if self.server is not None:
            self.server.stop()
            self.engine.stop()
            self.server = None

    def link(self, **about):
        return Link(self.path, Credentials(**about))

    def connect(self, **about):
        loop = ClientLoop()
        try:
            plant = ChannelPlant(loop.call(_made(self.link, about)))
        except BaseException:
            loop.stop()
            raise
        client = BlockingPlant(plant, loop, plant.aclose)
        self.clients.append(client)
        return client


async def _made(link, about):
    made = link(**about)
    await made.connect()
    return made


@pytest.fixture
def reachable(tmp_path):
    made = []

    def make(**options):
        made.append(Reachable(tmp_path, **options).start())
        return made[-1]

    yield make
    for each in made:
        for client in each.clients:
            client.close()
        each.stop()


@pytest.fixture
def running(reachable):
    return reachable()
