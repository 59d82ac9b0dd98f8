"""`completion`: the script that teaches a shell to complete mcsyncd's commands and options."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the completion script for bash, zsh or fish.

    Install it in one of these ways:

    \b
    bash   mcsyncd completion bash > ~/.local/share/bash-completion/completions/mcsyncd
    zsh    mcsyncd completion zsh > "${fpath[1]}/_mcsyncd"
    fish   mcsyncd completion fish > ~/.config/fish/completions/mcsyncd.fish
    """  # noqa: D301  # \b is a character: it tells click to keep the lines that follow
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # no other command needs it

    script_class = get_completion_class(shell)
    assert script_class is not None  # click ships all three
    root = context.find_root().command
    click.echo(script_class(root, {}, "mcsyncd", "_MCSYNCD_COMPLETE").source())
