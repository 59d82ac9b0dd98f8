"""Write what a camera or recorder leaves behind: a container with a small picture, sound, and its clocks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

_BLOCK = 1024
_SIZE = (64, 36)


@dataclass(frozen=True, slots=True)
class Form:
    """How a clip is written."""

    ending: str = "mp4"
    codec: str = "aac"
    bit_rate: int = 128_000
    sample_rate: int = 48_000
    video_rate: Fraction | None = Fraction(25)
    """None: sound alone."""
    late_s: float = 0.0
    """How long after its first frame a file's sound begins."""
    timecode: str | None = None
    created: str | None = None
    time_reference: int | None = None
    """Samples since midnight, in the bext chunk of a WAV."""


MOV_PCM = Form("mov", "pcm_s16le")
MOV_PCM_24 = Form("mov", "pcm_s24le")
MP4_AAC = Form("mp4", "aac", 128_000)
MP4_AAC_LOW = Form("mp4", "aac", 48_000)
MP4_OPUS = Form("mp4", "libopus", 40_000)
MKV_PCM = Form("mkv", "pcm_s16le")
MP4_MP2 = Form("mp4", "mp2", 96_000)
MOV_ADPCM = Form("mov", "adpcm_ima_qt")
WAV = Form("wav", "pcm_s16le", video_rate=None)
WAV_24 = Form("wav", "pcm_s24le", video_rate=None)
WAV_ADPCM = Form("wav", "adpcm_ima_wav", video_rate=None)
CAMERA_FORMS = (MP4_AAC, MP4_AAC, MOV_PCM, MOV_PCM_24, MP4_AAC_LOW, MP4_OPUS, MKV_PCM, MP4_MP2, MOV_ADPCM)
RECORDER_FORMS = (WAV, WAV_24, WAV, WAV_ADPCM)


def write_clip(path: Path, sound: npt.NDArray[np.float32], form: Form) -> None:
    """Write channels of sound, one in a row, whose first sample is heard at the first frame."""
    late = round(form.late_s * form.sample_rate)
    options = {"write_bext": "1"} if form.ending == "wav" else {}
    with av.open(str(path), "w", container_options=options) as container:
        _set_clocks(container, form)
        video = _add_picture(container, form) if form.video_rate else None
        audio = _add_sound(container, form, sound.shape[0])
        if video is not None:
            _film(container, video, form, sound.shape[1] / form.sample_rate)
        _record(container, audio, sound, late)


def _set_clocks(container: OutputContainer, form: Form) -> None:
    if form.created:
        container.metadata["creation_time"] = form.created
        if form.ending == "wav":
            container.metadata["origination_date"] = form.created[:10]
            container.metadata["origination_time"] = form.created[11:19]
    if form.time_reference is not None:
        container.metadata["time_reference"] = str(form.time_reference)
    if form.timecode:
        container.metadata["timecode"] = form.timecode


def _add_picture(container: OutputContainer, form: Form) -> VideoStream:
    options = {"preset": "ultrafast", "crf": "40", "g": "50"}
    video = container.add_stream("libx264", rate=form.video_rate, options=options)
    assert isinstance(video, VideoStream)
    video.width, video.height = _SIZE
    video.pix_fmt = "yuv420p"
    video.codec_context.thread_count = 1
    return video


def _add_sound(container: OutputContainer, form: Form, channels: int) -> AudioStream:
    audio = container.add_stream(form.codec, rate=form.sample_rate)
    assert isinstance(audio, AudioStream)
    audio.layout = "mono" if channels == 1 else "stereo"
    if not form.codec.startswith(("pcm", "adpcm")):
        audio.bit_rate = form.bit_rate
    return audio


def _film(container: OutputContainer, video: VideoStream, form: Form, seconds: float) -> None:
    assert form.video_rate is not None
    for number in range(int(seconds * form.video_rate)):
        pixels = np.full((_SIZE[1] * 3 // 2, _SIZE[0]), number % 200 + 20, np.uint8)
        frame = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
        frame.pts, frame.time_base = number, 1 / form.video_rate
        container.mux(video.encode(frame))
    container.mux(video.encode(None))


def _record(
    container: OutputContainer, audio: AudioStream, sound: npt.NDArray[np.float32], late: int
) -> None:
    """Encode the sound from sample `late` on, which stays at its time."""
    layout = audio.layout.name
    whole = (np.clip(sound, -1, 1) * 32_767).astype(np.int16)
    size = audio.codec_context.frame_size or _BLOCK
    resampler = av.AudioResampler(audio.codec_context.format, layout, audio.rate, frame_size=size)
    for at in range(late, whole.shape[1], _BLOCK):
        block = np.ascontiguousarray(whole[:, at : at + _BLOCK].T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, "s16", layout)
        frame.sample_rate, frame.pts, frame.time_base = audio.rate, at, Fraction(1, audio.rate)
        for ready in resampler.resample(frame):
            container.mux(audio.encode(ready))
    for ready in resampler.resample(None):
        container.mux(audio.encode(ready))
    container.mux(audio.encode(None))
