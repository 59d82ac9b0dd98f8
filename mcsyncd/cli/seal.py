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
@click.option("--without", multiple=True, metavar="FILE", help="Leave out this file that is not ready.")
@click.option("--as-is", multiple=True, metavar="FILE", help="Take this incomplete file all the same.")
@json_option
@click.pass_obj
def seal_command(
    options: GlobalOptions,
    session: str | None,
    without: tuple[str, ...],
    as_is: tuple[str, ...],
    as_json: bool,
) -> None:
    """Start with the clips that are there.

    Seals the collecting session without waiting for the other cameras. A file that is not ready (it
    cannot be read, or is not complete) holds the seal until it is named: FILE is CAMERA/NAME, as
    `mcsyncd status` lists it. What was left out or taken as it is stays in the record, and the session
    needs a review.
    """
    from mcsyncd.api import SealRequest
    from mcsyncd.cli.reports import format_session

    async def send_seal(client: Client) -> SessionBody:
        seal = SealRequest(without=list(without), as_is=list(as_is))
        return await (client.send_decision(session, seal) if session else client.seal_session(seal))

    sealed = call_daemon(options, send_seal)
    if as_json:
        print_json(sealed)
    else:
        click.echo("\n".join(format_session(sealed)))
