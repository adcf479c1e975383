"""The scan: wired blocks in their order, compiled into a program that a task runs."""

from petra.scan.bench import Bench
from petra.scan.compiler import Place
from petra.scan.network import Constant, Network, Wired, wire
from petra.scan.program import Program, TuningError
from petra.scan.resolve import Mismatch, Resolution
from petra.scan.scheduler import Scheduler, Task
from petra.scan.statistics import Figures

__all__ = [
    "Bench",
    "Constant",
    "Figures",
    "Mismatch",
    "Network",
    "Place",
    "Program",
    "Resolution",
    "Scheduler",
    "Task",
    "TuningError",
    "Wired",
    "wire",
]
