"""Names in whichever case: what is taken, offered and drawn."""

from __future__ import annotations

import jsonschema
import pytest
from attrs import field, frozen

from petra.config.schema import model_schema
from petra.settings import AnyCase, settings


@frozen
class Typed:
    """Something with a type."""

    kind: str = field(default="", validator=AnyCase(("int", "date_and_time", "uint8")))


@pytest.mark.parametrize("name", ["int", "INT", "Int", "Date_And_Time", "UInt8", ""])
def test_a_name_is_taken_in_any_case_also_by_the_schema(name):
    assert Typed(name).kind == name
    jsonschema.validate({"kind": name}, model_schema(Typed))


@pytest.mark.parametrize("name", ["ints", "in", "date and time", "uint", " int"])
def test_anything_else_is_refused_also_by_the_schema(name):
    with pytest.raises(ValueError, match="is not one of int, date_and_time, uint8"):
        Typed(name)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"kind": name}, model_schema(Typed))


def test_an_editor_is_offered_each_name_once():
    (setting,) = settings(Typed)
    assert setting.bounds.choices == ("int", "date_and_time", "uint8")
    assert {"enum": ["int", "date_and_time", "uint8"]} in _alternatives(
        model_schema(Typed)["properties"]["kind"]
    )


def _alternatives(schema):
    return [each for one in (schema, *schema.get("anyOf", ())) for each in (one, *one.get("anyOf", ()))]
