"""`show`: one session in full."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import call_daemon, print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@json_option
@click.pass_obj
def show_command(options: GlobalOptions, session: str, as_json: bool) -> None:
    """Show one session in full."""
    from mcsyncd.cli.reports import format_session

    body = call_daemon(options, lambda client: client.fetch_session(session))
    if as_json:
        print_json(body)
    else:
        click.echo("\n".join(format_session(body)))
