"""`petra completion`: the script that makes a shell complete `petra`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_INSTALL = {
    "bash": "petra completion bash > ~/.local/share/bash-completion/completions/petra",
    "zsh": "petra completion zsh > ~/.zfunc/_petra   (with ~/.zfunc in $fpath)",
    "fish": "petra completion fish > ~/.config/fish/completions/petra.fish",
}


@click.command(epilog="Install:\n\n" + "\n\n".join(_INSTALL.values()))
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    chosen = get_completion_class(shell)
    if chosen is None:
        raise click.ClickException(f"this version of click has no completion for {shell}")
    click.echo(chosen(ctx.find_root().command, {}, "petra", "_PETRA_COMPLETE").source())
