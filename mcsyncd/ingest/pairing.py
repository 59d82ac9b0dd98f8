"""Which settled files make a session, and when the session is complete. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcsyncd.ingest import names
from mcsyncd.ingest.cards import NO_CLIPS, attach_file, collect_clips
from mcsyncd.ingest.settle import FileTrack, SettleState
from mcsyncd.model.clip import DropFile, HeldFile


def list_complete_files(state: SettleState) -> tuple[DropFile, ...]:
    """Return the complete files in the drop folders: the clips, and what belongs to them or to their cards.

    Such a file is listed only with a clip; alone, it would be moved into a session without it. Sorted by
    camera and name, so that equal states give equal values.
    """
    settled = [build_drop_file(track) for track in state.files.values() if track.status == "settled"]
    clips = collect_clips(((file.camera, file.name) for file in settled), state.suffixes)
    found = (attach_file(file, clips.get(file.camera, NO_CLIPS)) for file in settled)
    files = (file for file in found if file is not None)
    return tuple(sorted(files, key=lambda file: (file.camera, file.name)))


def build_drop_file(track: FileTrack) -> DropFile:
    """Return a file as the sessions know it."""
    file = track.observation
    return DropFile(file.camera, file.name, file.size, file.mtime_ns, checks=track.checks)


def list_held_files(state: SettleState) -> tuple[HeldFile, ...]:
    """Return the files that hold the seal, by camera and name, each with the reason.

    Everything in a camera's folder that is not settled, except files that are not clips: what is
    refused or incomplete may be part of the shoot, and so may a clip under a temporary name.
    """
    held = (track for track in state.files.values() if _holds_seal(track, state.suffixes))
    files = (
        HeldFile(track.observation.camera, track.observation.name, track.observation.size, track.note)
        for track in held
    )
    return tuple(sorted(files, key=lambda file: (file.camera, file.name)))


def _holds_seal(track: FileTrack, suffixes: frozenset[str]) -> bool:
    if track.status == "ignored":
        return names.is_unfinished_clip(track.observation.name, suffixes)
    return track.status != "settled"


def is_seal_due(
    files: Iterable[DropFile],
    cameras: Sequence[str],
    *,
    quiet_for_s: float,
    required_quiet_s: float,
    held: Sequence[HeldFile],
) -> bool:
    """Return whether the session can be sealed without a person asking for it.

    That is when every camera has at least one settled clip, no file is held back, and all drop
    folders have been quiet (for `quiet_for_s` seconds by now) for `required_quiet_s` seconds.
    """
    if held or quiet_for_s < required_quiet_s:
        return False
    return set(cameras) <= {file.camera for file in files if file.kind == "clip"}
