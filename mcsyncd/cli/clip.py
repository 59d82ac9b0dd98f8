"""`clip`: decide what becomes of one clip."""

from __future__ import annotations

import click

from mcsyncd.cli.daemon_calls import send_decision
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import CLIP_DISPOSITIONS, json_option, revision_option
from mcsyncd.errors import UsageError

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@click.argument("clip", metavar="CAMERA/NAME")
@click.argument("action", type=click.Choice(["place", *CLIP_DISPOSITIONS]))
@click.argument("to", required=False)
@click.option("--reason", default="", help="Why, for the record; leave-out needs one.")
@revision_option
@json_option
@click.pass_obj
def clip_command(
    options: GlobalOptions,
    session: str,
    clip: str,
    action: str,
    to: str | None,
    reason: str,
    revision: int | None,
    as_json: bool,
) -> None:
    """Decide what becomes of one clip.

    place =12.5s puts it on the timeline by hand; set-aside keeps and publishes it, but off the timeline;
    leave-out does not publish it; back gives it back to the machine.
    """
    from mcsyncd.api import ClipRequest, NudgeRequest

    camera, slash, name = clip.partition("/")
    if not (camera and slash and name):
        raise UsageError(f"{clip!r} is no clip", "name it CAMERA/NAME, as `mcsyncd show` does")
    if (action == "place") != (to is not None):
        raise UsageError(
            "place needs an offset" if to is None else f"{action} takes no offset",
            f"for example: mcsyncd clip {session} {clip} place =12.5s",
        )
    if to is not None:
        place = NudgeRequest(camera=camera, clip=name, to=to)
        send_decision(options, session, place, revision, as_json=as_json)
        return
    if action == "leave-out" and not reason.strip():
        raise UsageError("a clip is left out for a reason", "add --reason TEXT")
    decision = ClipRequest.model_validate(
        {"clip": clip, "disposition": CLIP_DISPOSITIONS[action], "reason": reason}
    )
    send_decision(options, session, decision, revision, as_json=as_json)
