"""Every reason has a sentence, with the cameras' labels; its code and values survive the ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.model.events import SessionAligned
from mcsyncd.model.reason import Reason, ReasonCode, build_reason, build_reason_document, format_reason
from mcsyncd.store.codec import event_from_json, json_from_event
from shoots import AT, NTSC, alignment

LABELS = {"cam_a": "Cam A", "cam_b": "Stage left", "cam_c": "Balcony"}
VALUES = {
    ReasonCode.SHORT_OVERLAP: {"overlap_s": 4.0},
    ReasonCode.RIVAL: {"apart_ms": -40.0, "lead": 0.1},
    ReasonCode.CONTRADICTION: {"windows_astray": 3.0, "windows": 60.0},
    ReasonCode.DRIFT: {"drift_ppm": -11.8, "drift_ms": 7.1, "span_s": 600.0},
    ReasonCode.DRIFT_BENDS: {"off_ms": 10.8},
    ReasonCode.ECHO: {"apart_ms": 21.04, "lead": 0.0},
    ReasonCode.WRONG_SPEED: {"speed_change": 0.001},
    ReasonCode.IN_PIECES: {"pieces": "+3000.0 ms from 0:00 to 1:00"},
    ReasonCode.UNEVEN_DRIFT: {"off_ms": 11.2},
    ReasonCode.PAIRS_DISAGREE: {"miss_ms": 12.5},
    ReasonCode.SET_ASIDE: {"silent": 0.0, "about_s": -600.0},
    ReasonCode.MAYBE_INSIDE: {"about_s": 30.0},
    ReasonCode.SAME_RECORDING: {"clip": "A001.MOV", "other_clip": "B001.MOV"},
    ReasonCode.TIMECODE_AGREES: {"miss_s": 0.02},
    ReasonCode.TIMECODE_CONTRADICTS: {"miss_s": 7.0, "others_agree": 1.0},
    ReasonCode.RECORDING_TIME_CONTRADICTS: {"miss_s": 7200.0},
    ReasonCode.UNREADABLE: {"message": "A001.MOV: no moov box"},
    ReasonCode.CONFORM_WARNING: {"warning": "0.20 s of sound are missing"},
    ReasonCode.END_CONTRADICTS: {"end": "last", "seconds": 4.0, "apart_ms": 100.0},
    ReasonCode.CHANNELS_DISAGREE: {"apart_ms": 300.0},
    ReasonCode.CLOCKS_DISAGREE: {"apart_s": 7.0},
    ReasonCode.TIMECODE_JUMPS: {"jump_s": 3.0},
    ReasonCode.SHARES_LITTLE: {"share": 0.05, "others_share": 0.5},
    ReasonCode.HIDDEN_PICTURE: {"codec": "brxq"},
    ReasonCode.CONTINUES: {"follows": "GX010042.MP4", "proven": 0.0},
    ReasonCode.SEAM_APART: {"follows": "GX010042.MP4", "apart_ms": 700.0},
    ReasonCode.SECOND_COPY: {"instead_of": "cam_b/CLIP/C0001.MP4", "why": "C0001.MP4 has no pictures"},
    ReasonCode.LEFT_OUT: {"file": "A002.MOV", "why": "not readable"},
    ReasonCode.TAKEN_INCOMPLETE: {"why": "it ends inside a packet"},
    ReasonCode.MAYBE_INCOMPLETE: {"why": "its last picture may be cut"},
    ReasonCode.ENDS_EARLY: {"stream": "sound", "early_s": 4.0, "expected": "its picture"},
    ReasonCode.STOPS_EARLY: {"early_s": 700.0},
    ReasonCode.HASH_DIFFERS: {"hash_list": "card.mhl", "algorithm": "md5"},
}


def example(code: ReasonCode) -> Reason:
    return build_reason(code, "cam_b", "cam_a", **VALUES.get(code, {}))


@pytest.mark.parametrize("code", list(ReasonCode))
def test_every_code_has_a_sentence_that_names_cameras_by_their_label(code):
    text = format_reason(example(code), LABELS)
    assert "Stage left" in text
    assert "cam_" not in text
    assert text == text.strip()
    assert "{" not in text


def test_a_clip_is_named_by_its_cameras_label_and_its_own_name():
    reason = build_reason(ReasonCode.CONFORM_WARNING, "cam_c/DCIM/C001.MP4", warning="a pause of 2 s")
    assert format_reason(reason, LABELS) == "Balcony/DCIM/C001.MP4: a pause of 2 s"


def test_a_camera_without_a_label_is_shown_by_its_key():
    assert format_reason(example(ReasonCode.NO_SOUND), {}) == "cam_b has no usable sound"


@pytest.mark.parametrize("code", list(ReasonCode))
def test_the_ledger_keeps_code_and_values(code):
    reported = replace(alignment(), reasons=(example(code),))
    event = SessionAligned(AT, 1, reported, NTSC)
    assert event_from_json(json_from_event(event)) == event


def test_the_document_has_what_clients_filter_by():
    document = build_reason_document(example(ReasonCode.RIVAL), LABELS)
    assert document == {
        "code": "rival",
        "subject": "cam_b",
        "others": ["cam_a"],
        "values": {"apart_ms": -40.0, "lead": 0.1},
        "text": "Stage left also matches \N{MINUS SIGN}40 ms away, 90% as strong: the sound repeats itself",
    }
