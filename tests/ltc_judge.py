"""libltc (Debian's `libltc11`), the decoder of most audio programs, as an independent judge of timecode."""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import dataclass

import numpy as np

LIBRARY = ctypes.util.find_library("ltc") or ""


class _Frame(ctypes.Structure):
    """`LTCFrameExt` of ltc.h: the ten bytes of the word, then where it lies."""

    _fields_ = (
        ("word", ctypes.c_uint8 * 10),
        ("begin", ctypes.c_longlong),
        ("end", ctypes.c_longlong),
        ("reverse", ctypes.c_int),
        ("tics", ctypes.c_float * 80),
        ("least", ctypes.c_uint8),
        ("most", ctypes.c_uint8),
        ("volume", ctypes.c_double),
    )


class _Label(ctypes.Structure):
    """`SMPTETimecode` of ltc.h."""

    _fields_ = (
        ("timezone", ctypes.c_char * 6),
        *(
            (name, ctypes.c_uint8)
            for name in ("years", "months", "days", "hours", "minutes", "seconds", "frame")
        ),
    )


@dataclass(frozen=True)
class JudgedFrame:
    """A label as `HH:MM:SS:FF`, and the first and last sample of its word, rounded by libltc."""

    label: str
    begin: int
    end: int
    reverse: bool


def decode_frames(sound: np.ndarray, sample_rate: int, frames_per_s: float) -> list[JudgedFrame]:
    """Return what libltc decodes from sound of full scale 1.0."""
    library = ctypes.CDLL(LIBRARY)
    library.ltc_decoder_create.restype = ctypes.c_void_p
    decoder = ctypes.c_void_p(library.ltc_decoder_create(int(sample_rate / frames_per_s), 64))
    found, frame, label = [], _Frame(), _Label()
    try:
        for begin in range(0, sound.size, 1024):
            block = np.ascontiguousarray(sound[begin : begin + 1024], np.float32)
            pointer = block.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
            library.ltc_decoder_write_float(
                decoder, pointer, ctypes.c_size_t(block.size), ctypes.c_longlong(begin)
            )
            while library.ltc_decoder_read(decoder, ctypes.byref(frame)):
                library.ltc_frame_to_time(ctypes.byref(label), ctypes.byref(frame), 0)
                numbers = (label.hours, label.minutes, label.seconds, label.frame)
                text = ":".join(f"{number:02}" for number in numbers)
                found.append(JudgedFrame(text, frame.begin, frame.end, bool(frame.reverse)))
    finally:
        library.ltc_decoder_free(decoder)
    return found
