"""Commands that every protocol has: plan, monitor, simulate, and points as CSV.

A plugin adds them to its own group, and writes those that talk to one device with the rest of these names:

    for command in protocol_commands("modbus"):
        modbus.add_command(command)
"""

from petra.cli.console.output import plural, print_json, print_table
from petra.cli.console.values import as_typed
from petra.cli.protocol.device import as_range, how_to_read, read_points, run, write_point
from petra.cli.protocol.document import protocol_commands

__all__ = [
    "as_range",
    "as_typed",
    "how_to_read",
    "plural",
    "print_json",
    "print_table",
    "protocol_commands",
    "read_points",
    "run",
    "write_point",
]
