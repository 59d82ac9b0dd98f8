"""`manifest`: the one file that later tools open."""

from __future__ import annotations

import click

from mcsyncd.cli.calling import call, json_option, print_json
from mcsyncd.cli.context import Faces


@click.command()
@click.argument("session")
@json_option
@click.pass_obj
def command(faces: Faces, session: str, as_json: bool) -> None:  # noqa: ARG001  # it is JSON either way; scripts add --json everywhere
    """Print the published manifest of a session."""
    print_json(call(faces, lambda client: client.manifest(session)))
