"""Modbus over TLS: whom one trusts, and what happens to a stranger."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from attrs import evolve

from petra.drivers import SessionError
from petra.settings import Secret
from petra.signals import Quality
from petra.testing import Rig
from petra_modbus.client import tls_context
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import drivers
from petra_modbus.transport import Transport

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl")


@pytest.fixture
def certificate(tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *[
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "1",
                "-subj",
                "/CN=meter",
            ],
            *("-addext", "subjectAltName=DNS:meter", "-keyout", key, "-out", cert),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


def driver(port: int, transport: Transport):
    connection = ModbusConnection(
        name="meter",
        transport=evolve(transport, host="127.0.0.1", port=port),
        points=(ModbusPoint(signal="level", address=0),),
    )
    (made,) = drivers(ModbusConfig(connections=(connection,), poll_ms=20.0))
    return made


def transport(certificate, **more) -> Transport:
    cert, key = certificate
    return Transport(type="tls", host="x", cert_file=cert, key_file=key, **more)


@pytest.mark.parametrize("how", ["trusted", "insecure"])
def test_a_device_whose_certificate_is_trusted_is_read(certificate, how):
    more = {"ca_file": certificate[0], "server_name": "meter"} if how == "trusted" else {"insecure": True}
    with Rig(lambda port: driver(port, transport(certificate, **more))) as rig:
        rig.hold({rig.points[0]: 7})
        rig.until_good()


@pytest.mark.parametrize(("password", "good"), [("open sesame", True), ("wrong", False), (None, False)])
def test_an_encrypted_key_needs_its_password_and_asks_nobody_for_it(certificate, tmp_path, password, good):
    """Asking on the terminal would stop all drivers."""
    cert, key = certificate
    locked = tmp_path / "locked.pem"
    command = ["openssl", "pkcs8", "-topk8", "-in", key, "-out", locked, "-passout", "pass:open sesame"]
    subprocess.run(command, check=True, capture_output=True)
    secret = None if password is None else Secret(password)
    own = evolve(transport((cert, locked), insecure=True), key_password=secret)
    if good:
        assert tls_context(own)
    else:
        with pytest.raises(SessionError, match="key_password"):
            tls_context(own)


@pytest.mark.parametrize("more", [{}, {"ca": True}])
def test_a_stranger_is_not_talked_to(certificate, more):
    """A certificate that nobody has signed, or that is of another name."""
    settings = {"ca_file": certificate[0]} if more else {}
    with Rig(lambda port: driver(port, transport(certificate, **settings))) as rig:
        rig.until(lambda: "certificate" in rig.bus.status("level").reason.lower(), "it fails, and says why")
        assert rig.status.health.failures >= 1
        assert rig.reading(rig.points[0]).quality is Quality.BAD
