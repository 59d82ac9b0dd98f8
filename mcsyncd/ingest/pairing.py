"""Which settled files make a session, and when the session is complete. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcsyncd.ingest import names
from mcsyncd.ingest.settle import SettleState
from mcsyncd.model.clip import DropFile


def list_complete_files(state: SettleState) -> tuple[DropFile, ...]:
    """Return the complete files in the drop folders: the clips, and the sidecars of those clips.

    A sidecar is listed only with its clip; alone, it would be moved into a session without the clip.
    Sorted by camera and name, so that equal states give equal values.
    """
    settled = [track.observation for track in state.files.values() if track.status == "settled"]
    stems = names.collect_clip_stems(file.key for file in settled)
    clips = [file for file in settled if names.classify_name(file.name) is names.FileRole.CLIP]
    sidecars = [
        file
        for file in settled
        if names.classify_name(file.name) is names.FileRole.BESIDE
        and names.is_sidecar(file.name, stems.get(file.camera, set()))
    ]
    files = [DropFile(file.camera, file.name, file.size, file.mtime_ns, "clip") for file in clips]
    files += [DropFile(file.camera, file.name, file.size, file.mtime_ns, "sidecar") for file in sidecars]
    return tuple(sorted(files, key=lambda file: (file.camera, file.name)))


def is_seal_due(
    files: Iterable[DropFile],
    cameras: Sequence[str],
    *,
    quiet_for_s: float,
    required_quiet_s: float,
    has_settling_files: bool,
) -> bool:
    """Return whether the session can be sealed without a person asking for it.

    That is when every camera has at least one settled clip, no file is still settling, and all
    drop folders have been quiet (for `quiet_for_s` seconds by now) for `required_quiet_s` seconds.
    """
    if has_settling_files or quiet_for_s < required_quiet_s:
        return False
    return set(cameras) <= {file.camera for file in files if file.kind == "clip"}
