"""`log`: the events of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import call_daemon
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_lines_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session", required=False)
@json_lines_option
@click.pass_obj
def log_command(options: GlobalOptions, session: str | None, as_json: bool) -> None:
    """Print the audit log.

    One line per event, oldest first: of one session, or of all.
    """
    from mcsyncd.cli.reports import format_log_line
    from mcsyncd.present.session import list_camera_labels

    async def print_entries(client: Client) -> None:
        labels: dict[str, Mapping[str, str]] = {}
        if not as_json and session is not None:
            labels[session] = list_camera_labels(await client.fetch_session(session))
        elif not as_json:
            async for body in client.read_sessions():
                labels[body.id] = list_camera_labels(body)
        async for entry in client.read_log(session):
            line = format_log_line(entry, labels.get(entry.session))
            click.echo(entry.model_dump_json() if as_json else line)

    call_daemon(options, print_entries)
