"""`seal`: start a session with the clips that are there."""

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
@click.option("--session", help="Seal only if this is the session that is collecting.")
@json_option
@click.pass_obj
def seal_command(options: GlobalOptions, session: str | None, as_json: bool) -> None:
    """Start with the clips that are there.

    Seals the collecting session without waiting for the other cameras.
    """
    from mcsyncd.api import SealRequest
    from mcsyncd.cli.reports import format_session

    async def send_seal(client: Client) -> SessionBody:
        return await (client.send_decision(session, SealRequest()) if session else client.seal_session())

    sealed = call_daemon(options, send_seal)
    if as_json:
        print_json(sealed)
    else:
        click.echo("\n".join(format_session(sealed)))
