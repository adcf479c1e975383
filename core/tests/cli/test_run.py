"""`petra run` and what belongs to it, as processes: signals, reloads, logs, exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TANK = """
signals: [{name: level, type: float, initial: 6.0}, {name: valve, type: bool}]
blocks:
- {name: high, type: GT, inputs: {a: level, b: 5.0}, outputs: {out: valve}}
- {name: count, type: COUNTER, outputs: {count: count}}
- {name: bad, type: DIV, inputs: {a: level, b: 0.0}, outputs: {out: never}}
scan_time_ms: 10
"""


@pytest.fixture
def tank(tmp_path) -> Path:
    file = tmp_path / "tank.yaml"
    file.write_text(TANK)
    return file


def petra(*arguments: object, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "petra", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)


class Running:
    """A process of `petra run`, with the log lines it has written."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "petra", "run", *map(str, arguments)], stderr=subprocess.PIPE, text=True
        )
        self.lines: list[dict] = []

    def until(self, words: str) -> dict:
        """Read log lines until one has these words."""
        for line in self.process.stderr:
            self.lines.append(json.loads(line))
            if words in self.lines[-1]["event"]:
                return self.lines[-1]
        raise AssertionError(f"it ended without {words!r}: {self.lines}")

    def end(self) -> int:
        self.lines += map(json.loads, self.process.stderr)
        return self.process.wait(60)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def test_once_scans_once_and_prints_every_signal(tank):
    done = petra("run", tank, "--once", "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["signals"]["valve"] == {"type": "bool", "value": True, "quality": "good", "reason": ""}
    assert data["signals"]["count"]["value"] == 1
    assert data["signals"]["never"]["quality"] == "bad"
    assert data["faults"] == {"bad": "block bad: BlockFault: division by zero"}
    assert data["scans"] == 1
    assert not list(tank.parent.rglob("retained.json"))


def test_so_many_scans(tank):
    done = petra("run", tank, "--scans", 7, "--scan-time", "1ms")
    assert done.returncode == 0, done.stderr
    assert "count   int    7" in done.stdout


def test_a_document_of_standard_input():
    done = petra("run", "-", "--once", input=TANK)
    assert done.returncode == 0, done.stderr
    assert "valve" in done.stdout


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("blocks: [{name: a, type: GTT}]", 1, "unknown-block-type"),
        ("", 1, "empty-document"),
        (None, 2, "unreadable"),
    ],
)
def test_what_has_errors_is_not_run(tmp_path, text, code, said):
    file = tmp_path / "bad.yaml"
    if text is not None:
        file.write_text(text)
    done = petra("run", file)
    assert done.returncode == code
    assert said in done.stderr
    assert "it has errors; petra check" in done.stderr


@pytest.mark.parametrize("length", ["0s", "fast", "-3s", "5 s"])
def test_a_length_of_time_that_is_none(tank, length):
    done = petra("run", tank, "--for", length)
    assert done.returncode == 2
    assert "such as 500ms, 10s, 5m or 1h" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_soon_and_cleanly(tank, number):
    with Running(tank) as running:
        running.until("started")
        running.process.send_signal(number)
        assert running.end() == 0
        assert "stopped after" in running.lines[-1]["event"]


@pytest.mark.parametrize("times", [1, 2], ids=["after a while", "at the second signal at once"])
def test_a_scan_that_hangs_does_not_keep_it_from_ending(tmp_path, times):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "hang.py").write_text(
        "import time\nfrom petra import Block, Out, hookimpl\nPETRA_API = 1\n"
        'class Hang(Block, type="HANG"):\n    """Hangs."""\n    out = Out(bool)\n'
        "    def step(self, dt):\n        time.sleep(3600)\n        self.out = True\n"
        "@hookimpl\ndef petra_blocks():\n    return [Hang]\n"
    )
    file = tmp_path / "hang.yaml"
    file.write_text("blocks: [{name: a, type: HANG, outputs: {out: x}}]\nengine: {watchdog_ms: 100}\n")
    with Running("--plugins-dir", plugins, file) as running:
        running.until("a scan has not ended within 0.1 s")
        running.process.terminate()
        if times == 2:
            time.sleep(0.3)
            running.process.terminate()
        assert running.end() == (2 if times == 1 else 128 + signal.SIGTERM)
        assert any("the stop goes on without it" in line["event"] for line in running.lines)


def test_a_long_period_does_not_hold_up_the_end(tmp_path):
    file = tmp_path / "slow.yaml"
    file.write_text(TANK.replace("scan_time_ms: 10", "scan_time_ms: 3600000"))
    with Running(file) as running:
        running.until("started")
        running.process.terminate()
        assert running.end() == 0


def test_a_reload_is_taken_whole_or_refused_whole(tank):
    with Running(tank) as running:
        running.until("started")
        time.sleep(0.1)
        tank.write_text(TANK.replace("b: 5.0", "b: 7.0"))
        running.process.send_signal(signal.SIGHUP)
        assert "reloaded: 1 change" in running.until("reloaded")["event"]
        running.until("~ block high: input b 5.0 -> 7.0")
        tank.write_text(TANK.replace("type: GT", "type: GTT"))
        running.process.send_signal(signal.SIGHUP)
        running.until("the reload is refused")
        assert "unknown-block-type" in running.until("GTT")["event"]
        tank.unlink()
        running.process.send_signal(signal.SIGHUP)
        running.until("the reload is refused")
        tank.write_text(TANK)
        running.process.send_signal(signal.SIGHUP)
        running.until("reloaded: 1 change")
        running.process.terminate()
        assert running.end() == 0
        scans = int(running.lines[-1]["event"].split()[2])
        assert scans > 10


def test_a_reload_reads_included_files_and_tables_too(tmp_path):
    file, part, table = (tmp_path / name for name in ("plant.yaml", "part.yaml", "rows.csv"))
    file.write_text("include: part.yaml\ninstances: [{template: t, table: rows.csv}]\nscan_time_ms: 10\n")
    template = (
        "templates: {t: {parameters: {n: int, x: float}, signals: [{name: a$(n)}], blocks: "
        "[{name: b$(n), type: GT, inputs: {in1: a$(n), in2: $(x)}, outputs: {out: c$(n)}}]}}\n"
    )
    part.write_text(template)
    table.write_text("n,x\n1,5\n2,6\n")
    with Running(file) as running:
        running.until("started")
        table.write_text("n,x\n1,5\n2,8\n")
        running.process.send_signal(signal.SIGHUP)
        running.until("~ block b2: input b 6")
        part.write_text(template.replace("$(x)}, out", "3.0}, out"))
        running.process.send_signal(signal.SIGHUP)
        running.until("~ block b1: input b 5")
        table.write_text("n,x\n1,5\n2,high\n")
        running.process.send_signal(signal.SIGHUP)
        running.until("the reload is refused")
        assert "rows.csv:3:3" in running.until("rows.csv")["event"]
        running.process.terminate()
        assert running.end() == 0


def test_what_is_retained_is_in_the_data_folder(tmp_path):
    file = tmp_path / "hours.yaml"
    file.write_text(
        "blocks: [{name: hours, type: RUNTIME, inputs: {running: true}, outputs: {starts: starts}}]\n"
        "scan_time_ms: 10\n"
    )
    for _ in range(2):
        done = petra("run", file, "--for", "200ms")
        assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "hours.data" / "retained.json").read_text())
    assert kept["blocks"]["hours"]["number"] == 2


def test_it_logs_into_a_file_as_json(tank, tmp_path):
    log = tmp_path / "petra.log"
    done = petra("run", tank, "--for", "100ms", "--log", log)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"].split()[0] for line in lines] == ["started:", "stopped"]
    assert {"event", "level", "logger", "timestamp"} <= lines[0].keys()


def test_a_recording_is_shown_and_made_a_test(tank, tmp_path):
    file, test = tmp_path / "tank.petra", tmp_path / "test_tank.py"
    assert petra("run", tank, "--scans", 20, "--record", file).returncode == 0
    done = petra("replay", file, "--show", "valve,count,never", "--from", 3, "--to", 4)
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    assert rows[0] == "scan,task,dt,valve,count,never,faults"
    scan, task, dt, shown = rows[1].split(",", 3)  # a scan that is late has a longer dt
    assert (scan, task, float(dt) >= 0.01) == ("3", "main", True)
    assert shown == 'True,3,0.0 (bad),"block bad: BlockFault: division by zero"'
    assert len(rows) == 3
    assert "20 scans run again, none different" in done.stderr
    assert petra("replay", file, "--show", "valev").returncode == 2
    assert petra("replay", file, "--pytest", test).returncode == 0
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    assert subprocess.run(run, capture_output=True, check=False).returncode == 0
    assert petra("replay", tank).returncode == 2
    assert petra("run", tank, "--once", "--record", tank).returncode == 2


def test_what_runs_already_does_not_run_twice(tank):
    """Two would write to the same devices, and to the same files."""
    with Running(tank) as running:
        running.until("started")
        again = petra("run", tank, "--once")
        assert again.returncode == 2
        assert "runs already, and would write to the same devices" in again.stderr
        running.process.send_signal(signal.SIGTERM)
        running.end()
    assert petra("run", tank, "--once").returncode == 0


def test_a_plan_shows_what_a_reload_would_change(tank, tmp_path):
    new = tmp_path / "new.yaml"
    new.write_text(
        TANK.replace("b: 5.0", "b: 7.0").replace(
            "{name: valve, type: bool}", "{name: valve, type: bool, safe: true}"
        )
    )
    done = petra("plan", tank, new)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "~ signal valve: safe None -> true",
        "~ block high: input b 5.0 -> 7.0 (it keeps its state)",
        "2 changes",
    ]
    data = json.loads(petra("plan", tank, new, "--json").stdout)
    assert data["changes"][1]["kind"] == "block"
    assert petra("plan", tank, tmp_path / "none.yaml").returncode == 2


def test_explain_shows_the_order_and_the_source(tmp_path):
    file = tmp_path / "loop.yaml"
    file.write_text("""
blocks:
- {name: second, type: ADD, inputs: {a: x, b: 1.0}, outputs: {out: y}}
- {name: first, type: ABS, inputs: {in: y}, outputs: {out: x}}
- {name: formula, type: EXPR, inputs: {a: y}, outputs: {out: z}, params: {expression: a * 2}}
""")
    done = petra("explain", file)
    assert done.returncode == 0, done.stderr
    assert "task main every 100 ms: 3 blocks in 1 part" in done.stdout
    assert "the class defines `__init__`" in done.stdout
    assert "def part(v, s, dt, f):" in done.stdout
    data = json.loads(petra("explain", file, "--json").stdout)["tasks"][0]
    assert [(b["name"], b["last_scan_of"]) for b in data["blocks"]] == [
        ("second", "first"),
        ("first", ""),
        ("formula", ""),
    ]


def test_blocks_are_listed_and_shown(tmp_path):
    listed = json.loads(petra("blocks", "list", "--json").stdout)
    assert {"TON", "PID", "GT"} <= {each["name"] for each in listed}
    shown = petra("blocks", "show", "ON_DELAY", "EXPR")
    assert shown.returncode == 0
    assert "compiled into the program" in shown.stdout
    assert "called, not compiled: the class defines `__init__`" in shown.stdout
    assert "preset_ms = 300" in shown.stdout
    wrong = petra("blocks", "show", "TONN")
    assert wrong.returncode == 2
    assert "did you mean 'TON'?" in wrong.stderr


def test_bench_measures_compares_and_draws(tmp_path):
    page = tmp_path / "bench.html"
    small = ("--signals", 100, "--blocks", 10, "--seconds", 0.2, "--folder", tmp_path / "runs")
    done = petra("bench", "scan", "bus", *small, "--baseline", "before", "--html", page, "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    (hot,) = (each for each in run["results"] if each["name"].startswith("hot"))
    assert hot["ratio"] > 0
    assert hot["minimum"] <= hot["p50"] <= hot["p99"]
    assert "<svg" in page.read_text()
    kept = json.loads((tmp_path / "runs" / "before.json").read_text())
    for each in kept["results"]:
        each["ratio"] = each["ratio"] and each["ratio"] * 1_000  # worse on any machine, however busy
    (tmp_path / "runs" / "before.json").write_text(json.dumps(kept))
    worse = petra("bench", "scan", *small, "--compare", "before")
    assert worse.returncode == 1
    assert "critical regression" in worse.stdout
    none = petra("bench", "scan", *small, "--compare", "never")
    assert none.returncode == 2
    assert "there are: before" in none.stderr


def test_whatever_ends_a_run_the_engine_is_stopped_first(tank):
    """A defect in what shows the plant: safe values are written, and then it is said."""
    script = (
        "import petra.cli.run as run\n"
        "def fails(*_, **__): raise RuntimeError('nothing to draw on')\n"
        "run._attend = fails\n"
        f"from petra.cli.main import main\nmain(['run', {str(tank)!r}])\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "nothing to draw on" in done.stderr
    assert "stopped after" in done.stderr
