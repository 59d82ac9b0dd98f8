"""`nudge`: move one clip, or all clips of a camera, by hand."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import call_daemon, send_decision
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option, revision_option
from mcsyncd.errors import UsageError

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command(context_settings={"ignore_unknown_options": True})  # -12ms is not an option
@click.argument("session")
@click.argument("what", metavar="CAMERA[/NAME]")
@click.argument("to")
@click.option("--camera", "whole_camera", is_flag=True, help="Move all clips of the camera together.")
@revision_option
@json_option
@click.pass_obj
def nudge_command(
    options: GlobalOptions,
    session: str,
    what: str,
    to: str,
    whole_camera: bool,
    revision: int | None,
    as_json: bool,
) -> None:
    """Move one clip by hand.

    NAME may be left out where the camera has only one clip. TO is +1f (frames) or -12ms relative to the
    current offset, or =-134ms for an absolute offset.
    """
    from mcsyncd.api import NudgeRequest

    camera, _, name = what.partition("/")
    if name and whole_camera:
        raise UsageError(
            f"{what} is one clip, but --camera moves all", f"write {camera}, or leave --camera out"
        )
    if not name and not whole_camera:
        _require_single_clip(options, session, camera, to)
    decision = NudgeRequest(camera=camera, to=to, clip=name or None)
    send_decision(options, session, decision, revision, as_json=as_json)


def _require_single_clip(options: GlobalOptions, session: str, camera: str, to: str) -> None:
    """Raise UsageError where it is not clear which clip is meant."""
    body = call_daemon(options, lambda client: client.fetch_session(session))
    clips = body.cameras[camera].clips if camera in body.cameras else []
    if len(clips) > 1:
        raise UsageError(
            f"{camera} has {len(clips)} clips: {', '.join(clip.name for clip in clips)}",
            f"name one: mcsyncd nudge {session} {camera}/{clips[0].name} {to}; or move all with --camera",
        )
