"""`petra edit`: changes of a document's text, with everything else byte for byte as it was."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from petra.cli.console.output import plural, print_json
from petra.cli.console.session import Session, json_option, with_session

if TYPE_CHECKING:
    from petra.config import Loaded, Problem
    from petra.config.edit import Edited, Operation

_ACTS = "set PATH VALUE | add PATH VALUE | remove PATH | rename signal|block|task|connection OLD NEW"
_SIZES = {"set": 2, "add": 2, "remove": 1, "rename": 3}


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("file", metavar="FILE", type=click.Path())
@click.argument("operation", nargs=-1, metavar="OPERATION...", type=click.UNPROCESSED)
@click.option(
    "--operations",
    "listed",
    metavar="JSON",
    type=click.Path(allow_dash=True),
    help='A file of operations, such as [{"set": "signals[a].unit", "value": "cm"}]; - for standard input.',
)
@click.option("--text", "as_text", is_flag=True, help="Take VALUE as a text, whatever it looks like.")
@click.option("--diff", is_flag=True, help="Print what would change, and write nothing.")
@click.option("--force", is_flag=True, help="Write a document even if it has new errors.")
@json_option
@with_session
def edit(
    session: Session,
    file: str,
    operation: tuple[str, ...],
    *,
    listed: str | None,
    as_text: bool,
    diff: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Change a document, and leave everything else in it as it is.

    \b
    OPERATION is one of
      set PATH VALUE                give a setting a value; what is missing is added
      add PATH VALUE                add an item to a list (or before an item), or a key
      remove PATH                   remove an item or a key, with its comments
      rename signal OLD NEW         rename it at every place that names it
      rename block|task|connection OLD NEW

    PATH is written as problems write it: signals[3].unit or blocks[pump].inputs.in1. VALUE is YAML, such as
    5, true, cm or '{name: a, type: int}'. All operations are done, or none. A change that adds errors to the
    document is refused. The exit code is 0 when it is done, 1 when it is refused, 2 when FILE cannot be read
    or written.
    """  # noqa: D301 - click reads \b
    from petra.config.edit import EditError, edit_texts

    operations = _operations(operation, listed, as_text=as_text)
    before = read_files(session, file)
    try:
        texts = {name: data.decode() for name, data in before.items()}
        edited = edit_texts(texts, operations, session.catalog)
    except UnicodeDecodeError:
        raise click.ClickException(f"{file}: it is not UTF-8") from None
    except EditError as error:
        if as_json:
            print_json({"file": file, "changed": False, "error": error.as_dict()})
        else:
            click.echo(f"petra: {error}", err=True)
        return 1
    report = Report(session, file, before, edited, as_json=as_json)
    return report.finish(diff=diff, force=force)


class Report:
    """Writes the edited files of a document, unless it has new errors, and tells what was changed.

    `before` holds the files by their names, the document itself first.
    """

    def __init__(
        self,
        session: Session,
        file: str,
        before: Mapping[str, bytes],
        edited: Edited,
        *,
        as_json: bool,
        what: str = "",
    ) -> None:
        self._session = session
        self._file = file
        self._before = before
        self._edited = edited
        self._after = {name: made.text.encode() for name, made in edited.files.items()}
        self._as_json = as_json
        self._what = what

    def finish(self, *, diff: bool = False, force: bool = False) -> int:
        """Write or show the result; return the exit code."""
        added = self._new_errors() if self._after else []
        refused = bool(added) and not force
        writing = bool(self._after) and not diff and not refused
        if writing:
            self._write()
        if self._as_json:
            self._print_json(added, written=writing)
        else:
            self._print(added, diff=diff, refused=refused)
        return 1 if refused else 0

    def _write(self) -> None:
        """Replace all files that are changed; if one cannot be, those before it are as they were."""
        from petra.cli.replacing import replace_file

        done: list[str] = []
        try:
            for name, after in self._after.items():
                replace_file(Path(name), self._before[name], after)
                done.append(name)
        except BaseException:
            for name in done:
                replace_file(Path(name), self._after[name], self._before[name])
            raise

    def _new_errors(self) -> list[Problem]:
        """Return the errors of the document that it did not have before, each by its code and text."""
        from petra.config import Severity

        result = self._load({**self._before, **self._after})
        if not result.errors:
            return []
        known = Counter((p.code, p.message) for p in self._load(self._before).problems)
        added = []
        for problem in result.problems:
            same = (problem.code, problem.message)
            known[same] -= 1
            if problem.severity is Severity.ERROR and known[same] < 0:
                added.append(problem)
        return added

    def _load(self, files: Mapping[str, bytes]) -> Loaded:
        from petra.config import load_bytes

        folder = Path(self._file).parent
        data = files[self._file]
        return load_bytes(data, self._session.catalog, name=self._file, folder=folder, texts=files)

    def _diff(self) -> str:
        text = ""
        for name, after in self._after.items():
            old, new = (data.decode().splitlines(keepends=True) for data in (self._before[name], after))
            for line in difflib.unified_diff(old, new, name, name):
                text += line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        return text

    def _print(self, added: list[Problem], *, diff: bool, refused: bool) -> None:
        if diff:
            click.echo(self._diff(), nl=False)
        for problem in added:
            click.echo(str(problem), err=True)
        if refused:
            message = (
                f"{self._file}: nothing is written: the document would have {plural(len(added), 'new error')}"
            )
            click.echo(f"{message} (--force writes it)", err=True)
        elif not diff:
            for name, made in self._edited.files.items():
                click.echo(f"{name}: {self._what}{plural(len(made.edits), 'edit')}")
            if not self._edited.files:
                click.echo(f"{self._file}: {self._what}nothing to change")

    def _print_json(self, added: list[Problem], *, written: bool) -> None:
        edits = {
            name: [{"offset": e.offset, "removed": e.removed, "inserted": e.inserted} for e in made.edits]
            for name, made in self._edited.files.items()
        }
        print_json(
            {
                "file": self._file,
                "changed": bool(edits),
                "written": written,
                "edits": edits.pop(self._file, []),
                "others": edits,
                "diff": self._diff(),
                "problems": [problem.as_dict() for problem in added],
            }
        )


def read_files(session: Session, file: str) -> dict[str, bytes]:
    """Return the bytes of a document, and of the files that it includes."""
    from petra.config import load

    found = {file: read_file(file)}
    found.update((name, read_file(name)) for name in load(file, session.catalog).files)
    return found


def read_file(file: str) -> bytes:
    """Return the bytes of a document that is to be edited; one that cannot be read ends the command."""
    from petra.config.parse import MAX_BYTES
    from petra.config.source import UnreadableError, read_bounded

    try:
        return read_bounded(file, MAX_BYTES)
    except UnreadableError as error:
        raise click.ClickException(f"{file}: it {error}") from None


def _operations(words: tuple[str, ...], listed: str | None, *, as_text: bool) -> list[Operation]:
    if bool(words) is (listed is not None):
        raise click.UsageError(f"Give one operation ({_ACTS}), or a file with --operations.")
    if listed is not None:
        from petra.config.edit.listed import read_operations
        from petra.config.source import UnreadableError, read_bounded, read_stdin

        try:
            data = read_stdin(2**24) if listed == "-" else read_bounded(listed, 2**24)
            return read_operations(data)
        except UnreadableError as error:
            raise click.ClickException(f"{listed}: it {error}") from None
        except ValueError as error:
            raise click.ClickException(f"{listed}: {error}") from None
    return [_operation(words, as_text=as_text)]


def _operation(words: tuple[str, ...], *, as_text: bool) -> Operation:
    from petra.config.edit import Add, Remove, Rename, Set

    act, given = words[0], words[1:]
    if act not in _SIZES:
        raise click.UsageError(f"There is no operation {act!r}: write {_ACTS}.")
    if len(given) != _SIZES[act]:
        raise click.UsageError(f"{act!r} takes {plural(_SIZES[act], 'argument')}, not {len(given)}: {_ACTS}.")
    if act == "remove":
        return Remove(given[0])
    if act == "rename":
        kinds = ("signal", "block", "task", "connection")
        if given[0] not in kinds:
            raise click.UsageError(f"{given[0]!r} cannot be renamed: write one of {', '.join(kinds)}.")
        return Rename(given[0], given[1], given[2])  # type: ignore[arg-type]  # one of the kinds
    value = given[1] if as_text else _value(given[1])
    return Set(given[0], value) if act == "set" else Add(given[0], value)


def _value(text: str) -> Any:
    from petra.config.edit import EditError
    from petra.config.edit.listed import read_value

    try:
        return read_value(text)
    except EditError as error:
        hint = f" ({error.hint})" if error.hint else ""
        raise click.UsageError(
            f"the value {text!r}: {error.message}{hint}. --text takes it as a text."
        ) from None
