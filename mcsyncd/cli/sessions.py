"""`sessions`: list all sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import call_daemon, print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

if TYPE_CHECKING:
    from mcsyncd.api import SessionBody
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.option("--limit", type=click.IntRange(1), help="List only so many, the newest.")
@json_option
@click.pass_obj
def sessions_command(options: GlobalOptions, limit: int | None, as_json: bool) -> None:
    """List all sessions, newest first."""
    from mcsyncd.cli.reports import format_session_line

    async def read_sessions(client: Client) -> list[SessionBody]:
        found: list[SessionBody] = []
        async for body in client.read_sessions():
            found.append(body)
            if not as_json:
                click.echo(format_session_line(body))
            if len(found) == limit:
                break
        return found

    sessions = call_daemon(options, read_sessions)
    if as_json:
        print_json([*sessions])
    elif not sessions:
        click.echo("No sessions yet: drop a card into each camera's folder.")
