"""What a model says about its fields."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Literal

import pytest
from attrs import field, frozen
from attrs.validators import and_, ge, gt, in_, le, lt, matches_re, max_len, min_len, optional

from petra import DeclarationError, DriverKind, Secret, about
from petra.settings import settings
from petra.settings.model import type_name


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


@frozen
class Inner:
    name: str


@frozen
class Model:
    """Everything a field can be."""

    host: str = field(
        validator=and_(min_len(1), max_len(9)), metadata=about("Name", unit="-", aliases=("ip",))
    )
    ratio: float | None = field(default=None, validator=optional([gt(0), lt(1)]))
    number: int = field(default=3, validator=[ge(1), le(5)])
    mode: Mode = Mode.FAST
    choice: Literal["a", "b"] = "a"
    one: str = field(default="x", validator=in_(("x", "y")))
    form: str = field(default="x", validator=matches_re("[xy]"))
    inner: list[Inner] = field(factory=list)
    table: dict[str, int] = field(factory=dict)
    key: Secret = field(default=Secret(""))
    file: Path = Path()
    scalar: bool | int | float | str = 1
    internal: int = field(default=1, init=False)


def test_fields_are_described():
    by_name = {setting.name: setting for setting in settings(Model)}
    assert "internal" not in by_name
    assert by_name["host"].keys == ("host", "ip")
    assert by_name["host"].required
    assert str(by_name["host"].bounds) == "of length 1 or more and of length 9 or less"
    assert str(by_name["ratio"].bounds) == "greater than 0 and less than 1"
    assert str(by_name["number"].bounds) == "at least 1 and at most 5"
    assert by_name["number"].default == 3
    assert by_name["one"].bounds.choices == ("x", "y")
    assert by_name["form"].bounds.pattern == "[xy]"
    assert by_name["inner"].default == []


def test_types_are_named_for_people():
    named = {setting.name: type_name(setting.type) for setting in settings(Model)}
    assert named == {
        "host": "text",
        "ratio": "float",
        "number": "int",
        "mode": "fast | slow",
        "choice": "a | b",
        "one": "text",
        "form": "text",
        "inner": "list of mapping",
        "table": "mapping of int",
        "key": "secret",
        "file": "path",
        "scalar": "bool | int | float | text",
    }


@frozen
class Odd:
    what: set[int]


@frozen
class Unresolvable:
    what: NoSuchName  # noqa: F821 - that is the point


@frozen
class Twice:
    a: int = field(metadata=about("A", aliases=("b",)))
    b: int = 1


@frozen
class Bare:
    a = field(default=1)


@frozen
class Mixed:
    a: Inner | int


@pytest.mark.parametrize(
    ("model", "error"),
    [
        (Odd, "a document cannot hold set"),
        (Unresolvable, "its annotations cannot be read"),
        (Twice, "the key 'b' names two fields"),
        (Bare, "has no type annotation"),
        (Mixed, "a union holds single values"),
    ],
)
def test_a_model_that_no_document_can_fill_is_refused(model, error):
    with pytest.raises(DeclarationError, match=error):
        settings(model)


def test_a_kind_hides_its_functions_from_listings():
    assert "lambda" not in repr(DriverKind("x", Model, build=lambda: None))
