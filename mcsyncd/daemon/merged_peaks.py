"""The peaks of one camera over the session clock, from the files of its clips. Loads numpy."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from mcsyncd.daemon.placed_clips import get_placement
from mcsyncd.listen.peaks.pyramid import read_columns
from mcsyncd.model.clip import Clip
from mcsyncd.model.drift_curve import compute_shift_us
from mcsyncd.model.session import Session
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.derived_files import require_unchanged_files

if TYPE_CHECKING:
    from mcsyncd.daemon.review_audio import PeaksQuery


def merge_peaks(
    session: Session, clips: tuple[Clip, ...], query: PeaksQuery, layout: WorkLayout
) -> tuple[list[int], list[int]]:
    """Return the lowest and the highest sample of each column, with each clip at its offset.

    Raises DerivedFileLost if a file of peaks has changed.
    """
    low = np.zeros(query.columns, np.int8)
    high = np.zeros(query.columns, np.int8)
    for clip in clips:
        if clip.analysis_audio is None or not clip.analysis_audio.peaks:
            continue
        require_unchanged_files(clip.analysis_audio.files, layout)
        offset_us, drift_ppm, curve = get_placement(session, clip)
        clock_ratio = 1 + drift_ppm * 1e-6
        # The shift in the middle of what is drawn: 200 ppm of 500 columns to either side are a tenth of one.
        middle_us = query.start_us + query.step_us * query.columns // 2 - offset_us
        offset_us += round(compute_shift_us(curve, Fraction(middle_us)))
        start_us = round((query.start_us - offset_us) / clock_ratio)
        step_us = max(1, round(query.step_us / clock_ratio))
        clip_low, clip_high = read_columns(
            layout.resolve_path(clip.analysis_audio.peaks), start_us, step_us, query.columns
        )
        np.minimum(low, clip_low, out=low)
        np.maximum(high, clip_high, out=high)
    return low.tolist(), high.tolist()
