"""A file that changed after its import: its classes do what they were imported as."""

from __future__ import annotations

import importlib.util
import linecache
import sys
from typing import TYPE_CHECKING, Any

import pytest

from petra.scan import Bench
from petra.scan.template import Templates

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "from petra import Block, In, Out\n"


def written(folder: Path, name: str, text: str) -> Any:
    """Import a module of one block, `Made`, from a file of its own."""
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    del sys.modules[name]
    return module


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("self.a - self.b", "self.b - self.a"),
        ("self.a - self.b", "self.a + self.b"),
        ("self.a - self.b", "self.a - self.a"),
        ("self.a - self.b", "self.a - 2.0"),
        ("more = 2.0", "more = -0.0"),
        ("more = 2.0", "more = 2"),
        ("if dt < more:", "if dt > more:"),
        ("self.out = more", "self.out = dt"),
        ("self.out = 0.5", "pass"),
    ],
)
def test_whatever_was_changed_in_a_file_its_classes_do_what_they_were_imported_as(tmp_path, was, now):
    """Names, constants, operators, the order of operands: the text of a file that changed is not believed."""
    text = HEAD + (
        'class Made(Block, type="CHANGED"):\n    """x"""\n'
        "    a = In(float)\n    b = In(float)\n    out = Out(float)\n    left = Out(float)\n"
        "    def step(self, dt):\n        more = 2.0\n        self.left = self.a - self.b\n"
        "        self.out = 0.5\n        if dt < more:\n            self.out = more\n"
    )
    cls = written(tmp_path, "changed_file", text).Made
    assert Templates().reason(cls) == ""
    assert text.count(was) == 1
    (tmp_path / "changed_file.py").write_text(text.replace(was, now))
    linecache.checkcache()
    assert "file has changed since" in Templates().reason(cls)
    for inline in (True, False):
        bench = Bench(cls, {"a": 7.0, "b": 4.0}, inline=inline)
        bench.scan()
        assert (bench.outputs(), bench.fault) == ({"out": 2.0, "left": 3.0}, "")


def test_a_comment_or_a_class_beside_it_changes_nothing(tmp_path):
    """A file whose step is what was imported is believed although it was written again."""
    text = HEAD + (
        'class Made(Block, type="COMMENTED"):\n    """x"""\n    out = Out(float)\n'
        "    def step(self, dt):\n        self.out = 0.5\n"
    )
    cls = written(tmp_path, "commented_file", text).Made
    (tmp_path / "commented_file.py").write_text(text.replace("= 0.5\n", "= 0.5  # a half\n") + "MORE = 1\n")
    linecache.checkcache()
    assert Templates().reason(cls) == ""
