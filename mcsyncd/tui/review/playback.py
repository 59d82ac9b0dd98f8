"""Hearing two cameras against each other: the reference in the left ear, the camera in the right.

In sync that is one sound in the middle; a few milliseconds off pull it to one side, tens of
them are heard as two. A player that the desk has is used; none is shipped.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import tempfile
import wave
from pathlib import Path

import numpy as np

from mcsyncd.errors import McsyncError

PLAYERS = (
    ("pw-play",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
    ("afplay",),
)

NO_PLAYER = "no player here (pw-play, aplay, ffplay or afplay): run the app on the desk with --host"


def find_player() -> tuple[str, ...] | None:
    """Return the command of the first player this machine has."""
    return next((command for command in PLAYERS if shutil.which(command[0])), None)


def pair_channels(reference: bytes, camera: bytes) -> bytes:
    """Take the left channel of one WAV and the right of the other; return them as a WAV.

    The daemon lays sound at the recorded offsets. A camera that the hand has moved is asked for
    from an earlier or later moment, and put beside the reference here. Raises `McsyncError`.
    """
    left, rate = _read_channel(reference, 0)
    right, other_rate = _read_channel(camera, -1)
    if rate != other_rate:
        raise McsyncError("the two sounds have different sample rates", "report this: the daemon made them")
    length = min(len(left), len(right))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.column_stack([left[:length], right[:length]]).astype("<i2").tobytes())
    return out.getvalue()


def _read_channel(wav: bytes, channel: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int16]], int]:
    try:
        with wave.open(io.BytesIO(wav)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            return samples.reshape(-1, file.getnchannels())[:, channel], file.getframerate()
    except (wave.Error, EOFError, ValueError, TypeError) as error:
        raise McsyncError(f"the daemon's sound is no WAV that can be read: {error}") from error


class AudioPlayback:
    """At most one sound at a time; a new one ends the one before."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def play(self, wav: bytes) -> None:
        """Play a WAV to its end. Raises `McsyncError` when this machine has no player."""
        command = find_player()
        if command is None:
            raise McsyncError(NO_PLAYER)
        self.stop()
        with tempfile.TemporaryDirectory(prefix="mcsyncd-") as folder:
            path = Path(folder) / "listen.wav"
            path.write_bytes(wav)
            await self._run_player(*command, str(path))

    async def _run_player(self, *command: str) -> None:
        nowhere = asyncio.subprocess.DEVNULL
        child = await asyncio.create_subprocess_exec(*command, stdin=nowhere, stdout=nowhere, stderr=nowhere)
        self._process = child
        try:
            await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
            if self._process is child:
                self._process = None

    def stop(self) -> None:
        """End what plays."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
