"""Which settled files are a shoot, and when the shoot is whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcsyncd.ingest import names
from mcsyncd.ingest.settle import SettleState
from mcsyncd.model.clip import DropFile


def dropped(state: SettleState) -> tuple[DropFile, ...]:
    """Return what lies complete in the drop folders: clips, and the sidecars of those clips.

    A sidecar comes only with its clip: on its own it would be moved into a session that the
    clip is not part of. Sorted by camera and name, so that equal states give equal values.
    """
    settled = [track.seen for track in state.files.values() if track.standing == "settled"]
    stems = names.clip_stems(seen.key for seen in settled)
    clips = [seen for seen in settled if names.role(seen.name) is names.Role.CLIP]
    beside = [
        seen
        for seen in settled
        if names.role(seen.name) is names.Role.BESIDE
        and names.is_sidecar(seen.name, stems.get(seen.camera, set()))
    ]
    files = [DropFile(seen.camera, seen.name, seen.size, seen.mtime_ns, "clip") for seen in clips]
    files += [DropFile(seen.camera, seen.name, seen.size, seen.mtime_ns, "sidecar") for seen in beside]
    return tuple(sorted(files, key=lambda file: (file.camera, file.name)))


def seal_due(
    files: Iterable[DropFile],
    cameras: Sequence[str],
    *,
    quiet_for: float,
    quiet: float,
    anything_settling: bool,
) -> bool:
    """Tell whether the shoot is whole by rule.

    True when every camera has at least one settled clip, nothing is still settling, and all
    drop folders have been quiet for `quiet` seconds (`quiet_for` is how long they have been).
    """
    if anything_settling or quiet_for < quiet:
        return False
    return set(cameras) <= {file.camera for file in files if file.kind == "clip"}
