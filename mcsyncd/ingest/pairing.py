"""Which settled files are a shoot, and when the shoot is whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcsyncd.ingest import names
from mcsyncd.ingest.settle import SettleState
from mcsyncd.model.clip import DropFile


def list_complete_files(state: SettleState) -> tuple[DropFile, ...]:
    """Return what lies complete in the drop folders: clips, and the sidecars of those clips.

    A sidecar comes only with its clip: on its own it would be moved into a session that the
    clip is not part of. Sorted by camera and name, so that equal states give equal values.
    """
    settled = [track.observation for track in state.files.values() if track.status == "settled"]
    stems = names.collect_clip_stems(seen.key for seen in settled)
    clips = [seen for seen in settled if names.classify_name(seen.name) is names.FileRole.CLIP]
    beside = [
        seen
        for seen in settled
        if names.classify_name(seen.name) is names.FileRole.BESIDE
        and names.is_sidecar(seen.name, stems.get(seen.camera, set()))
    ]
    files = [DropFile(seen.camera, seen.name, seen.size, seen.mtime_ns, "clip") for seen in clips]
    files += [DropFile(seen.camera, seen.name, seen.size, seen.mtime_ns, "sidecar") for seen in beside]
    return tuple(sorted(files, key=lambda file: (file.camera, file.name)))


def is_seal_due(
    files: Iterable[DropFile],
    cameras: Sequence[str],
    *,
    quiet_for_s: float,
    required_quiet_s: float,
    has_settling_files: bool,
) -> bool:
    """Tell whether the shoot is whole by rule.

    True when every camera has at least one settled clip, nothing is still settling, and all
    drop folders have been quiet for `quiet` seconds (`quiet_for` is how long they have been).
    """
    if has_settling_files or quiet_for_s < required_quiet_s:
        return False
    return set(cameras) <= {file.camera for file in files if file.kind == "clip"}
