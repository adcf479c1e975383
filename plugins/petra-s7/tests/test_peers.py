"""Other implementations as judges.

nodes7 and python-snap7's client judge the simulator, which has no code of the library. python-snap7's server
judges values and where they lie; the requests are the library's own, and `test_wire.py` holds their bytes.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess

import pytest
from s7 import Area, Client, Server, SrvArea
from snap7.error import S7Error

from petra.drivers import Direction, Simulator
from petra.drivers.commands.order import Outcome
from petra.supervise import Supervisor
from petra.testing import Rig
from petra_s7.config import S7Config, S7Point
from petra_s7.driver import S7Driver

BOTH = Direction.BOTH
VALUES = {
    "DB1.DBX0.3": True,
    "DB1.BYTE1": 200,
    "DB1.SINT2": -100,
    "DB1.WORD4": 40_000,
    "DB1.INT6": -12_345,
    "DB1.DWORD8": 3_000_000_000,
    "DB1.DINT12": -2_000_000_000,
    "DB1.LINT16": -(2**60),
    "DB1.REAL24": 3.25,
    "DB1.LREAL28": 0.1,
    "DB1.CHAR36": "x",
    "DB1.STRING38.20": "Grüße",
    "DB1.WSTRING60.10": "Ωmega",
    "DB1.DATE90": "2026-11-21",
    "DB1.TIME92": 12.345,
    "DB1.TIME_OF_DAY96": "23:59:58.125",
    "DB1.DATE_AND_TIME100": "2026-11-21T10:15:30.125",
    "DB1.DTL110": "2026-11-21T10:15:30.125",
    "DB1.S5TIME122": 45.5,
    "DB1.LTIME124": 1.5,
    "M10.7": True,
    "MW20": 17,
    "QB3": 9,
    "DB1.DBW600": 77,
    "DB1.DBW1200": 78,
}


def config(port: int, **more) -> S7Config:
    made = tuple(S7Point(signal=text.replace(".", "_"), address=text, direction=BOTH) for text in VALUES)
    return S7Config(host="127.0.0.1", port=port, poll_ms=20.0, timeout_ms=1_000.0, points=made, **more)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Snap7(Simulator):
    """python-snap7's own server."""

    async def start(self, host: str, port: int) -> int:
        self._server = Server(log=False)
        self.db = bytearray(2_000)
        self.merkers = bytearray(100)
        self.outputs = bytearray(100)
        self._server.register_area(SrvArea.DB, 1, self.db)
        self._server.register_area(SrvArea.MK, 0, self.merkers)
        self._server.register_area(SrvArea.PA, 0, self.outputs)
        port = free_port()
        self._server.start_to(host, port)
        return port

    async def stop(self) -> None:
        self._server.stop()

    def set(self, point, value) -> None:
        raise NotImplementedError

    def get(self, point):
        raise NotImplementedError

    def refuse(self, point) -> None:
        raise NotImplementedError

    def accept(self, point) -> None:
        raise NotImplementedError


class Driver(S7Driver):
    def simulator(self) -> Snap7:
        return Snap7(self.points)


def test_our_driver_writes_and_reads_what_snap7_serves():
    """Every type is confirmed by their server; the bytes are where they belong.

    But for bits: their server stores a bit as a whole byte. nodes7 and our simulator agree on those, below.
    """
    with Rig(lambda port: Driver(config(port))) as rig:
        rig.until(lambda: rig.status.sessions == 1, "connected", 20.0)
        peer = rig.simulator
        peer.db[38], peer.db[60:62] = 20, b"\0\x0a"  # how long strings are declared is never written
        others = [(p, v) for p, v in zip(rig.points, VALUES.values(), strict=True) if v is not True]
        for point, value in others:
            command = rig.command(point, value)
            assert command.outcome is Outcome.CONFIRMED, str(command)
        assert peer.db[6:8] == (-12_345).to_bytes(2, signed=True)
        assert peer.db[39:45] == b"\x05Gr\xfc\xdfe"
        peer.db[0], peer.merkers[10] = 1 << 3, 1 << 7
        assert peer.merkers[20:22] == b"\0\x11"
        assert peer.outputs[3] == 9
        rig.until(
            lambda: all(rig.reading(p).value == v for p, v in zip(rig.points, VALUES.values(), strict=True)),
            "every value is read",
        )


@pytest.fixture
def plc():
    """Our simulator on a port, with its driver's points."""
    driver = S7Driver(config(102))
    simulator = driver.simulator()
    thread = Supervisor("simulator")
    thread.start()
    port = thread.call(simulator.start("127.0.0.1", 0))
    yield driver, simulator, port
    thread.call(simulator.stop())
    thread.stop()


def test_snap7_reads_and_writes_our_simulator(plc):
    driver, simulator, port = plc
    for point, value in zip(driver.points, VALUES.values(), strict=True):
        simulator.set(point, value)
    client = Client()
    client.connect("127.0.0.1", 0, 1, port)
    try:
        assert client.db_read_real(1, 24) == 3.25
        assert client.db_read_int(1, 6) == -12_345
        assert client.db_read_string(1, 38) == "Grüße"
        assert client.db_read(1, 0, 470)[1] == 200  # longer than a PDU
        assert client.mb_read(20, 2) == b"\0\x11"
        items = [{"area": Area.DB, "db_number": 1, "start": at, "size": 4} for at in range(0, 80, 4)]
        code, found = client.read_multi_vars(items)
        assert code == 0
        assert b"".join(found) == client.db_read(1, 0, 80)
        client.db_write_real(1, 24, -1.5)
        real = next(p for p in driver.points if p.signal == "DB1_REAL24")
        assert simulator.get(real) == -1.5
        with pytest.raises(S7Error):
            client.db_read(99, 0, 2)
        assert "simulat" in str(client.get_cpu_info())
    finally:
        client.disconnect()


NODES7 = """
const nodes7 = require('nodes7');
const conn = new nodes7({silent: true});
const tags = {flag: 'DB1,X0.3', number: 'DB1,INT6', long: 'DB1,DI12', real: 'DB1,REAL24', text: 'DB1,S38.20',
              merker: 'M10.7', word: 'MW20', far: 'DB1,WORD600'};
function end(error) { if (error) { console.error(error); process.exit(1); } }
conn.initiateConnection({port: +process.argv[2], host: '127.0.0.1', rack: 0, slot: 1}, (error) => {
  end(error);
  conn.setTranslationCB((tag) => tags[tag]);
  conn.addItems(Object.keys(tags));
  conn.readAllItems((bad, first) => {
    end(bad && 'bad values');
    conn.writeItems(['real', 'number', 'merker'], [-9.5, 321, false], (badWrite) => {
      end(badWrite && 'bad write');
      conn.readAllItems((again, second) => {
        end(again && 'bad values again');
        console.log(JSON.stringify([first, second]));
        conn.dropConnection(() => process.exit(0));
      });
    });
  });
});
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="nodes7 needs node and npm")
def test_nodes7_reads_and_writes_our_simulator(plc, tmp_path):
    driver, simulator, port = plc
    for point, value in zip(driver.points, VALUES.values(), strict=True):
        simulator.set(point, value)
    (tmp_path / "read.js").write_text(NODES7)
    (tmp_path / "package.json").write_text('{"private": true}')
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "nodes7@0.3.18"]
    done = subprocess.run(install, cwd=tmp_path, check=False, timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, f"nodes7 cannot be installed: {done.stderr}"
    done = subprocess.run(
        ["node", "read.js", str(port)], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout.splitlines()[-1])
    assert first == {
        "flag": True,
        "number": -12_345,
        "long": -2_000_000_000,
        "real": 3.25,
        "text": "Grüße",
        "merker": True,
        "word": 17,
        "far": 77,
    }
    assert (second["real"], second["number"], second["merker"]) == (-9.5, 321, False)
    held = {p.signal: simulator.get(p) for p in driver.points}
    assert (held["DB1_REAL24"], held["DB1_INT6"], held["M10_7"]) == (-9.5, 321, False)
