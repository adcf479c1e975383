"""How long a document takes to check: fifty pumps of a template, beside the same document written out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from petra.bench.results import Result, against, interleaved, result
from petra.config import load_bytes

if TYPE_CHECKING:
    from petra.plugin import Catalog

PUMPS = 50
_ROUNDS = 15
_NAME = "p$(n:02)"
_SIGNALS = "".join(
    f'  - {{name: "{_NAME}.s{i}", unit: A, minimum: 0, maximum: 100, description: Signal {i} of $(n)}}\n'
    for i in range(16)
)
_BLOCKS = "".join(
    f'  - name: "{_NAME}.b{i}"\n    type: GT\n    inputs: {{in1: "{_NAME}.s{i}", in2: 5.5}}\n'
    f'    outputs: {{out: "{_NAME}.h{i}"}}\n'
    for i in range(6)
)


def measure_config(catalog: Catalog) -> Iterator[Result]:
    """Check both documents by turns; the ratio says how many times longer the written one takes."""
    documents = with_template(), written_out()
    checks = [partial(load_bytes, text, catalog) for text in documents]
    times = interleaved(checks, batches=_ROUNDS, calls=1)
    lines = documents[1].count(b"\n")
    name = f"check {PUMPS} instances of {lines // PUMPS} lines"
    template = result("config", name, "ms", [1e3 * each for each in times[0]])
    written = result("config", f"check {lines:,} lines", "ms", [1e3 * each for each in times[1]])
    yield against(template, written)
    yield written


def with_template() -> bytes:
    """Return a document in which a template makes all pumps."""
    body = f"signals:\n{_SIGNALS}blocks:\n{_BLOCKS}"
    indented = re.sub(r"^", "    ", body, flags=re.MULTILINE).rstrip(" ")
    text = f"templates:\n  pump:\n    parameters: {{n: int}}\n{indented}"
    return f"{text}instances:\n  - {{template: pump, for: {{n: 1..{PUMPS}}}}}\n".encode()


def written_out() -> bytes:
    """Return the same document with all pumps written out."""
    numbers = range(1, PUMPS + 1)
    signals, blocks = ("".join(_filled(part, n) for n in numbers) for part in (_SIGNALS, _BLOCKS))
    return f"signals:\n{signals}blocks:\n{blocks}".encode()


def _filled(text: str, number: int) -> str:
    return text.replace("$(n:02)", f"{number:02}").replace("$(n)", str(number))
