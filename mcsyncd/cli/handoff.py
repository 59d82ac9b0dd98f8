"""`handoff`: a published session as a timeline that an editor's program opens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from mcsyncd.cli.daemon_calls import call_daemon
from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.errors import UsageError
from mcsyncd.handoff.timeline import HandoffFormat, MediaKind

if TYPE_CHECKING:
    from mcsyncd.client import Client
    from mcsyncd.settings.schema import Settings

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command()
@click.argument("session")
@click.option(
    "--format",
    "wanted",
    type=click.Choice(get_args(HandoffFormat)),
    required=True,
    help="What the editor's program reads.",
)
@click.option(
    "--media",
    type=click.Choice(get_args(MediaKind)),
    default="mezzanine",
    show_default=True,
    help="Which file of each clip the editor works with.",
)
@click.option(
    "--root",
    metavar="PATH",
    help="Where the editor's machine has the store's files; by default the folder of a local store.",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder to write to; by default this one.",
)
@click.pass_obj
def handoff_command(
    options: GlobalOptions, session: str, wanted: HandoffFormat, media: MediaKind, root: str | None, to: Path
) -> None:
    """Write a published session as a timeline for an editor.

    fcpxml is a multicam clip for Final Cut and Resolve, xmeml a sequence for Premiere and Resolve, otio
    stacked tracks, ale a bin for Avid, edl one list for each track. Mezzanines and proxies have offset and
    drift baked in to the sample; originals lie on the nearest frame, and keep their drift.
    """
    from mcsyncd.handoff.addresses import join_root
    from mcsyncd.handoff.formats import write_timeline
    from mcsyncd.handoff.timeline import build_timeline
    from mcsyncd.integrity.derived_file import write_derived_file
    from mcsyncd.model.text import escape_text

    place = root or _find_store_folder(options.settings)

    async def fetch(client: Client) -> dict[str, Any]:
        body = await client.fetch_session(session)
        if body.state != "published":
            raise UsageError(
                f"{session} is {body.state}, not published", "hand it over when its angles are approved"
            )
        return await client.fetch_manifest(body.id)

    timeline = build_timeline(call_daemon(options, fetch), media, lambda key: join_root(place, key))
    if not any(track.clips for track in timeline.tracks):
        raise UsageError(f"{session} has no {media} on its timeline", "choose another kind with --media")
    try:
        files = [(to / name, text) for name, text in write_timeline(timeline, wanted)]
    except ValueError as error:
        raise UsageError(str(error), "choose another --format") from error
    for path, _ in files:
        if path.exists():
            raise UsageError(f"{path}: there is such a file", "name another folder with --to")
    for path, text in files:
        write_derived_file(path, text.encode("utf-8", "backslashreplace"))
        click.echo(escape_text(str(path), 400))
    for clip in timeline.left_out:
        click.echo(f"not on the timeline: {escape_text(clip)}", err=True)


def _find_store_folder(settings: Settings) -> str:
    from mcsyncd.settings.stores import LocalStorage

    for store in settings.stores:
        if isinstance(store, LocalStorage):
            return str(store.path.absolute())
    raise UsageError(
        "there is no local store", "say with --root where the editor's machine has a copy of the bucket"
    )
