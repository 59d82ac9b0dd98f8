"""`nudge`: move one camera by hand."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import send_decision
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option, revision_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command(context_settings={"ignore_unknown_options": True})  # -12ms is not an option
@click.argument("session")
@click.argument("camera")
@click.argument("to")
@revision_option
@json_option
@click.pass_obj
def nudge_command(
    options: GlobalOptions, session: str, camera: str, to: str, revision: int | None, as_json: bool
) -> None:
    """Move one camera by hand.

    TO is +1f (frames) or -12ms relative to the current offset, or =-134ms for an absolute offset.
    """
    from mcsyncd.api import NudgeRequest

    send_decision(options, session, NudgeRequest(camera=camera, to=to), revision, as_json=as_json)
