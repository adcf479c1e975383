"""`petra run` and `petra ps`: two plants, kill -9, folders that cannot be written to, a full disk."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TEXT = """
scan_time_ms: 10
blocks:
- {name: total, type: TOTALIZER, inputs: {in: 1.0}, outputs: {total: litres}}
"""
RETAINED = '{"version": 1, "types": {"total": "TOTALIZER"}, "blocks": {"total": {"sum": 500.0}}}'


class Runs:
    """Starts plants as processes with a runtime folder of their own."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.env = {**os.environ, "PETRA_RUNTIME_DIR": str(base / "petra"), "TMPDIR": str(base)}
        self.env.pop("STATE_DIRECTORY", None)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, document: Path, *before: str, wait: bool = True, **keywords: object):
        command = [*before, sys.executable, "-m", "petra", "run", str(document), "--no-live"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.env, **keywords
        )
        self.started.append(process)
        process.lines = []
        if wait:
            self.until(process, "started: ")
        return process

    def until(self, process, text: str) -> str:
        for line in process.stdout:
            process.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"{text!r} was not printed: {process.lines}")

    def stop(self, process) -> str:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
        assert process.returncode == 0, rest
        return "".join(process.lines) + rest

    def petra(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "petra", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=self.env, check=False)

    def ps(self) -> list[dict[str, object]]:
        return json.loads(self.petra("ps", "--json").stdout)


@pytest.fixture
def runs():
    base = Path(tempfile.mkdtemp(prefix="petra-test-"))
    made = Runs(base)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.communicate()
    shutil.rmtree(base)


@pytest.fixture
def document(tmp_path) -> Path:
    path = tmp_path / "plants" / "tank.yaml"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


@pytest.fixture
def mounted(tmp_path):
    """Mount a small file system, which only root can do."""
    points = []

    def mount(options: str, source: Path | None = None) -> Path:
        point = tmp_path / f"mounted{len(points)}"
        point.mkdir()
        kind = ["--bind", str(source)] if source else ["-t", "tmpfs", "tmpfs"]
        if subprocess.run(["mount", *kind, str(point)], capture_output=True, check=False).returncode:
            pytest.skip("file systems cannot be mounted here")
        points.append(point)
        subprocess.run(["mount", "-o", f"remount,{options}", str(point)], check=True)
        return point

    yield mount
    for point in points:
        subprocess.run(["umount", "-l", str(point)], check=True)


def test_two_plants_in_one_folder_are_both_listed(runs, document):
    other = document.with_name("mixer.yaml")
    other.write_text(TEXT)
    first, second = runs.start(document), runs.start(other)
    listed = runs.ps()
    assert [(plant["name"], plant["pid"]) for plant in listed] == [("tank", first.pid), ("mixer", second.pid)]
    assert [plant["data_folder"] for plant in listed] == [
        str(document.with_name("tank.data")),
        str(document.with_name("mixer.data")),
    ]
    table = runs.petra("ps")
    assert str(first.pid) in table.stdout
    assert "UPTIME" in table.stdout.upper()
    runs.stop(first)
    runs.stop(second)
    none = runs.petra("ps")
    assert (none.returncode, runs.ps()) == (0, [])
    assert none.stdout == "no plant runs; start one with `petra run FILE`\n"


def test_the_same_document_twice_is_refused_with_the_process(runs, document):
    first = runs.start(document)
    second = runs.petra("run", str(document), "--no-live")
    assert second.returncode == 2
    assert (
        f"runs already, and would write to the same devices ({document} is locked by process {first.pid})"
        in (second.stderr)
    )
    assert len(runs.ps()) == 1


def test_after_kill_9_it_starts_at_once_and_nothing_stale_is_listed(runs, document):
    first = runs.start(document)
    first.kill()
    first.wait()
    second = runs.start(document)
    assert [plant["pid"] for plant in runs.ps()] == [second.pid]
    entries = [*(runs.base / "petra").glob("*.json")]
    assert len(entries) == 1
    runs.stop(second)


def test_a_document_in_a_read_only_folder_runs_with_its_data_elsewhere(runs, document, mounted, tmp_path):
    document.with_name("tank.retain.json").write_text(RETAINED)
    document.write_text(f"engine: {{data_dir: {tmp_path}/data}}\n{TEXT}")
    read_only = mounted("ro,bind", document.parent)
    said = runs.stop(runs.start(read_only / "tank.yaml"))
    assert "warning" not in said
    assert "error" not in said
    kept = json.loads((tmp_path / "data" / "retained.json").read_text())
    assert kept["blocks"]["total"]["sum"] >= 500.0, "what was beside the document was copied"
    assert document.with_name("tank.retain.json").exists()


def test_with_no_folder_to_write_to_it_runs_and_is_run_once(runs, document, mounted):
    read_only = mounted("ro,bind", document.parent)
    first = runs.start(read_only / "tank.yaml")
    assert len(runs.ps()) == 1
    second = runs.petra("run", str(read_only / "tank.yaml"), "--no-live")
    assert second.returncode == 2
    assert "runs already" in second.stderr
    said = runs.stop(first)
    assert said.count("nothing can be kept in") == 1
    assert "engine: {data_dir: ...}" in said


def test_a_data_folder_of_another_user_keeps_no_plant_from_running(runs, document):
    if os.geteuid():
        pytest.skip("only root can run a plant as another user")
    folder = document.with_name("tank.data")
    folder.mkdir()
    (folder / "lock").write_text("")
    for path in (document.parent, *document.parent.parents):
        if path.stat().st_mode & 0o005 != 0o005 and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    as_user = ("setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups")
    if subprocess.run(
        [*as_user, sys.executable, "-c", "import petra"], capture_output=True, check=False
    ).returncode:
        pytest.skip("another user cannot run this installation")
    first = runs.start(document, *as_user)
    fresh = document.with_name("fresh")
    fresh.write_text(TEXT)
    fresh.replace(document)  # the lock of the document itself is gone with it
    second = runs.petra("run", str(document), "--no-live")
    assert "runs already" in second.stderr
    assert "nothing can be kept in" in runs.stop(first)


def test_a_full_disk_stops_nothing_and_all_is_kept_when_there_is_room(runs, document, mounted):
    disk = mounted("size=64k")
    shutil.copy(document, disk)
    full = disk / "full"
    with pytest.raises(OSError, match="No space left"):
        full.write_bytes(b"x" * 100_000)
    process = runs.start(disk / "tank.yaml")
    assert runs.until(process, "retained state cannot be kept in")
    assert process.poll() is None
    assert runs.petra("run", str(disk / "tank.yaml"), "--no-live").returncode == 2, (
        "it is locked all the same"
    )
    full.unlink()
    runs.until(process, "retained state is kept in")
    runs.stop(process)
    assert json.loads((disk / "tank.data" / "retained.json").read_text())["blocks"]["total"]
