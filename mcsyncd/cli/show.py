"""`show`: one session in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.daemon_calls import call_daemon, look_at_session, print_json
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

if TYPE_CHECKING:
    from mcsyncd.api import OriginalsBody, SessionBody
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@json_option
@click.pass_obj
def show_command(options: GlobalOptions, session: str, as_json: bool) -> None:
    """Show one session in full."""
    from mcsyncd.cli.reports import format_session

    async def fetch(client: Client) -> tuple[SessionBody, OriginalsBody | None]:
        body = await client.fetch_session(session)
        return (body, None) if as_json else await look_at_session(client, body)

    body, originals = call_daemon(options, fetch)
    if as_json:
        print_json(body)
    else:
        click.echo("\n".join(format_session(body, originals)))
