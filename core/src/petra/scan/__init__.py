"""The scan: wired blocks in their order, compiled into a program that a task runs."""

from petra.scan.bench import Bench
from petra.scan.checked import CheckedProgram, check_program, order_program
from petra.scan.compiler import SignalPlaces
from petra.scan.network import Constant, Network, Wired, wire
from petra.scan.program import Program
from petra.scan.resolve import Mismatch, Resolution
from petra.scan.scheduler import Scheduler, Task
from petra.scan.statistics import Figures
from petra.scan.tuning import TuningError

__all__ = [
    "Bench",
    "CheckedProgram",
    "Constant",
    "Figures",
    "Mismatch",
    "Network",
    "Program",
    "Resolution",
    "Scheduler",
    "SignalPlaces",
    "Task",
    "TuningError",
    "Wired",
    "check_program",
    "order_program",
    "wire",
]
