"""How much later one channel of a clip has the same sound than another: a feed or a return that is late.

The channels of one clip have one clock, so that a few windows over the whole clip tell. Two microphones
of one camera are within milliseconds; what is late by more has come another way, through a desk, a
stream or a wireless link, and is not of the time at which the camera recorded it.
"""

from __future__ import annotations

import numpy as np

from mcsyncd.sync.transform import compute_spectrum, invert_spectrum
from mcsyncd.sync.whitening import WhitenedChannel

_RATE_HZ = 4000
"""Samples a second of the whitened sound that is compared: half the analysis rate, which the search has
read already."""
_WINDOW_SAMPLES = 1 << 15
"""Samples of a window, 8.2 s. Judgement: as long as a return is ever late; longer costs time."""
_MAX_WINDOWS = 8
"""Windows of a clip that are compared. Judgement: a minute of sound is in them; speech rests for less."""
_MIN_LAG_S = 0.04
"""Seconds from which a channel is late: 14 m of air, as in `channel_pairs.py`."""
_MIN_LIKENESS = 0.05
"""Share of whitened energy in common from which a lag is believed. Measured: a feed against the microphone
before a loudspeaker has 0.3 to 0.7, and 0.065 against one across a room; channels with nothing in common
0.015 by chance."""
_MIN_LEAD = 3.0
"""Factor by which it must exceed what the channels have in common without a lag. Measured: 4 for the feed
across a room; less than 1 for the two channels of a film's mix. An echo, or the beat of music, is weaker than
the sound itself."""


def measure_own_lag(one: WhitenedChannel, other: WhitenedChannel) -> float | None:
    """Return the seconds by which `other` has the sound of `one` later; None where no lag stands out."""
    samples = min(one.samples, other.samples) // 2
    starts = np.unique(np.linspace(0, max(0, samples - _WINDOW_SAMPLES), _MAX_WINDOWS).astype(int))
    crossed, energies = np.zeros(_WINDOW_SAMPLES + 1, np.complex64), np.zeros(2)
    for start in starts:
        windows = np.stack(
            [channel.read_half_rate(start, start + _WINDOW_SAMPLES) for channel in (one, other)]
        )
        # As long again in zeros, so that no end is compared with the other one.
        spectra = compute_spectrum(windows, 2 * _WINDOW_SAMPLES)
        crossed += spectra[1] * np.conj(spectra[0])
        energies += np.square(windows, dtype=np.float64).sum(axis=1)
    if not energies.all():
        return None
    likeness = np.abs(invert_spectrum(crossed, 2 * _WINDOW_SAMPLES)) / np.sqrt(energies.prod())
    likeness = np.roll(likeness, _WINDOW_SAMPLES)
    lags = (np.arange(2 * _WINDOW_SAMPLES) - _WINDOW_SAMPLES) / _RATE_HZ
    is_near = np.abs(lags) < _MIN_LAG_S
    best = int(np.argmax(np.where(is_near, 0.0, likeness)))
    if likeness[best] < max(_MIN_LIKENESS, _MIN_LEAD * float(likeness[is_near].max())):
        return None
    return float(lags[best])
