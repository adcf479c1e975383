"""No input crashes the loader: broken documents end as problems, each with a place and a known code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petra.config import load_bytes
from petra.config.codes import CODES
from petra.config.migrate import migrate_document

if TYPE_CHECKING:
    from petra import Catalog

CASES = int(os.environ.get("PETRA_FUZZ_CASES", "300"))

ORIGINALS = [path.read_bytes() for path in sorted((Path(__file__).parent / "originals").glob("*.yaml"))]
METER = b"""\
x-point: &p {signal: a, register: 1}
signals:
- {name: a, type: float, initial: 1.5, unit: "${PASSWORD}"}
- name: "b"
  type: bool
blocks:
- name: late
  type: TON
  inputs: {in: b, reset: "${PASSWORD}"}
  outputs: {q: c}
  params: {preset: 5e0}
meter:
- host: ${HOST:-plc1}
  password: "${PASSWORD}"
  points: [*p, {<<: *p, register: 2, scale: 0.1}]
  labels: {note: |-
    two
    lines
    }
scan_time_ms: 50
"""
SEEDS = [METER, *ORIGINALS]
BITS = [
    b":", b": ", b"- ", b"\n", b"  ", b"\t", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"*p", b"!!str ",
    b"!x ", b"|", b">", b"'", b'"', b"#", b"?", b"? ", b"<<: *p", b"---\n", b"...\n", b"%YAML 1.1\n",
    b"no", b"12:30", b"1e3", b"010", b"~", b"\x00", b"\xff", b"\xc3", b"\xf0\x9f\x92\xa5",
    b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"${", b"${NONE}", b"$${", b"}", b"${file:/etc/passwd}",
    b"9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
    b".nan", b"-.inf", b"1e999", b"\x85", b",", b"=", b"@", b"`", b"\\x", b"\r",
]  # fmt: skip


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A good document after a few cuts, copies, swaps and insertions."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        until = min(len(data), at + draw(st.integers(0, 40)))
        match draw(st.integers(0, 4)):
            case 0:
                data[at:at] = draw(st.sampled_from(BITS))
            case 1:
                del data[at:until]
            case 2:
                data[at:at] = data[at:until] * draw(st.integers(1, 3))
            case 3:
                data[at:until] = draw(st.binary(max_size=8))
            case _:
                data[at:until] = draw(st.sampled_from(BITS))
    return bytes(data)


def assert_understood_or_refused(data: bytes, catalog: Catalog) -> None:
    loaded = load_bytes(data, catalog, {"PASSWORD": "hunter2"})
    assert (loaded.configuration is None) is (loaded.errors > 0)
    lines = data.count(b"\n") + data.count(b"\r") + data.count(b"\xc2\x85") + data.count(b"\xe2\x80") + 2
    for problem in loaded.problems:
        assert problem.code in CODES
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert problem.message
        assert "hunter2" not in str(problem)


def cases(number: int) -> settings:
    slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=number, deadline=None, suppress_health_check=slow)


@cases(CASES)
@given(data=broken())
def test_broken_documents(meter_catalog, data):
    assert_understood_or_refused(data, meter_catalog)


@cases(CASES // 3)
@given(data=broken())
def test_broken_documents_are_migrated_or_left(meter_catalog, data):
    """No text makes a migration fall over, and what it writes is understood as well or as badly as before."""
    made = migrate_document(data, meter_catalog, variables={"PASSWORD": "hunter2"})
    before = load_bytes(data, meter_catalog, {"PASSWORD": "hunter2"})
    assert made.result.errors <= before.errors


@cases(CASES)
@given(data=st.binary(max_size=200) | st.lists(st.sampled_from(BITS), max_size=30).map(b"".join))
def test_random_bytes(meter_catalog, data):
    assert_understood_or_refused(data, meter_catalog)


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = [
    "signals",
    "blocks",
    "meter",
    "scan_time_ms",
    "name",
    "type",
    "inputs",
    "params",
    "host",
    "points",
    "x-a",
]


@cases(CASES // 6)
@given(
    data=st.dictionaries(
        st.sampled_from(KEYS), nested | st.dictionaries(st.sampled_from(KEYS), nested), max_size=5
    )
)
def test_good_yaml_of_the_wrong_shape(meter_catalog, data):
    import json

    text = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert_understood_or_refused(text, meter_catalog)
