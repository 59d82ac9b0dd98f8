"""The acceptance generator, with synthetic sound: what it makes, and how it judges."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import av
import numpy as np
import pytest

from acceptance.conditions import ROTATION, stages
from acceptance.files import MP4_AAC, WAV, write_clip
from acceptance.generate import make_session
from acceptance.judge import Outcome, judge
from acceptance.ltc import TC25, TC2997, TIMECODES, write_sound
from acceptance.report import report
from acceptance.rooms import build_room
from acceptance.session import Condition, Session, find_checks
from acceptance.shoot import Camera, Event, Source, Take, record, set_timecode
from acceptance.solve import from_line, read_answer, to_line
from acceptance.sources import Library
from ltc_judge import LIBRARY, decode_frames

ROOM = (3.5, 0.45, 0.35, 1.4)
RATE = 48_000


def stage(group="ordinary", stray=False, skip=None):
    """Two short cameras at one event, and a stray third one if wanted."""
    rng = np.random.default_rng(7)
    event = Event((Source(Library(None).play_music(rng, 16)),), build_room(rng, ROOM))
    first = Camera("cam_a", 2.0, 8.0, drift_ppm=20.0)
    takes = [record(rng, event, one) for one in (first, Camera("cam_b", 4.5, 8.0, -30.0, skip=skip))]
    if stray:
        takes.append(replace(takes[0], event=None, camera=replace(first, angle="cam_c")))
    return Session(3, Condition("staged", group), tuple(takes), tuple(find_checks(tuple(takes), group)))


def answer(offset_ms=2499.95, drift_ppm=-50.0, confidence=0.95, **others):
    return {
        "confidence": confidence,
        "offsets_ms": {"cam_a": 0.0, "cam_b": offset_ms, **others},
        "drift_ppm": {"cam_b": drift_ppm},
        "reasons": [{"code": "echo", "subject": "cam_b"}],
    }


def outcome(session, told):
    return judge(read_answer(session, told)).outcome


def test_a_seed_gives_the_same_samples(monkeypatch):
    monkeypatch.setattr(stages, "plan_spans", lambda *_: [(2.0, 4.0), (3.0, 4.0)])
    one, again = (make_session(ROTATION.index(Condition("metronome", "none")), Library(None)) for _ in "ab")
    assert one.checks == again.checks
    for take, same in zip(one.takes, again.takes, strict=True):
        assert take.camera == same.camera
        assert np.array_equal(take.sound, same.sound)


def test_a_third_and_more_has_no_answer_and_a_sixth_is_about_clocks():
    groups = [condition.group for condition in ROTATION]
    assert len(set(ROTATION)) == len(groups)
    assert groups.count("none") >= 0.35 * len(groups)
    assert groups.count("clock") * 600 >= 100 * len(groups)


def test_the_answer_in_truth_is_right_and_a_shifted_one_is_not():
    session = stage()
    verdict = judge(read_answer(session, answer()))
    assert verdict.error_ms < 0.01
    assert verdict.outcome is Outcome.RIGHT
    assert outcome(session, answer(offset_ms=2509.0)) is Outcome.FALSE_ACCEPT
    assert outcome(session, answer(drift_ppm=1500.0)) is Outcome.FALSE_ACCEPT
    assert outcome(session, answer(confidence=0.84)) is Outcome.NEEDLESS
    assert judge(read_answer(session, answer(offset_ms=None))).error_ms == inf


def test_the_recorded_samples_lie_where_the_truth_says():
    session = stage()
    first, second = (take.sound[0].astype(float) for take in session.takes)
    spectrum = np.fft.rfft(first, 1 << 20) * np.conj(np.fft.rfft(second, 1 << 20))
    spectrum[60_000:] = 0
    lag = int(np.argmax(np.fft.irfft(spectrum / (np.abs(spectrum) + 1e-9))[: first.size]))
    assert abs(lag / RATE - 2.4997) < 0.001


def test_a_doubt_is_right_where_it_is_hard():
    assert outcome(stage("hard"), answer(confidence=0.5)) is Outcome.DOUBTED
    assert outcome(stage("hard"), answer(offset_ms=0.0)) is Outcome.FALSE_ACCEPT


def test_no_single_offset_is_right_around_a_loss():
    session = stage("hard", skip=(3.0, 0.1))
    assert outcome(session, answer()) is Outcome.FALSE_ACCEPT
    assert outcome(session, answer(offset_ms=2599.95)) is Outcome.FALSE_ACCEPT


def test_without_an_answer_whatever_is_accepted_is_false():
    session = stage("none")
    assert session.checks == (None, None)
    assert outcome(session, answer()) is Outcome.FALSE_ACCEPT
    assert outcome(session, answer(confidence=0.1)) is Outcome.DOUBTED


def test_a_stray_camera_must_be_left_out():
    session = stage("none", stray=True)
    assert outcome(session, answer(cam_c=None)) is Outcome.RIGHT
    assert outcome(session, answer(cam_c=12.0)) is Outcome.FALSE_ACCEPT
    aside = {
        "clips": {
            "cam_c": [
                {"name": "cam_c_002.mp4", "offset_ms": 1.0, "drift_ppm": 0.0, "disposition": "set_aside"}
            ]
        }
    }
    assert outcome(session, answer() | aside) is Outcome.RIGHT


def test_a_trial_survives_its_line_and_is_reported():
    trials = [read_answer(stage(), answer()), read_answer(stage("none"), answer())]
    assert [from_line(to_line(trial)) for trial in trials] == trials
    told = report([judge(trial) for trial in trials])
    assert "answers of 0.85 or more: 1 of 2 right" in told
    assert "| 3 | none: staged | false accept | 0.9500 | - | echo cam_b |" in told


@pytest.mark.skipif(not LIBRARY, reason="libltc is not installed")
@pytest.mark.parametrize("timecode", TIMECODES)
def test_libltc_reads_the_timecode(timecode):
    begin = 36_059.9
    sound = write_sound(timecode, begin + np.arange(2 * RATE) / RATE)
    found = decode_frames(sound, RATE, float(timecode.rate))
    assert len(found) > 1.8 * timecode.rate
    for frame in found[2:]:
        number = round((begin + frame.begin / RATE) * timecode.rate)
        assert frame.label == timecode.text(number).replace(";", ":")
        assert abs((begin + frame.begin / RATE) * timecode.rate - number) < 0.02


def test_dropped_labels_are_those_of_the_standard():
    assert TC2997.text(1799) == "00:00:59;29"
    assert TC2997.text(1800) == "00:01:00;02"
    assert TC2997.text(17_981) == "00:09:59;29"
    assert TC2997.text(17_982) == "00:10:00;00"


def test_files_carry_their_sound_and_clocks(tmp_path):
    sound = np.zeros((1, RATE), np.float32)
    sound[0, RATE // 2 :] = 0.5 * np.sin(np.arange(RATE // 2) / 8)
    camera = set_timecode(Camera("cam_a", 2.0, 1.0, form=MP4_AAC), TC25)
    write_clip(tmp_path / "a.mp4", sound, camera.form)
    write_clip(tmp_path / "a.wav", sound, replace(WAV, time_reference=36_002 * RATE))
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].metadata["timecode"] == "10:00:02:00"
        frames = list(container.decode(audio=0))
    heard = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    begin = round(float(frames[0].time) * RATE)
    assert abs(int(np.argmax(np.abs(heard) > 0.2)) + begin - RATE // 2) < 64
    with av.open(str(tmp_path / "a.wav")) as container:
        assert container.metadata["time_reference"] == str(36_002 * RATE)


def test_takes_of_one_event_know_their_time():
    take = Take(Camera("cam_b", 4.5, 8.0, skip=(3.0, 0.25)), np.zeros((1, 0), np.float32), None)
    assert take.event_time(2.0) == 6.5
    assert take.event_time(4.0) == 8.75
