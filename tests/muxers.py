"""A tiny file from every muxer of FFmpeg that writes one, with whatever codecs it takes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.format import formats_available

NO_RECORDINGS = {
    "chromaprint", "crc", "dash", "fifo", "fifo_test", "framecrc", "framehash", "framemd5", "hash",
    "hls", "image2", "md5", "null", "rtp", "rtp_mpegts", "rtsp", "sap", "segment", "ssegment",
    "stream_segment", "streamhash", "tee", "uncodedframecrc", "whip", "smoothstreaming", "hds",
    "webm_chunk", "webm_dash_manifest", "ffmetadata", "alsa", "oss", "fbdev", "video4linux2,v4l2",
    "stream_segment,ssegment", "codec2raw",
}  # fmt: skip
"""Muxers that write checksums, several files, or to a device or the network."""

VIDEO_CODECS = (
    "mpeg2video", "libx264", "mjpeg", "mpeg4", "rawvideo", "gif", "dvvideo", "libvpx", "ffv1", "flv",
    "png",
)  # fmt: skip
AUDIO_CODECS = (
    "pcm_s16le", "aac", "mp2", "ac3", "libmp3lame", "flac", "libopus", "pcm_s16be", "pcm_alaw", "g722",
    "tta", "wavpack", "alac", "pcm_u8", "adpcm_ima_wav", "libvorbis", "real_144", "eac3", "dca",
    "truehd", "mlp", "g726", "sbc", "aptx", "nellymoser", "adpcm_swf", "adpcm_yamaha",
)  # fmt: skip
SMALL = (64, 48)


def list_muxers() -> list[str]:
    names = []
    for name in sorted(formats_available):
        try:
            av.ContainerFormat(name, "w")
        except ValueError:
            continue
        if name not in NO_RECORDINGS:
            names.append(name)
    return names


def write_with(path: Path, muxer: str) -> Path | None:
    """Write half a second with the first codecs that the muxer takes; None if it takes none of these."""
    for video, audio in (
        *((video, audio) for video in VIDEO_CODECS[:4] for audio in AUDIO_CODECS[:3]),
        *((video, None) for video in VIDEO_CODECS),
        *((None, audio) for audio in AUDIO_CODECS),
        (muxer, None),
        (None, f"pcm_{muxer}"),
    ):
        try:
            _write(path, muxer, video, audio)
        except (av.FFmpegError, ValueError, OverflowError, AttributeError):
            continue
        if path.exists() and path.stat().st_size:
            return path
    return None


def _write(path: Path, muxer: str, video: str | None, audio: str | None) -> None:
    with av.open(str(path), "w", format=muxer) as container:
        pictures = container.add_stream(video, rate=25) if video else None
        if pictures is not None:
            pictures.width, pictures.height = (720, 576) if video == "dvvideo" else SMALL
            pictures.pix_fmt = (pictures.codec.video_formats or [av.VideoFormat("yuv420p")])[0].name
        sounds = container.add_stream(audio, rate=_RATES.get(audio, 48_000)) if audio else None
        if pictures is not None:
            for number in range(12):
                frame = av.VideoFrame.from_ndarray(
                    np.full((pictures.height * 3 // 2, pictures.width), 40 + number, np.uint8), "yuv420p"
                ).reformat(format=pictures.pix_fmt)
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode(None))
        if sounds is not None:
            step = sounds.codec_context.frame_size or 1024
            fitted = av.AudioResampler(sounds.format.name, sounds.layout.name, sounds.rate)
            for number in range(24_000 // step):
                noise = np.random.default_rng(number).integers(-9000, 9000, (1, step)).astype(np.int16)
                block = av.AudioFrame.from_ndarray(noise, "s16", "mono")
                block.sample_rate, block.pts, block.time_base = (
                    sounds.rate,
                    number * step,
                    Fraction(1, sounds.rate),
                )
                for one in fitted.resample(block):
                    container.mux(sounds.encode(one))
            container.mux(sounds.encode(None))


_RATES = {"g722": 16_000, "real_144": 8_000, "g726": 8_000, "nellymoser": 22_050, "adpcm_swf": 22_050}
