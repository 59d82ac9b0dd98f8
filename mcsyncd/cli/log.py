"""`log`: the ledger's events."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import call_daemon, json_option
from mcsyncd.cli.global_options import GlobalOptions

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session", required=False)
@json_option
@click.pass_obj
def command(options: GlobalOptions, session: str | None, as_json: bool) -> None:
    """Print the events of a session, or all, oldest first (--json: JSON lines)."""
    from mcsyncd.cli.words import log_line

    for entry in call_daemon(options, lambda client: client.fetch_log(session)).entries:
        click.echo(entry.model_dump_json() if as_json else log_line(entry))
