"""Lists and mappings in a plugin's section."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import field, frozen

from petra import Catalog, DriverKind, about, hookimpl
from petra.config import load_bytes


@frozen
class TableConfig:
    """A table whose parts have to be there."""

    rows: list[int] = field(metadata=about("Rows"))
    names: dict[str, str] = field(metadata=about("Names"))
    more: list[dict[str, list[int]]] = field(factory=list, metadata=about("More"))


class TablePlugin:
    PETRA_API = 1
    __name__ = "table"

    @hookimpl
    def petra_drivers(self) -> list[DriverKind[Any]]:
        return [DriverKind("table", TableConfig, build=lambda config: config)]


@pytest.mark.parametrize(
    ("text", "made", "codes"),
    [
        ("{rows: [1], names: {a: b}}", TableConfig([1], {"a": "b"}), []),
        ("{rows: null, names: ~}", TableConfig([], {}), []),
        ("{rows: [], names: {}}", TableConfig([], {}), []),
        ("{rows: [], names: {}, more: [null, {}, {a: null}]}", TableConfig([], {}, [{}, {}, {"a": []}]), []),
        ("{rows: 5, names: [a]}", None, ["wrong-type", "wrong-type"]),
        ("{rows: [1, x, y], names: {a: b, c: [d], e: {}}}", None, ["wrong-type"] * 4),
        ("{rows: [null], names: {}}", None, ["wrong-type"]),
        ("{}", None, ["missing-key", "missing-key"]),
    ],
)
def test_lists_and_mappings_of_which_nothing_is_written_are_empty(text, made, codes):
    loaded = load_bytes(f"table: {text}\n".encode(), Catalog.of(TablePlugin()), {})
    assert [problem.code for problem in loaded.problems] == codes
    if made is not None:
        assert loaded.configuration.sections["table"] == (made,)
