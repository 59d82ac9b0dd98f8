"""What is left in the drop folders of a card that a session has taken in, without a daemon."""

from __future__ import annotations

from mcsyncd.checks.sessions import select_sessions
from mcsyncd.errors import IntegrityError, UsageError
from mcsyncd.ingest.leftovers import Leftover, clean_folders
from mcsyncd.integrity.hashing import verify_digest
from mcsyncd.model.session import Session
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.work_layout import WorkLayout


def clean_card(settings: Settings, session: str, *, apply: bool) -> tuple[Leftover, ...]:
    """Return what is left of a session's card; with `apply`, remove litter and what was taken in.

    Raises UsageError for an unknown session, or one without its originals; IntegrityError if one of these
    is not what was recorded: then the copy in the drop folder may be the only good one.
    """
    layout = WorkLayout.from_settings(settings)
    (found,) = select_sessions(settings, session)
    if not found.offloaded or found.returned:
        raise UsageError(
            f"{session} does not hold its originals", "its files are in the drop folders, or were given back"
        )
    _require_originals(found, layout)
    files = [(file.camera, file.name) for file in found.drop_files]
    return clean_folders(layout.drop, layout.locate_originals(session), files, apply=apply)


def _require_originals(session: Session, layout: WorkLayout) -> None:
    if session.are_originals_deleted:
        raise UsageError(f"the originals of {session.id} were deleted here", "compare with `mcsyncd restore`")
    for clip in session.clips:
        path, digest = layout.resolve_path(clip.place), clip.digest
        if digest is None and session.is_left_out(clip.key):
            raise UsageError(f"{clip.key} was left out and never hashed", "compare it with the card by hand")
        if digest is None:
            raise UsageError(f"{clip.key} is not hashed yet", "wait until the session is in review")
        if not verify_digest(path, digest.sha256, digest.bytes):
            raise IntegrityError(
                f"{path}: not what was taken in", "keep the copy on the card and in the drop folder"
            )
