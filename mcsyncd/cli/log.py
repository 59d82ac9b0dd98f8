"""`log`: the ledger's events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import call_daemon, json_option
from mcsyncd.cli.global_options import GlobalOptions

if TYPE_CHECKING:
    from mcsyncd.api import LogEntryBody, SessionBody
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session", required=False)
@json_option
@click.pass_obj
def command(options: GlobalOptions, session: str | None, as_json: bool) -> None:
    """Print the events of a session, or all, oldest first (--json: JSON lines)."""
    from mcsyncd.cli.reports import format_log_line

    async def fetch(client: Client) -> tuple[list[LogEntryBody], list[SessionBody]]:
        entries = (await client.fetch_log(session)).entries
        return entries, [] if as_json else (await client.list_sessions()).sessions

    entries, sessions = call_daemon(options, fetch)
    labels = {one.id: {key: camera.label for key, camera in one.cameras.items()} for one in sessions}
    for entry in entries:
        click.echo(entry.model_dump_json() if as_json else format_log_line(entry, labels.get(entry.session)))
