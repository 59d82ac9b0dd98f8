"""Does the shared sound come and go as it would at one event?

Two recordings of different events that play the same piece of music match at the music, strongly,
and at a wrong time. What gives them away is everything else: at one event a loud moment is loud
because of what both hear, so that coherence rises with loudness; with only the music in common,
voices make a side loud and the coherence falls. Measured in quarters of a second along the line.
A microphone in the wind looks the same where it is loud without pattern; then a person decides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.fine import Look
from mcsyncd.sync.recording import RATE
from mcsyncd.sync.whiten import Ear

_STEP = 2000
_NEAR = 8
_QUIET = 0.02
_FEWEST = 12
_MOST_WINDOWS = 32
_EXPLAINED = 0.35
_FAINT, _CLEAR = 0.3, 0.5

Values = NDArray[np.float64]


def unexplained(x: Ear, y: Ear, look: Look, window: int) -> float:
    """Return how much the coherence varies for no reason that loudness gives; 0 is none.

    It is the coefficient of variation of the coherence, less as far as coherence follows loudness
    (rank correlation, either side), and nothing where the coherence never gets high: there it
    varies with the noise.
    """
    chosen = np.unique(np.linspace(0, look.times.size - 1, min(look.times.size, _MOST_WINDOWS)).astype(int))
    parts = [_moments(x, y, look, float(look.times[at]), window) for at in chosen]
    both, power_x, power_y = (np.concatenate(part) for part in zip(*parts, strict=True))
    active = (power_x > _QUIET * _STEP) & (power_y > _QUIET * _STEP)
    if active.sum() < _FEWEST:
        return 0.0
    # One lag for all moments: the one where most is in common.
    lag = int(np.argmax(np.abs(both[active].sum(axis=0))))
    coherence = both[active, lag] / np.sqrt(power_x[active] * power_y[active])
    coherence = coherence * np.sign(coherence.sum())
    varies = float(coherence.std()) / max(float(coherence.mean()), 1e-3)
    follows = max(
        _rank_correlation(coherence, power_x[active]), _rank_correlation(coherence, power_y[active])
    )
    high = float(np.quantile(coherence, 0.95))
    return (
        varies
        * float(np.clip(1.0 - follows / _EXPLAINED, 0.0, 1.0))
        * float(np.clip((high - _FAINT) / (_CLEAR - _FAINT), 0.0, 1.0))
    )


def _moments(x: Ear, y: Ear, look: Look, time: float, window: int) -> tuple[Values, Values, Values]:
    """Products at lags around the line, shape (moments, lags), and the power of both sides.

    Each moment is put on the line by itself, and its products are interpolated to the fraction of
    a sample: a drift would make the coherence come and go otherwise.
    """
    count = window // _STEP
    at = round(time * RATE) - window // 2
    places = look.line.at(at / RATE) * RATE + np.arange(count) * _STEP * (1.0 + look.line.slope)
    whole = np.floor(places).astype(np.int64)
    near = y.block(at, at + count * _STEP).reshape(count, _STEP)
    far = x.block(int(whole[0]) - _NEAR, int(whole[-1]) + _STEP + _NEAR + 1)
    lags = np.arange(-_NEAR, _NEAR + 1)
    starts = whole - whole[0] + _NEAR
    shifted = np.stack([[far[start + lag : start + lag + _STEP] for lag in lags] for start in starts])
    products = np.einsum("cls,cs->cl", shifted, near).astype(np.float64)
    wanted = np.arange(-_NEAR // 2, _NEAR // 2 + 1)[None, :] + (places - whole)[:, None]
    both = np.einsum("cl,cwl->cw", products, np.sinc(wanted[:, :, None] - lags))
    power_x = np.square(shifted[:, _NEAR]).sum(axis=1).astype(np.float64)
    return both, power_x, np.square(near).sum(axis=1).astype(np.float64)


def _rank_correlation(one: Values, other: Values) -> float:
    """Spearman's: by ranks, so that a few very loud moments do not decide."""
    ranks = [np.argsort(np.argsort(values, kind="stable"), kind="stable") for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
