"""`show`: one session."""

from __future__ import annotations

import click

from mcsyncd.cli.calling import call, json_option, print_json
from mcsyncd.cli.context import Faces

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@json_option
@click.pass_obj
def command(faces: Faces, session: str, as_json: bool) -> None:
    """Show one session in full."""
    from mcsyncd.cli.words import session_lines

    found = call(faces, lambda client: client.session(session))
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(session_lines(found)))
