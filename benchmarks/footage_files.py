"""Make footage for the benchmarks: files on disk, made once and reused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from benchmarks.scenery import RATE, generate_frames
from hearing import as_int16, babble

_SAMPLE_RATE = 48_000
_BLOCK = 1024
_FFMPEG = ("ffmpeg", "-nostdin", "-v", "error", "-y")
_LONGEST_PASS_S = 6
"""Seconds of a clip that are reversed. They are held in memory, 3 MB for each frame."""


@dataclass(frozen=True, slots=True)
class Camera:
    """How a camera records: frame size, encoder (PyAV's name), pixel format and options."""

    size: tuple[int, int]
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    options: tuple[tuple[str, str], ...] = (("preset", "superfast"), ("g", "15"), ("bf", "2"))

    @property
    def bit_rate(self) -> int:
        """28 Mbit/s at 1080 lines, and in proportion to the pixels at other sizes."""
        return round(28e6 * self.size[0] * self.size[1] / (1920 * 1080))


HD = Camera((1920, 1080))
UHD = Camera((3840, 2160))
UHD_10BIT = Camera(
    (3840, 2160),
    "libx265",
    "yuv420p10le",
    (("preset", "ultrafast"), ("g", "15"), ("x265-params", "log-level=error")),
)


def film_clip(path: Path, camera: Camera, seconds: float) -> Path:
    """Film the scenery with stereo AAC into `path`, unless the file exists.

    It runs in its own process: the kernel counts a process's peak memory from its parent's, so the
    process that measures must stay small.
    """
    if path.is_file():
        return path
    part = path.with_name(f"part-{path.name}")
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        elsewhere.submit(_film, part, camera, seconds).result()
    return part.replace(path)


def repeat_clip(clip: Path, path: Path, times: int) -> Path:
    """Concatenate a clip with itself `times` times, without re-encoding."""
    listing = path.with_suffix(".txt")
    listing.write_text(f"file '{clip.resolve()}'\n" * times)
    arguments: list[str | Path] = ["-f", "concat", "-safe", "0", "-i", listing, "-c", "copy", path]
    subprocess.run([*_FFMPEG, *arguments], check=True)
    return path


def loop_clip(clip: Path, path: Path, seconds: float) -> Path:
    """Play a clip forwards and backwards for `seconds`, scaled to 1080p30 with grain, unless the file exists.

    A plain loop would have cuts, at each of which x264 would start a new group; reversed, the last frame
    is followed by itself. The grain is new in each frame, otherwise repeated frames would cost nothing.
    """
    if path.is_file():
        return path
    pass_s = min(seconds, _LONGEST_PASS_S)
    back_and_forth = (
        f"[0:v]trim=0:{pass_s:g},fps={RATE},scale=1920:1080:flags=bicubic,format=yuv420p,split[forth][copy];"
        "[copy]reverse[back];[forth][back]concat"
    )
    one_pass, part = path.with_suffix(".pass.mkv"), path.with_name(f"part-{path.name}")
    lossless: list[str | Path] = ["-an", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", one_pass]
    subprocess.run([*_FFMPEG, "-i", clip, "-filter_complex", back_and_forth, *lossless], check=True)
    camera = ["-c:v", "libx264", "-preset", "superfast", "-g", "15", "-bf", "2", "-b:v", str(HD.bit_rate)]
    grainy: list[str | Path] = ["-vf", "noise=alls=4:allf=t", "-t", f"{seconds:g}", *camera, part]
    subprocess.run([*_FFMPEG, "-stream_loop", "-1", "-i", one_pass, *grainy], check=True)
    one_pass.unlink()
    return part.replace(path)


def _film(path: Path, camera: Camera, seconds: float) -> None:
    with av.open(str(path), "w") as container:
        video, audio = _add_video_stream(container, camera), container.add_stream("aac", rate=_SAMPLE_RATE)
        assert isinstance(audio, AudioStream)
        audio.layout, audio.bit_rate = "stereo", 192_000
        audio_frames = _generate_audio(seconds)
        for number, pixels in enumerate(generate_frames(camera.size, round(seconds * RATE))):
            frame = av.VideoFrame.from_ndarray(pixels, format="yuv420p").reformat(format=camera.pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
            for audio_frame in audio_frames:
                container.mux(audio.encode(audio_frame))
                if (audio_frame.time or 0.0) > number / RATE:
                    break  # the next video frame is due
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _add_video_stream(container: av.container.OutputContainer, camera: Camera) -> VideoStream:
    video = container.add_stream(camera.codec, rate=RATE, options=dict(camera.options))
    assert isinstance(video, VideoStream)
    video.width, video.height = camera.size
    video.pix_fmt, video.bit_rate = camera.pix_fmt, camera.bit_rate
    video.codec_context.thread_type = "FRAME"
    return video


def _generate_audio(seconds: float) -> Iterator[av.AudioFrame]:
    left, right = (as_int16(babble(ear, seconds, _SAMPLE_RATE)) for ear in (1, 2))
    for at in range(0, left.size, _BLOCK):
        both = np.stack([left[at : at + _BLOCK], right[at : at + _BLOCK]], 1)
        pair = av.AudioFrame.from_ndarray(both.reshape(1, -1), "s16", "stereo")
        pair.sample_rate, pair.pts, pair.time_base = _SAMPLE_RATE, at, Fraction(1, _SAMPLE_RATE)
        yield pair
