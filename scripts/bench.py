"""Measure start-up, the list of plugins, and the check of a large document.

    .venv/bin/python scripts/bench.py

The figures are medians of whole processes. Compare only figures of the same run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PETRA = Path(sys.executable).parent / "petra"
BLOCK = '''
from petra import Block, In, Out, hookimpl
PETRA_API = 1
class Greater(Block, type="BENCH_GT"):
    """True while a is greater than b."""
    a = In(float)
    b = In(float)
    output = Out(bool)
    def step(self, dt):
        self.output = self.a > self.b
@hookimpl
def petra_blocks():
    return [Greater]
'''


def document(signals: int, blocks: int) -> str:
    """Return a document with these numbers of signals and blocks."""
    lines = ["signals:"]
    for i in range(signals):
        lines += [f'  - name: "area{i % 20}.tank{i:05d}.level"', "    type: float", f"    initial: {i * 0.5}"]
        lines += ["    unit: m", f'    description: "Level of tank {i}, measured from the bottom"']
    lines.append("blocks:")
    for i in range(blocks):
        lines += [f"  - name: alarm{i}", "    type: BENCH_GT", "    inputs:"]
        lines += [
            f'      a: "area{i % 20}.tank{i:05d}.level"',
            '      b: "75.0"',
            f"    outputs: {{output: high{i}}}",
        ]
    return "\n".join(lines) + "\n"


def measure(*arguments: str, repeats: int = 9, code: int = 0) -> tuple[float, float]:
    """Return the median seconds and the peak MiB of a whole `petra` process."""
    seconds, peak = [], 0
    for _ in range(repeats + 1):  # the first one warms the file cache and is not counted
        begin = time.perf_counter()
        process = subprocess.Popen([PETRA, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - begin)
        peak = max(peak, usage.ru_maxrss)
        if os.waitstatus_to_exitcode(status) != code:
            raise SystemExit(f"petra {' '.join(arguments)}: exit code {os.waitstatus_to_exitcode(status)}")
    return statistics.median(seconds[1:]), peak / 1024


def main() -> None:
    """Measure and print each figure with its goal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "bench.py").write_text(BLOCK)
        good = document(10_000, 1_000)
        (folder / "good.yaml").write_text(good)
        (folder / "bad.yaml").write_text(good.replace('a: "area3.', 'a: "aera3.'))
        plugins = ("--plugins-dir", str(folder / "plugins"))
        rows = [
            ("petra --version", measure("--version"), "0.2 s"),
            ("petra plugins list", measure("plugins", "list"), "0.4 s"),
            (
                "petra check, 10,000 signals, 1,000 blocks",
                measure("check", *plugins, f"{name}/good.yaml"),
                "4 s, 250 MiB",
            ),
            (
                "the same with 50 misspelt signals",
                measure("check", *plugins, f"{name}/bad.yaml", code=1),
                "4 s, 250 MiB",
            ),
        ]
    for what, (seconds, peak), goal in rows:
        print(f"{what:45}  {seconds:6.3f} s  {peak:6.1f} MiB   goal {goal}")


if __name__ == "__main__":
    main()
