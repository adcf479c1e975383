"""The entry point: `petra`, its commands, and those that plugins add. Each is imported when it is called."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from petra._version import __version__
from petra.cli.console.session import Session, plugins_dir_option
from petra.errors import PetraError

if TYPE_CHECKING:
    from petra.plugin import Catalog, CliCommand

_COMMANDS = {
    "bench": (
        "petra.cli.bench",
        "Measure the scan, the bus, memory, the channel and others.",
    ),
    "blocks": ("petra.cli.blocks", "List the kinds of blocks, and show one with its ports."),
    "check": ("petra.cli.check", "Check documents; every problem with its place."),
    "commands": ("petra.cli.commands", "Show what was written to devices, and with which outcome."),
    "completion": ("petra.cli.completion", "Print the completion script for a shell."),
    "config": ("petra.cli.config", "Show a configuration as PETRA reads it."),
    "doctor": ("petra.cli.doctor", "Examine this installation and list what is wrong with it."),
    "edit": ("petra.cli.edit", "Change a document, and leave everything else in it as it is."),
    "events": ("petra.cli.running.events", "Show what has happened in a running plant, and who did what."),
    "explain": ("petra.cli.explain", "Show in which order the blocks of FILE run, and how."),
    "force": ("petra.cli.running.acts", "Hold a signal of a running plant at a value."),
    "forces": ("petra.cli.running.forces", "List the signals that are held, by whom and since when."),
    "migrate": ("petra.cli.migrate", "Rewrite a document of the original in PETRA's names."),
    "plan": ("petra.cli.plan", "Show what a reload from OLD to NEW would change."),
    "plugins": ("petra.cli.plugins", "List, examine, certify and create plugins."),
    "ps": ("petra.cli.ps", "List the plants that run on this machine."),
    "read": ("petra.cli.running.values", "Show what signals of a running plant are now."),
    "reload": ("petra.cli.running.acts", "Have a running plant read its document again."),
    "replay": ("petra.cli.replay", "Run recorded scans again, and compare them to the bit."),
    "run": ("petra.cli.run", "Run a plant until it is told to stop."),
    "schema": ("petra.cli.schema", "Print the JSON Schema of what is installed."),
    "signals": ("petra.cli.running.signals", "List the signals of a running plant."),
    "status": ("petra.cli.running.status", "Show how a running plant is, and what is wrong with it."),
    "stop": ("petra.cli.running.acts", "Stop a running plant."),
    "top": ("petra.cli.top", "Show a running plant on the whole screen."),
    "tune": ("petra.cli.running.acts", "Change a parameter of a block of a running plant."),
    "unforce": ("petra.cli.running.acts", "Release signals that are held."),
    "watch": ("petra.cli.running.values", "Print signals of a running plant whenever they change."),
    "why": ("petra.cli.why", "Show why SIGNAL is what it is, back to devices and commands."),
    "write": ("petra.cli.running.acts", "Write a signal of a running plant."),
}


class Commands(click.Group):
    """Core's commands and those of the plugins. Core's are found without loading any plugin."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*_COMMANDS, *_catalog(ctx).names("command")])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name in _COMMANDS:
            command: click.Command = getattr(import_module(_COMMANDS[cmd_name][0]), cmd_name)
            return command
        found: CliCommand | None = _catalog(ctx).cli_command(cmd_name)
        if found is None:
            return None
        try:
            return found.load()
        except Exception as error:  # the module of a plugin's command may raise anything
            raise click.ClickException(f"the command {cmd_name!r} cannot be loaded: {error}") from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a line; for an unknown one, suggest a name or a distribution."""
        name = args[0]
        if not ctx.resilient_parsing and self.get_command(ctx, name) is None and not name.startswith("-"):
            raise click.UsageError(
                f"There is no command {name!r}.{_meant(name, self.list_commands(ctx))}", ctx
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of commands without importing them."""
        names = dict(self._summaries(ctx))
        items = [CompletionItem(n, help=names[n]) for n in sorted(names) if n.startswith(incomplete)]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        rows = self._summaries(ctx)
        with formatter.section("Commands"):
            formatter.write_dl([row for row in rows if row[0] in _COMMANDS])
        if added := sorted(row for row in rows if row[0] not in _COMMANDS):
            with formatter.section("Commands of plugins"):
                formatter.write_dl(added)

    def _summaries(self, ctx: click.Context) -> list[tuple[str, str]]:
        rows = [(name, summary) for name, (_, summary) in _COMMANDS.items()]
        return rows + [
            (o.name, o.cli_command.summary) for o in _catalog(ctx).offers() if o.group.space == "command"
        ]


def _catalog(ctx: click.Context) -> Catalog:
    catalog: Catalog = ctx.ensure_object(Session).catalog
    return catalog


def _meant(name: str, known: list[str]) -> str:
    from petra.closest import closest
    from petra.config.providers import LATER, PUBLISHED

    if name in PUBLISHED:
        return f" It comes with a plugin: pip install {PUBLISHED[name]}"
    if name in LATER:
        return f" It comes with a later {LATER[name]}."
    guess = closest(name, known)
    return f" Did you mean {guess!r}?" if guess else ""


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click calls it
    if wanted:
        click.echo(f"petra {__version__} (Python {platform.python_version()})")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@plugins_dir_option
def petra() -> None:
    """PETRA, the automation engine for industrial Python."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 good, 1 problems found, 2 could not be done."""
    sys.exit(_guarded(lambda: petra.main(arguments, prog_name="petra", standalone_mode=False)))


def _guarded(run: Callable[[], Any]) -> int:
    try:
        result = run()
        sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except BrokenPipeError:
        # the reader of the output has ended (`petra schema | head`); a flush at exit would raise again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (PetraError, OSError) as error:
        click.echo(f"petra: {error}", err=True)
        return 2
    return result if isinstance(result, int) else 0
