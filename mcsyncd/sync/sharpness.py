"""How sharp the peak of a match is: low tones alone place a sound less sharply than a room moves it.

Behind glass or in a bag, a microphone hears what is below some hundred hertz. There a room's reflections
drown the direct sound and cannot be told from it, however exactly all windows agree.
"""

from __future__ import annotations

import numpy as np

from mcsyncd.sync.match import Match
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES

_MAX_SHARP_WIDTH_MS = 0.7
"""Milliseconds at half the height up to which a peak is sharp. Measured: 0.25 on all of 48 ordinary pairs,
telephones, music and muffled microphones included; 0.38 to 0.62 in halls; 0.75 below 700 Hz, where a camera
was accepted 16 ms off."""
_MIN_DIRECT_STRENGTH = 20.0
"""No unit: mean |z| of a match from which the direct sound is in it, however wide the peak. Measured: 8 and
14 where it was drowned; 17 to 25 in five sessions with wide peaks that were right."""
_PEAK_REACH_SAMPLES = 8
"""Samples, 1 ms, around the line in which the peak is looked for: the line is known to far less."""


def is_blunt(match: Match) -> bool:
    """Tell whether a match rests on low tones in a room: a peak that is wide and not high."""
    return match.strength < _MIN_DIRECT_STRENGTH and measure_peak_width_ms(match) > _MAX_SHARP_WIDTH_MS


def measure_peak_width_ms(match: Match) -> float:
    """Return the width at half the height of the mean correlation's peak on the line, in milliseconds."""
    mean = match.correlations.z.mean(axis=0) * match.fit.polarity
    near = mean[MAX_LAG_SAMPLES - _PEAK_REACH_SAMPLES : MAX_LAG_SAMPLES + _PEAK_REACH_SAMPLES + 1]
    top = MAX_LAG_SAMPLES - _PEAK_REACH_SAMPLES + int(np.argmax(near))
    low = np.flatnonzero(mean <= mean[top] / 2)
    before, after = low[low < top], low[low > top]
    begin = before[-1] if before.size else 0
    end = after[0] if after.size else mean.size - 1
    return float(end - begin) / ANALYSIS_RATE_HZ * 1e3
