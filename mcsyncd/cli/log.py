"""`log`: the ledger's events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import call_daemon
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

if TYPE_CHECKING:
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session", required=False)
@json_option
@click.pass_obj
def log_command(options: GlobalOptions, session: str | None, as_json: bool) -> None:
    """Print the events of a session, or all, oldest first (--json: JSON lines)."""
    from mcsyncd.cli.reports import format_log_line

    async def print_entries(client: Client) -> None:
        sessions = [] if as_json else (await client.list_sessions()).sessions
        labels = {one.id: {key: camera.label for key, camera in one.cameras.items()} for one in sessions}
        async for entry in client.read_log(session):
            line = format_log_line(entry, labels.get(entry.session))
            click.echo(entry.model_dump_json() if as_json else line)

    call_daemon(options, print_entries)
