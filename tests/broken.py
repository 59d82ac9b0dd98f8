"""Files that no camera should write, made byte by byte, for the tests of what hears them."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np

FLOAT, WHOLE = 3, 1


def write_wav(path: Path, sound: np.ndarray, rate: int) -> Path:
    """Write (channels, samples) of int16, float32 or float64 as it is, at any rate, any values."""
    kind = WHOLE if sound.dtype.kind == "i" else FLOAT
    channels, width = len(sound), sound.dtype.itemsize
    body = sound.T.tobytes()
    head = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * width, channels * width, 8 * width)
    path.write_bytes(_riff(head, len(body)) + body)
    return path


def write_silence(path: Path, hours: float, rate: int = 8000) -> Path:
    """Write hours of digital silence, 16 bits, that take no space: a hole after the header."""
    size = round(hours * 3600 * rate) * 2
    with path.open("wb") as file:
        file.write(_riff(struct.pack("<HHIIHH", WHOLE, 1, rate, rate * 2, 2, 16), size))
        file.truncate(file.tell() + size)
    return path


def write_picture(path: Path) -> Path:
    """Write two seconds of grey picture without a sound track."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for level in range(50):
            picture = np.full((96, 64), level, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "yuv420p")))
        file.mux(stream.encode(None))
    return path


def write_surround(path: Path, sound: np.ndarray, rate: int = 48_000) -> Path:
    """Write one channel of full scale 1.0 as all eight of an AAC 7.1 track."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=rate)
        stream.layout = "7.1"
        for at in range(0, sound.size - 1023, 1024):
            packed = np.repeat(sound[at : at + 1024].astype("f4"), 8).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, "flt", "7.1")
            frame.sample_rate, frame.pts = rate, at
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def _riff(head: bytes, body: int) -> bytes:
    chunks = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", body)
    return b"RIFF" + struct.pack("<I", min(body + len(chunks), 0xFFFFFFFF)) + chunks
