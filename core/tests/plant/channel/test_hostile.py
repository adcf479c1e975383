"""Whatever a client sends, or does not: it alone is refused, and everybody else is served as before."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading

import msgspec
import pytest

from petra.plant.channel import peer, server
from petra.plant.channel.address import PortFile
from petra.plant.channel.client import ChannelPlant
from petra.plant.channel.link import Credentials, Link, PlantGoneError
from petra.plant.channel.peer import SLOW, STREAMS
from petra.plant.channel.wire import (
    FROM_CLIENT,
    TO_CLIENT,
    VERSION,
    Answer,
    Ask,
    ChannelError,
    VersionError,
    framed,
    greeting,
    packed,
    read_frame,
)
from petra.plant.guard import NotAllowedError
from petra.testing.rig import resources

MANY = "scan_time_ms: 10\nsignals:\n  - {name: count, type: int}\n" + "".join(
    f"  - {{name: s{n}, type: int}}\n" for n in range(3_000)
)


def head(size):
    return size.to_bytes(4, "big")


def frame(message):
    return framed(packed(message), FROM_CLIENT)


def call(number, method, arguments=None):
    return frame([Ask.CALL, number, method, arguments or {}, None])


def opening(number, kind, arguments=None):
    return frame([Ask.OPEN, number, kind, arguments or {}, None])


def eventually(condition):
    """Wait for what another thread or process does."""
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return True
        pause.wait(0.01)
    return False


class Raw:
    """A client that sends any bytes."""

    def __init__(self, path, *, greets=True, **about):
        if path.is_socket():
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(str(path))
        else:
            self.socket = socket.create_connection(("127.0.0.1", PortFile.read(path).port))
        self.socket.settimeout(10)
        assert self.hear()[0] == "petra"
        if greets:
            self.send(greeting(**about))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def hear(self):
        size = int.from_bytes(self._exactly(4), "big")
        return msgspec.msgpack.decode(self._exactly(size))

    def hear_out(self):
        """Return what is said until the end."""
        said = []
        while True:
            try:
                said.append(self.hear())
            except (EOFError, ConnectionError):
                return said

    def _exactly(self, size):
        found = b""
        while len(found) < size:
            more = self.socket.recv(size - len(found))
            if not more:
                raise EOFError
            found += more
        return found


class Beside:
    """Another client, which must not notice anything."""

    def __init__(self, made):
        self.made = made
        self.client = made.connect()
        self.watch = self.client.watch("count")
        next(self.watch)
        self.number = 0
        gc.collect()
        self.before = resources(), self.tasks()

    def tasks(self):
        return len(asyncio.all_tasks(self.made.server._loop))

    def is_served(self):
        self.number += 1
        self.made.engine.bus.write("count", self.number)
        while next(self.watch)["count"].value != self.number:
            pass
        return self.client.read("count")["count"].value == self.number

    def is_alone(self):
        """Return whether nothing is left of the others: no client, task, thread or descriptor."""

        def alone():
            gc.collect()
            (threads, files), tasks = self.before
            now = resources()
            return (
                self.made.server.clients == 1
                and self.tasks() <= tasks
                and now[0] <= threads
                and now[1] <= files
            )

        return eventually(alone)


@pytest.fixture
def beside(request, reachable, caplog):
    """A plant and a client of it that must be served before, during and after whatever the test does."""
    found = Beside(reachable(**getattr(request, "param", {})))
    assert found.is_served()
    yield found
    assert found.is_served()
    assert found.is_alone()
    assert found.made.engine.scheduler.tasks[0].statistics.faults == 0
    assert [each for each in caplog.records if each.name == "asyncio" and each.levelname == "ERROR"] == []


ROGUE = {
    "nothing": head(0),
    "more than a client may send": head(FROM_CLIENT + 1),
    "all that a length can say": head(2**32 - 1),
    "no message": head(4) + b"\xc1\xc1\xc1\xc1",
    "a number": frame(7),
    "an empty list": frame([]),
    "an unknown kind": frame([99, 1, "read", {}, None]),
    "a call without its rest": frame([Ask.CALL, 1]),
    "a number that is a text": frame([Ask.CALL, "1", "read", {}, None]),
    "arguments that are a list": frame([Ask.CALL, 1, "read", [], None]),
    "what only a plant sends": frame([Answer.LAYOUT, 1, []]),
    "nested without end": head(50_000) + b"\x91" * 50_000,
    "keys that are lists": head(4) + b"\x81\x91\x80\x01",
    "text that is none": head(2) + b"\xa1\xff",
    "a time of another world": head(15) + b"\xc7\x0c\xff" + b"\xff" * 12,
    "a list as long as memory": head(5) + b"\xdd\xff\xff\xff\xff",
    "a second greeting": greeting(),
}


@pytest.mark.parametrize("data", ROGUE.values(), ids=ROGUE)
def test_a_client_that_breaks_the_rules_is_told_and_sent_away(beside, data):
    refused = beside.made.server.refused
    with Raw(beside.made.path) as rogue:
        rogue.send(data)
        *_, (kind, number, name, text) = rogue.hear_out()
    assert (kind, number, name) == (Answer.ERROR, 0, "ChannelError")
    assert text
    assert beside.made.server.refused == refused + 1


HALVES = {
    "no byte": b"",
    "half a length": b"\0\0",
    "a length alone": head(100),
    "half a message": head(100) + b"\x95\x00",
}


@pytest.mark.parametrize("greets", [True, False], ids=["greeted", "silent"])
@pytest.mark.parametrize("data", HALVES.values(), ids=HALVES)
def test_a_client_that_goes_in_the_middle_leaves_nothing(beside, data, greets):
    with Raw(beside.made.path, greets=greets) as rogue:
        rogue.send(data)
        rogue.socket.shutdown(socket.SHUT_WR)
        rogue.hear_out()


def test_ten_thousand_garbage_frames(beside):
    chance = random.Random(7)
    for number in range(500):
        with Raw(beside.made.path, greets=number % 2 == 0) as rogue:
            bodies = [chance.randbytes(chance.randrange(1, 60)) for _ in range(20)]
            try:
                rogue.send(b"".join(head(len(body)) + body for body in bodies))
            except ConnectionError:
                continue  # it was sent away already
        if number % 100 == 0:
            assert beside.is_served()
    assert eventually(lambda: beside.made.server.refused > 400)


def test_ten_thousand_requests_of_garbage_are_each_answered(beside, monkeypatch):
    monkeypatch.setattr(peer, "BURST", 10**9)
    chance = random.Random(8)
    methods = ["read", "recent", "tune", "force", "unforce", "nothing", "", "_engine", "acting", "__init__"]
    values = [None, True, -1, 2**63 - 1, 1e308, float("nan"), "x" * 50, ["level", 3], {"a": 1}, b"\0", [[[]]]]
    names = ["names", "signal", "value", "limit", "seconds", "self", "note", "block"]
    requests = [
        call(i, chance.choice(methods), {chance.choice(names): chance.choice(values) for _ in range(3)})
        for i in range(10_000)
    ]
    with Raw(beside.made.path) as rogue:
        assert rogue.hear()[2]["actor"]
        sending = threading.Thread(target=rogue.send, args=(b"".join(requests),))
        sending.start()
        answers = {}
        while len(answers) < 10_000:
            kind, number, *_ = rogue.hear()
            answers[number] = kind
        sending.join()
    assert set(answers) == set(range(10_000))


@pytest.mark.parametrize("beside", [{"text": MANY}], indirect=True)
def test_a_flood_of_requests_whose_answers_are_not_read_is_not_read_either(beside):
    """What waits for the client is one answer more than it may hold up."""
    with Raw(beside.made.path) as rogue:
        rogue.hear()
        rogue.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            rogue.send(b"".join(call(number, "read") for number in range(1, 400_000)))

        def held():
            return max(each.unsent for each in list(beside.made.server._peers.values()))

        assert eventually(lambda: held() > SLOW)
        assert beside.is_served()
        assert held() < 3 * SLOW


@pytest.mark.parametrize("greets", [b"", head(FROM_CLIENT + 1), frame([1, 2, 3]), frame(["petra", 1, 5])])
def test_who_does_not_greet_is_told(beside, monkeypatch, greets):
    monkeypatch.setattr(server, "GREETED_WITHIN", 0.05)
    with Raw(beside.made.path, greets=False) as rogue:
        rogue.send(greets)
        ((name, version, about),) = rogue.hear_out()
    assert (name, version) == ("petra", VERSION)
    assert about["error"]


def test_a_client_of_another_version_is_told_what_to_do(beside):
    with Raw(beside.made.path, greets=False) as rogue:
        rogue.send(frame(["petra", VERSION + 1, {"version": "9.1", "news": [1]}]))
        ((_, _, about),) = rogue.hear_out()
    assert "install the same version of petra on both" in about["error"]
    assert "9.1" in about["error"]


@pytest.mark.parametrize("token", ["wrong", "ünicode", "x" * 10_000, 7, ["a"]])
def test_a_wrong_token_is_refused(beside, token):
    beside.made.server.token_for("mqtt")
    with Raw(beside.made.path, name="mqtt", token=token) as rogue:
        ((_, _, about),) = rogue.hear_out()
    assert about["error"] == "the token of 'mqtt' is not valid"


@pytest.mark.parametrize("beside", [{"sockets": False}], indirect=True)
@pytest.mark.parametrize("secret", [{}, {"secret": ""}, {"secret": "wrong"}, {"secret": "ü"}, {"secret": 7}])
def test_a_port_lets_nobody_in_without_its_secret(beside, secret):
    with Raw(beside.made.path, **secret) as rogue:
        ((_, _, about),) = rogue.hear_out()
    assert about["error"] == "it does not know the secret of the plant"
    assert beside.made.path.stat().st_mode & 0o777 == 0o600


def test_a_number_that_is_used_twice(beside):
    """Calls are answered twice; a second stream of one number would not be told from the first."""
    with Raw(beside.made.path) as rogue:
        rogue.hear()
        rogue.send(call(1, "read", {"names": ["level"]}) * 2)
        assert {rogue.hear()[0] for _ in range(3)} == {Answer.RESULT, Answer.LAYOUT}
        rogue.send(opening(5, "events") * 2)
        assert "5 is open already" in rogue.hear_out()[-1][3]


WRONG = {
    "an unknown method": ("fly", {}),
    "a method of Python": ("__class__", {}),
    "a stream as a call": ("watch", {}),
    "an unknown argument": ("read", {"nmaes": "*"}),
    "a name that is a number": ("read", {"names": [3]}),
    "a name without end": ("read", {"names": "x" * 5_000}),
    "too many patterns": ("read", {"names": ["*a*"] * 1_000}),
    "no value": ("command", {"signal": "level"}),
    "a note that is a list": ("command", {"signal": "level", "value": 1.0, "note": ["x"]}),
    "time that is a text": ("recent", {"seconds": "10m"}),
    "time that is none": ("recent", {"seconds": float("nan")}),
}


@pytest.mark.parametrize(("method", "arguments"), WRONG.values(), ids=WRONG)
def test_a_wrong_request_is_answered(beside, method, arguments):
    with Raw(beside.made.path) as rogue:
        rogue.hear()
        rogue.send(call(1, method, arguments))
        kind, number, _, text = rogue.hear()
        assert (kind, number) == (Answer.ERROR, 1)
        assert text
        rogue.send(call(2, "forces"))
        assert rogue.hear() == [Answer.RESULT, 2, []]


WRONG_STREAMS = {
    "an unknown kind": ("fly", {}),
    "a call as a stream": ("read", {}),
    "a limit that is a text": ("follow", {"names": ["count"], "limit": "many"}),
    "a limit beyond all memory": ("follow", {"limit": 10**12}),
    "a limit of nothing": ("follow", {"limit": 0}),
    "a pause that is a text": ("watch", {"every": "1s"}),
    "a deadband that is a list": ("watch", {"deadband": [1]}),
    "a deadband of a text": ("watch", {"deadband": {"level": "x"}}),
    "a signal that does not exist": ("watch", {"names": ["lebel"]}),
    "bytes as a name": ("watch", {"names": [b"level"]}),
    "events of before all time": ("events", {"last": -1}),
}


@pytest.mark.parametrize(("kind", "arguments"), WRONG_STREAMS.values(), ids=WRONG_STREAMS)
def test_a_wrong_stream_ends_alone(beside, kind, arguments):
    """Before it reaches the plant: a limit that is no number would fail in the scan."""
    with Raw(beside.made.path) as rogue:
        rogue.hear()
        rogue.send(opening(1, kind, arguments))
        said, number, _, text = rogue.hear()
        assert (said, number) == (Answer.END, 1)
        assert text
        assert beside.is_served()
        rogue.send(call(2, "forces"))
        assert rogue.hear() == [Answer.RESULT, 2, []]


def test_too_many_clients_are_told_until_one_leaves(beside, monkeypatch):
    monkeypatch.setattr(server, "CLIENTS", 3)
    others = [Raw(beside.made.path) for _ in range(2)]
    for other in others:
        assert "actor" in other.hear()[2]
    with Raw(beside.made.path) as one_more:
        assert one_more.hear_out()[0][2]["error"] == "3 clients are connected already"
    others[0].socket.close()
    assert eventually(lambda: beside.made.server.clients == 2)
    with Raw(beside.made.path) as one_more:
        assert "actor" in one_more.hear()[2]
    others[1].socket.close()


def test_who_is_silent_keeps_nobody_out(beside, monkeypatch):
    monkeypatch.setattr(server, "GREETING", 3)
    silent = [Raw(beside.made.path, greets=False) for _ in range(10)]
    with Raw(beside.made.path) as other:
        assert "actor" in other.hear()[2]
    for each in silent[:7]:
        assert each.hear_out() == []
    for each in silent:
        each.socket.close()


def test_one_stream_too_many_ends_and_the_others_go_on(beside):
    with Raw(beside.made.path) as rogue:
        rogue.hear()
        rogue.send(b"".join(opening(i, "events") for i in range(STREAMS + 1)))
        assert rogue.hear()[:2] == [Answer.END, STREAMS]
        rogue.send(frame([Ask.CLOSE, 0]) + opening(STREAMS, "watch", {"names": ["level"]}))
        assert [rogue.hear()[0] for _ in range(2)] == [Answer.LAYOUT, Answer.ITEM]


def test_a_request_that_is_too_large_is_not_sent(beside):
    client = beside.made.connect()
    with pytest.raises(ChannelError, match="is larger than"):
        client.command("label", "x" * (FROM_CLIENT + 1))
    assert client.command("label", "short").ok
    client.close()


@pytest.mark.parametrize("beside", [{"text": MANY}], indirect=True)
def test_an_answer_that_is_too_large_is_an_error_in_words(beside, monkeypatch):
    """Also for who asks again: a watch that has failed is not the one of the next client."""
    client = beside.made.connect()
    assert len(client.read(["s1", "s2"])) == 2  # the layout is known
    monkeypatch.setattr(peer, "TO_CLIENT", 2_000)
    for _ in range(2):
        with pytest.raises(ChannelError, match="is larger than 2000"):
            client.read()
        with pytest.raises(ChannelError, match="is larger than 2000"):
            next(client.watch())
    assert len(client.read(["s1", "s2"])) == 2
    client.close()


def test_a_client_that_is_killed_within_a_frame(beside):
    script = """
import socket, sys, time
made = socket.socket(socket.AF_UNIX)
made.connect(sys.argv[1])
made.sendall(bytes.fromhex(sys.argv[2]))
print("sent", flush=True)
time.sleep(60)
"""
    data = greeting() + opening(1, "watch") + head(1_000) + b"half"
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", script, str(beside.made.path), data.hex()], stdout=subprocess.PIPE
    )
    with child:
        child.stdout.readline()
        assert eventually(lambda: beside.made.server.clients == 2)
        child.send_signal(signal.SIGKILL)
    assert eventually(lambda: beside.made.server.clients == 1)


def test_a_socket_that_is_removed_comes_back(monkeypatch, reachable):
    monkeypatch.setattr(server, "LOOK", 0.02)
    found = Beside(reachable())
    for _ in range(3):
        found.made.path.unlink()
        assert found.is_served()
        assert eventually(found.made.path.is_socket)
        found.made.connect().close()
    assert found.is_alone()


def test_the_socket_of_a_plant_that_was_killed_is_taken_over(tmp_path, reachable):
    path = tmp_path / "channel.sock"
    code = "from petra.bench.channel_plant import serve; serve()"
    command = [sys.executable, "-c", code, str(path), "100"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as killed:
        assert json.loads(killed.stdout.readline()) == {"path": str(path)}
        killed.kill()
    assert path.is_socket()
    client = reachable().connect()
    assert client.status().name == "tank"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to become another")
def test_another_user_does_not_get_in_at_all(beside):
    """The socket is for its user alone: the kernel refuses the connection."""
    script = "import os, socket, sys; os.setuid(12345); socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, str(beside.made.path)], capture_output=True, check=False
    )
    assert b"PermissionError" in done.stderr


class FakePlant:
    """Something that listens and says what it likes."""

    def __init__(self, path, *said):
        self.path, self.said, self.came = path, said, 0
        self.writers = []
        self.answering = 0

    async def __aenter__(self):
        self.server = await asyncio.start_unix_server(self._answer, str(self.path))
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()
        while self.answering:  # noqa: ASYNC110 - of the same loop
            await asyncio.sleep(0)

    async def _answer(self, reader, writer):
        self.came += 1
        self.answering += 1
        self.writers.append(writer)
        try:
            for each in self.said:
                writer.write(each)
            while await reader.read(1_000):
                pass
        except ConnectionError:
            pass
        finally:
            writer.close()
            self.answering -= 1


HELLO = greeting(version="9.1") + greeting(version="9.1", actor="ann")
FAKES = {
    "another version": (frame(["petra", VERSION + 1, {"version": "9.1"}]), VersionError, "install the same"),
    "another server": (frame(["http", 1, {}]), ChannelError, "does not greet as one"),
    "refused": (greeting() + greeting(error="go away"), NotAllowedError, "go away"),
    "too large": (HELLO + head(TO_CLIENT + 1), ChannelError, "is larger than"),
    "garbage": (HELLO + head(1) + b"\xc1", ChannelError, "cannot be read"),
    "another answer": (HELLO + frame([9, 9]), ChannelError, "not agreed"),
    "sent away": (HELLO + frame([Answer.ERROR, 0, "ChannelError", "enough"]), ChannelError, "enough"),
    "a bad layout": (HELLO + frame([Answer.LAYOUT, 1, [3]]), ChannelError, "Expected `object`"),
}


@pytest.mark.parametrize(("said", "error", "text"), FAKES.values(), ids=FAKES)
def test_a_plant_that_breaks_the_rules_is_an_error_and_not_asked_again_and_again(tmp_path, said, error, text):
    async def main():
        async with FakePlant(tmp_path / "fake.sock", said) as fake:
            for ask in (ChannelPlant.status, lambda plant: anext(aiter(plant.watch()))):
                plant = ChannelPlant(Link(fake.path, Credentials("test")))
                with pytest.raises(error, match=text):
                    await ask(plant)
                await plant.aclose()
            assert fake.came == 2

    asyncio.run(asyncio.wait_for(main(), 10))


def test_a_plant_that_goes_before_it_answers(tmp_path):
    async def main():
        async with FakePlant(tmp_path / "fake.sock", HELLO) as fake:
            plant = ChannelPlant(Link(fake.path, Credentials("test")))
            asking = asyncio.create_task(plant.status())
            while not plant._link._calls:  # noqa: ASYNC110 - of the same loop
                await asyncio.sleep(0)
            plant._link._writer.transport.abort()
            with pytest.raises(PlantGoneError):
                await asking
            await plant.aclose()

    asyncio.run(asyncio.wait_for(main(), 10))


def test_half_a_frame_of_any_length_ends_in_words():
    async def main(data):
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_frame(reader, FROM_CLIENT)

    whole = call(1, "read", {"names": ["level"]})
    for length in range(1, len(whole)):
        with pytest.raises(ChannelError, match="ends within a message"):
            asyncio.run(main(whole[:length]))
