"""`nudge`: move one camera by hand."""

from __future__ import annotations

import click

from mcsyncd.cli.calling import decide, json_option, revision_option
from mcsyncd.cli.context import Faces

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command(context_settings={"ignore_unknown_options": True})  # -12ms is no option
@click.argument("session")
@click.argument("camera")
@click.argument("to")
@revision_option
@json_option
@click.pass_obj
def command(faces: Faces, session: str, camera: str, to: str, revision: int | None, as_json: bool) -> None:
    """Move CAMERA by hand: `+1f`, `-12ms` from where it is, `=-134ms` to lay it there."""
    from mcsyncd.api import Nudge

    decide(faces, session, Nudge(camera=camera, to=to), revision, as_json=as_json)
