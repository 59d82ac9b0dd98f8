"""Echoes that come 40 to 250 ms late and louder than the direct sound: the first arrival is the truth.

A wall, a delayed loudspeaker or a return in a camera's input puts a second alignment beside the true
one, and where it is louder, strength prefers it. The pair alone cannot tell them apart. But an echo also
shows in its own recording, which then resembles itself that much later, and what an echo came from was
there before it: an echo in y makes the false offset the smaller one, an echo in x the greater one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.match import Match, Rival
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import (
    correlate_windows,
    slice_lags,
    spread_windows,
    transform_windows,
)

MIN_ECHO_S = 0.03
"""Seconds from which two alignments are judged here. Closer ones are within the windows' reach, and the joint
choice of all pairs judges them (`direct_paths.py`)."""
MAX_ECHO_S = 0.26
"""Seconds up to which a second alignment may be an echo: 250 ms, 85 m of detour, and a margin. Beyond, it is
heard as a repeat and is one."""
MIN_ECHO_STRENGTH = 0.65
"""Share of the best one's strength from which such a rival is named and caps the confidence. A rule:
measured, louder echoes left the direct sound 70 to 84 %."""
_MIN_ECHO_Z = 4.0
"""No unit: mean |z| a window from which such a rival is a second alignment at all. Measured in one session of
loud noise: chance reached 3.2, 65 % of the match. As `matching._STRONG_Z`."""
_MAX_WINDOWS = 12
"""Windows in which a recording is compared with itself. Judgement: an echo is there in all of them."""
_REACH_SAMPLES = 16
"""Samples, 2 ms, that the echo may be off the distance of the two alignments, which is fitted to one."""
_NAMED_ECHO = (0.08, 2.0)
"""The share of its energy that a recording has in common with itself that much later, from which it has an
echo, and the factor by which that must exceed the other recording's. Measured: speech has 0.01, music up to
0.07, a loop 0.15; an echo of gain g leaves g / (1 + g²), 0.5 where it is as loud as the direct sound. Lower
takes rhythm for an echo, higher misses echoes in noise. What repeats in the sound itself, like a beat, is in
both recordings."""
_CLEAR_ECHO = (0.2, 4.0)
"""The same for a direct sound that is faint beside its echo. Measured: an echo 8 dB louder than the direct
sound leaves 0.35 and 0.01; halls and clubs without one up to 0.14, and 3 times the other's."""
_MIN_DIRECT_STRENGTH = 0.3
"""Share of the echo's strength from which a direct sound is looked for. Measured: 0.53 beside one of 8 dB.
Lower, and it is among the rivals of chance."""


def find_late_echoes(match: Match) -> list[Rival]:
    """Return the rivals that may be an echo of the best line, or it of them, the strongest first."""
    return [
        rival
        for rival in match.rivals
        if MIN_ECHO_S < abs(_get_lag_s(match, rival)) < MAX_ECHO_S
        and rival.strength > max(_MIN_ECHO_Z, MIN_ECHO_STRENGTH * match.strength)
    ]


def find_earlier_arrival(match: Match) -> Rival | None:
    """Return the rival of which the best line is an echo, by the recording in which it echoes; else None.

    A delayed loudspeaker nearby can leave the direct sound less than the share that is named. It is
    looked for there, too, but has to be beyond doubt: the louder the echo, the clearer it is.
    """
    for rival in match.rivals:
        later_s = _get_lag_s(match, rival)
        if (
            not MIN_ECHO_S < abs(later_s) < MAX_ECHO_S
            or rival.strength < _MIN_DIRECT_STRENGTH * match.strength
        ):
            continue
        is_named = rival.strength > MIN_ECHO_STRENGTH * match.strength
        if _is_echo(match, -later_s, *(_NAMED_ECHO if is_named else _CLEAR_ECHO)):
            return rival
    return None


def mark_echoes(match: Match) -> Match:
    """Return the match with those rivals marked that are echoes of the best line."""
    echoes = [
        rival for rival in find_late_echoes(match) if _is_echo(match, _get_lag_s(match, rival), *_NAMED_ECHO)
    ]
    return replace(match, rivals=tuple(replace(one, is_echo=one in echoes) for one in match.rivals))


def _get_lag_s(match: Match, rival: Rival) -> float:
    middle = float(match.correlations.times.mean())
    return rival.line.map_time(middle) - match.line.map_time(middle)


def _is_echo(match: Match, later_s: float, min_coefficient: float, min_ratio: float) -> bool:
    """Whether an alignment `later_s` after the true one is its echo: in x, or in y if it is before."""
    x, y = (_measure_self_likeness(channel, abs(later_s)) for channel in match.channels)
    echoing, other = (x, y) if later_s > 0 else (y, x)
    return echoing > min_coefficient and echoing > min_ratio * other


def _measure_self_likeness(channel: WhitenedChannel, later_s: float) -> float:
    """Return the share of its energy that a recording has in common with itself `later_s` later."""
    line = Line(later_s, 0.0)
    windows = spread_windows(line, channel.samples, channel.samples, _MAX_WINDOWS)
    if windows.starts.size == 0:
        return 0.0
    correlations = correlate_windows(channel, line, transform_windows(channel, windows))
    mean = correlations.coefficient.mean(axis=0)
    return float(np.abs(mean[slice_lags(_REACH_SAMPLES)]).max())
