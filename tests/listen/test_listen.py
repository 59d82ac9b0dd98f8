"""What is heard in a file, laid on the clip's own clock."""

from __future__ import annotations

import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from broken import write_picture, write_silence, write_surround, write_wav
from hearing import RATE, as_int16, babble, media_of, write_sound
from mcsyncd.errors import BadMedia
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.probe.probe import probe_clip

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
    sound = extract_analysis_audio(path, media_of(path, **kwargs), folder, None)
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
    assert any("gap" in note for note in sound.notes)


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
    assert "inverted" in sound.notes[0]


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
        extract_analysis_audio(tmp_path / "a.mov", media, tmp_path / "out", None)


def test_broken_samples_are_silence_and_are_counted(tmp_path):
    sound = babble(1, 3, HIGH).astype("f4")[None]
    sound[0, 48_000:48_100], sound[0, 60_000], sound[0, 70_000] = np.nan, np.inf, -1e38
    found, (samples,) = heard(write_wav(tmp_path / "a.wav", sound, HIGH), tmp_path / "out")
    assert found.notes == ("track 1 has 102 invalid samples (not a number), replaced by silence",)
    _, (whole,) = heard(
        write_wav(tmp_path / "b.wav", np.where(np.abs(sound) < 9, sound, 0), HIGH), tmp_path / "b"
    )
    assert np.array_equal(samples, whole)


def test_an_offset_is_no_sound(tmp_path):
    level = np.full((1, 2 * RATE), 9000, "<i2")
    sound, channels = heard(write_wav(tmp_path / "a.wav", level, RATE), tmp_path / "out")
    assert channels == []
    assert len(sound.notes) == 1


@pytest.mark.parametrize(
    ("samples", "note"), [(0, "no sound that can be decoded"), (1, "silent"), (700, None)]
)
def test_hardly_any_sound(tmp_path, samples, note):
    noise = as_int16(babble(1, 1))[None, :samples]
    sound, channels = heard(write_wav(tmp_path / "a.wav", noise, RATE), tmp_path / "out")
    assert len(channels) == (0 if note else 1)
    assert (note in sound.notes[0]) if note else not sound.notes


@pytest.mark.parametrize("rate", [383_999, 384_000, 1000, 1001])
def test_strange_rates_are_brought_to_the_analysis_rate(tmp_path, rate):
    times = np.arange(rate) / rate - 0.5
    burst = 0.5 * np.sin(2 * np.pi * 300 * times) * np.exp(-((times / 0.01) ** 2))
    file = write_wav(tmp_path / "a.wav", as_int16(burst + 0.01 * babble(1, 1, rate))[None], rate)
    sound, (samples,) = heard(file, tmp_path / "out", picture_us=None)
    assert samples.size == pytest.approx(RATE, abs=9)
    assert centre_s(samples, sound, 0.4, 0.6) == pytest.approx(0.5, abs=2e-4)


def test_one_sample_a_second_is_said_and_costs_nothing(tmp_path):
    sound, channels = heard(write_wav(tmp_path / "a.wav", np.ones((1, 90), "<i2"), 1), tmp_path / "out")
    assert channels == []
    assert sound.notes == ("track 1 has 1 sample per second, too few or too many to use",)


def test_of_64_channels_the_loudest_are_used_and_the_rest_is_one_sentence(tmp_path):
    levels = np.arange(1, 65)[:, None] / 640
    tracks = levels * np.random.default_rng(1).standard_normal((64, 2 * RATE))
    sound, channels = heard(write_wav(tmp_path / "a.wav", as_int16(tracks), RATE), tmp_path / "out")
    assert [one.channel for one in sound.channels] == [60, 61, 62, 63]
    assert len(channels) == 4
    tracks[:63] = 0
    sound, channels = heard(write_wav(tmp_path / "b.wav", as_int16(tracks), RATE), tmp_path / "b")
    assert [one.channel for one in sound.channels] == [63]
    assert sound.notes == ("63 channels are silent",)


def test_surround_is_heard(tmp_path):
    file = write_surround(tmp_path / "a.m4a", clicks(1.0)[0] + 0.05 * babble(1, 3, HIGH))
    # The low-frequency channel is coded by itself, and sounds different.
    sound, (samples, *_) = heard(file, tmp_path / "out", picture_us=None)
    assert centre_s(samples, sound, 0.95, 1.05) == pytest.approx(1.0, abs=2e-3)


def test_a_picture_alone_has_nothing_to_hear(tmp_path):
    sound, channels = heard(write_picture(tmp_path / "a.mp4"), tmp_path / "out")
    assert (sound.samples, channels) == (0, [])
    assert sound.notes == ("the clip has no audio track",)


def test_silence_takes_no_space(tmp_path):
    file = write_silence(tmp_path / "a.wav", hours=0.5)
    media = media_of(file)
    blocks: list[int] = []

    def look(_: float) -> None:
        blocks.append(sum(one.stat().st_blocks for one in (tmp_path / "out").iterdir()))

    sound = extract_analysis_audio(file, media, tmp_path / "out", look)
    assert sound.samples == 1800 * RATE
    assert sound.notes == ("track 1 is silent",)
    assert max(blocks) * 512 < 100_000


def test_no_peaks_where_no_eye_looks(tmp_path):
    file = write_sound(tmp_path / "a.mov", [clicks(1.0)])
    sound = extract_analysis_audio(file, media_of(file), tmp_path / "out", temporary=True)
    assert sound.peaks == ""
    assert {str(one) for one in (tmp_path / "out").iterdir()} == {sound.channels[0].path}


def test_progress_goes_from_nothing_to_all(tmp_path):
    file = write_sound(tmp_path / "a.mov", [babble(1, 20, HIGH)[None]])
    told: list[float] = []
    extract_analysis_audio(file, media_of(file), tmp_path / "out", told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_memory_does_not_grow_with_the_clip(tmp_path):
    script = (
        "import resource, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from hearing import media_of; from mcsyncd.listen.analysis import extract_analysis_audio\n"
        "file = Path(sys.argv[2])\n"
        "extract_analysis_audio(file, media_of(file), file.with_suffix('.out'), None)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak_kb(seconds: int) -> int:
        file = write_sound(tmp_path / f"{seconds}.mov", [np.tile(babble(1, 10, HIGH), seconds // 10)[None]])
        command = [sys.executable, "-c", script, str(Path(__file__).parents[1]), str(file)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    # Nine minutes more: 52 MB as 16-bit at 48 kHz, 104 MB as floats.
    assert peak_kb(600) - peak_kb(60) < 25_000


@pytest.mark.parametrize("packet", [960, 4800])
def test_time_stamps_that_jitter_leave_the_sound_in_place(tmp_path, packet):
    """Every packet is up to 5 ms late, and begins a run of its own."""
    late = np.random.default_rng(1).integers(0, 6, 3 * HIGH // packet + 1)
    sound = as_int16(clicks(1.0, 2.25)[0])
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=HIGH)
        stream.layout, stream.time_base = "mono", Fraction(1, 1000)
        for number, at in enumerate(range(0, sound.size, packet)):
            frame = av.AudioFrame.from_ndarray(sound[None, at : at + packet].copy(), "s16", "mono")
            frame.sample_rate, frame.time_base = HIGH, Fraction(1, 1000)
            frame.pts = at * 1000 // HIGH + int(late[number])
            file.mux(stream.encode(frame))
    found, (samples,) = heard(path, tmp_path / "out", picture_us=None)
    assert "gap" in found.notes[0]
    for click in (1.0, 2.25):
        assert centre_s(samples, found, click - 0.1, click + 0.1) == pytest.approx(click, abs=6e-3)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no other Vorbis encoder")
def test_the_alternating_frame_times_of_ogg_are_no_gaps(tmp_path):
    """Vorbis codes clicks in short blocks, and FFmpeg's times of the frames beside them are 10 ms off."""
    rate, seconds = 44_100, 20
    random = np.random.default_rng(4)
    sound = 0.05 * random.standard_normal(rate * seconds)
    clicks = np.arange(0.7, seconds - 1, 0.37)
    for click in clicks:
        sound[int(click * rate) :][:40] += 0.8
    clip = tmp_path / "clip.ogg"
    pcm = ["-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "-", "-c:a", "libvorbis"]
    subprocess.run(["ffmpeg", "-v", "error", *pcm, clip], input=sound.astype("<f4").tobytes(), check=True)
    with av.open(str(clip)) as container:
        frames = [(one.pts, one.samples) for one in container.decode(audio=0)]
    ends = [begin + samples for begin, samples in frames]
    assert sum(begin != end for (begin, _), end in zip(frames[1:], ends, strict=False)) > 20
    audio = extract_analysis_audio(clip, probe_clip(clip), tmp_path)
    assert not any("gap" in note for note in audio.notes)
    heard = np.abs(np.fromfile(audio.channels[0].path, "<i2").astype(float))
    for click in clicks:
        near = heard[round((click - 0.1) * 8000) : round((click + 0.1) * 8000)]
        assert abs(int(np.argmax(near)) - 800) < 12
