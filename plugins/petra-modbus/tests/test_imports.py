"""pymodbus is loaded where a connection is built, and in one module."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import petra_modbus

PACKAGE = Path(petra_modbus.__file__).parent


@pytest.mark.parametrize("module", ["plugin", "config", "points", "codec"])
def test_a_document_is_checked_without_pymodbus(module):
    code = f"import petra_modbus.{module}, sys; print([m for m in sys.modules if m.startswith('pymodbus')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_module_imports_pymodbus():
    """Its names move between minor versions: what has to be changed then is in one place."""
    importers = {
        path.name
        for path in PACKAGE.glob("*.py")
        if re.search(r"^\s*(?:from|import) pymodbus", path.read_text(), re.MULTILINE)
    }
    assert importers == {"wire.py"}
