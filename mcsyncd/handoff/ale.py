"""Avid Log Exchange: one line for each clip, which Media Composer reads into a bin."""

from __future__ import annotations

from math import floor

from mcsyncd.handoff.timeline import Timeline

_COLUMNS = (
    "Name", "Tape", "Start", "End", "Tracks", "FPS", "Source File", "Camera", "Timeline Start", "Drift ppm",
    "Sync Confidence",
)  # fmt: skip
_FORMATS = {1080: "1080", 720: "720", 576: "PAL", 486: "NTSC", 480: "NTSC"}
"""Avid's names of the project formats, by lines; anything else is CUSTOM."""


def write_ale(timeline: Timeline) -> str:
    """Return the log of all clips."""
    sizes = {clip.size for track in timeline.tracks for clip in track.clips if clip.size}
    lines = {height for _, height in sizes}
    video_format = _FORMATS.get(lines.pop(), "CUSTOM") if len(lines) == 1 else "CUSTOM"
    heading = ("FIELD_DELIM\tTABS", f"VIDEO_FORMAT\t{video_format}", "AUDIO_FORMAT\t48khz")
    rows = [
        "\t".join(_clean(str(value)) for value in row)
        for row in (
            (
                clip.name, clip.reel, clip.describe_timecode(0), clip.describe_timecode(clip.media_frames),
                _name_tracks(clip.size is not None, sum(one.channels for one in clip.audio)),
                _format_rate(float(clip.media_rate.fraction)), clip.path, track.label,
                timeline.describe_timecode(clip.start), clip.drift_ppm, _format_confidence(clip.confidence),
            )
            for track in timeline.tracks
            for clip in track.clips
        )
    ]  # fmt: skip
    return "\n".join([
        "Heading", *heading, f"FPS\t{_format_rate(float(timeline.rate.fraction))}", "",
        "Column", "\t".join(_COLUMNS), "", "Data", *rows, "",
    ])  # fmt: skip


def _name_tracks(has_picture: bool, channels: int) -> str:
    return ("V" if has_picture else "") + "".join(f"A{number}" for number in range(1, channels + 1))


def _format_rate(rate: float) -> str:
    return f"{rate:.3f}".rstrip("0").rstrip(".") if rate.is_integer() else f"{rate:.2f}"


def _format_confidence(confidence: float | None) -> str:
    """Round down, as everywhere: 84.9 % must not be read as 85 %."""
    return "" if confidence is None else f"{floor(confidence * 100)}%"


def _clean(value: str) -> str:
    """Return a value without what would begin another column or line."""
    return "".join(" " if ord(sign) < ord(" ") else sign for sign in value)
