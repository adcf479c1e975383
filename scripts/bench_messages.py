"""Measure how long a message of the channel takes to encode and decode, by msgspec, json and msgpack.

    .venv/bin/python scripts/bench_messages.py

The message is what a watch sends after 1,000 signals have changed. msgpack is measured if it is installed;
PETRA does not need it. The libraries take turns; the figures are medians.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import msgspec

CHANGES = 1_000
ROUNDS = 300
NOW = 1_760_000_000_000_000_000

MESSAGE = [
    2,
    7,
    [1, 4_711, NOW, list(range(CHANGES)), [i * 0.37 for i in range(CHANGES)], [NOW] * CHANGES, [], []],
]

Codec = tuple[Callable[[Any], Any], Callable[[Any], Any]]


def codecs() -> dict[str, Codec]:
    """Return how each library encodes and decodes; encoders are made once, as the channel does."""
    found: dict[str, Codec] = {
        "msgspec, msgpack": (msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode),
        "msgspec, JSON": (msgspec.json.Encoder().encode, msgspec.json.Decoder().decode),
        "json": (lambda message: json.dumps(message).encode(), json.loads),
    }
    if find_spec("msgpack"):
        msgpack = import_module("msgpack")
        found["msgpack"] = (msgpack.Packer().pack, msgpack.unpackb)
    return found


def timed(action: Callable[[Any], Any], data: Any) -> float:
    """Return the microseconds of one call."""
    begin = time.perf_counter()
    action(data)
    return 1e6 * (time.perf_counter() - begin)


def main() -> None:
    """Print a table."""
    known = codecs()
    bodies = {name: encode(MESSAGE) for name, (encode, _) in known.items()}
    samples: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in known}
    for _ in range(ROUNDS):
        for name, (encode, decode) in known.items():
            assert decode(bodies[name]) == MESSAGE
            samples[name][0].append(timed(encode, MESSAGE))
            samples[name][1].append(timed(decode, bodies[name]))
    print(f"{'':18}{'bytes':>8}{'encode':>10}{'decode':>10}")
    for name, (encoded, decoded) in samples.items():
        print(
            f"{name:18}{len(bodies[name]):8,}{statistics.median(encoded):8.1f}µs{statistics.median(decoded):8.1f}µs"
        )


if __name__ == "__main__":
    main()
