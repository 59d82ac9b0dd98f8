"""Fit the line through the windows: offset and drift, each with a standard error.

First find the ridge: the line with most evidence, summed over windows on a grid of small slopes, so
that windows too weak to have a peak of their own still count. Then fit by least squares through the
windows' sub-sample peaks, weighted by significance and made robust by iteration (Huber's weights).
A drift that is not significant becomes zero: over a short overlap, a wild slope fits best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES, WindowCorrelations, slice_lags

MAX_DRIFT_PPM = 670.0
"""Parts per million between two clips, each of which may be 335 off; just inside of what the coarse search
covers. Lower clips real drift, higher admits slopes that no two clocks have."""
_LAGS_PER_POOL = 4
"""Samples, 0.5 ms, pooled when the ridge is searched. Judgement: below `_END_SHIFT_STEP_S`, so no line falls
between two pools."""
_RIDGE_FLOOR_Z = 2.5
"""No unit: |z| that does not count as evidence. Judgement: the largest of four |N(0, 1)| exceeds it in 5 % of
pools."""
_MAX_END_SHIFT_S = 0.012
"""Seconds that the ridge may move at either end. Judgement: more than the coarse slope grid, a column of 5 ms
at the ends, can be off."""
_END_SHIFT_STEP_S = 0.001
"""Seconds. Judgement: within the 1 ms in which `fit_line` looks for peaks; coarser steps miss it."""
_MIN_RIDGE_GAIN = 1.01
"""Factor by which a steeper ridge must win. Judgement: flat wins ties, since most drift is small."""
_PEAK_REACH_SAMPLES = 8
"""Samples, 1 ms: how far a window's peak may be from the line. Wider lets a neighbouring echo win."""
_INLIER_S = 1e-3
"""Seconds: what counts as on the line, for the same reason."""
_MIN_PEAK_Z = 3.0
"""No unit: significance below which a window has no weight. Textbook three sigma."""
_MAX_PEAK_Z = 60.0
"""No unit: significance above which weight no longer grows. Judgement: a few perfect windows must not
outweigh all others."""
_MAD_TO_SIGMA = 1.4826
"""Factor: a normal distribution's standard deviation over its median absolute deviation."""
_MIN_SIGMA_SAMPLES = 0.02
"""Samples, 2.5 µs: least scatter assumed. Judgement: identical audio would claim an error of zero."""
_HUBER_K = 1.5
"""Standard deviations beyond which a residual's weight falls. Textbook (Huber: 1.345 is 95 % efficient)."""
_OUTLIER_SIGMAS = 6.0
"""Standard deviations beyond which a window loses nearly all weight. Judgement."""
_ITERATIONS = 6
"""Rounds of reweighting. Judgement: a fixed number instead of a stopping rule, for the same result
everywhere."""
_MIN_DRIFT_SIGMAS = 3.0
"""Standard errors below which drift becomes zero. Textbook three sigma; lower follows noise on short
overlaps, higher ignores real drift."""


@dataclass(frozen=True, slots=True)
class LineFit:
    """A line with its evidence.

    `lags` are the windows' own peaks in seconds off `line`, `z` their significance (signed so that
    the majority is positive), `inlier` marks those within 1 ms. `sigma_s` is the standard error of
    the line at the middle of the overlap, `sigma_slope` that of its slope, `residual_s` the robust
    scatter of the inliers.
    """

    line: Line
    polarity: int
    lags: NDArray[np.float64]
    z: NDArray[np.float64]
    inlier: NDArray[np.bool_]
    sigma_s: float
    sigma_slope: float
    residual_s: float


def find_ridge(correlations: WindowCorrelations) -> Line:
    """Return the line near `correlations.line` with most evidence, to a millisecond."""
    times = correlations.times
    if times.size == 0:
        return correlations.line
    lags = 2 * MAX_LAG_SAMPLES // _LAGS_PER_POOL
    magnitudes = np.abs(correlations.z[:, : lags * _LAGS_PER_POOL])
    pooled = magnitudes.reshape(times.size, lags, _LAGS_PER_POOL).max(axis=2)
    evidence = np.maximum(pooled - _RIDGE_FLOOR_Z, 0.0)
    middle = float(times.mean())
    span = max(1e-6, float(np.ptp(times)))
    count = round(2 * _MAX_END_SHIFT_S / _END_SHIFT_STEP_S) + 1 if times.size > 2 else 1
    end_shifts = np.linspace(-_MAX_END_SHIFT_S, _MAX_END_SHIFT_S, count) if count > 1 else [0.0]
    best = (-1.0, 0.0, 0.0)
    for shift in sorted(end_shifts, key=abs):
        slope = float(shift) * 2 / span
        total = _sum_along_shifts(evidence, slope * (times - middle) * ANALYSIS_RATE_HZ / _LAGS_PER_POOL)
        peak = int(np.argmax(total))
        if total[peak] > best[0] * _MIN_RIDGE_GAIN:
            lag_s = ((peak + 0.5) * _LAGS_PER_POOL - MAX_LAG_SAMPLES) / ANALYSIS_RATE_HZ
            best = (float(total[peak]), lag_s, slope)
    _, lag_s, slope = best
    return shift_line(correlations.line, lag_s - slope * middle, slope)


def fit_line(correlations: WindowCorrelations) -> LineFit:
    """Fit the line through the sub-sample peaks within 1 ms of `correlations.line`."""
    times, start = correlations.times, correlations.line
    lags, values = _find_window_peaks(correlations)
    polarity = 1 if float(np.sum(values)) >= 0.0 else -1
    z = values * polarity
    weight = np.where(z > _MIN_PEAK_Z, np.minimum(z, _MAX_PEAK_Z) ** 2, 0.0)
    offset, slope, sigma, sigma_slope, middle = _fit_robust_line(times, lags, weight)
    total = start.slope + slope
    if not np.isfinite(sigma_slope) or abs(total) < _MIN_DRIFT_SIGMAS * sigma_slope:
        slope = -start.slope
        offset = _compute_weighted_median(lags - slope * (times - middle), weight)
    elif abs(total) > MAX_DRIFT_PPM * 1e-6:
        slope = float(np.copysign(MAX_DRIFT_PPM * 1e-6, total)) - start.slope
    line = shift_line(start, offset - slope * middle, slope)
    residuals = lags - offset - slope * (times - middle)
    inlier = (np.abs(residuals) < _INLIER_S) & (z > _MIN_PEAK_Z)
    scatter = _MAD_TO_SIGMA * float(np.median(np.abs(residuals[inlier]))) if inlier.any() else float("inf")
    return LineFit(line, polarity, residuals, z, inlier, sigma, sigma_slope, scatter)


def shift_line(line: Line, offset_s: float, slope: float) -> Line:
    """Return `line` with a small offset and slope added, both in time of y."""
    return Line(line.offset_s + offset_s, line.slope + slope, line.score)


def _sum_along_shifts(evidence: NDArray[np.float32], shifts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(evidence.shape[1])
    for row, shift in zip(evidence, np.rint(shifts).astype(int), strict=True):
        total += np.roll(row, -int(shift))
    return total


def _find_window_peaks(correlations: WindowCorrelations) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each window's strongest lag within 1 ms of the line, in seconds, and its signed z.

    Sub-sample by a parabola through three lags.
    """
    if correlations.times.size == 0:
        return np.zeros(0), np.zeros(0)
    near = correlations.z[:, slice_lags(_PEAK_REACH_SAMPLES + 1)].astype(np.float64)
    # The sign is common to all windows (a microphone is wired one way). Each window's own sign would
    # let noise choose between a peak and its negative neighbour.
    total = near.sum(axis=0)
    sign = 1.0 if total[int(np.argmax(np.abs(total)))] >= 0 else -1.0
    at = 1 + np.argmax(sign * near[:, 1:-1], axis=1)
    rows = np.arange(len(near))
    left, centre, right = near[rows, at - 1], near[rows, at], near[rows, at + 1]
    curvature = left - 2 * centre + right
    part = np.divide(0.5 * (left - right), curvature, out=np.zeros(len(near)), where=curvature != 0)
    return (at - 1 - _PEAK_REACH_SAMPLES + np.clip(part, -0.5, 0.5)) / ANALYSIS_RATE_HZ, centre


def _fit_robust_line(
    times: NDArray[np.float64], lags: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float, float, float, float]:
    """Return offset at the middle, slope, their standard errors, and the middle; times in seconds.

    Iteratively reweighted least squares. The errors count the weights as an effective sample size
    (Kish 1965), so that two strong windows do not claim the certainty of seventy.
    """
    if weight.sum() <= 0.0:
        return 0.0, 0.0, float("inf"), float("inf"), float(times.mean()) if times.size else 0.0
    min_sigma_s = _MIN_SIGMA_SAMPLES / ANALYSIS_RATE_HZ
    robust = weight
    offset = slope = middle = 0.0
    for _ in range(_ITERATIONS):
        middle = float(np.average(times, weights=robust))
        spread = float(np.sum(robust * (times - middle) ** 2))
        offset = float(np.average(lags, weights=robust))
        slope = float(np.sum(robust * (times - middle) * lags)) / spread if spread > 0 else 0.0
        residuals = np.abs(lags - offset - slope * (times - middle))
        scale = max(_MAD_TO_SIGMA * float(np.median(residuals[weight > 0])), min_sigma_s)
        robust = weight * np.minimum(1.0, _HUBER_K * scale / np.maximum(residuals, 1e-12))
        robust = np.where(residuals > _OUTLIER_SIGMAS * scale, robust * 1e-3, robust)
    effective = float(robust.sum() ** 2 / np.sum(robust**2))
    variance = max(float(np.average(residuals**2, weights=robust)), min_sigma_s**2)
    variance *= effective / max(effective - 2.0, 0.5)
    spread_s = float(np.average((times - middle) ** 2, weights=robust))
    has_slope = spread_s > 0 and effective > 2.5
    sigma_slope = float(np.sqrt(variance / effective / spread_s)) if has_slope else float("inf")
    return offset, slope, float(np.sqrt(variance / effective)), sigma_slope, middle


def _compute_weighted_median(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the value at half the total weight; numpy has none, scipy's takes thirty times as long."""
    if weight.sum() <= 0.0:
        return 0.0
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    return float(values[order][int(np.searchsorted(total, total[-1] / 2))])
