"""A distribution that breaks its word is told so: one small distribution for each broken promise."""

from __future__ import annotations

import sys
import textwrap

import pytest

from petra import Catalog
from petra.certify import audit_plugin

PLUGIN = """
from petra import hookimpl

PETRA_API = 1

@hookimpl
def petra_blocks():
    from .blocks import Twice
    return [Twice]
"""
BLOCKS = """
from petra import Block, In, Out

class Twice(Block, type="AUDITED_TWICE"):
    \"\"\"Twice the input.\"\"\"
    input = In(float)
    output = Out(float)
    def step(self, dt):
        self.output = 2.0 * self.input
"""


@pytest.fixture
def audited(tmp_path, monkeypatch):
    """Install a distribution into a folder on the path and return what its audit finds wrong."""

    def run(
        *,
        requires: tuple[str, ...] = ("petra-core",),
        description: str = "A.",
        typed: bool = True,
        **files: str,
    ) -> str:
        package, info = tmp_path / "audited", tmp_path / "audited-1.0.dist-info"
        package.mkdir()
        info.mkdir()
        sources = {"__init__": "", "plugin": PLUGIN, "blocks": BLOCKS} | files
        names = []
        for name, text in sources.items():
            (package / f"{name}.py").write_text(textwrap.dedent(text))
            names.append(f"audited/{name}.py")
        if typed:
            (package / "py.typed").touch()
        lines = ["Metadata-Version: 2.1", "Name: audited", "Version: 1.0"]
        lines += [f"Requires-Dist: {name}" for name in requires] + ["", description]
        (info / "METADATA").write_text("\n".join(lines))
        (info / "entry_points.txt").write_text("[petra.plugins]\naudited = audited.plugin\n")
        (info / "RECORD").write_text("".join(f"{name},,\n" for name in names))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        for name in [name for name in sys.modules if name.partition(".")[0] == "audited"]:
            monkeypatch.delitem(sys.modules, name)
        catalog = Catalog.load()
        findings = list(audit_plugin(catalog.plugin("audited")))
        assert len(findings) == 6
        return "; ".join(f"{finding.check}: {finding.wrong}" for finding in findings if not finding.good)

    return run


def test_an_honest_distribution(audited):
    assert audited() == ""


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"extra": "def f():\n    import pandas_that_is_not_there\n"},
            "of nothing that is installed, undeclared",
        ),
        (
            {"extra": "import yaml\n"},
            "declares what it imports: extra.py:1 imports yaml, of pyyaml, undeclared",
        ),
        (
            {"_hidden": "from petra.config.parse import parse_document\n"},
            "petra.config.parse, which is not public",
        ),
        (
            {"extra": "from petra.config import parse\n"},
            "imports parse from petra.config, which does not export it",
        ),
        ({"extra": "from petra import Nothing\n"}, "imports Nothing from petra, which does not export it"),
        ({"extra": "def f(:\n"}, "extra.py:1 is not valid"),
    ],
)
def test_a_broken_promise(audited, files, said):
    assert said in audited(**files)


def test_a_library_that_loads_with_the_list(audited):
    said = audited(requires=("petra-core", "PyYAML>=6"), blocks="import yaml\n" + BLOCKS)
    assert said == "is light to import: listing it loads pyyaml; import that when it is used"


def test_a_library_that_loads_when_it_is_used(audited):
    assert audited(requires=("petra-core", "PyYAML>=6"), extra="def f():\n    import yaml\n") == ""


def test_a_distribution_that_says_too_little(audited):
    said = audited(requires=(), description="", typed=False)
    assert "requires petra-core: " in said
    assert "is typed: " in said
    assert "has a description: " in said


TYPED = """
from petra import hookimpl
from petra.drivers import DriverStatistics, DriverStatus, SessionContext
from petra.plugin import RunningEngine
from petra.supervise import Activities, Activity, ActivityState, Backoff, Health

@hookimpl
def petra_engine_started(engine: RunningEngine) -> None:
    engine.activities.add("a", follow, backoff=Backoff())

async def follow(activity: Activity) -> None:
    activity.serving()
"""


def test_what_runs_beside_a_plant_is_typed_with_public_names(audited):
    assert audited(beside=TYPED) == ""
