"""A WAV in memory, for the players."""

from __future__ import annotations

import io
import wave

_CHANNELS = 2
_BYTES_PER_SAMPLE = 2


def build_wav(frames: bytes, sample_rate: int) -> bytes:
    """Return a WAV of `frames`: 16 bits, little-endian, left and right in turn, at `sample_rate` hertz."""
    wav = io.BytesIO()
    with wave.open(wav, "wb") as file:
        file.setnchannels(_CHANNELS)
        file.setsampwidth(_BYTES_PER_SAMPLE)
        file.setframerate(sample_rate)
        file.writeframes(frames)
    return wav.getvalue()


def build_silence(seconds: float, sample_rate: int = 48_000) -> bytes:
    """Return a WAV of silence."""
    return build_wav(bytes(_CHANNELS * _BYTES_PER_SAMPLE * round(seconds * sample_rate)), sample_rate)
