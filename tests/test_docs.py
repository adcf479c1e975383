"""What the documentation tells people to type exists: commands, their options, and keys of documents."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from petra.cli.main import petra
from petra.config import load_bytes
from petra.plugin import Catalog

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for page in (
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("*.md"),
        *ROOT.glob("*/README.md"),
        *ROOT.glob("plugins/*/README.md"),
    )
    if page.name != "CHANGELOG.md"
)


def commands(page: Path) -> Iterator[tuple[str, ...]]:
    """Yield every line of a page that begins with `petra`, as code or in a console."""
    for line in page.read_text("utf-8").splitlines():
        for beginning in ("    petra ", "$ petra "):
            if line.startswith(beginning):
                yield tuple(shlex.split(line.removeprefix(beginning), comments=True))


TYPED = sorted({command for page in PAGES for command in commands(page)})


def test_the_pages_have_commands():
    assert len(TYPED) > 50


@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
def test_what_is_documented_can_be_typed(typed):
    arguments = list(typed[: typed.index(">")] if ">" in typed else typed)
    command: click.Command = petra
    context = click.Context(petra, info_name="petra")
    while True:
        _, arguments, _ = command.make_parser(context).parse_args(arguments)
        if not isinstance(command, click.Group) or not arguments:
            return
        found = command.get_command(context, arguments[0])
        assert found is not None, f"there is no command {arguments[0]!r}"
        context = click.Context(found, info_name=arguments[0], parent=context)
        command, arguments = found, arguments[1:]


FRAGMENT = {"unknown-signal", "unknown-section", "not-installed", "empty-document", "include-unreadable"}
"""What a document lacks that is only a part of one."""


def documents(page: Path) -> Iterator[str]:
    for text in re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        if not text.startswith("- "):  # test vectors
            yield text


SHOWN = [
    pytest.param(text, id=f"{page.stem}-{n}") for page in PAGES for n, text in enumerate(documents(page))
]


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_shown_of_documents_is_understood(text):
    loaded = load_bytes(text.encode(), Catalog.load(), {})
    assert not [
        str(each) for each in loaded.problems if each.code not in FRAGMENT and ": error: " in str(each)
    ]
