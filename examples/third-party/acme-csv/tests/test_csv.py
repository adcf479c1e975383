"""acme-csv works next to an installed petra-core."""

import csv

import pytest
from acme_csv.files import append, as_line, file_of

from petra.config import load_bytes
from petra.testing import ServiceContract, assert_plugin_conforms

SIGNALS = [{"name": "level"}, {"name": "on", "type": "bool"}, {"name": "label", "type": "string"}]


class TestCsv(ServiceContract):
    """Every promise of a service."""

    def document(self):
        return {"signals": SIGNALS, "acme_csv": {"signals": ["level", "on", "label"], "every_s": 0.02}}

    def work(self, rig):
        """Count the lines, and be sure that each of them is whole."""
        files = [file for file in rig.service_folder("acme_csv").glob("*.csv") if file.is_file()]
        rows = [row for file in files for row in list(csv.reader(file.read_text().splitlines()))[1:]]
        assert {len(row) for row in rows} <= {4}
        return len(rows)

    def break_peer(self, rig):
        for file in list(rig.service_folder("acme_csv").glob("*.csv")):
            file.rename(file.with_suffix(".kept"))
            file.mkdir()

    def mend_peer(self, rig):
        for folder in list(rig.service_folder("acme_csv").glob("*.csv")):
            folder.rmdir()
            folder.with_suffix(".kept").rename(folder)


def test_the_plugin_conforms():
    assert_plugin_conforms("acme-csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acme_csv: {}", "signals"),
        ("acme_csv: {signals: [level], every_s: 0}", "every_s"),
        ("signals: [{name: level}]\nacme_csv:\n  signals: [level, lebel]\n", "3:12"),
        ("acme_csv: [{signals: ['*']}, {signals: ['*']}]", "another service has the name 'acme_csv'"),
    ],
)
def test_a_mistake_has_its_place(catalog, text, said):
    problems = load_bytes(text.encode(), catalog, {}).problems
    assert any(said in str(problem) for problem in problems), [str(problem) for problem in problems]


def test_other_columns_get_a_file_of_their_own(tmp_path):
    first = file_of(tmp_path, "2026-11-25", ("time", "level"))
    append(first, as_line(["12:00", 1.5]))
    second = file_of(tmp_path, "2026-11-25", ("time", "level", "on"))
    assert (first.name, second.name) == ("2026-11-25.csv", "2026-11-25-2.csv")
    assert file_of(tmp_path, "2026-11-25", ("time", "level")) == first
    assert first.read_text() == "time,level\n12:00,1.5\n"


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        ("time,level\n12:00,1.5\n12:0", "time,level\n12:00,1.5\n"),
        ("ti", "time,level\n"),
        ("", "time,level\n"),
    ],
)
def test_a_line_that_was_cut_off_is_removed(tmp_path, left, kept):
    (tmp_path / "2026-11-25.csv").write_text(left)
    path = file_of(tmp_path, "2026-11-25", ("time", "level"))
    assert path.read_text() == kept
