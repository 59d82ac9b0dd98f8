"""What is heard in a file, laid on the clip's own clock."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hearing import RATE, babble, media_of, write_sound

from mcsyncd.errors import BadMedia
from mcsyncd.listen.listen import hear

HIGH = 48_000


def clicks(*times: float, seconds: float = 3.0, rate: int = HIGH) -> np.ndarray:
    """Bursts of 1 kHz, 20 ms with soft edges, centred on `times`; one channel."""
    sound = np.zeros(round(seconds * rate))
    length = rate // 50
    burst = 0.7 * np.hanning(length) * np.sin(2 * np.pi * 1000 * np.arange(length) / rate)
    for time in times:
        at = round(time * rate) - length // 2
        sound[at : at + length] += burst
    return sound[None]


def heard(path: Path, folder: Path, **kwargs):
    sound = hear(path, media_of(path, **kwargs), folder, None)
    return sound, [np.fromfile(channel.path, "<i2") for channel in sound.channels]


def centre_s(samples: np.ndarray, sound, begin: float, end: float) -> float:
    """Clip time of the middle of the energy between two clip times."""
    times = sound.start_us / 1e6 + np.arange(samples.size) / sound.rate
    power = np.where((times >= begin) & (times < end), samples.astype(float) ** 2, 0.0)
    return float((times * power).sum() / power.sum())


@pytest.mark.parametrize("rate", [48_000, 44_100, 32_000, 96_000, 11_025, 8_000])
def test_a_click_stays_where_it_is(tmp_path, rate):
    file = write_sound(tmp_path / "a.mov", [clicks(1.0, 2.25025, rate=rate)], rate)
    sound, (samples,) = heard(file, tmp_path / "out")
    assert (sound.rate, sound.start_us) == (RATE, 0)
    assert sound.samples == samples.size == pytest.approx(3 * RATE, abs=1)
    assert centre_s(samples, sound, 0.9, 1.1) == pytest.approx(1.0, abs=2e-4)
    assert centre_s(samples, sound, 2.1, 2.4) == pytest.approx(2.25025, abs=2e-4)
    assert np.abs(samples).max() == pytest.approx(0.7 * 32767, rel=0.1)


def test_late_sound_is_late_on_the_clips_clock(tmp_path):
    file = write_sound(tmp_path / "a.mov", [clicks(1.0)], starts=[Fraction(147, 1000)])
    sound, (samples,) = heard(file, tmp_path / "out")
    assert sound.start_us == 147_000
    assert centre_s(samples, sound, 1.0, 1.3) == pytest.approx(1.147, abs=1e-4)


def test_the_first_picture_is_time_zero(tmp_path):
    file = write_sound(tmp_path / "a.mov", [clicks(1.0)])
    sound, (samples,) = heard(file, tmp_path / "out", picture_us=400_000)
    assert sound.start_us == -400_000
    assert centre_s(samples, sound, 0.5, 0.7) == pytest.approx(0.6, abs=1e-4)


def test_a_hole_is_silence_and_what_follows_stays_in_place(tmp_path):
    noise = babble(1, 3, HIGH)[None] * 0.3
    file = write_sound(tmp_path / "a.mkv", [noise + clicks(2.5)], holes=[((1.0, 1.5),)])
    sound, (samples,) = heard(file, tmp_path / "out")
    assert not samples[round(1.05 * RATE) : round(1.45 * RATE)].any()
    assert centre_s(samples, sound, 2.45, 2.55) == pytest.approx(2.5, abs=2e-3)
    assert any("hole" in note for note in sound.notes)


def test_a_silent_channel_is_dropped_and_named(tmp_path):
    stereo = np.concatenate([np.zeros((1, 3 * HIGH)), clicks(1.0) + 0.01 * babble(1, 3, HIGH)])
    sound, channels = heard(write_sound(tmp_path / "a.mov", [stereo]), tmp_path / "out")
    assert len(channels) == 1
    assert sound.channels[0].channel == 1
    assert sound.notes == ("track 1, channel 1, is silent",)


def test_hum_is_dropped(tmp_path):
    hum = 0.2 * np.sin(2 * np.pi * 50 * np.arange(3 * HIGH) / HIGH)
    stereo = np.stack([hum, babble(1, 3, HIGH)])
    sound, channels = heard(write_sound(tmp_path / "a.mov", [stereo]), tmp_path / "out")
    assert len(channels) == 1
    assert "hum" in sound.notes[0]


def test_equal_channels_become_one(tmp_path):
    voice = babble(1, 3, HIGH)
    random = np.random.default_rng(2)
    stereo = np.stack([voice + 0.005 * random.standard_normal(voice.size) for _ in range(2)])
    sound, channels = heard(write_sound(tmp_path / "a.mov", [stereo]), tmp_path / "out")
    assert len(channels) == 1
    assert sound.notes == ()


def test_of_a_pair_in_anti_phase_one_is_kept(tmp_path):
    voice = babble(1, 3, HIGH)
    sound, channels = heard(write_sound(tmp_path / "a.mov", [np.stack([voice, -voice])]), tmp_path / "out")
    assert len(channels) == 1
    assert np.abs(channels[0]).max() > 1000
    assert "turned over" in sound.notes[0]


def test_different_channels_and_every_track_are_kept(tmp_path):
    tracks = [np.stack([babble(1, 3, HIGH), babble(2, 3, HIGH)]), babble(3, 3, HIGH)[None]]
    sound, channels = heard(write_sound(tmp_path / "a.mov", tracks), tmp_path / "out")
    assert [(one.stream, one.channel) for one in sound.channels] == [(0, 0), (0, 1), (1, 0)]
    assert len({channel.tobytes() for channel in channels}) == 3


def test_a_silent_file_has_no_channels_and_flat_peaks(tmp_path):
    sound, channels = heard(write_sound(tmp_path / "a.mov", [np.zeros((1, HIGH))]), tmp_path / "out")
    assert channels == []
    assert sound.notes == ("track 1 is silent",)
    assert Path(sound.peaks).is_file()


def test_nothing_but_the_named_files_is_left(tmp_path):
    file = write_sound(tmp_path / "a.mov", [np.stack([babble(1, 3, HIGH), np.zeros(3 * HIGH)])])
    sound, _ = heard(file, tmp_path / "out")
    assert {str(one) for one in (tmp_path / "out").iterdir()} == {sound.peaks, sound.channels[0].path}


def test_a_broken_file_is_bad_media(tmp_path):
    media = media_of(write_sound(tmp_path / "a.mov", [clicks(1.0)]))
    (tmp_path / "a.mov").write_text("not a movie at all")
    with pytest.raises(BadMedia, match=r"a\.mov"):
        hear(tmp_path / "a.mov", media, tmp_path / "out", None)


def test_progress_goes_from_nothing_to_all(tmp_path):
    file = write_sound(tmp_path / "a.mov", [babble(1, 20, HIGH)[None]])
    told: list[float] = []
    hear(file, media_of(file), tmp_path / "out", told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_memory_does_not_grow_with_the_clip(tmp_path):
    script = (
        "import resource, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from hearing import media_of; from mcsyncd.listen.listen import hear\n"
        "file = Path(sys.argv[2]); hear(file, media_of(file), file.with_suffix('.out'), None)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak_kb(seconds: int) -> int:
        file = write_sound(tmp_path / f"{seconds}.mov", [np.tile(babble(1, 10, HIGH), seconds // 10)[None]])
        command = [sys.executable, "-c", script, str(Path(__file__).parents[1]), str(file)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    # Nine minutes more: 52 MB as 16-bit at 48 kHz, 104 MB as floats.
    assert peak_kb(600) - peak_kb(60) < 25_000
