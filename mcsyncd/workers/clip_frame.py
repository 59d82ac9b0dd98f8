"""The frame of a clip at a moment of the session, decoded in a worker: the daemon itself never decodes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

from mcsyncd.api import FrameSourceKind
from mcsyncd.conform.start_timecode import compute_frame_timecode
from mcsyncd.model.clip import Clip, Media, VideoStream
from mcsyncd.model.clip_clock import ClipClock
from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.model.rendition import Rendition
from mcsyncd.workers.sandbox.contained_call import run_contained
from mcsyncd.workers.sandbox.grant import Grant


@dataclass(frozen=True, slots=True)
class FrameSource:
    """A file that shows a clip: its `video`, and two clocks, in exact seconds.

    `media` is what probe found in the clip. `file_clock` is the clip's clock on the file's, which is 0 at its
    first frame, and `clip_clock` is the clip's on the session's.
    """

    kind: FrameSourceKind
    path: Path
    media: Media
    video: VideoStream
    file_clock: ClipClock
    clip_clock: ClipClock

    def convert_to_session(self, file_s: Fraction) -> Fraction:
        """Return the session time of a time in the file."""
        return self.clip_clock.convert_from_clip(self.file_clock.convert_to_clip(file_s))

    def convert_to_file(self, session_s: Fraction) -> Fraction:
        """Return the time in the file of a session time."""
        return self.file_clock.convert_from_clip(self.clip_clock.convert_to_clip(session_s))


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """What a clip shows from `begin_us` to `end_us` on the session clock.

    `rgb` are the rows of the frame, 3 bytes for each pixel. They are empty before the clip (`begin_us` is
    None) and after it (`end_us` is None). `previous_us` is where the frame before begins. Times are rounded
    up: asked for at `begin_us`, a clip shows this frame.
    """

    begin_us: int | None
    end_us: int | None
    previous_us: int | None = None
    width: int = 0
    height: int = 0
    rgb: bytes = b""
    timecode: str | None = None


def describe_original(
    path: Path, clip: Clip, offset_us: int, drift_ppm: float, curve: DriftCurve = ()
) -> FrameSource | None:
    """Return the original of a clip as a source; None if it has no picture that can be decoded."""
    media = clip.media
    if media is None or media.video is None:
        return None
    clock = ClipClock.from_drift(offset_us, drift_ppm, curve)
    return FrameSource("original", path, media, media.video, ClipClock(), clock)


def describe_proxy(path: Path, proxy: Rendition, original: FrameSource) -> FrameSource:
    """Return a proxy of the same clip. What is in its frames of phase, drift and curve is taken out again."""
    clock = ClipClock.from_drift(proxy.phase_us, proxy.drift_applied_ppm, proxy.curve_applied)
    duration_us = round(proxy.frames * proxy.rate.tick_us)
    video = VideoStream(0, "", proxy.width, proxy.height, proxy.rate, "", 0, duration_us, proxy.frames)
    return FrameSource("proxy", path, original.media, video, clock, original.clip_clock)


def read_clip_frame(source: FrameSource, at_us: int, box: tuple[int, int]) -> ClipFrame:
    """Return what a source shows at session time `at_us`, within `box` (width, height in pixels).

    Decodes in a process that can read this file and nothing else. Raises BadMedia if it cannot be decoded
    there, OSError if it cannot be read, ContainedProcessDied if the decoder crashes.
    """
    return run_contained(
        lambda _report: _decode_frame(source, at_us, box), ClipFrame, Grant(reads=(source.path,))
    )


def _decode_frame(source: FrameSource, at_us: int, box: tuple[int, int]) -> ClipFrame:
    from mcsyncd.conform.frame_reader import read_frame  # noqa: PLC0415  # loads the codecs, in the worker only

    time = source.convert_to_file(Fraction(at_us, 1_000_000))
    container = source.media.container if source.kind == "original" else None
    span = read_frame(source.path, source.video, time, box, container=container)
    begin_us, end_us, previous_us = (
        None if edge is None else ceil(source.convert_to_session(edge) * 1_000_000)
        for edge in (span.begin, span.end, span.previous)
    )
    if span.pixels is None or span.begin is None:
        return ClipFrame(begin_us, end_us, previous_us)
    height, width, _ = span.pixels.shape
    timecode = _find_timecode(source, span.begin)
    return ClipFrame(begin_us, end_us, previous_us, width, height, span.pixels.tobytes(), timecode)


def _find_timecode(source: FrameSource, begin: Fraction) -> str | None:
    """Return the camera's timecode of a frame; a variable rate does not count frames."""
    if source.media.video is None or source.media.video.variable_rate:
        return None
    clip_s = max(Fraction(0), source.file_clock.convert_to_clip(begin))
    timecode = compute_frame_timecode(source.media, clip_s)
    return None if timecode is None else str(timecode)
