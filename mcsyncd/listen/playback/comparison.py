"""A few seconds of two clips as stereo: the reference on the left, the other clip on the right.

The audio comes from the original files and not from the analysis audio, because a person judges by
the whole band. It is reached by seeking, so that nobody waits for an hour of decoding. The offset
and drift under review are applied here and nowhere else, so that a nudge is audible at once.
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

from mcsyncd.errors import BadMedia, is_passing
from mcsyncd.listen.floats import floats_from_frame, zero_invalid_samples
from mcsyncd.media.failures import translate_media_errors
from mcsyncd.media.open import open_media
from mcsyncd.model.clip import AudioStream, Media
from mcsyncd.model.drift_curve import DriftCurve

PLAYBACK_RATE = 48_000
"""Samples per second of the WAV: what every sound card plays and most cameras record."""

MAX_DURATION_S = 60.0
"""Seconds of the WAV, at most. Judgement: more than a reviewer listens to. It bounds memory: both clips are
decoded into arrays of this length."""

_PREROLL_S = 0.5
"""Seconds decoded before the excerpt. Judgement: a decoder needs a few packets of 21 ms after a seek before
its output is right. Lower, the excerpt may begin with silence or clicks."""

_TARGET_PEAK = 0.9
"""Peak of each side, full scale 1.0: a little headroom, so that nothing clips. Lower is quieter."""

_MIN_PEAK = 1e-4
"""Peak, full scale 1.0 (-80 dBFS), below which a side stays silent: only noise would be amplified."""

_CANCELLING_POWER = 0.05
"""Share of the loudest channel's power below which the mean of all channels counts as cancelled. Judgement:
channels in antiphase leave far less, different microphones far more."""

MonoSamples = NDArray[np.float32]
"""Samples of one channel, shape (samples,), full scale 1.0."""


@dataclass(frozen=True, slots=True)
class ComparedClip:
    """One clip of the pair and its placement.

    `t_session = offset + t_clip * (1 + drift * 1e-6) + shift(t_clip)`, with the shift of `curve`.
    `heard` are the channels worth hearing, as stream index and channel, or None where nobody has
    listened yet: then all channels of the first track are heard.
    """

    path: Path
    media: Media
    offset_us: int = 0
    drift_ppm: float = 0.0
    curve: DriftCurve = ()
    heard: tuple[tuple[int, int], ...] | None = None

    @property
    def track(self) -> AudioStream | None:
        """The track that is played; None where there is nothing to hear."""
        if self.heard is None:
            return self.media.audio[0] if self.media.audio else None
        played = {stream for stream, _ in self.heard[:1]}
        return next((track for track in self.media.audio if track.index in played), None)

    @property
    def channels(self) -> list[int] | None:
        """The channels of that track that are mixed; None for all."""
        track = self.track
        if self.heard is None or track is None:
            return None
        return [channel for stream, channel in self.heard if stream == track.index]

    def clip_s_from_session_s(self, session_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the clip times at session times, all in seconds."""
        from_offset = session_s - self.offset_us / 1e6
        if self.curve:
            # The shift of the session time, not of the clip time: some microseconds off, as both are near.
            knots = np.array([(knot.clip_us, knot.shift_us) for knot in self.curve]) / 1e6
            from_offset -= np.interp(from_offset, knots[:, 0], knots[:, 1])
        return from_offset / (1.0 + self.drift_ppm * 1e-6)


def render_comparison_wav(
    left: ComparedClip, right: ComparedClip, start_us: int, duration_us: int = 6_000_000
) -> bytes:
    """Return a WAV file (48 kHz, 16 bits, stereo) that begins at session time `start_us`.

    A side is silent where its clip has no sound. Each side is scaled to the same peak, because a
    camera that is 20 dB quieter could not be judged by ear. Raises BadMedia if a file cannot be read.
    """
    start_s = start_us / 1e6
    seconds = min(MAX_DURATION_S, max(0.0, duration_us / 1e6))
    times = start_s + np.arange(round(seconds * PLAYBACK_RATE)) / PLAYBACK_RATE
    sides = []
    for side in (left, right):
        with translate_media_errors(side.path):
            sides.append(_render_channel(side, times))
    both = np.stack(sides, axis=1)
    return _encode_wav(np.rint(both * 32767.0).astype("<i2"))


def _render_channel(clip: ComparedClip, times: NDArray[np.float64]) -> MonoSamples:
    silent = np.zeros(times.size, np.float32)
    track = clip.track
    if times.size == 0 or track is None:
        return silent
    clip_s = clip.clip_s_from_session_s(times)
    rate = max(1, track.sample_rate)
    first = floor(clip_s[0] * rate) - 2
    samples = _decode_mono(clip, track, first, ceil(clip_s[-1] * rate) + 2)
    positions = clip_s * rate - first
    # Linear interpolation: its loss above 15 kHz does not move an edge.
    resampled = np.interp(positions, np.arange(samples.size), samples, left=0.0, right=0.0).astype(np.float32)
    peak = float(np.abs(resampled).max(initial=0.0))
    return resampled * np.float32(_TARGET_PEAK / peak) if peak > _MIN_PEAK else silent


def _decode_mono(clip: ComparedClip, track: AudioStream, first: int, stop: int) -> MonoSamples:
    """Return clip samples [first, stop) of a track as mono, placed by presentation time."""
    rate = max(1, track.sample_rate)
    out = np.zeros(max(0, stop - first), np.float32)
    origin = Fraction(clip.media.origin_us, 1_000_000)
    try:
        with open_media(clip.path, streams=(track.index,)) as container:
            begin_s = float(first / rate + origin)
            for start, channels in _decode_frames(container, track.index, begin_s):
                samples = _mix_to_mono(channels, clip.channels)
                position = round((start - origin) * rate) - first
                if position >= out.size:
                    break
                fitting = samples[max(0, -position) :][: out.size - max(0, position)]
                out[max(0, position) : max(0, position) + fitting.size] = fitting
    except OSError as error:
        if is_passing(error):
            raise
        raise BadMedia(
            f"{clip.path.name} cannot be read: {error.strerror}",
            "check that the original is still in the work folder and readable",
        ) from error
    return out


def _decode_frames(
    container: InputContainer, stream_index: int, from_s: float
) -> Iterator[tuple[Fraction, NDArray[np.float32]]]:
    """Yield the presentation time and the channels of each frame from about `from_s` on."""
    stream = container.streams[stream_index]
    assert isinstance(stream, av.AudioStream)
    time_base = Fraction(stream.time_base or 1)
    # A negative target means the beginning.
    container.seek(max(0, int((from_s - _PREROLL_S) / time_base)), stream=stream)
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        for frame in frames:
            if isinstance(frame, av.AudioFrame) and frame.pts is not None and frame.samples:
                yield frame.pts * time_base, zero_invalid_samples(floats_from_frame(frame))[0]


def _mix_to_mono(samples: NDArray[np.float32], chosen: list[int] | None) -> MonoSamples:
    """Return the mean of the chosen channels, or the loudest one if the mean cancels (antiphase)."""
    present = [channel for channel in chosen or range(len(samples)) if channel < len(samples)]
    samples = samples[present or [0]]
    if len(samples) == 1:
        return np.asarray(samples[0], np.float32)
    mean = samples.mean(axis=0)
    loudest = samples[int(np.argmax(np.square(samples).sum(axis=1)))]
    cancels = float(np.square(mean).sum()) < _CANCELLING_POWER * float(np.square(loudest).sum())
    return np.asarray(loudest if cancels else mean, np.float32)


def _encode_wav(samples: NDArray[np.int16]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(PLAYBACK_RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()
