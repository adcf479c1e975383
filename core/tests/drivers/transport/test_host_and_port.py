"""How a host is written: with a port or without, also as an IPv6 address."""

from __future__ import annotations

import pytest

from petra.drivers import host_and_port


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plc1", ("plc1", None)),
        ("plc1:102", ("plc1", 102)),
        ("192.0.2.1", ("192.0.2.1", None)),
        ("192.0.2.1:1", ("192.0.2.1", 1)),
        ("192.0.2.1:65535", ("192.0.2.1", 65_535)),
        ("::1", ("::1", None)),
        ("2001:db8::7", ("2001:db8::7", None)),
        ("fe80::1%eth0", ("fe80::1%eth0", None)),
        ("[::1]", ("::1", None)),
        ("[::1]:502", ("::1", 502)),
        ("[2001:db8::7]:502", ("2001:db8::7", 502)),
    ],
)
def test_a_host_may_have_a_port(text, found):
    assert host_and_port(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":502",
        "plc1:",
        "plc1:0",
        "plc1:65536",
        "plc1:-1",
        "plc1:x",
        "plc1:5 ",
        "plc1:٣",
        "plc1:1:2",
        "[::1",
        "[::1]502",
        "[]",
        "[]:502",
        "1::2::3",
    ],
)
def test_what_is_not_a_host_is_refused_with_what_is_wrong(text):
    with pytest.raises(ValueError, match=r"names no|is no |is not a"):
        host_and_port(text)
