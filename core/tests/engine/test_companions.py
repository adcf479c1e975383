"""Companions: services in processes of their own, which the engine starts, hears, watches and ends."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import petra
from petra import Catalog, PetraError
from petra.config import configuration, load_bytes
from petra.engine import Engine
from petra.engine.site import Site
from petra.library import plugin as library
from petra.plant.channel.server import ChannelServer
from petra.plugin.discovery import in_folder
from petra.supervise import ActivityState, Backoff
from petra.testing.rig import resources

PLANT = """
scan_time_ms: 10
signals: [{name: count, type: int}]
"""
(ENTRY,) = in_folder(Path(__file__).parent / "companions")


@pytest.fixture(scope="module")
def catalog():
    return Catalog.of(library, ENTRY.load())


class Plant:
    """An engine with a channel."""

    def __init__(self, catalog: Catalog, folder: Path, section: str) -> None:
        self.catalog = catalog
        self.engine = Engine(self.read(section), catalog, site=Site(name="p", data_dir=str(folder)))
        self.engine.services._backoff = lambda: Backoff(first=0.05, longest=0.1)
        self.channel = ChannelServer(
            self.engine.plant, self.engine.guard, self.engine.clock, folder / "channel.sock"
        )

    def read(self, section: str):
        return configuration(load_bytes((PLANT + section).encode(), self.catalog, {"SECRET": "swordfish"}))

    def __enter__(self) -> Plant:
        self.channel.start()
        self.engine.services.door = self.channel
        self.engine.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.stop()
        self.channel.stop()

    def status(self, name: str = "odd"):
        return self.engine.status().services[name]

    def serves(self, name: str = "odd") -> bool:
        return self.status(name).health.state is ActivityState.SERVING and self.status(name).pid != 0


@pytest.fixture
def plant(catalog, tmp_path):
    return lambda section: Plant(catalog, tmp_path, section)


def until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_companion_works_with_the_plant_and_is_seen(plant, caplog):
    caplog.set_level(logging.INFO)
    with plant("odd: {}") as running:
        until(running.serves)
        until(lambda: running.engine.bus.read("count").value >= 3)
        until(lambda: running.status().memory_bytes > 0 and running.status().cpu_s > 0)
        status = running.status()
        assert (status.kind, status.process, status.detail) == ("odd", True, "counting")
        assert status.pid not in (0, os.getpid())
        pid = status.pid
    assert not lives(pid)
    assert ("petra.service.odd", logging.WARNING, "it works") in caplog.record_tuples
    assert running.engine.failure is None


def test_a_companion_is_told_its_secrets_and_nothing_else(plant, caplog, tmp_path, monkeypatch):
    """Neither its command line nor its environment holds them; its users go through the policy."""
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("PETRA_SECRET", "swordfish")
    with plant("odd: {word: speaks, password: '${SECRET}'}") as running:
        until(running.serves)
        pid = running.status().pid
        until(lambda: "printed" in caplog.text and "complained" in caplog.text)
        assert b"swordfish" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"swordfish" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert (tmp_path / "services" / "odd" / "here").read_text() == str(pid)
        until(lambda: any(set(message) == {"x"} for message in caplog.messages))
    lines = [r.getMessage() for r in caplog.records if r.name == "petra.service.odd"]
    said = "odd (service); 9 hsifdrows [] ['odd']; without a policy, the network may not write"
    assert said in lines
    assert max(map(len, lines)) == 16_000


def test_a_flood_of_lines_is_bounded_and_holds_nothing_up(plant, caplog):
    caplog.set_level(logging.INFO)
    with plant("odd: {word: floods}") as running:
        until(lambda: "lines were left out" in caplog.text)
        assert running.status().health.failures == 0
    assert len([r for r in caplog.records if r.name == "petra.service.odd"]) < 5_000


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("fails", "the broker is away"),
        ("breaks", "ZeroDivisionError: ZeroDivisionError"),
        ("returns", "it ended by itself"),
        ("exits", "SystemExit: no licence"),
        ("dies", "its process was ended by SIGKILL"),
        ("leaves", "its process has ended with exit code 7: the library says goodbye"),
        ("hangs", "no progress for 0.4 s"),
        ("blocks", "no progress for 0.4 s"),
        ("cannot be built", "ImportError: no module named 'broker'"),
    ],
)
def test_a_companion_that_fails_is_started_again_and_leaves_nothing(plant, word, error):
    with plant(f"odd: {{word: {word}}}") as running:
        pids = set()

        def failed_twice() -> bool:
            pids.add(running.status().pid)
            return running.status().health.failures >= 2

        until(failed_twice)
        assert running.status().health.error.startswith(error)
    assert not any(map(lives, pids - {0}))


def test_what_a_companion_has_started_ends_with_it(plant):
    with plant("odd: {word: forks}") as running:
        until(lambda: running.serves() and running.status().detail)
        child = int(running.status().detail)
        os.kill(running.status().pid, signal.SIGKILL)
        until(lambda: not lives(child))
        until(lambda: running.serves() and running.status().detail not in ("", str(child)))
        child = int(running.status().detail)
    assert not lives(child)


def test_a_pipe_that_a_process_outside_of_the_session_holds_is_closed_all_the_same(plant):
    with plant("odd: {word: detaches}") as running:
        until(lambda: running.serves() and running.status().detail)
        before, children = resources()[1], [int(running.status().detail)]
        for _ in range(3):
            os.kill(running.status().pid, signal.SIGKILL)
            until(lambda: running.serves() and running.status().detail not in ("", str(children[-1])))
            children.append(int(running.status().detail))
        after = resources()[1]
        for child in children:
            os.kill(child, signal.SIGKILL)
    assert after == before


def test_a_reload_starts_only_what_has_changed_and_nothing_when_one_cannot_be_built(plant):
    with plant("odd: [{name: a}, {name: b}]") as running:
        until(lambda: running.serves("a") and running.serves("b"))
        a, b = running.status("a").pid, running.status("b").pid
        with pytest.raises(PetraError, match=r"'c' cannot be built: ImportError: no module named 'broker'"):
            running.engine.reload(
                running.read("odd: [{name: a, word: speaks}, {name: c, word: cannot be built}]")
            )
        assert (running.status("a").pid, running.status("b").pid) == (a, b)
        running.engine.reload(running.read("odd: [{name: a}, {name: b, word: speaks}]"))
        until(lambda: running.serves("b"))
        assert running.status("a").pid == a
        assert running.status("b").pid != b
        assert not lives(b)


def test_nothing_is_left_of_a_plant_that_has_ended(plant):
    for _ in range(2):  # the first one warms up
        before = resources()
        with plant("odd: {}") as running:
            until(running.serves)
            os.kill(running.status().pid, signal.SIGKILL)
            until(lambda: running.status().health.failures and running.serves())
        after = resources()
    assert after == before


def test_a_plant_that_ends_while_a_companion_fails_leaves_nothing(plant):
    """Being told to end comes while what has failed is being cleared away."""
    for word in ("fails", "returns", "serves") * 3:
        with plant(f"odd: {{word: {word}}}") as running:
            until(lambda: running.status().health.failures or running.serves())
        assert children_of(os.getpid()) == []


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started, those that have ended as well."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if stat.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(stat.parent.name))
    return found


def begun(folder: Path, pid: int) -> bool:
    """Return whether the companion of a plant works with it: it is a client of the channel."""
    with suppress(PetraError, OSError), petra.connect(folder / "plant.yaml") as plant:
        return any(each.health.state is ActivityState.SERVING for each in plant.status().services.values())
    return False


@pytest.mark.parametrize("word", ["speaks", "blocks"])
def test_no_companion_outlives_a_plant_that_is_killed(tmp_path, word):
    """Also one that hears nothing."""
    (tmp_path / "plant.yaml").write_text(PLANT + f"odd: {{word: {word}}}")
    folder = str(Path(__file__).parent / "companions")
    command = [sys.executable, "-m", "petra", "--plugins-dir", folder, "run", str(tmp_path / "plant.yaml")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as running:
        until(lambda: begun(tmp_path, running.pid))
        (pid,) = children_of(running.pid)
        running.kill()
    until(lambda: not lives(pid))
