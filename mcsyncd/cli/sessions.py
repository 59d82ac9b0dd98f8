"""`sessions`: list all sessions."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import call_daemon, print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@json_option
@click.pass_obj
def sessions_command(options: GlobalOptions, as_json: bool) -> None:
    """List all sessions, newest first."""
    from mcsyncd.cli.reports import format_session_line

    sessions = call_daemon(options, lambda client: client.list_sessions()).sessions
    if as_json:
        print_json([*sessions])
    elif sessions:
        click.echo("\n".join(format_session_line(body) for body in sessions))
    else:
        click.echo("No sessions yet: drop a card into each camera's folder.")
