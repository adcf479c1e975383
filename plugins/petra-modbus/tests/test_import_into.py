"""`petra modbus points import CSV --into FILE`: points go into a document, and every other byte stays."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from petra.cli.main import petra

DOCUMENT = """# my plant
modbus:
  - name: plc1   # the big one
    transport: {host: 10.0.0.1}
    points:
      # level
      - {signal: tank.level, address: holding:1, data_type: float32}   # keep me
      - signal: tank.flow
        address: holding:10
        scale: 2
  - name: plc2
    transport: {host: 10.0.0.2}
"""


@pytest.fixture
def bring(tmp_path):
    """Write a document and a table, import the table, and return the result and the document."""

    def call(document: str, table: str, *options: str):
        file, csv_file = tmp_path / "plant.yaml", tmp_path / "points.csv"
        file.write_text(document)
        csv_file.write_text(table)
        arguments = ["modbus", "points", "import", str(csv_file), "--into", str(file), *options]
        result = CliRunner().invoke(petra, arguments, standalone_mode=False)
        code = 2 if result.exception and not isinstance(result.exception, SystemExit) else result.return_value
        said = f"{result.output}{result.exception or ''}"
        return code, said, file.read_text()

    return call


def test_points_are_added_and_changed_and_all_else_stays(bring):
    table = (
        "connection,signal,address,data_type,scale\n"
        "plc1,tank.level,holding:3,float32,\n"
        "plc1,tank.flow,holding:10,,\n"
        "plc2,valve.position,holding:1,int16,0.1\n"
        "plc2,valve.command,holding:2,int16,\n"
    )
    code, said, after = bring(DOCUMENT, table)
    assert code == 0
    assert "2 points added, 2 changed, 0 as before" in said
    kept = DOCUMENT.replace("holding:1, data_type: float32", '"holding:3", data_type: float32')
    kept = kept.replace("        scale: 2\n", "")
    assert after.startswith(kept)
    assert "valve.position" in after
    again, said, same = bring(after, table)
    assert (again, same) == (0, after)
    assert "no points added, 0 changed, 4 as before" in said


def test_a_difference_is_shown_and_nothing_written(bring):
    code, said, after = bring(DOCUMENT, "signal,connection,address\nlevel,plc2,1\n", "--diff")
    assert code == 0
    assert "+      - {signal: level, address: 1}" in said
    assert after == DOCUMENT


@pytest.mark.parametrize("form", ["list", "one", "common", "protocols"])
def test_the_only_connection_is_found_in_each_form_of_a_section(bring, form):
    device = '{name: "plc 1", transport: {host: 10.0.0.1}}'
    document = {
        "list": f"modbus:\n- {device}\n",
        "one": f"modbus: {device}\n",
        "common": f"modbus:\n  poll_ms: 500\n  connections:\n  - {device}\n",
        "protocols": f"protocols:\n  modbus:\n  - {device}\n",
    }[form]
    code, said, after = bring(document, "signal,address\nlevel,1\nflow,2\n")
    assert code == 0, said
    assert "2 points added" in said
    assert bring(after, "signal,address\nlevel,1\nflow,3\n")[1].count("1 changed, 1 as before") == 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("signal,address\nlevel,1\n", "a row names no connection, and there are 'plc1', 'plc2'"),
        (
            "connection,signal,address\nplc3,level,1\n",
            "no connection 'plc3' under `modbus`; there are 'plc1'",
        ),
        ("connection,signal,address\nplc1,level,1x\n", "'1x' is not a valid address"),
        ("connection,signal,address\nplc2,tank.level,1\n", "tank.level"),
    ],
)
def test_what_cannot_be_imported_is_told_and_nothing_written(bring, table, message):
    code, said, after = bring(DOCUMENT, table)
    assert code != 0
    assert message in said
    assert after == DOCUMENT


def test_a_document_without_the_section_is_told(bring):
    _, said, after = bring("signals: [a]\n", "signal,address\nlevel,1\n")
    assert "no connection under `modbus`; add one first" in said
    assert after == "signals: [a]\n"
