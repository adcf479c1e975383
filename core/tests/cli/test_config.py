"""`petra config show` and `petra schema`."""

import json

import jsonschema
import pytest

TEXT = "signals: [a]\nshop:\n  host: ${HOST}\n  password: '${PASSWORD}'\n"


def test_show(petra, plugins_dir, write):
    write("plant.yaml", TEXT)
    ran = petra("config", "show", "plant.yaml", "--plugins-dir", plugins_dir, HOST="plc1", PASSWORD="hunter2")
    assert 'shop.host: "plc1"' in ran.out
    assert "# plant.yaml:3:9 (env HOST)" in ran.out
    assert 'shop.password: "***"' in ran.out
    assert "# default" in ran.out
    assert "hunter2" not in ran.out


def test_show_only_what_is_given_as_json(petra, plugins_dir, write):
    write("plant.yaml", TEXT)
    report = petra(
        "config",
        "show",
        "--given",
        "--json",
        "plant.yaml",
        "--plugins-dir",
        plugins_dir,
        HOST="h",
        PASSWORD="hunter2",
    ).json
    assert [row["path"] for row in report["values"]] == ["signals[0].name", "shop.host", "shop.password"]
    assert "hunter2" not in str(report)


def test_a_bad_document_is_not_shown(petra, write):
    write("plant.yaml", TEXT)
    ran = petra("config", "show", "plant.yaml", code=1)
    assert ran.out == ""
    assert "plant.yaml:2:1" in ran.err
    petra("config", "show", "nowhere.yaml", code=2)


def test_schema(petra, plugins_dir, tmp_path):
    schema = json.loads(petra("schema", "--plugins-dir", plugins_dir).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    found = jsonschema.Draft202012Validator(schema)  # `jsonschema.validate` would check the schema each time
    found.validate({"shop": {"host": "a"}})
    with pytest.raises(jsonschema.ValidationError):
        found.validate({"shop": {"hots": "a"}})
    petra("schema", "-o", "petra.schema.json")
    assert json.loads((tmp_path / "petra.schema.json").read_text())["title"] == "A PETRA document"


def test_schema_into_nowhere(petra):
    assert "No such file or directory" in petra("schema", "-o", "no/where.json", code=2).err
