"""Our own player: `python -m mcsyncd.players.sound_device FILE`, with the extra `[sound]`.

It is a process of its own: PortAudio writes to stderr whatever it thinks, which would be drawn over the
terminal app, and a driver that hangs must not hang the app.
"""

from __future__ import annotations

import sys
import threading
import wave
from pathlib import Path

import numpy as np
import sounddevice
from numpy.typing import NDArray

_BLOCK_FRAMES = 1024
"""Frames that are handed over at once. Judgement: 20 ms at 48 kHz, far below what a person hears as late."""


def play_file(path: Path) -> None:
    """Play a WAV of 16 bits to its end; a line on stdout says when it begins. Raises PortAudioError."""
    with wave.open(str(path)) as file:
        shape = (-1, file.getnchannels())
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(shape)
        rate = file.getframerate()
    done = threading.Event()
    position = 0

    def fill(block: NDArray[np.int16], frames: int, _time: object, _status: object) -> None:
        nonlocal position
        part = samples[position : position + frames]
        block[: len(part)] = part
        block[len(part) :] = 0
        position += frames
        # What a device still holds when the stream ends is lost: it must be silence.
        if position >= len(samples) + stream.latency * rate:
            raise sounddevice.CallbackStop

    stream = sounddevice.OutputStream(
        samplerate=rate,
        blocksize=_BLOCK_FRAMES,
        channels=samples.shape[1],
        dtype="int16",
        callback=fill,
        finished_callback=done.set,
    )
    with stream:
        print("playing", flush=True)  # noqa: T201  # how the app knows
        done.wait()


if __name__ == "__main__":
    try:
        play_file(Path(sys.argv[1]))
    except sounddevice.PortAudioError as error:
        sys.exit(str(error))
