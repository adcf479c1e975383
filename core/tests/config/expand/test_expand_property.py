"""A document with templates and files means what the document means that is written out by hand."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import HAS_MODBUS, Folder, of_text

NAMES = ["a", "b", "c"]
PARTS = st.lists(
    st.tuples(
        st.sampled_from(["signal", "block", "point"] if HAS_MODBUS else ["signal", "block"]),
        st.sampled_from(["$(n)", "$(n:03)", "$(name)", "$(name)$(n)"]),
    ),
    min_size=1,
    max_size=4,
)


def _filled(text, n, name):
    return text.replace("$(n:03)", f"{n:03}").replace("$(n)", str(n)).replace("$(name)", name)


def _items(parts, prefix):
    """The parts of a body: signals, blocks and points, each with a name of its own."""
    signals, blocks, points = [], [], []
    for i, (kind, pattern) in enumerate(parts):
        name = f"{prefix}{i}.{pattern}"
        if kind == "signal":
            signals.append(f'{{name: "{name}", type: int, initial: $(n)}}')
        elif kind == "block":
            wired = f'inputs: {{in1: 1, in2: $(n)}}, outputs: {{out: "{name}.o"}}'
            blocks.append(f'{{name: "{name}", type: ADD, {wired}}}')
        else:
            points.append(f'{{signal: "{name}.p", address: $(n)}}')
    return signals, blocks, points


def _document(signals, blocks, points):
    text = f"signals: [{', '.join(signals)}]\nblocks: [{', '.join(blocks)}]\n"
    return text + _device(f"transport: {{host: 127.0.0.1}}, points: [{', '.join(points)}]")


def _device(settings):
    return f"modbus: [{{name: plc, {settings}}}]\n" if HAS_MODBUS else ""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(PARTS, min_size=1, max_size=3),
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 30), st.sampled_from(NAMES)), max_size=6, unique=True
    ),
    st.booleans(),
)
def test_it_equals_the_document_that_is_written_out(bodies, wanted, apart):
    wanted = [(t % len(bodies), n, name) for t, n, name in wanted]
    wanted = list(dict.fromkeys(wanted))
    templates, written, seen = "", ([], [], []), set()
    for t, parts in enumerate(bodies):
        signals, blocks, points = _items(parts, f"t{t}")
        templates += (
            f"  t{t}:\n    parameters: {{n: int, name: string}}\n"
            f"    signals: [{', '.join(signals)}]\n    blocks: [{', '.join(blocks)}]\n"
        )
        templates += f"    {device}" if (device := _device(f"points: [{', '.join(points)}]")) else ""
    kept = []
    for t, n, name in wanted:
        items = [[_filled(text, n, name) for text in each] for each in _items(bodies[t], f"t{t}")]
        made = {text.split('"')[1] for each in items for text in each}
        if made & seen:
            continue  # the same name again
        seen |= made
        kept.append((t, n, name))
        for into, more in zip(written, items, strict=True):
            into.extend(more)
    instances = "".join(f"  - {{template: t{t}, with: {{n: {n}, name: {name}}}}}\n" for t, n, name in kept)
    with tempfile.TemporaryDirectory() as path:
        folder = Folder(Path(path))
        main = _device("transport: {host: 127.0.0.1}")
        main += f"instances:\n{instances}" if kept else ""
        if apart:
            folder.write(library=f"templates:\n{templates}", plant=f"include: lib*.yaml\n{main}")
        else:
            folder.write(plant=f"templates:\n{templates}{main}")
        assert folder.plant() == of_text(_document(*written))
