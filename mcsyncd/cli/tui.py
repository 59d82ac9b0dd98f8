"""`tui`: the terminal app, for the daemon of this machine or of another."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from mcsyncd.cli.global_options import GlobalOptions

# ruff: noqa: PLC0415  # a command loads what it needs when it runs

REMOTE_SOCKET = Path("/run/mcsyncd/api.sock")
"""Where the shipped unit puts the socket. A remote daemon is assumed to use it, because the settings of
this machine do not describe another."""


@click.command("tui")
@click.option("--host", metavar="HOST", help="Connect to the daemon on HOST: forward its socket over ssh.")
@click.option("--read-only", is_flag=True, help="Show everything, allow no decisions.")
@click.option(
    "--theme",
    type=click.Choice(["dark", "light", "ansi", "none"]),
    help="Colours; ansi: the terminal's own (default: from tui.yaml, or dark).",
)
@click.option("--kitty", is_flag=True, help="Show frames as images, where the terminal is kitty or ghostty.")
@click.option("--keys", is_flag=True, help="Print every action with its keys, as a tui.yaml, and exit.")
@click.pass_context
def tui_command(
    context: click.Context, host: str | None, theme: str | None, *, read_only: bool, kitty: bool, keys: bool
) -> None:
    """Open the terminal app.

    The queue of sessions, and one button for each: Looks Good, or Review Sync. Theme and keys are read
    from ~/.config/mcsyncd/tui.yaml.
    """
    from mcsyncd.cli.terminal_app import format_app_file, open_app, read_preferences, report_problems

    if keys:
        liked = read_preferences()
        report_problems(liked.problems)
        click.echo("\n".join(format_app_file(liked.keymap)))
        return
    from mcsyncd.tui.remote import forward_socket

    options: GlobalOptions = context.obj
    is_socket_given = context.find_root().get_parameter_source("socket") not in {
        None,
        ParameterSource.DEFAULT,
    }
    remote_socket = options.socket if is_socket_given else REMOTE_SOCKET
    with forward_socket(host, remote_socket) if host is not None else nullcontext(options.socket) as socket:
        code = open_app(socket, read_only=read_only, theme=theme, kitty=kitty)
    context.exit(code)
