"""Whether anything is heard on this machine: the audio device is opened, not only looked for."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mcsyncd.checks.check_result import CheckResult
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.players.programs import Player, explain_unheard, list_players
from mcsyncd.players.wav import build_silence

_PLAYER_LIMIT_S = 5.0
"""Seconds within which a player must have played the silence. Judgement: a device may have to wake up."""
_SILENCE_S = 1.5
"""Seconds of silence that are played. Judgement: long enough to tell a device from a player that has none."""


def check_audio() -> Iterator[CheckResult]:
    """Play silence with the first player that can; say what is wrong with each that cannot."""
    faults = []
    for player in list_players():
        fault = _play_silence(player)
        if not fault:
            yield CheckResult("audio", "ok", player.name)
            return
        faults.append(f"{player.name} {fault}")
    if faults:
        yield CheckResult("audio", "warn", "; ".join(faults), "listen on another machine: mcsyncd tui --host")
    else:
        hint = "install pw-play, aplay or ffplay, or the extra mcsyncd[sound], to listen during review"
        yield CheckResult("audio", "warn", "no player found", hint)


def _play_silence(player: Player) -> str:
    """Return what is wrong with a player, or with the device that it opens; empty if it plays."""
    with tempfile.TemporaryDirectory(prefix="mcsyncd-") as folder:
        path = Path(folder) / "silence.wav"
        write_derived_file(path, build_silence(_SILENCE_S), durable=False)
        began_s = time.monotonic()
        try:
            played = subprocess.run(  # noqa: S603  # one of our own names, and a path of our own
                [*player.command, str(path)], capture_output=True, timeout=_PLAYER_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"does not end within {_PLAYER_LIMIT_S:.0f} s"
    return explain_unheard(played.returncode, played.stderr, time.monotonic() - began_s, _SILENCE_S)
