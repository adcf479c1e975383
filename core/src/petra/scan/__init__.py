"""The scan: wired blocks in their order, compiled into a program that a task runs."""

from petra.scan.compiler import Place
from petra.scan.network import Constant, Network, Wired, wire
from petra.scan.program import Program, TuningError
from petra.scan.resolve import Mismatch, Resolution

__all__ = [
    "Constant",
    "Mismatch",
    "Network",
    "Place",
    "Program",
    "Resolution",
    "TuningError",
    "Wired",
    "wire",
]
