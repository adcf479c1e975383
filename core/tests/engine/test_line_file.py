"""A file of lines on a disk that fills up: whole lines, each once."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

from petra.engine.lines import LineFile

WRITER = """
import resource, signal, sys, logging
from pathlib import Path
from petra.engine.lines import LineFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = LineFile(Path(sys.argv[1]), "acts", logging.getLogger("x"))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
entries = [{"number": n, "text": "x" * 100} for n in range(300)]
assert not file.append(entries)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert file.append(entries)
"""


def test_a_full_disk_leaves_no_torn_and_no_double_lines(tmp_path):
    path = tmp_path / "acts.jsonl"
    subprocess.run([sys.executable, "-c", WRITER, str(path)], check=True, stderr=subprocess.DEVNULL)
    assert [json.loads(line)["number"] for line in path.read_text().splitlines()] == list(range(300))


def test_an_entry_that_is_no_json_takes_no_other_with_it(tmp_path):
    file = LineFile(tmp_path / "acts.jsonl", "acts", logging.getLogger("x"))
    assert file.append([{"a": 1}, {"a": object()}, {"a": 3}])
    lines = [json.loads(line) for line in file.path.read_text().splitlines()]
    assert (lines[0], lines[2]) == ({"a": 1}, {"a": 3})
