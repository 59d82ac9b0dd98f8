"""Listening to two cameras at once: the reference in the left ear, the camera in the right.

In sync they are one sound in the middle; an error of a few milliseconds pulls it to one side, one
of tens of milliseconds is heard as an echo. It runs a player of this machine, or our own.
"""

from __future__ import annotations

import asyncio
import io
import signal
import tempfile
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, assert_never

import numpy as np

from mcsyncd.client import Client
from mcsyncd.errors import McsyncError
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.players.programs import Player, explain_unheard, list_players
from mcsyncd.players.wav import build_wav

NO_PLAYER = "no audio player found (pw-play, aplay, ffplay or afplay, or the extra mcsyncd[sound])"
EXPORT_HINT = (
    "run mcsyncd tui --host on a machine with speakers, or mcsyncd review SESSION --export-audio FOLDER"
)

Heard = Literal["apart", "mixed", "reference", "angle"]
"""The reference left and the angle right, both in both ears, or one of them alone."""
Samples = np.ndarray[tuple[int], np.dtype[np.signedinteger[Any]]]

PLAYBACK_MS = 4000.0
"""Milliseconds that are played. Judgement: long enough to compare two cameras, short enough to repeat."""

_PREROLL_MS = 500.0
"""Milliseconds played before the cursor. Judgement: the ear needs a moment before the sound in question."""


@dataclass(frozen=True)
class Excerpt:
    """What is listened to: `camera` beside the reference around `cursor_ms` on the session clock.

    The camera is moved later by `shift_ms`. `heard` is what goes to the ears.
    """

    camera: str
    cursor_ms: float
    shift_ms: float
    heard: Heard = "apart"

    @property
    def start_ms(self) -> float:
        """Where it starts on the session clock, just before the cursor."""
        return self.cursor_ms - _PREROLL_MS


async def fetch_excerpt(client: Client, session: str, excerpt: Excerpt) -> bytes:
    """Return a WAV of an excerpt, in two channels. Raises McsyncError."""
    start_ms, camera = excerpt.start_ms, excerpt.camera
    wav = await client.fetch_audio(session, camera, start_ms=start_ms, duration_ms=PLAYBACK_MS)
    if excerpt.shift_ms:
        shifted_ms = start_ms - excerpt.shift_ms
        shifted = await client.fetch_audio(session, camera, start_ms=shifted_ms, duration_ms=PLAYBACK_MS)
        wav = pair_channels(wav, shifted)
    return wav if excerpt.heard == "apart" else blend_channels(wav, excerpt.heard)


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
    return _write_wav(left[:length], right[:length], sample_rate)


def blend_channels(pair: bytes, heard: Heard) -> bytes:
    """Return a WAV with the same in both ears: one channel of `pair` alone, or half of each."""
    left, sample_rate = _read_channel(pair, 0)
    right, _ = _read_channel(pair, -1)
    match heard:
        case "apart":
            return pair
        case "reference":
            return _write_wav(left, left, sample_rate)
        case "angle":
            return _write_wav(right, right, sample_rate)
        case "mixed":
            mixed = (left.astype(np.int32) + right) // 2
            return _write_wav(mixed, mixed, sample_rate)
        case _:
            assert_never(heard)


def _write_wav(left: Samples, right: Samples, sample_rate: int) -> bytes:
    return build_wav(np.column_stack([left, right]).astype("<i2").tobytes(), sample_rate)


def _measure_s(wav: bytes) -> float:
    samples, sample_rate = _read_channel(wav, 0)
    return len(samples) / sample_rate


def _read_channel(wav: bytes, channel: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int16]], int]:
    """Return the samples of a channel, shaped (samples,), and the sample rate in hertz."""
    try:
        with wave.open(io.BytesIO(wav)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            return samples.reshape(-1, file.getnchannels())[:, channel], file.getframerate()
    except (wave.Error, EOFError, ValueError, TypeError) as error:
        raise McsyncError(f"cannot read the daemon's audio as WAV: {error}") from error


class AudioPlayback:
    """Plays one WAV at a time; a new one stops the previous one. `players` are tried in turn."""

    def __init__(self, players: Sequence[Player] | None = None) -> None:
        self._players = list_players() if players is None else list(players)
        self._process: asyncio.subprocess.Process | None = None
        self._began_s: float | None = None

    @property
    def elapsed_s(self) -> float | None:
        """The seconds since the sound began; None while nothing plays."""
        return None if self._began_s is None else time.monotonic() - self._began_s

    async def play(self, wav: bytes) -> None:
        """Play a WAV to its end. Raises McsyncError if this machine has no player, or none plays anything.

        A player that failed is not asked again while there is another one.
        """
        if not self._players:
            raise McsyncError(NO_PLAYER, EXPORT_HINT)
        length_s = _measure_s(wav)
        self.stop()
        with tempfile.TemporaryDirectory(prefix="mcsyncd-") as folder:
            path = Path(folder) / "listen.wav"
            write_derived_file(path, wav, durable=False)
            while True:
                try:
                    await self._run_player(self._players[0], path, length_s)
                except McsyncError:
                    if len(self._players) == 1:
                        raise
                    del self._players[0]
                else:
                    return

    async def _run_player(self, player: Player, path: Path, length_s: float) -> None:
        pipe, devnull = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *player.command, str(path), stdin=devnull, stdout=pipe, stderr=pipe
        )
        self._process = process
        started_s = time.monotonic()
        try:
            if not player.reports_start or (process.stdout is not None and await process.stdout.readline()):
                self._began_s = time.monotonic()
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            if self._process is process:
                self._process = self._began_s = None
        code, took_s = process.returncode or 0, time.monotonic() - started_s
        if code != -signal.SIGTERM and (why := explain_unheard(code, said, took_s, length_s)):
            raise McsyncError(f"{player.name} {why}", EXPORT_HINT)

    def stop(self) -> None:
        """Stop what is playing, if anything is."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
