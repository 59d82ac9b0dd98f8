"""`approve`: say that a revision looks good."""

from __future__ import annotations

import click

from mcsyncd.cli.calling import decide, json_option
from mcsyncd.cli.context import Faces

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@click.option("--revision", type=int, required=True, help="The revision you looked at: `show` gives it.")
@json_option
@click.pass_obj
def command(faces: Faces, session: str, revision: int, as_json: bool) -> None:
    """Say that this revision looks good."""
    from mcsyncd.api import Approve

    decide(faces, session, Approve(), revision, as_json=as_json)
