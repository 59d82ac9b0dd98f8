"""`reject`: throw a revision out."""

from __future__ import annotations

import click

from mcsyncd.cli.calling import decide, json_option, reason_option, revision_option
from mcsyncd.cli.context import Faces

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@reason_option
@revision_option
@json_option
@click.pass_obj
def command(faces: Faces, session: str, reason: str, revision: int | None, as_json: bool) -> None:
    """Throw a session out, with a reason for the record."""
    from mcsyncd.api import Reject

    decide(faces, session, Reject(reason=reason), revision, as_json=as_json)
