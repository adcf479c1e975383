"""The registry of running plants: who is in it, what is stale, and what is not trusted."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from petra.plant.registry import PlantNotRunningError, SeveralPlantsError, find, register, running
from petra.plant.runtime import make_folder, socket_paths

HOLD = """
import sys
from petra.plant.registry import register
with register(sys.argv[1], sys.argv[2], sys.argv[3]):
    print("entered", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def runtime(monkeypatch):
    """A runtime folder of the test's own, with a path that is short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="petra-test-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setattr("petra.plant.runtime.SYSTEM", folder / "system")
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder / "petra"
    shutil.rmtree(folder)


@pytest.fixture
def document(tmp_path) -> Path:
    path = tmp_path / "tank.yaml"
    path.write_text("signals: []\n")
    return path


@pytest.fixture
def hold(runtime):
    """Start processes that are entered as plants."""
    started = []

    def start(document: Path, channel: str = "") -> subprocess.Popen[str]:
        arguments = [str(document), str(document.with_suffix(".data")), channel]
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": str(runtime.parent)},
        )
        started.append(process)
        assert process.stdout.readline() == "entered\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_plant_is_entered_as_long_as_it_runs(runtime, document):
    with register(document, document.with_suffix(".data"), "its.sock"):
        (plant,) = running()
        assert (plant.name, plant.pid, plant.document) == ("tank", os.getpid(), document)
        assert (plant.data_folder, plant.channel) == (document.with_suffix(".data"), "its.sock")
        assert plant.started_at > 0
        assert plant.version
        assert runtime.stat().st_mode & 0o777 == 0o700
    assert running() == []
    assert list(runtime.iterdir()) == []


def test_what_was_killed_is_removed_by_the_next_reader(hold, runtime, document):
    process = hold(document)
    assert find(document).pid == process.pid
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(list(runtime.iterdir())) == 1
    assert running() == []
    assert list(runtime.iterdir()) == []


def test_a_plant_is_found_by_whatever_names_it(hold, document, tmp_path, monkeypatch):
    other = tmp_path / "mixer.yaml"
    other.write_text("")
    first, second = hold(document, str(tmp_path / "one.sock")), hold(other)
    (tmp_path / "link.yaml").symlink_to(document)
    monkeypatch.chdir(tmp_path)
    for target in (document, "tank.yaml", "tank", "tank.data", "one.sock", "link.yaml"):
        assert find(target).pid == first.pid, target
    assert find(other).pid == second.pid
    with pytest.raises(SeveralPlantsError, match=r"(?s)name one of them:.*tank \(process.*mixer \(process"):
        find()
    second.kill()
    second.wait()
    assert find().pid == first.pid


def test_one_name_of_two_plants_is_not_enough(hold, document, tmp_path):
    (tmp_path / "b").mkdir()
    hold(document)
    hold(tmp_path / "b" / "tank.yaml")
    with pytest.raises(SeveralPlantsError, match="several plants are called tank; name the document"):
        find("tank")


def test_what_does_not_run_is_said_with_what_to_do(hold, document, tmp_path):
    with pytest.raises(PlantNotRunningError, match=r"no plant .* runs on this machine; start one with"):
        find()
    with pytest.raises(PlantNotRunningError, match=r"tank\.yaml does not run; start it with `petra run"):
        find(document)
    hold(document)
    with pytest.raises(PlantNotRunningError, match="no plant tnak runs; did you mean tank"):
        find("tnak")
    with pytest.raises(PlantNotRunningError, match=r"did you mean .*tank\.yaml"):
        find(tmp_path / "tnk.yaml")


def test_a_plant_that_is_not_entered_is_found_by_its_lock(runtime, document):
    from petra.engine.folder import DataFolder

    folder = DataFolder(document, "kept")
    with folder.locked():
        for found in (find(document, data_folder=folder.path), find(folder.path)):
            assert (found.pid, found.data_folder) == (os.getpid(), folder.path)
    with pytest.raises(PlantNotRunningError):
        find(document, data_folder=folder.path)


def test_a_plant_that_is_not_entered_is_found_by_its_socket(runtime, document):
    folder = document.with_suffix(".data")
    path = next(path for path in socket_paths(folder) if path.parent == runtime)
    make_folder()
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        with pytest.raises(PlantNotRunningError):
            find(document)  # nobody listens: a socket that was left by kill -9
        server.listen(1)
        found = find(document)
    assert (found.channel, found.pid) == (str(path), os.getpid() if sys.platform == "linux" else 0)


@pytest.mark.parametrize("kind", ["link", "file", "open to others", "of another user"])
def test_a_runtime_folder_of_somebody_else_is_not_used(runtime, document, tmp_path, kind):
    if kind == "link":
        (tmp_path / "trap").mkdir(0o700)
        runtime.symlink_to(tmp_path / "trap")
    elif kind == "file":
        runtime.write_text("")
    else:
        runtime.mkdir(0o700)
        if kind == "open to others":
            runtime.chmod(0o777)
        elif os.geteuid() == 0:
            os.chown(runtime, 12345, 12345)
        else:
            pytest.skip("only root can give a folder to another user")
    with register(document, document.with_suffix(".data")):
        assert len(running()) == 1
        assert runtime.is_file() or list(runtime.iterdir()) == [], "the next place was used"


def test_entries_that_make_no_sense_do_not_block_or_fail(runtime, document):
    runtime.mkdir(0o700)
    os.mkfifo(runtime / "1-pipe.json")
    (runtime / "2-link.json").symlink_to("/etc/passwd")
    (runtime / "3-torn.json").write_text('{"name": "ta')
    (runtime / "4-list.json").write_text("[1]")
    with register(document, document.with_suffix(".data")):
        assert [plant.name for plant in running()] == ["tank"]
    assert Path("/etc/passwd").exists()
    assert not (runtime / "3-torn.json").exists()


def test_no_runtime_folder_is_a_warning(runtime, document, monkeypatch, caplog):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(document))
    monkeypatch.setattr("petra.plant.runtime.SYSTEM", document / "system")
    monkeypatch.setenv("TMPDIR", str(document))
    with register(document, document.with_suffix(".data")):
        assert running() == []
    assert "petra ps does not list this plant, which runs all the same" in caplog.text


def test_a_full_disk_is_a_warning(runtime, document):
    """The size of files is limited to nothing, which is a write that fails, as on a full disk."""
    limited = "import logging, resource; logging.basicConfig(level='WARNING')\n"
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime.parent)}
    arguments = [str(document), str(document.with_suffix(".data")), ""]
    command = [sys.executable, "-c", limited + HOLD.replace("True", "False"), *arguments]
    ended = subprocess.run(command, input="", capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "petra ps does not list this plant, which runs all the same" in ended.stderr
    assert list(runtime.iterdir()) == []


def test_a_path_too_long_for_a_socket_is_left_out(runtime, tmp_path):
    deep = tmp_path / ("x" * 100) / "tank.data"
    paths = socket_paths(deep)
    assert paths
    assert all(path.parent != deep for path in paths)
    assert all(len(os.fsencode(path)) <= 107 for path in paths)


def test_a_folder_of_ones_own_is_the_only_one(runtime, document, monkeypatch, tmp_path):
    with register(document, document.with_suffix(".data")):
        assert [plant.name for plant in running()] == ["tank"]
        monkeypatch.setenv("PETRA_RUNTIME_DIR", str(tmp_path / "apart"))
        assert running() == []
        with register(document, document.with_suffix(".data")):
            assert len(running()) == 1
        monkeypatch.delenv("PETRA_RUNTIME_DIR")
        assert len(running()) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root sees others")
def test_another_user_cannot_pose_as_a_plant(monkeypatch, document):
    """Root would send its commands there."""
    stranger = 12_345
    with tempfile.TemporaryDirectory(prefix="petra-test-") as base:
        folder = Path(base) / f"petra-{stranger}"
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        monkeypatch.setattr("petra.plant.runtime.SYSTEM", Path(base) / "system")
        monkeypatch.setenv("TMPDIR", base)
        theirs = Path(base) / "theirs.data"
        for made in (folder, theirs):
            made.mkdir(mode=0o755)
            os.chown(made, stranger, stranger)
        entry = folder / "1-spoof.json"

        def enter(data_folder):
            plant = {
                "name": "tank",
                "pid": os.getpid(),
                "document": str(document),
                "data_folder": str(data_folder),
                "channel": str(theirs / "channel.sock"),
                "started_at": 1.0,
                "version": "1",
            }
            entry.write_text(json.dumps(plant))
            os.chown(entry, stranger, stranger)

        held = os.open(folder, os.O_RDONLY)
        try:
            enter(document.with_suffix(".data"))
            with entry.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                assert running() == [], "a data folder that is not theirs"
                enter(theirs)
            with entry.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                (listed,) = running()
                assert (listed.document, listed.mine) == (None, False)
                for target in (None, "tank", document):
                    with pytest.raises(PlantNotRunningError):
                        find(target)
                assert find(theirs).channel == str(theirs / "channel.sock")
        finally:
            os.close(held)
