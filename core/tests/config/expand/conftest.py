"""Documents in files of a folder of the test's own."""

from __future__ import annotations

import pytest

from petra.config import load, load_bytes
from petra.plugin import Catalog

CATALOG = Catalog.load()
HAS_MODBUS = CATALOG.section("modbus") is not None
needs_modbus = pytest.mark.skipif(not HAS_MODBUS, reason="petra-modbus is not installed")


class Folder:
    """Files, and what becomes of the main one."""

    def __init__(self, path):
        self.path = path

    def write(self, **files):
        for name, text in files.items():
            self.put(f"{name}.yaml", text)
        return self

    def put(self, name, text):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def load(self, name="plant.yaml"):
        return load(self.path / name, CATALOG)

    def said(self, name="plant.yaml"):
        """The problems, without the folder."""
        return [str(p).replace(f"{self.path}/", "") for p in self.load(name).problems]

    def plant(self, name="plant.yaml"):
        loaded = self.load(name)
        assert loaded.configuration is not None, self.said(name)
        return loaded.configuration


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def of_text(text):
    """The configuration of a document that is written out."""
    loaded = load_bytes(text.encode(), CATALOG)
    assert loaded.configuration is not None, [str(p) for p in loaded.problems]
    return loaded.configuration
