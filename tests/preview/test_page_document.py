"""What the preview page says: the words of the terminal, and the frames of the manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from preview.published_store import SESSION, build_camera, build_manifest

from mcsyncd.model.publishing import HeadState, StoreHead
from mcsyncd.preview.page_document import build_page_document

EXAMPLES = Path(__file__).parents[2] / "docs" / "manifest_examples"
CURRENT = StoreHead(HeadState.CURRENT, 2, "", "2026-11-27T11:00:01Z")
BENDS = {"code": "drift_bends", "subject": "cam_b", "text": "Cam B drifts unevenly; corrected"}
DRIFT = {"code": "drift", "subject": "cam_b", "text": "Cam B drifts by +18.0 ppm; corrected"}
RIVAL = {"code": "rival", "subject": "cam_b", "text": "Cam B: another position fits as well"}


@pytest.fixture
def manifest(tmp_path) -> dict:
    for number in range(3):
        for path in (f"v1/proxy/{SESSION}/{number}.mp4", f"v1/wave/{SESSION}/{number}.dat"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(b"x")
    return build_manifest(tmp_path)


def build(manifest, head=CURRENT):
    return build_page_document(manifest, head, lambda key: f"media/{key}")


def test_frames_are_counted_from_the_earliest_clip_and_zero_leads_back_to_the_manifest(manifest):
    page = build(manifest)
    starts = {track["label"]: track["clips"][0]["start"] for track in page["tracks"]}
    assert starts == {"Cam A": 4, "Cam B": 0, "Cam C": 37}
    assert page["zero"] == 4
    assert page["ticks"] == 37 + 240
    assert page["timecode"] == {"start": 10 * 3600 * 30 - 4, "dropFrame": False}


def test_a_session_with_a_sound_recorder_has_a_page():
    manifest = json.loads((EXAMPLES / "recorder.json").read_text())
    (recorder,) = (camera for camera in manifest["cameras"] if camera["kind"] == "sound")
    tracks = [track for track in build(manifest)["tracks"] if track["label"].startswith(recorder["label"])]
    assert len(tracks) == len(recorder["clips"]) == 2, "both files of one take are heard"
    assert all(track["clips"][0]["ticks"] == 45 * 60 * 30_000 // 1001 for track in tracks), "45 minutes"


def test_confidence_is_rounded_down_as_everywhere(manifest):
    assert build(manifest)["verdict"] == "Sync Confidence: 84%, synced by sound"
    assert build(manifest)["approved"] == "Approved by kim at 2026-11-27 11:00:00 UTC, revision 2"


def test_a_corrected_drift_is_no_doubt_and_a_rival_is_one(manifest):
    manifest["cameras"][1]["reasons"] = [DRIFT, BENDS]
    assert build(manifest)["doubts"] == []
    manifest["cameras"][1]["reasons"] = [DRIFT, RIVAL]
    page = build(manifest)
    assert page["doubts"] == [RIVAL["text"]]
    assert [track["isDoubtful"] for track in page["tracks"]] == [False, True, False]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (HeadState.UNDER_REVIEW, "Under review again: it grew. It may change."),
        (HeadState.WITHDRAWN, "Withdrawn: it grew. Do not use it."),
    ],
)
def test_what_does_not_hold_any_more_is_said_first(manifest, state, said):
    assert build(manifest, StoreHead(state, 2, "it grew", ""))["doubts"][0] == said


def test_the_recorder_is_heard_at_first_and_else_the_reference(manifest, tmp_path):
    assert build(manifest)["heard"] == 0
    manifest["reference"] = "cam_c"
    assert build(manifest)["heard"] == 2
    recorder = build_camera(tmp_path, 1, "rec", 10) | {"kind": "sound"}
    recorder["clips"][0]["proxy"] |= {"frames": 0, "duration_us": None}
    manifest["cameras"].append(recorder)
    page = build(manifest)
    assert page["heard"] == 3
    assert not page["tracks"][3]["clips"][0]["picture"]
    assert page["tracks"][3]["clips"][0]["ticks"] == 240


def test_what_is_not_on_the_timeline_is_named(manifest):
    manifest["cameras"][2]["clips"][0] |= {"offset_us": None, "proxy": None}
    page = build(manifest)
    assert page["doubts"] == ["Not on the timeline: cam_c/C2.MP4"]
    assert [track["label"] for track in page["tracks"]] == ["Cam A", "Cam B"]


def test_names_from_a_card_cannot_steer_anything(manifest):
    manifest["cameras"][0]["label"] = "A\u202e\x1b[2J"
    assert not {"\u202e", "\x1b"} & set(build(manifest)["tracks"][0]["label"])
