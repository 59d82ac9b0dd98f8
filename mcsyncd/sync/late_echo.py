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
_MAX_WINDOWS = 12
"""Windows in which a recording is compared with itself. Judgement: an echo is there in all of them."""
_REACH_SAMPLES = 16
"""Samples, 2 ms, that the echo may be off the distance of the two alignments, which is fitted to one."""
_MIN_SELF_COEFFICIENT = 0.08
"""Share of the energy that a recording has in common with itself that much later, from which it has an echo.
Measured: speech has 0.01, music up to 0.07, a loop 0.15; an echo of gain g leaves g / (1 + g²), 0.5 where it
is as loud as the direct sound. Lower takes rhythm for an echo, higher misses echoes in noise."""
_MIN_SELF_RATIO = 2.0
"""Factor by which that must exceed the other recording's. Judgement: what repeats in the sound itself, like a
beat, is in both."""


def find_late_echoes(match: Match) -> list[Rival]:
    """Return the rivals that may be an echo of the best line, or it of them, the strongest first."""
    return [
        rival
        for rival in match.rivals
        if MIN_ECHO_S < abs(_get_lag_s(match, rival)) < MAX_ECHO_S
        and rival.strength > MIN_ECHO_STRENGTH * match.strength
    ]


def find_earlier_arrival(match: Match) -> Rival | None:
    """Return the rival of which the best line is an echo, by the recording in which it echoes; else None."""
    return next(
        (rival for rival in find_late_echoes(match) if _is_echo(match, -_get_lag_s(match, rival))), None
    )


def mark_echoes(match: Match) -> Match:
    """Return the match with those rivals marked that are echoes of the best line."""
    echoes = [rival for rival in find_late_echoes(match) if _is_echo(match, _get_lag_s(match, rival))]
    return replace(match, rivals=tuple(replace(one, is_echo=one in echoes) for one in match.rivals))


def _get_lag_s(match: Match, rival: Rival) -> float:
    middle = float(match.correlations.times.mean())
    return rival.line.map_time(middle) - match.line.map_time(middle)


def _is_echo(match: Match, later_s: float) -> bool:
    """Whether an alignment `later_s` after the true one is its echo: in x, or in y if it is before."""
    x, y = (_measure_self_likeness(channel, abs(later_s)) for channel in match.channels)
    echoing, other = (x, y) if later_s > 0 else (y, x)
    return echoing > _MIN_SELF_COEFFICIENT and echoing > _MIN_SELF_RATIO * other


def _measure_self_likeness(channel: WhitenedChannel, later_s: float) -> float:
    """Return the share of its energy that a recording has in common with itself `later_s` later."""
    line = Line(later_s, 0.0)
    windows = spread_windows(line, channel.samples, channel.samples, _MAX_WINDOWS)
    if windows.starts.size == 0:
        return 0.0
    correlations = correlate_windows(channel, line, transform_windows(channel, windows))
    mean = correlations.coefficient.mean(axis=0)
    return float(np.abs(mean[slice_lags(_REACH_SAMPLES)]).max())
