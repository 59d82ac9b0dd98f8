"""`seal`: start with what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcsyncd.cli.calling import call, json_option, print_json
from mcsyncd.cli.context import Faces

if TYPE_CHECKING:
    from mcsyncd.api import SessionBody
    from mcsyncd.client import Client

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.option("--session", help="Only if this is the session that is collecting.")
@json_option
@click.pass_obj
def command(faces: Faces, session: str | None, as_json: bool) -> None:
    """Start with the clips that are there, waiting for no other camera."""
    from mcsyncd.api import Seal
    from mcsyncd.cli.words import session_lines

    async def sealing(client: Client) -> SessionBody:
        return await (client.decide(session, Seal()) if session else client.seal())

    sealed = call(faces, sealing)
    if as_json:
        print_json(sealed)
    else:
        click.echo("\n".join(session_lines(sealed)))
