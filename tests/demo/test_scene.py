import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from mcsyncd.demo.scene import make_scene
from mcsyncd.demo.sound_events import SCENE_RATE, Beep, Stem

SECONDS = 8


@pytest.fixture(scope="module")
def scene():
    return make_scene(1, -1.0, float(SECONDS))


@pytest.fixture(scope="module")
def whole(scene):
    return {
        name: getattr(scene, name).render(-SCENE_RATE, (SECONDS + 1) * SCENE_RATE)
        for name in ("speech", "music")
    }


@settings(max_examples=25, deadline=None)
@given(
    first=st.integers(-SCENE_RATE, (SECONDS - 1) * SCENE_RATE),
    count=st.integers(1, SCENE_RATE),
    name=st.sampled_from(["speech", "music"]),
)
def test_a_stretch_rendered_alone_is_the_same_stretch_of_the_whole(scene, whole, first, count, name):
    alone = getattr(scene, name).render(first, count)
    at = first + SCENE_RATE
    assert np.array_equal(alone, whole[name][at : at + count])


def test_a_stem_is_silent_where_nothing_happens():
    stem = Stem([Beep(1000)])
    assert not stem.render(0, 1000).any()
    assert not stem.render(1000 + Beep(0).length, 5000).any()
    assert stem.render(1000, 200).any()


def test_equal_seeds_are_equal_and_others_differ():
    one, same, other = (make_scene(seed, 0.0, 6.0) for seed in (1, 1, 2))
    first, again, else_ = (made.speech.render(0, 4 * SCENE_RATE) for made in (one, same, other))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first, else_)[0, 1]) < 0.1
    assert one.flashes == same.flashes != other.flashes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_repeats(seed):
    """An excerpt fits nowhere but where it is from: else more than one offset would explain the sound."""
    made = make_scene(seed, 0.0, 40.0)
    sound = (made.speech.render(0, 40 * SCENE_RATE) + made.music.render(0, 40 * SCENE_RATE)).astype(
        np.float64
    )
    sound = sound[: len(sound) // 6 * 6].reshape(-1, 6).mean(axis=1)
    excerpt = sound[16 * 8000 : 20 * 8000]
    total = np.cumsum(np.concatenate([[0.0], sound**2]))
    energy = total[len(excerpt) :] - total[: -len(excerpt)]
    fit = np.abs(correlate(sound, excerpt, mode="valid")) / np.sqrt(energy * np.sum(excerpt**2))
    assert fit.argmax() == 16 * 8000
    assert np.delete(fit, np.s_[16 * 8000 - 400 : 16 * 8000 + 400]).max() < 0.5


def test_the_sound_is_as_loud_as_speech_and_never_clips(whole):
    for sound in whole.values():
        assert 0.01 < np.sqrt(np.mean(sound**2)) < 0.2
        assert np.abs(sound).max() < 1.0
