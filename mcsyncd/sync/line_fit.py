"""The line through the windows: offset and drift, each with its own uncertainty.

First the line along which most evidence lies (summed over windows on a grid of small slopes, so
that windows too weak to have a peak of their own still count), then least squares through the
windows' sub-sample peaks, weighted by their significance and robust by iteration (Huber's weights).
A drift that is not significant is set to nothing: over a short overlap a wild slope fits best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ
from mcsyncd.sync.window_correlation import MAX_LAG_SAMPLES, WindowCorrelations

MAX_DRIFT_PPM = 310.0
"""Two consumer clocks were measured 273 ppm apart; a little room is left for the fit's own error."""
_LAGS_PER_POOL = 4
_MAX_END_SHIFT_S = 0.012
_END_SHIFT_STEP_S = 0.001
_PEAK_REACH_SAMPLES = 8
_MIN_PEAK_Z = 3.0
_MIN_SIGMA_SAMPLES = 0.02
_HUBER_K = 1.5
_MIN_DRIFT_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class LineFit:
    """A line with its evidence.

    `lags` are the windows' own peaks in seconds off `line`, `z` the significance there (signed so
    that the majority is positive), `inlier` those within 1 ms. `sigma_s` is the standard error of
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
    """Return the line near `look.line` with most evidence, to a millisecond."""
    if correlations.times.size == 0:
        return correlations.line
    lags = 2 * MAX_LAG_SAMPLES // _LAGS_PER_POOL
    pooled = (
        np.abs(correlations.z[:, : lags * _LAGS_PER_POOL])
        .reshape(correlations.times.size, lags, _LAGS_PER_POOL)
        .max(axis=2)
    )
    evidence = np.maximum(pooled - 2.5, 0.0)
    middle = float(correlations.times.mean())
    span = max(1e-6, float(np.ptp(correlations.times)))
    count = round(2 * _MAX_END_SHIFT_S / _END_SHIFT_STEP_S) + 1 if correlations.times.size > 2 else 1
    best = (-1.0, 0.0, 0.0)
    for shift in sorted(
        np.linspace(-_MAX_END_SHIFT_S, _MAX_END_SHIFT_S, count) if count > 1 else [0.0], key=abs
    ):
        slope = float(shift) * 2 / span
        total = _sum_along_shifts(
            evidence, slope * (correlations.times - middle) * ANALYSIS_RATE_HZ / _LAGS_PER_POOL
        )
        peak = int(np.argmax(total))
        if total[peak] > best[0] * 1.01:
            lag_s = ((peak + 0.5) * _LAGS_PER_POOL - MAX_LAG_SAMPLES) / ANALYSIS_RATE_HZ
            best = (float(total[peak]), lag_s, slope)
    _, lag_s, slope = best
    return shift_line(correlations.line, lag_s - slope * middle, slope)


def fit_line(correlations: WindowCorrelations) -> LineFit:
    """Fit the line through the sub-sample peaks within 1 ms of `look.line`."""
    lags, values = _find_window_peaks(correlations)
    polarity = 1 if float(np.sum(values)) >= 0.0 else -1
    z = values * polarity
    weight = np.where(z > _MIN_PEAK_Z, np.minimum(z, 60.0) ** 2, 0.0)
    offset, slope, sigma, sigma_slope, middle = _fit_robust_line(correlations.times, lags, weight)
    total = correlations.line.slope + slope
    if not np.isfinite(sigma_slope) or abs(total) < _MIN_DRIFT_SIGMAS * sigma_slope:
        slope = -correlations.line.slope
        offset = _compute_weighted_median(lags - slope * (correlations.times - middle), weight)
    elif abs(total) > MAX_DRIFT_PPM * 1e-6:
        slope = float(np.copysign(MAX_DRIFT_PPM * 1e-6, total)) - correlations.line.slope
    line = shift_line(correlations.line, offset - slope * middle, slope)
    rest = lags - offset - slope * (correlations.times - middle)
    inlier = (np.abs(rest) < 1e-3) & (z > _MIN_PEAK_Z)
    scatter = 1.4826 * float(np.median(np.abs(rest[inlier]))) if inlier.any() else float("inf")
    return LineFit(line, polarity, rest, z, inlier, sigma, sigma_slope, scatter)


def shift_line(line: Line, offset_s: float, slope: float) -> Line:
    """Return `line` with a small line added, both in time of y."""
    return Line(line.offset_s + offset_s, line.slope + slope, line.score)


def _sum_along_shifts(evidence: NDArray[np.float32], shifts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(evidence.shape[1])
    for row, shift in zip(evidence, np.rint(shifts).astype(int), strict=True):
        total += np.roll(row, -int(shift))
    return total


def _find_window_peaks(correlations: WindowCorrelations) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each window's strongest lag within 1 ms of the line (seconds) and its signed z."""
    if correlations.times.size == 0:
        return np.zeros(0), np.zeros(0)
    near = correlations.z[
        :, MAX_LAG_SAMPLES - _PEAK_REACH_SAMPLES - 1 : MAX_LAG_SAMPLES + _PEAK_REACH_SAMPLES + 2
    ].astype(np.float64)
    # The sign is common to all windows (a microphone is wired one way); taking each window's own
    # would let noise choose between a peak and its negative neighbour.
    total = near.sum(axis=0)
    sign = 1.0 if total[int(np.argmax(np.abs(total)))] >= 0 else -1.0
    at = 1 + np.argmax(sign * near[:, 1:-1], axis=1)
    rows = np.arange(len(near))
    left, centre, right = near[rows, at - 1], near[rows, at], near[rows, at + 1]
    bend = left - 2 * centre + right
    part = np.divide(0.5 * (left - right), bend, out=np.zeros(len(near)), where=bend != 0)
    return (at - 1 - _PEAK_REACH_SAMPLES + np.clip(part, -0.5, 0.5)) / ANALYSIS_RATE_HZ, centre


def _fit_robust_line(
    times: NDArray[np.float64], lags: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float, float, float, float]:
    """Return offset at the middle, slope, their standard errors, and the middle."""
    if weight.sum() <= 0.0:
        return 0.0, 0.0, float("inf"), float("inf"), float(times.mean()) if times.size else 0.0
    robust = weight
    offset = slope = middle = 0.0
    for _ in range(6):
        middle = float(np.average(times, weights=robust))
        spread = float(np.sum(robust * (times - middle) ** 2))
        offset = float(np.average(lags, weights=robust))
        slope = float(np.sum(robust * (times - middle) * lags)) / spread if spread > 0 else 0.0
        rest = np.abs(lags - offset - slope * (times - middle))
        scale = max(1.4826 * float(np.median(rest[weight > 0])), _MIN_SIGMA_SAMPLES / ANALYSIS_RATE_HZ)
        robust = weight * np.minimum(1.0, _HUBER_K * scale / np.maximum(rest, 1e-12))
        robust = np.where(rest > 6 * scale, robust * 1e-3, robust)
    effective = float(robust.sum() ** 2 / np.sum(robust**2))
    variance = max(float(np.average(rest**2, weights=robust)), (_MIN_SIGMA_SAMPLES / ANALYSIS_RATE_HZ) ** 2)
    variance *= effective / max(effective - 2.0, 0.5)
    spread_s = float(np.average((times - middle) ** 2, weights=robust))
    sigma_slope = (
        float(np.sqrt(variance / effective / spread_s)) if spread_s > 0 and effective > 2.5 else float("inf")
    )
    return offset, slope, float(np.sqrt(variance / effective)), sigma_slope, middle


def _compute_weighted_median(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    if weight.sum() <= 0.0:
        return 0.0
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    return float(values[order][int(np.searchsorted(total, total[-1] / 2))])
