"""Small recordings in every container that the product accepts, written by real muxers through PyAV."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE, SOUND_RATE = 25, 48_000
SIZE = (320, 240)


@dataclass(frozen=True)
class Recipe:
    """How to write a recording: suffix, FFmpeg's format, codecs ("" for none), and the muxer's options."""

    suffix: str
    format: str
    video: str = ""
    audio: str = "aac"
    options: dict[str, str] = field(default_factory=dict)
    size: tuple[int, int] = SIZE


RECIPES = {
    "mp4": Recipe(".mp4", "mp4", "libx264"),
    "mp4 for streaming": Recipe(".mp4", "mp4", "libx264", options={"movflags": "+faststart"}),
    "mp4 in fragments": Recipe(
        ".mp4", "mp4", "libx264", options={"movflags": "+frag_keyframe+empty_moov", "frag_duration": "500000"}
    ),
    "mov": Recipe(".mov", "mov", "libx264", "pcm_s16le"),
    "mov for streaming": Recipe(".mov", "mov", "libx264", "pcm_s16le", {"movflags": "+faststart"}),
    "m4v": Recipe(".m4v", "mp4", "mpeg4"),
    "3gp": Recipe(".3gp", "3gp", "h263", size=(352, 288)),
    "m4a": Recipe(".m4a", "ipod"),
    "mxf": Recipe(".mxf", "mxf", "mpeg2video", "pcm_s16le"),
    "mts": Recipe(".mts", "mpegts", "libx264", "ac3", {"mpegts_m2ts_mode": "1"}),
    "m2ts": Recipe(".m2ts", "mpegts", "mpeg2video", "mp2", {"mpegts_m2ts_mode": "1"}),
    "ts": Recipe(".mts", "mpegts", "libx264", "mp2"),
    "mkv": Recipe(".mkv", "matroska", "libx264"),
    "webm": Recipe(".webm", "webm", "libvpx", "libopus", size=(64, 48)),
    "avi": Recipe(".avi", "avi", "mjpeg", "pcm_s16le"),
    "mpg": Recipe(".mpg", "mpeg", "mpeg2video", "mp2", size=(720, 576)),
    "vob": Recipe(".mpg", "vob", "mpeg2video", "mp2", size=(720, 576)),
    "wav": Recipe(".wav", "wav", audio="pcm_s24le"),
    "rf64": Recipe(".bwf", "wav", audio="pcm_s16le", options={"rf64": "always"}),
    "w64": Recipe(".wav", "w64", audio="pcm_s16le"),
    "aif": Recipe(".aif", "aiff", audio="pcm_s16be"),
    "mp3": Recipe(".mp3", "mp3", audio="libmp3lame"),
    "flac": Recipe(".flac", "flac", audio="flac"),
    "aac": Recipe(".aac", "adts"),
    "ogg": Recipe(".ogg", "ogg", audio="flac"),
    "opus": Recipe(".opus", "opus", audio="libopus"),
}


def record(folder: Path, name: str, seconds: float = 2.0, **options: str) -> Path:
    """Write a recording of noisy pictures and sound, neither of which is ever all zeros."""
    recipe = RECIPES[name]
    path = folder / f"{name.replace(' ', '-')}{recipe.suffix}"
    with av.open(str(path), "w", format=recipe.format, options=recipe.options | options) as container:
        video = _add_video(container, recipe) if recipe.video else None
        audio = container.add_stream(recipe.audio, rate=SOUND_RATE, layout="stereo")
        random = np.random.default_rng(5)
        blocks = _sound(audio, seconds, random)
        for number in range(round(seconds * RATE) if video else 0):
            container.mux(video.encode(_picture(recipe, number, random)))
            while (block := next(blocks, None)) is not None:
                container.mux(audio.encode(block))
                if block.pts > number * SOUND_RATE // RATE:
                    break
        for block in blocks:
            container.mux(audio.encode(block))
        for stream in (video, audio):
            if stream is not None:
                container.mux(stream.encode(None))
    return path


def _add_video(container, recipe: Recipe):
    stream = container.add_stream(recipe.video, rate=RATE)
    stream.width, stream.height = recipe.size
    stream.pix_fmt = "yuvj420p" if recipe.video == "mjpeg" else "yuv420p"
    stream.bit_rate = 3_000_000
    if recipe.video == "libx264":
        stream.options = {"preset": "ultrafast"}
    if recipe.video == "libvpx":
        stream.options = {"deadline": "realtime", "cpu-used": "16"}
    return stream


def _picture(recipe: Recipe, number: int, random: np.random.Generator) -> av.VideoFrame:
    width, height = recipe.size
    slope = np.add.outer(np.arange(height), np.arange(width)) + 7 * number
    gray = (slope % 200 + 20 + random.integers(0, 12, slope.shape)).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(gray, format="gray8")
    frame = frame.reformat(format="yuvj420p" if recipe.video == "mjpeg" else "yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, RATE)
    return frame


def _sound(stream, seconds: float, random: np.random.Generator):
    step = stream.codec_context.frame_size or 1024
    fitted = av.AudioResampler(stream.codec_context.format.name, "stereo", SOUND_RATE)
    for start in range(0, round(seconds * SOUND_RATE), step):
        loud = random.integers(2_000, 30_000, (1, 2 * step)) * random.choice([-1, 1], (1, 2 * step))
        frame = av.AudioFrame.from_ndarray(loud.astype(np.int16), format="s16", layout="stereo")
        frame.sample_rate = SOUND_RATE
        for made in fitted.resample(frame):
            made.pts, made.time_base = start, Fraction(1, SOUND_RATE)
            yield made
