"""Edit decision lists in the form of CMX 3600: one for each track, which every editing system reads."""

from __future__ import annotations

from collections.abc import Iterator

from mcsyncd.handoff.timeline import Timeline, TimelineClip, TimelineTrack

_REEL_CHARS = 8
"""Characters of a reel's name in CMX 3600. Longer ones are cut, and the comment has the whole name."""
_MAX_EVENTS = 999
"""Events of one list: their numbers have three digits."""


def write_edl(timeline: Timeline, track: TimelineTrack) -> str:
    """Return the list of one track. Raises ValueError if it has more than 999 clips."""
    if len(track.clips) > _MAX_EVENTS:
        raise ValueError(f"{track.label} has more than {_MAX_EVENTS} clips, which an EDL cannot hold")
    mode = "DROP FRAME" if timeline.drop_frame else "NON-DROP FRAME"
    lines = [f"TITLE: {timeline.name} {track.label}", f"FCM: {mode}"]
    for number, clip in enumerate(track.clips, 1):
        lines += _write_event(timeline, clip, number)
    return "\n".join(lines) + "\n"


def _write_event(timeline: Timeline, clip: TimelineClip, number: int) -> Iterator[str]:
    source = clip.describe_timecode(0), clip.describe_timecode(clip.count_used_frames(timeline.rate))
    record = timeline.describe_timecode(clip.start), timeline.describe_timecode(clip.end)
    reel = "".join(sign for sign in clip.reel if sign.isascii() and sign.isalnum())[:_REEL_CHARS] or "AX"
    kind = "V" if not clip.audio else "AA" if clip.size is None else "AA/V"
    yield f"{number:03}  {reel:<8} {kind:<5} C        {' '.join((*source, *record))}"
    yield f"* FROM CLIP NAME: {clip.name}"
    yield f"* SOURCE FILE: {clip.path}"
