"""Small test clips with a known truth, written with PyAV.

Every picture carries its number in binary (20 blocks across the bottom quarter), so a decoder can
say which picture it sees. At each event the next picture flashes white and the sound beeps:
10 ms of 1 kHz that begin exactly at the event. Times are seconds of presentation time in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

EVENTS = (0.5, 1.7, 2.9)
BITS = 20
SIZE = (160, 120)


@dataclass(frozen=True)
class Shot:
    """What to film. `pictures` are presentation times; no pictures or no `sound` leaves that out.

    `sound` is (from, to); `hole` a stretch of it that is missing in the file.
    """

    pictures: Sequence[Fraction] = ()
    sound: tuple[float, float] | None = None
    hole: tuple[float, float] | None = None
    events: Sequence[float] = EVENTS
    size: tuple[int, int] = SIZE
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    options: dict[str, str] = field(default_factory=lambda: {"preset": "ultrafast", "crf": "12"})
    time_base: Fraction = Fraction(1, 90_000)
    sound_codec: str = "pcm_s16le"
    sample_rate: int = 48_000
    layout: str = "mono"
    rotation: int = 0
    mirrored: bool = False
    pixel_aspect: Fraction | None = None
    tags: dict[str, str] = field(default_factory=dict)
    tint: tuple[int, int] = (128, 128)
    grey: int = 60
    numbered_from: int = 0
    timecode: str | None = None


def steady(rate: Fraction | int, seconds: float, start: Fraction | int = 0) -> list[Fraction]:
    """Times of a constant rate."""
    return [start + Fraction(n) / rate for n in range(round(seconds * rate))]


def phone(seconds: float, seed: int = 7) -> list[Fraction]:
    """Times of a phone: 29.97 with jitter, 24 in low light, and a pause now and then."""
    random = np.random.default_rng(seed)
    times, now = [], 0.0
    while now < seconds:
        times.append(Fraction(round(now * 90_000), 90_000))
        step = 1 / 24 if seconds / 3 < now < seconds / 2 else 1001 / 30000
        now += step + float(random.normal(0, 0.0012)) + (0.1 if random.random() < 0.02 else 0)
    return times


def film(path: Path, shot: Shot) -> Path:
    """Write the shot; the suffix of `path` chooses the container (pcm wants .mov, .mkv or .wav)."""
    options = (
        {"movflags": "+faststart", "movie_timescale": "48000"} if path.suffix in {".mp4", ".mov"} else {}
    )
    with av.open(str(path), "w", options=options) as container:
        video = _video(container, shot) if shot.pictures else None
        audio = None
        if shot.sound is not None:
            audio = container.add_stream(shot.sound_codec, rate=shot.sample_rate, layout=shot.layout)
        if video is not None:
            _shoot(container, video, shot)
        if audio is not None:
            _record(container, audio, shot)
    return path


def beeps(seconds: float, sample_rate: int, events: Sequence[float]) -> np.ndarray:
    """Silence with a beep at each event: float32, one channel."""
    sound = np.zeros(round(seconds * sample_rate), np.float32)
    for event in events:
        first = int(np.ceil(event * sample_rate))
        at = np.arange(first, first + sample_rate // 100)
        at = at[at < len(sound)]
        sound[at] = 0.7 * np.sin(2 * np.pi * 1000 * (at / sample_rate - event))
    return sound


def picture(number: int, *, flash: bool, size: tuple[int, int] = SIZE, level: int = 60) -> np.ndarray:
    """Gray picture with its number in binary at the bottom: uint8 (height, width)."""
    width, height = size
    gray = np.full((height, width), 235 if flash else level, np.uint8)
    bottom = np.array([235 if number >> bit & 1 else 16 for bit in range(BITS)], np.uint8)
    gray[height * 3 // 4 :] = bottom[np.arange(width) * BITS // width]
    return gray


def number_in(gray: np.ndarray) -> int:
    """Read the number out of a decoded picture (upright, uint8 (height, width))."""
    height, width = gray.shape
    row = gray[height * 9 // 10]
    return sum(1 << bit for bit in range(BITS) if row[(2 * bit + 1) * width // (2 * BITS)] > 125)


def cut_off(source: Path, target: Path, part: float) -> Path:
    """Copy the first `part` (0..1) of a file, as a broken-off copy would."""
    whole = source.read_bytes()
    target.write_bytes(whole[: int(len(whole) * part)])
    return target


def damage(path: Path, first: float, last: float) -> Path:
    """Overwrite the picture packets between two times with noise."""
    with av.open(str(path)) as container:
        found = [
            (packet.pos, packet.size)
            for packet in container.demux(video=0)
            if packet.pts is not None and first <= packet.pts * packet.time_base < last
        ]
    whole = bytearray(path.read_bytes())
    random = np.random.default_rng(3)
    for position, size in found:
        whole[position + 8 : position + size] = random.integers(0, 256, max(0, size - 8), np.uint8).tobytes()
    path.write_bytes(whole)
    return path


def _video(container, shot: Shot):
    stream = container.add_stream(shot.codec, rate=30, options={**shot.options, **shot.tags})
    stream.width, stream.height = shot.size
    stream.pix_fmt = shot.pix_fmt
    stream.codec_context.time_base = shot.time_base
    stream.time_base = shot.time_base
    if shot.pixel_aspect:
        stream.codec_context.sample_aspect_ratio = shot.pixel_aspect
    if shot.rotation or shot.mirrored:
        stream.set_display_rotation(shot.rotation, hflip=shot.mirrored)
    if shot.timecode:
        stream.metadata["timecode"] = shot.timecode
    return stream


def _shoot(container, stream, shot: Shot) -> None:
    waiting = sorted(shot.events)
    for number, time in enumerate(shot.pictures):
        flash = bool(waiting) and time >= waiting[0] - 1e-9
        waiting = waiting[1:] if flash else waiting
        gray = picture(shot.numbered_from + number, flash=flash, size=shot.size, level=shot.grey)
        planar = np.concatenate(
            [gray, np.repeat(np.uint8(shot.tint), shot.size[0] * shot.size[1] // 4).reshape(-1, shot.size[0])]
        )
        frame = av.VideoFrame.from_ndarray(planar, format="yuv420p")
        if shot.pix_fmt != "yuv420p":
            frame = frame.reformat(format=shot.pix_fmt)
        frame.pts, frame.time_base = round(time / shot.time_base), shot.time_base
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _record(container, stream, shot: Shot) -> None:
    first, last = shot.sound
    mono = beeps(last, shot.sample_rate, shot.events)
    channels = stream.codec_context.channels
    position, step = round(first * shot.sample_rate), stream.codec_context.frame_size or 1024
    fitted = av.AudioResampler(stream.codec_context.format.name, shot.layout, shot.sample_rate)
    while position < len(mono):
        block = mono[position : position + step]
        # Each channel is a little quieter than the one before, so that they can be told apart.
        levels = 1 - np.arange(channels, dtype=np.float32) / (2 * channels)
        frame = av.AudioFrame.from_ndarray(
            (block[:, None] * levels).astype(np.float32).reshape(1, -1), format="flt", layout=shot.layout
        )
        frame.sample_rate = shot.sample_rate
        middle = (position + len(block) / 2) / shot.sample_rate
        if shot.hole is None or not shot.hole[0] <= middle < shot.hole[1]:
            for made in fitted.resample(frame):
                made.pts, made.time_base = position, Fraction(1, shot.sample_rate)
                container.mux(stream.encode(made))
        position += step
    container.mux(stream.encode(None))
