"""Listening to two cameras at once: the reference in the left ear, the camera in the right.

In sync they are one sound in the middle; an error of a few milliseconds pulls it to one side, one
of tens of milliseconds is heard as an echo. It runs a player found on this machine; none is shipped.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import tempfile
import wave
from pathlib import Path

import numpy as np

from mcsyncd.client import Client
from mcsyncd.errors import McsyncError
from mcsyncd.integrity.derived_file import write_derived_file

PLAYERS = (
    ("pw-play",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
    ("afplay",),
)
"""Commands that play a WAV file and exit, best first: PipeWire, ALSA, FFmpeg, macOS."""

NO_PLAYER = (
    "no audio player found (pw-play, aplay, ffplay or afplay); "
    "run mcsyncd tui --host on a machine with speakers"
)


_PLAYBACK_MS = 4000.0
"""Milliseconds that are played. Judgement: long enough to compare two cameras, short enough to repeat."""

_PREROLL_MS = 500.0
"""Milliseconds played before the cursor. Judgement: the ear needs a moment before the sound in question."""


async def fetch_comparison(
    client: Client, session: str, camera: str, cursor_ms: float, shift_ms: float
) -> bytes:
    """Return a WAV with the reference on the left and `camera`, moved later by `shift_ms`, on the right.

    It starts just before `cursor_ms` on the session clock. Raises McsyncError.
    """
    start_ms = cursor_ms - _PREROLL_MS
    wav = await client.fetch_audio(session, camera, start_ms=start_ms, duration_ms=_PLAYBACK_MS)
    if not shift_ms:
        return wav
    shifted_ms = start_ms - shift_ms
    shifted = await client.fetch_audio(session, camera, start_ms=shifted_ms, duration_ms=_PLAYBACK_MS)
    return pair_channels(wav, shifted)


def find_player() -> tuple[str, ...] | None:
    """Return the command of the first player this machine has."""
    return next((command for command in PLAYERS if shutil.which(command[0])), None)


def pair_channels(reference: bytes, camera: bytes) -> bytes:
    """Return a WAV with the left channel of `reference` and the right channel of `camera`.

    The daemon renders sound at the recorded offsets. For a nudged camera a shifted excerpt is
    fetched and paired with the reference here. Raises McsyncError for WAVs that cannot be paired.
    """
    left, sample_rate = _read_channel(reference, 0)
    right, other_rate = _read_channel(camera, -1)
    if sample_rate != other_rate:
        raise McsyncError(
            "the two audio excerpts have different sample rates", "this is a bug in the daemon; report it"
        )
    length = min(len(left), len(right))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.column_stack([left[:length], right[:length]]).astype("<i2").tobytes())
    return out.getvalue()


def _read_channel(wav: bytes, channel: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int16]], int]:
    """Return the samples of a channel, shaped (samples,), and the sample rate in hertz."""
    try:
        with wave.open(io.BytesIO(wav)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            return samples.reshape(-1, file.getnchannels())[:, channel], file.getframerate()
    except (wave.Error, EOFError, ValueError, TypeError) as error:
        raise McsyncError(f"cannot read the daemon's audio as WAV: {error}") from error


class AudioPlayback:
    """Plays one WAV at a time; a new one stops the previous one."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def play(self, wav: bytes) -> None:
        """Play a WAV to its end. Raises McsyncError if this machine has no player."""
        command = find_player()
        if command is None:
            raise McsyncError(NO_PLAYER)
        self.stop()
        with tempfile.TemporaryDirectory(prefix="mcsyncd-") as folder:
            path = Path(folder) / "listen.wav"
            write_derived_file(path, wav, durable=False)
            await self._run_player(*command, str(path))

    async def _run_player(self, *command: str) -> None:
        devnull = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command, stdin=devnull, stdout=devnull, stderr=devnull
        )
        self._process = process
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            if self._process is process:
                self._process = None

    def stop(self) -> None:
        """Stop what is playing, if anything is."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
