"""The reference: the same blocks as plain objects, whose steps are called one after another.

It does the least that such an interpreter can do: set the inputs, call the step, store the outputs; no guard,
no conversion, no quality. A compiler that is faster than this is faster than any interpreter of that kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from petra.scan import Constant

if TYPE_CHECKING:
    from petra.scan import Network


def plain_reference(network: Network, slots: dict[str, int]) -> Callable[[list[Any], float], None]:
    """Return a function that steps the blocks of a network on a list of values."""
    parts = []
    blocks = network.blocks
    for begin in range(0, len(blocks), 100):
        names: dict[str, Any] = {}
        lines = ["def part(v, dt):"]
        for number, block in enumerate(blocks[begin : begin + 100]):
            names[f"b{number}"] = block.cls(**block.params)
            for name, port in block.cls.spec.inputs.items():
                read = [
                    repr(s.value) if isinstance(s, Constant) else f"v[{slots[s]}]"
                    for s in block.sources[name]
                ]
                value = f"({''.join(f'{each}, ' for each in read)})" if port.many else read[0]
                lines.append(f"    b{number}.{name} = {value}")
            lines.append(f"    b{number}.step(dt)")
            lines += [f"    v[{slots[signal]}] = b{number}.{name}" for name, signal in block.targets.items()]
        exec(compile("\n".join(lines), "<reference>", "exec"), names)  # noqa: S102 - made of names and numbers
        parts.append(names["part"])

    def step(values: list[Any], dt: float) -> None:
        for part in parts:
            part(values, dt)

    return step
