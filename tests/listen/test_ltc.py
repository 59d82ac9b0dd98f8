"""Linear timecode on a sound channel is found, read to a part of a frame, and kept out of the sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from hearing import RATE, babble, write_sound
from judge import sound as decode_sound
from ltc_judge import LIBRARY, decode_frames
from mcsyncd.demo.ltc_sound import synthesize_ltc
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.listen.ltc.leak import LEAK_BLOCK_SAMPLES, has_leak, subtract_leak
from mcsyncd.listen.ltc.track import measure_ltc, read_ltc
from mcsyncd.listen.samples import map_samples
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode
from mcsyncd.probe.probe import probe_clip

RATES = [Rate.parse(text) for text in ("24000/1001", "24", "25", "30000/1001", "30")]
needs_libltc = pytest.mark.skipif(not LIBRARY, reason="libltc is not installed")


def at_8_khz(ltc: np.ndarray, level: float = 0.3) -> np.ndarray:
    """What `listen` makes of 48 kHz: int16 at 8 kHz."""
    return np.rint(resample_poly(ltc, 1, 6) * level * 32767).clip(-32768, 32767).astype(np.int16)


def level_of(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


@dataclass(frozen=True)
class Tape:
    """Four seconds of timecode, and how they are played."""

    rate: Rate = RATES[3]
    drop_frame: bool = True
    number: int = 0
    speed: float = 1.0
    reverse: bool = False
    level: float = 0.3
    lead_s: float = 0.0
    user_bits: int = 0

    @property
    def first(self) -> Timecode:
        """The label of the first frame; only 29.97 drops any."""
        drop_frame = self.drop_frame and self.rate == Rate(30000, 1001)
        return Timecode.from_frame_number(self.number, self.rate, drop_frame=drop_frame)

    def play(self) -> np.ndarray:
        """Return what `listen` hears of it."""
        ltc = synthesize_ltc(
            self.first,
            self.rate,
            4.0,
            speed=self.speed,
            reverse=self.reverse,
            lead_s=self.lead_s,
            user_bits=self.user_bits,
        )
        return at_8_khz(ltc, self.level)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    st.builds(
        Tape,
        rate=st.sampled_from(RATES),
        drop_frame=st.booleans(),
        number=st.integers(0, 24 * 3600 * 24 - 1),
        speed=st.floats(0.9, 1.1),
        reverse=st.booleans(),
        level=st.floats(0.002, 0.9),
        lead_s=st.floats(0.0, 0.5),
        user_bits=st.integers(0, 2**32 - 1),
    )
)
@example(Tape())
@example(
    Tape(rate=Rate(25), drop_frame=False, number=843_736, reverse=True, level=0.77, lead_s=0.5, user_bits=54)
)
@example(Tape(rate=Rate(25), number=24 * 3600 * 25 - 40, lead_s=0.25, user_bits=0xFFFFFFFF))
def test_labels_are_read_at_any_rate_speed_level_and_direction(tape: Tape) -> None:
    (run,) = read_ltc(tape.play(), start_us=1_000_000)
    assert run.label == str(tape.first)
    assert (run.reverse, run.user_bits) == (tape.reverse, tape.user_bits)
    frame_us = 1e6 / (float(tape.rate.fraction) * tape.speed)
    first_us = 1e6 * (1 + tape.lead_s)
    assert abs(run.begin_us - first_us - (frame_us if tape.reverse else 0)) < 100
    # All whole frames are there, down to the last one.
    assert abs(run.end_us - first_us - int((4.0 - tape.lead_s) * 1e6 / frame_us) * frame_us) < 1.01 * frame_us
    measured = float(run.rate.fraction) * (1 + run.drift_ppm * 1e-6)
    # What edges that are 100 us off, in opposite directions, make of it over these seconds.
    assert measured == pytest.approx(float(tape.rate.fraction) * tape.speed, rel=200e-6 / (4.0 - tape.lead_s))


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_the_rate_is_told_from_its_neighbour_a_thousandth_away(rate: Rate) -> None:
    (run,) = read_ltc(at_8_khz(synthesize_ltc(Timecode(10, 0, 0, 0), rate, 5.0, speed=1 + 80e-6)))
    assert run.rate == rate
    assert run.drift_ppm == pytest.approx(80, abs=5)


def test_the_time_of_day_holds_for_the_whole_clip() -> None:
    rate = Rate(30000, 1001)
    first = Timecode.parse("09:59:58;10")
    ltc = synthesize_ltc(first, rate, 30.0, lead_s=2.0)
    (run,) = read_ltc(at_8_khz(ltc))
    due = (first.to_seconds(rate) - 2) * 1_000_000
    assert abs(run.compute_time_of_day_us(0) - due) < 100


def test_a_jump_ends_a_run_at_its_frame() -> None:
    rate = Rate(25)
    ltc = synthesize_ltc(Timecode(1, 0, 0, 0), rate, 100.0, jump_s=[(37.4, 5), (61.0, -900)])
    runs = read_ltc(at_8_khz(ltc))
    assert [run.label for run in runs] == ["01:00:00:00", "01:00:37:15", "01:00:25:05"]
    assert [round(run.begin_us / 40_000) for run in runs] == [0, 935, 1525]


def test_timecode_that_begins_late_and_ends_early_is_read_from_end_to_end() -> None:
    ltc = synthesize_ltc(Timecode(1, 0, 0, 0), Rate(25), 60.0, lead_s=43.2)
    ltc[int(55.5 * 48_000) :] = 0.0
    (run,) = read_ltc(at_8_khz(np.concatenate([ltc, np.zeros(40 * 48_000)])))
    assert abs(run.begin_us - 43_200_000) < 100
    assert 55_400_000 < run.end_us <= 55_500_100


@pytest.mark.parametrize("speech_db", [-20, -6, 0])
def test_timecode_is_read_under_sound_that_bleeds_in(speech_db: int) -> None:
    ltc = resample_poly(synthesize_ltc(Timecode(1, 0, 0, 0), Rate(25), 30.0), 1, 6)
    speech = babble(7, 30.0)
    mixed = ltc / level_of(ltc) + speech / level_of(speech) * 10 ** (speech_db / 20)
    runs = read_ltc(np.rint(mixed * 3000).clip(-32768, 32767).astype(np.int16))
    assert runs[0].label.startswith("01:00:0")
    assert abs(runs[0].compute_time_of_day_us(0) - 3_600_000_000) < 1000


@pytest.mark.parametrize(
    "sound",
    [
        babble(3, 60.0) * 20_000,
        np.random.default_rng(1).standard_normal(60 * RATE) * 3000,
        10_000 * np.sign(np.sin(2 * np.pi * 1000 * np.arange(60 * RATE) / RATE)),
        10_000 * np.sign(np.sin(2 * np.pi * 2000 * np.arange(60 * RATE) / RATE)),
        np.zeros(60 * RATE),
        np.zeros(0),
    ],
    ids=["speech", "noise", "a 1 kHz square", "a 2 kHz square", "silence", "nothing"],
)
def test_other_sound_is_not_timecode(sound: np.ndarray) -> None:
    channel = sound.astype(np.int16)
    assert measure_ltc(channel) == 0.0
    assert read_ltc(channel) == ()


@needs_libltc
@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "backwards"])
def test_labels_and_places_are_those_of_libltc(rate: Rate, reverse: bool) -> None:
    ltc = synthesize_ltc(Timecode(10, 59, 58, 20), rate, 6.0, reverse=reverse, lead_s=0.1)
    judged = {frame.label: frame for frame in decode_frames(ltc * 0.5, 48_000, float(rate.fraction))}
    assert len(judged) > 120
    (run,) = read_ltc(at_8_khz(ltc))
    assert run.reverse == reverse
    for frame in judged.values():
        assert frame.reverse == reverse
        due = Timecode.parse(frame.label).to_seconds(rate) * 1_000_000
        # Backwards, a frame ends with the beginning of its label.
        at_us = round((frame.end + 1 if reverse else frame.begin) / 0.048)
        assert abs(run.compute_time_of_day_us(at_us) - due) < 100


@needs_libltc
@pytest.mark.parametrize("name", ["24", "25", "2997_df"])
def test_recorded_timecode_is_read_like_libltc_does(shared: Path, name: str) -> None:
    sound = decode_sound(shared / "media_samples" / "clocks" / f"ltc_00-58-00-00_{name}.flac")[:, 0]
    sample_rate = 48_000
    judged = decode_frames(sound, sample_rate, 25)
    (run,) = read_ltc(at_8_khz(sound))
    assert run.label in {"00:58:00:00", "00:58:00;02"}
    assert run.end_us - run.begin_us > 19_900_000
    separator = ";" if name.endswith("df") else ":"
    # libltc finds its level within the first frame.
    for frame in judged[1:]:
        label = Timecode.parse(frame.label[:8] + separator + frame.label[9:])
        passed = (label.to_seconds(run.rate) - Timecode.parse(run.label).to_seconds(run.rate)) * 1_000_000
        at_us = run.begin_us + float(passed) / (1 + run.drift_ppm * 1e-6)
        assert abs(at_us - frame.begin * 1e6 / sample_rate) < 100


def test_what_leaks_into_the_sound_is_taken_out() -> None:
    speech = babble(5, 40.0)
    ltc = resample_poly(synthesize_ltc(Timecode(1, 0, 0, 0), Rate(25), 40.0), 1, 6)
    ltc *= level_of(speech) / level_of(ltc)
    clean = np.rint(speech * 20_000).astype(np.int16)
    timecode = np.rint(ltc * 20_000).astype(np.int16)
    leak = 0.1 * np.roll(ltc, 2) - 0.03 * ltc
    # The preamplifier's gain changes half-way.
    leak[20 * RATE :] *= 0.3
    leaky = np.rint((speech + leak) * 20_000).astype(np.int16)
    assert has_leak(leaky, timecode)
    assert not has_leak(clean, timecode)
    cleaned = np.concatenate(
        [
            subtract_leak(leaky[at : at + LEAK_BLOCK_SAMPLES].astype(np.float32), timecode, at)
            for at in range(0, leaky.size, LEAK_BLOCK_SAMPLES)
        ]
    )
    # 30 dB below the speech, where the leak was 20 and 30 dB below it and is as loud in the pauses.
    assert level_of(cleaned - clean) < 0.032 * level_of(clean)
    assert level_of(leaky.astype(float) - clean) > 0.07 * level_of(clean)


def test_a_timecode_channel_is_a_clock_and_no_sound(tmp_path: Path) -> None:
    speech = resample_poly(babble(5, 12.0), 6, 1)
    ltc = 0.4 * synthesize_ltc(Timecode(14, 30, 0, 0), Rate(25), 12.0, lead_s=0.5)
    heard = {}
    for name, sound in (("clean", np.stack([speech])), ("leaky", np.stack([speech + 0.02 * ltc, ltc]))):
        folder = tmp_path / name
        folder.mkdir()
        clip = write_sound(folder / "clip.mov", [sound])
        audio = extract_analysis_audio(clip, probe_clip(clip), folder)
        (channel,) = audio.channels
        assert channel.channel == 0
        heard[name] = map_samples(Path(channel.path)).astype(float)
    assert any("timecode (LTC)" in note for note in audio.notes)
    (run,) = audio.ltc
    assert run.label == "14:30:00:00"
    assert abs(run.begin_us - 500_000) < 100
    # The leak, a tenth of the speech's level, is gone from the sound.
    assert level_of(heard["leaky"] - heard["clean"]) < 0.03 * level_of(heard["clean"])


def test_a_clip_with_nothing_but_timecode_has_no_sound(tmp_path: Path) -> None:
    ltc = 0.4 * synthesize_ltc(Timecode(14, 30, 0, 0), Rate(25), 6.0)
    clip = write_sound(tmp_path / "clip.mov", [np.stack([ltc, ltc])])
    audio = extract_analysis_audio(clip, probe_clip(clip), tmp_path)
    assert audio.channels == ()
    assert audio.ltc[0].label == "14:30:00:00"
