"""The programs that can play a WAV file on this machine, best first."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec

_INSTALLED = (
    ("pw-play", ()),
    ("aplay", ("-q",)),
    ("ffplay", ("-nodisp", "-autoexit", "-loglevel", "error")),
    ("afplay", ()),
)
"""Programs with their options: PipeWire, ALSA, FFmpeg, macOS."""

_MIN_HEARD_SHARE = 0.5
"""Share of the sound's length that playing it takes at least. Judgement: no player is twice as fast."""
_MIN_JUDGED_S = 1.0
"""Seconds of sound from which that is judged. Judgement: a device buffers up to half a second."""


@dataclass(frozen=True, slots=True)
class Player:
    """A command that plays the WAV file named after it, and exits.

    One that `reports_start` prints a line when the sound begins; others only begin.
    """

    name: str
    command: tuple[str, ...]
    reports_start: bool = False


def list_players() -> list[Player]:
    """Return the players of this machine, best first. Whether one has a device shows only when it plays."""
    found = []
    if find_spec("sounddevice") is not None:
        module = "mcsyncd.players.sound_device"
        found.append(Player("sounddevice", (sys.executable, "-m", module), reports_start=True))
    for name, options in _INSTALLED:
        if (path := shutil.which(name)) is not None:
            found.append(Player(name, (path, *options)))
    return found


def explain_unheard(code: int, said: bytes, took_s: float, length_s: float) -> str:
    """Return why a player that ended by itself cannot have been heard; empty if it can have been.

    `said` is its stderr. Without a device, some exit with 0: `length_s` seconds of sound that took far less
    went nowhere.
    """
    if code != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        return f"played nothing: {lines[-1] if lines else f'exit code {code}'}"
    if length_s > _MIN_JUDGED_S and took_s < _MIN_HEARD_SHARE * length_s:
        return f"ended after {took_s:.1f} s of {length_s:.1f} s: nothing was heard"
    return ""
