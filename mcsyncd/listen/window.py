"""A few seconds of two clips side by side, for the ear: the reference left, the other right.

Decoded from the original files, not from the analysis audio, because a person judges with the
whole band; with a seek, because nobody waits for an hour of decoding. The offset and the drift
under review are applied here and nowhere else, so that a nudge is heard at once.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from mcsyncd.errors import BadMedia
from mcsyncd.listen.floats import floats, mended
from mcsyncd.listen.tracks import open_sound
from mcsyncd.model.clip import Media

OUT_RATE = 48_000
LONGEST_S = 60.0
_RUN_UP_S = 0.5
_PEAK = 0.9

Mono = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Side:
    """One clip of the pair and where it lies: `t_session = offset + t_clip * (1 + drift * 1e-6)`."""

    path: Path
    media: Media
    offset_us: int = 0
    drift_ppm: float = 0.0

    def clip_s(self, session_s: float) -> float:
        """Clip time of a session time, in seconds."""
        return (session_s - self.offset_us / 1e6) / (1.0 + self.drift_ppm * 1e-6)


def wav_window(left: Side, right: Side, start_us: int, duration_us: int = 6_000_000) -> bytes:
    """Return a WAV file: 48 kHz, 16-bit stereo, the session's time from `start_us` on.

    Where a clip has no sound its side is silent. Each side is raised to the same peak, since a
    camera 20 dB down cannot be judged by ear. Raises BadMedia when a file cannot be opened.
    """
    start_s = start_us / 1e6
    seconds = min(LONGEST_S, max(0.0, duration_us / 1e6))
    times = start_s + np.arange(round(seconds * OUT_RATE)) / OUT_RATE
    both = np.stack([_side(left, times), _side(right, times)], axis=1)
    return _wav(np.rint(both * 32767.0).astype("<i2"))


def _side(side: Side, times: NDArray[np.float64]) -> Mono:
    silent = np.zeros(times.size, np.float32)
    if times.size == 0 or not side.media.audio:
        return silent
    begin, end = side.clip_s(float(times[0])), side.clip_s(float(times[-1]))
    rate = max(1, side.media.audio[0].sample_rate)
    first = floor(begin * rate) - 2
    sound = _decoded(side, first, ceil(end * rate) + 2, rate)
    places = (times - side.offset_us / 1e6) / (1.0 + side.drift_ppm * 1e-6) * rate - first
    # Straight lines between samples: the loss above 15 kHz does not move an edge.
    heard = np.interp(places, np.arange(sound.size), sound, left=0.0, right=0.0).astype(np.float32)
    peak = float(np.abs(heard).max(initial=0.0))
    return heard * np.float32(_PEAK / peak) if peak > 1e-4 else silent


def _decoded(side: Side, first: int, stop: int, rate: int) -> Mono:
    """Mono sound of clip samples [first, stop) of the first audio track, laid by presentation time."""
    out = np.zeros(max(0, stop - first), np.float32)
    origin = Fraction(side.media.origin_us, 1_000_000)
    track = side.media.audio[0].index
    try:
        with open_sound(side.path) as container:
            for start, sound in _frames(container, track, float(first / rate + origin)):
                at = round((start - origin) * rate) - first
                if at >= out.size:
                    break
                piece = sound[max(0, -at) :][: out.size - max(0, at)]
                out[max(0, at) : max(0, at) + piece.size] = piece
    except av.FFmpegError as error:
        raise BadMedia(
            f"{side.path.name}: the sound cannot be read: {error}", "copy the clip from the card again"
        ) from error
    return out


def _frames(container: InputContainer, track: int, from_s: float) -> Iterator[tuple[Fraction, Mono]]:
    stream = container.streams[track]
    assert isinstance(stream, av.AudioStream)
    base = Fraction(stream.time_base or 1)
    # A decoder needs a few packets to settle after a seek; a negative target is the beginning.
    container.seek(max(0, int((from_s - _RUN_UP_S) / base)), stream=stream)
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        for frame in frames:
            if isinstance(frame, av.AudioFrame) and frame.pts is not None and frame.samples:
                yield frame.pts * base, _mono(mended(floats(frame))[0])


def _mono(sound: NDArray[np.float32]) -> Mono:
    """One channel of all: their mean, or the loudest where the mean cancels (anti-phase)."""
    if len(sound) == 1:
        return np.asarray(sound[0], np.float32)
    mean = sound.mean(axis=0)
    loudest = sound[int(np.argmax(np.square(sound).sum(axis=1)))]
    cancels = float(np.square(mean).sum()) < 0.05 * float(np.square(loudest).sum())
    return np.asarray(loudest if cancels else mean, np.float32)


def _wav(samples: NDArray[np.int16]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(OUT_RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()
