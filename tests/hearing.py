"""Synthetic sound with a known truth, for the tests of listen and sync."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mcsyncd.model.alignment import Witness
from mcsyncd.model.clip import AudioStream, Media, VideoStream
from mcsyncd.model.rate import Rate
from mcsyncd.sync.recording import Clock, Recording

RATE = 8000
SURE = 0.85
"""Confidence from which nobody looks: the default of `review_below`."""


def babble(seed: int, seconds: float, rate: int = RATE) -> np.ndarray:
    """Noise in syllables: broad band, never repeating, with pauses; RMS about 0.1."""
    random = np.random.default_rng(seed)
    count = round(seconds * rate)
    steps = np.arange(0, count + rate, rate // 8)
    loudness = np.interp(np.arange(count), steps, random.gamma(0.7, 1.0, steps.size))
    return 0.1 * loudness * random.standard_normal(count)


def taken(
    scene: np.ndarray,
    start_s: float,
    seconds: float,
    *,
    drift_ppm: float = 0.0,
    noise: float = 0.002,
    seed: int = 1,
) -> np.ndarray:
    """What a camera records of an 8 kHz scene from `start_s` on; its clock runs `drift_ppm` off.

    Band-limited interpolation (a windowed sinc), so that drift costs no accuracy.
    """
    places = start_s * RATE + np.arange(round(seconds * RATE)) * (1 + drift_ppm * 1e-6)
    whole = np.floor(places).astype(int)
    # Without drift every sample has the same fraction, and the taps are numbers.
    part = places - whole if drift_ppm else places[:1] - whole[:1]
    # Before and after the scene there is silence.
    padded = np.pad(scene, (16, 16))
    heard = np.zeros(places.size)
    for tap in range(-15, 17):
        at = np.clip(whole + tap + 16, 0, padded.size - 1)
        window = 0.5 + 0.5 * np.cos(np.pi * np.clip((tap - part) / 16, -1, 1))
        heard += padded[at] * (np.sinc(tap - part) * window)
    return heard + noise * np.random.default_rng(seed).standard_normal(places.size)


def heard_in_room(sound: np.ndarray, seed: int, *, ringing_s: float = 0.8) -> np.ndarray:
    """The same from a place of its own in a room: the direct sound, and four times its energy as it rings."""
    random, count = np.random.default_rng(seed), round(ringing_s * RATE)
    response = random.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    response /= np.sqrt(np.sum(response**2))
    response[0] = 0.5
    return np.convolve(sound, response)[: sound.size]


def without(sound: np.ndarray, at_s: float, lost_s: float) -> np.ndarray:
    """The same with `lost_s` missing from second `at_s` on, which counts from the end if negative."""
    at, lost = round(at_s * RATE) % sound.size, round(lost_s * RATE)
    return np.delete(sound, slice(at, at + lost) if at_s > 0 else slice(at - lost, at))


def as_int16(sound: np.ndarray) -> np.ndarray:
    """Full scale 1.0 to int16."""
    return np.clip(np.rint(sound * 32767), -32768, 32767).astype(np.int16)


def clocks(timecode_us, witness=Witness.TIMECODE, *, lags=False) -> tuple[Clock, ...]:
    """The times of day of a clip that has one, or none."""
    return () if timecode_us is None else (Clock(witness, timecode_us, lags),)


def recording(angle, *channels, name="clip", start_us=0, timecode_us=None, **times) -> Recording:
    """A clip as the solver sees it, with sounds of full scale 1.0 as its channels."""
    times = {"clocks": clocks(timecode_us), **times}
    sounds = tuple(as_int16(channel) for channel in channels)
    length = max((sound.size for sound in sounds), default=30 * RATE)
    return Recording(angle, name, RATE, start_us, sounds, round(length / RATE * 1e6), **times)


def offset_ms(alignment, angle) -> float:
    """The offset that an alignment gives to an angle's first clip, in milliseconds."""
    return alignment.find_angle(angle).offset_us / 1000


def write_sound(path: Path, tracks: list[np.ndarray], rate: int = 48_000, *, starts=None, holes=None) -> Path:
    """Write a MOV of 16-bit PCM, a track for each (channels, samples) array, full scale 1.0.

    `starts` is the presentation time of each track in seconds, `holes` lists (from, to) in seconds
    of each track that is left out of the file.
    """
    starts, holes = starts or [Fraction(0)] * len(tracks), holes or [()] * len(tracks)
    with av.open(str(path), "w") as file:
        streams = [file.add_stream("pcm_s16le", rate=rate) for _ in tracks]
        for stream, sound in zip(streams, tracks, strict=True):
            stream.layout = {1: "mono", 2: "stereo"}[len(sound)]
        for stream, sound, start, gaps in zip(streams, tracks, starts, holes, strict=True):
            for at in range(0, sound.shape[1], 1024):
                if any(begin * rate <= at < end * rate for begin, end in gaps):
                    continue
                packed = as_int16(sound[:, at : at + 1024]).T.reshape(1, -1).copy()
                frame = av.AudioFrame.from_ndarray(packed, "s16", stream.layout.name)
                frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
                frame.pts = at + round(start * rate)
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    return path


def media_of(path: Path, *, picture_us: int | None = 0) -> Media:
    """A minimal word of the probe on a file: its audio tracks, and a picture from `picture_us` on."""
    with av.open(str(path)) as file:
        audio = tuple(
            AudioStream(
                stream.index,
                stream.codec_context.name,
                stream.sample_rate,
                stream.channels,
                stream.layout.name,
                round((stream.start_time or 0) * stream.time_base * 1_000_000),
                round((stream.duration or 0) * stream.time_base * 1_000_000),
            )
            for stream in file.streams.audio
        )
        duration_us = file.duration or 0
    video = None
    if picture_us is not None:
        video = VideoStream(99, "h264", 160, 90, Rate(25), "yuv420p", picture_us, duration_us)
    return Media("mov", duration_us, video, audio)
