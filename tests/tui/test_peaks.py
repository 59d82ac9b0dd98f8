import numpy as np
import pytest
from tui.fake_daemon import CLAP_MS, loudness

from mcsyncd import api
from mcsyncd.tui.review.peaks import PeaksSegment, find_sharpest_moment
from mcsyncd.tui.review.window import ViewWindow


def stretch(start=0.0, step=4.0, columns=1000, late=0.0, gain=127):
    high = (loudness(start - late + step * np.arange(columns)) * gain).astype(int)
    body = api.PeaksBody(
        camera="cam_a", start_ms=start, step_ms=step, low=(-high).tolist(), high=high.tolist()
    )
    return PeaksSegment.from_body(body)


def test_resampling_at_the_same_zoom_returns_the_peaks():
    known = stretch(start=12_000.0, columns=300)
    low, high = known.resample(ViewWindow(12_200.0, 4.0, 160))
    assert np.allclose(high, np.minimum(known.high[50:210] / known.loudness, 1.0))
    assert np.allclose(low, np.maximum(known.low[50:210] / known.loudness, -1.0))


def test_a_camera_moved_later_shows_earlier_peaks():
    window = ViewWindow(12_200.0, 4.0, 160)
    moved = stretch(start=11_000.0, columns=600).resample(window, shift_ms=40.0)[1]
    truth = stretch(start=11_000.0, columns=600, late=40.0).resample(window)[1]
    assert np.array_equal(moved, truth)


def test_outside_the_segment_there_is_silence():
    low, high = stretch(columns=10).resample(ViewWindow(10_000.0, 4.0, 20))
    assert not low.any()
    assert not high.any()


def test_a_faint_camera_is_drawn_as_large_as_a_loud_one():
    window = ViewWindow(CLAP_MS - 300, 4.0, 160)
    loud, faint = (stretch(start=12_000.0, gain=gain).resample(window)[1].max() for gain in (127, 24))
    assert loud == faint == 1.0


def test_quantisation_noise_is_not_scaled_up():
    body = api.PeaksBody(camera="cam_a", start_ms=0, step_ms=1, low=[-1] * 99, high=[1] * 99)
    assert PeaksSegment.from_body(body).resample(ViewWindow(0.0, 1.0, 99))[1].max() < 0.5


def test_a_segment_covers_only_its_own_zoom_and_time():
    known = stretch(start=0.0, columns=480)
    assert known.can_cover(ViewWindow(640.0, 4.0, 160), 0.0)
    assert not known.can_cover(ViewWindow(640.0, 8.0, 160), 0.0)
    assert not known.can_cover(ViewWindow(640.0, 4.0, 160), 700.0)
    assert not known.can_cover(ViewWindow(1600.0, 4.0, 160), 0.0)


def test_the_sharpest_moment_is_the_clap():
    assert find_sharpest_moment(stretch(columns=6000)) == pytest.approx(CLAP_MS, abs=8.0)


def test_a_moment_that_is_silent_in_the_other_camera_is_not_chosen():
    reference = stretch(start=0.0, columns=6000)
    asleep = np.where(np.arange(6000) * 4.0 > 12_000, 0.0, reference.high)
    other = PeaksSegment(0.0, 4.0, -asleep, asleep)
    assert find_sharpest_moment(reference, other) < 12_000


def test_empty_peaks_are_handled():
    nothing = PeaksSegment(5.0, 1.0, np.zeros(0), np.zeros(0))
    assert find_sharpest_moment(nothing) == 5.0
    assert not nothing.resample(ViewWindow(0.0, 1.0, 4))[0].any()
