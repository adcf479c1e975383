"""What every command shares: which plugins, and the options that choose them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from petra.config import Configuration
    from petra.engine.folder import DataFolder
    from petra.plugin import Catalog

F = TypeVar("F", bound=Callable[..., Any])


class Session:
    """One call of `petra`. The catalog is made when a command first asks for it."""

    def __init__(self) -> None:
        self.plugins_dirs: list[Path] = []

    @cached_property
    def catalog(self) -> Catalog:
        """What is installed."""
        from petra.plugin import Catalog

        return Catalog.load(self.plugins_dirs)

    def configuration(self, file: str) -> Configuration:
        """Return the configuration of a document; what is wrong with it ends the command."""
        from petra.config import load

        loaded = load(file, self.catalog)
        for problem in loaded.serious:
            click.echo(str(problem), err=True)
        if loaded.configuration is None:
            click.echo(f"{file}: it has errors; petra check {file}", err=True)
            raise SystemExit(2 if loaded.unreadable else 1)
        return loaded.configuration

    def folder(self, file: str | Path) -> DataFolder:
        """Return the data folder of a document; of one with errors, where it is unless it says otherwise."""
        from petra.config import load
        from petra.engine.folder import DataFolder

        configuration = load(str(file), self.catalog).configuration
        return DataFolder(file, configuration.plant.engine.data_dir if configuration else "")


def _add_folders(ctx: click.Context, _: click.Parameter, folders: tuple[Path, ...]) -> None:
    ctx.ensure_object(Session).plugins_dirs.extend(folders)


plugins_dir_option = click.option(
    "--plugins-dir",
    "plugins_dirs",
    multiple=True,
    expose_value=False,
    is_eager=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    callback=_add_folders,
    help="Load the single-file plugins (*.py) of this folder too. Also: PETRA_PLUGINS_DIR.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def with_session(function: F) -> F:
    """Add --plugins-dir to a command and pass it the session as its first argument."""

    @click.pass_context
    def call(ctx: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        return ctx.invoke(function, ctx.ensure_object(Session), *args, **kwargs)

    wrapped: Any = update_wrapper(call, function)
    return cast("F", plugins_dir_option(wrapped))
