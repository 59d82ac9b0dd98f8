"""The levels that `align --plot` draws."""

from __future__ import annotations

import numpy as np
import pytest

from mcsyncd.align.plot import _format_caption, compute_envelope
from mcsyncd.model.alignment import AngleMatch, Placement
from mcsyncd.present.numbers import MINUS


def test_levels_are_the_greatest_of_each_stretch_as_a_share_of_the_loudest():
    channel = np.array([0, -100, 50, 25, -32768, 3], np.int16)
    assert compute_envelope(channel, 3) == pytest.approx([100 / 32768, 50 / 32768, 1.0])


@pytest.mark.parametrize("samples", [1, 7, 2000, 2001])
def test_any_length_fits_into_the_columns_and_silence_is_zero(samples):
    levels = compute_envelope(np.zeros(samples, np.int16), 2000)
    assert 0 < levels.size <= 2000
    assert not levels.any()


def test_the_caption_gives_no_drift_to_what_has_no_place():
    placed = AngleMatch("b", (Placement("x.mov", -134_000, 11.8),), 0.929)
    lost = AngleMatch("b", (Placement("x.mov", None),), 0.0)
    assert _format_caption(placed, "a") == f"b: {MINUS}134 ms, +11.8 ppm, 92%"
    assert _format_caption(lost, "a") == "b: not placed, 0%"
    assert _format_caption(placed, "b") == "b: reference"
