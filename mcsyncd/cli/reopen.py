"""`reopen`: look again at what was decided."""

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
    """Look again at what was approved, published or rejected."""
    from mcsyncd.api import Reopen

    decide(faces, session, Reopen(reason=reason), revision, as_json=as_json)
