"""Operations on small documents: the text that comes out, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from petra import Catalog
from petra.config import load_bytes
from petra.config.edit import Add, EditError, Remove, Rename, Set, apply_edits, edit_texts
from petra.library import plugin

CATALOG = Catalog.of(plugin)
ROOT = Path(__file__).parents[4]


def edited(text: str, *operations) -> str:
    made = edit_texts({"f.yaml": text}, operations, CATALOG)
    if not made.changed:
        return text
    file = made.files["f.yaml"]
    assert apply_edits(text, file.edits) == file.text
    assert apply_edits(file.text, file.inverse) == text
    return file.text


@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        (
            "signals:\n- {name: a, units: x}  # c\n",
            Set("signals[a].unit", "no"),
            'signals:\n- {name: a, units: "no"}  # c\n',
        ),
        ("signals:\n- a\n", Set("signals[a].unit", "cm"), "signals:\n- {name: a, unit: cm}\n"),
        (
            "signals:\n- a  # c\n- name: b\n",
            Set("signals[a].unit", "m"),
            "signals:\n- name: a  # c\n  unit: m\n- name: b\n",
        ),
        ("signals:\n", Add("signals", {"name": "a"}), "signals:\n  - {name: a}\n"),
        ("signals: []  # c\n", Add("signals", "a"), "signals:  # c\n  - a\n"),
        ("blocks: []\n", Add("signals", "a"), "blocks: []\nsignals:\n  - a\n"),
        (
            "\ufeffa: 1\r\n# end",
            Set("engine.spin_us", 5.0),
            "\ufeffa: 1\r\nengine:\r\n  spin_us: 5.0\r\n# end",
        ),
        ("signals:\n# one\n- a\n\n# two\n- b\n", Remove("signals[b]"), "signals:\n# one\n- a\n\n"),
        ("signals:\n- a # c\ntasks: 1", Remove("signals[a]"), "signals: []\ntasks: 1"),
        ("x: [a, # c\n  b]", Remove("x[1]"), "x: [a  # c\n  ]"),
        ("x: {a: 1, b: 2}", Remove("x.a"), "x: {b: 2}"),
        ("x: &p\n  a: 1\ny:\n  <<: *p\n", Set("y.a", 2), "x: &p\n  a: 1\ny:\n  <<: *p\n  a: 2\n"),
        ("x-t: &p 5\ny: *p\n", Set("x-t", 6), "x-t: &p 6\ny: *p\n"),
        ("x-t: &p 5\ny: *p  # c\n", Set("y", 6), "x-t: &p 5\ny: 6  # c\n"),
        ("a: |  # c\n  one\n  two\nb: 1\n", Set("a", "x"), "a: x  # c\nb: 1\n"),
        ("a: 1\nb: 2", Remove("b"), "a: 1\n"),
        ("", Set("scan_time_ms", 50), "scan_time_ms: 50\n"),
        ("# only a comment", Add("signals", "a"), "# only a comment\nsignals:\n  - a\n"),
        (
            "blocks:\n- name: b\n  type: GT\n  inputs: {a: x, b: 1}\n",
            Set("blocks[b].inputs.in1", "y"),
            "blocks:\n- name: b\n  type: GT\n  inputs: {a: y, b: 1}\n",
        ),
    ],
)
def test_text(before: str, operation, after: str):
    assert edited(before, operation) == after


@pytest.mark.parametrize(
    ("text", "operation", "message"),
    [
        (
            "signals:\n- level\n",
            Set("signals[lvel].unit", "x"),
            "f.yaml:2:1: signals has no item 'lvel' (did you mean 'level'?)",
        ),
        ("a: {b: 1}\n", Remove("a.c"), "f.yaml:1:4: there is no a.c"),
        ("signals:\n- a\n", Add("signals", {"name": "a"}), "f.yaml:2:3: there is an item 'a' already"),
        ("a: &p {x: 1}\nb: *p\n", Set("b.x", 2), "f.yaml:2:4: b is the alias *p of line 1"),
        ("a: &p {x: 1}\nb: *p\n", Set("a.x", 2), "f.yaml:1:11: a.x is part of &p, which line 2 uses as *p"),
        ("a: &p {x: 1}\nb: *p\n", Remove("a"), "f.yaml:1:4: it contains &p, which line 2 uses as *p"),
        ("a: 1\na: 2\n", Set("a", 3), "f.yaml:2:1: a is given twice"),
        ("a: [\n", Set("a", 3), "f.yaml:"),
        ("a: 1\n", Set("a..b", 3), "'a..b' is not a valid path at character 2"),
        ("a: 1\n", Set("a.b", 3), "f.yaml:1:4: a is a single value"),
        ("a: [1]\n", Set("a[5]", 3), "f.yaml:1:4: a has 1 items: there is no item 5"),
        ("a: 1\n", Set("a", "\ud800"), "half of a pair"),
        ("a: 1\n", Set("a", object()), "cannot be written in a document"),
    ],
)
def test_refused(text: str, operation, message: str):
    with pytest.raises(EditError) as error:
        edited(text, operation)
    assert message in str(error.value)


def test_all_or_nothing():
    with pytest.raises(EditError):
        edited("a: 1\n", Set("a", 2), Set("b[x]", 3), Remove("nothing"))


def test_several_operations_see_each_other():
    text = edited("signals:\n- a\n", Add("signals", "b"), Set("signals[b].unit", "cm"), Remove("signals[a]"))
    assert text == "signals:\n- {name: b, unit: cm}\n"


def test_a_document_of_two_files():
    """A path is looked up in every file; each file has its own edits."""
    texts = {"main.yaml": "signals:\n- a\n", "more.yaml": "signals:\n- {name: b}  # c\n"}
    made = edit_texts(texts, [Set("signals[b].unit", "cm"), Set("signals[a].unit", "m")], CATALOG)
    assert {name: file.text for name, file in made.files.items()} == {
        "main.yaml": "signals:\n- {name: a, unit: m}\n",
        "more.yaml": "signals:\n- {name: b, unit: cm}  # c\n",
    }


PLANT = """\
signals:
  - {name: level, description: level}
  - high
blocks:
  - name: b
    type: GT
    inputs: {in1: "level", in2: high}   # level
    outputs: {out: level_high}
    task: fast
tasks: [{name: fast}]
alarms:
  - {name: level, signal: level}
"""


def test_rename_of_a_signal():
    renamed = edited(PLANT, Rename("signal", "level", "tank.level"))
    assert renamed.splitlines()[1] == "  - {name: tank.level, description: level}"
    assert renamed.splitlines()[6] == '    inputs: {in1: "tank.level", in2: high}   # level'
    assert renamed.splitlines()[-1] == "  - {name: level, signal: tank.level}"
    assert edited(renamed, Rename("signal", "tank.level", "level")) == PLANT


def test_rename_of_other_things():
    assert edited(PLANT, Rename("task", "fast", "quick")) == PLANT.replace("fast", "quick")
    assert edited(PLANT, Rename("block", "b", "c")) == PLANT.replace("name: b", "name: c")


@pytest.mark.parametrize(
    ("text", "rename", "message"),
    [
        (PLANT, Rename("signal", "lvel", "x"), "there is no signal 'lvel' (did you mean 'level'?)"),
        (PLANT, Rename("signal", "level", "high"), "f.yaml:3:5: there is a signal 'high' already"),
        (PLANT, Rename("signal", "level", "a b"), "'a b' is not a valid name for a signal"),
        (PLANT, Rename("task", "main", "x"), "keeps its name"),
        (
            PLANT.replace("description: level", "description: *l").replace(
                "{name: level,", "{name: &l level,"
            ),
            Rename("signal", "level", "x"),
            "f.yaml:2:",
        ),
        (
            PLANT.replace('in1: "level"', 'in1: "${NOT_SET:-level}"'),
            Rename("signal", "level", "x"),
            "f.yaml:7:19: the name 'level' comes from a reference here",
        ),
        (
            PLANT + "nothing: 1\n",
            Rename("signal", "level", "x"),
            "f.yaml:13:1: nothing can be renamed for sure",
        ),
    ],
)
def test_rename_refused(text: str, rename: Rename, message: str):
    with pytest.raises(EditError) as error:
        edited(text, rename)
    assert message in str(error.value)


DOCUMENTS = [*(ROOT / "examples").glob("*.yaml"), *(ROOT / "core/tests/config/originals").glob("*.yaml")]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_signal_of_every_document(path: Path):
    """Each signal is renamed and renamed back: the same bytes, and between them only the name differs."""
    installed = Catalog.load()
    text = path.read_bytes().decode()
    made = load_bytes(text.encode(), installed, name=str(path), folder=path.parent).configuration
    if made is None:
        pytest.skip("it has errors, or needs what is not installed")
    done, refused = 0, []
    for name in [signal.name for signal in made.plant.signals][:60]:
        try:
            there = edit_texts({str(path): text}, [Rename("signal", name, "renamed.x")], installed).files[
                str(path)
            ]
        except EditError as error:
            refused.append(str(error))
            continue
        back = edit_texts({str(path): there.text}, [Rename("signal", "renamed.x", name)], installed)
        assert back.files[str(path)].text == text
        assert all(edit.removed.strip("\"'") == name or edit.removed in name for edit in there.edits)
        done += 1
    assert done or not made.plant.signals
    # an array of a point names several signals; an alias may use a name for something else
    assert all("one of those that the point" in text or "would change too" in text for text in refused)
