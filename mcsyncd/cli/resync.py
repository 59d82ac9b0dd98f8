"""`resync`: find the offsets again."""

from __future__ import annotations

import click

from mcsyncd.cli.calling import decide, json_option
from mcsyncd.cli.context import Faces

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@json_option
@click.pass_obj
def command(faces: Faces, session: str, as_json: bool) -> None:
    """Find the offsets again."""
    from mcsyncd.api import Resync

    decide(faces, session, Resync(), None, as_json=as_json)
