import pytest
from tui import scenes

from mcsyncd import api
from mcsyncd.model import events
from mcsyncd.present.events import format_event, get_actor_name
from mcsyncd.present.progress import format_progress
from mcsyncd.present.session import (
    format_clip,
    format_facts,
    format_reasons,
    format_subject,
    get_camera_label,
    label_action,
    label_session,
    label_state,
    order_cameras,
)

STATES = "collecting working in_review approved publishing published failed rejected stale quarantined"
HOSTILE = "x[/]\x1b[2J\u202e.MP4"


def test_progress_leaves_out_what_does_not_fit():
    step = api.ProgressBody(
        stage="publish",
        done=0.42,
        eta_s=93,
        count=4_100_000_000,
        total=9_800_000_000,
        unit="bytes",
        rate=62e6,
    )
    assert format_progress(step) == "42% · 1:33 left · 62.0 MB/s · 4.1 GB of 9.8 GB"
    assert format_progress(step, 20) == "42% · 1:33 left"
    assert format_progress(step, 0) == "42%"


def test_progress_in_frames_and_in_nothing_countable():
    frames = api.ProgressBody(
        stage="conform", done=0.619, eta_s=190, count=1114, total=1800, unit="frames", rate=48.4
    )
    assert format_progress(frames) == "61% · 3:10 left · 48 fps · 1114 of 1800 frames"
    percent = api.ProgressBody(stage="sync", done=0.3, count=30, total=100, unit="percent", rate=2.0)
    assert format_progress(percent) == "30%"


def test_every_state_has_a_glyph_and_a_word_of_its_own():
    labels = [label_state(state) for state in STATES.split()]
    assert all(label.glyph and label.word and label.glyph != "?" for label in labels)
    assert len({label.word for label in labels}) == len(labels)
    assert str(label_state("archived")) == "? archived"


def test_in_review_the_label_says_what_is_due():
    assert (label_session(scenes.session()).word, label_action(scenes.session())) == ("ready", "Looks Good")
    assert (label_session(scenes.unsure()).word, label_action(scenes.unsure())) == ("review", "Review Sync")
    assert (label_session(scenes.working()).word, label_action(scenes.working())) == ("conform", None)


def test_the_reference_comes_first():
    assert order_cameras(scenes.session(reference="cam_c"))[0] == "cam_c"


def test_a_camera_has_its_label_or_its_key():
    assert get_camera_label(scenes.session(), "cam_b") == "Cam B"
    assert get_camera_label(scenes.session(), "cam_z") == "cam_z"


def test_a_clip_is_named_with_its_camera():
    labels = {"cam_b": "Cam B"}
    assert format_clip("cam_b/DCIM/A.MOV", labels) == "DCIM/A.MOV (Cam B)"
    assert format_clip("cam_z/A.MOV", labels) == "A.MOV (cam_z)"
    assert format_clip("manifest", labels) == "manifest"
    assert "\x1b" not in format_clip(f"{HOSTILE}/{HOSTILE}", {HOSTILE: HOSTILE})


def test_reasons_are_said_once():
    body = scenes.unsure()
    same = {"reasons": [*body.reasons]}
    angles = {key: angle.model_copy(update=same) for key, angle in body.angles.items()}
    assert format_reasons(body.model_copy(update={"angles": angles})) == "; ".join(
        reason.text for reason in body.reasons
    )


def test_facts_are_one_line():
    assert format_facts(scenes.session()).startswith("3 angles · ")


def _entry(kind, **body):
    return api.LogEntryBody(seq=1, at="2026-11-23T13:02:11Z", session="s", kind=kind, body=body, hash="h")


@pytest.mark.parametrize("event", events.Event.__args__)
def test_every_kind_of_event_has_a_sentence(event):
    kind = event.__dataclass_fields__["kind"].default
    sentence = format_event(_entry(kind))
    assert sentence != kind.replace("_", " ").capitalize() or kind == "session_opened"
    assert "None" not in sentence
    assert "{" not in sentence


ANA = {"name": "ana", "uid": 7}


@pytest.mark.parametrize(
    ("kind", "body", "sentence"),
    [
        (
            "offset_nudged",
            {"by": ANA, "camera": "cam_b", "offset_us": -134_000, "revision": 2},
            "Cam B moved to −134 ms by ana (revision 2)",  # noqa: RUF001  # the sign that is meant
        ),
        (
            "session_aligned",
            {"alignment": {"confidence": 0.8499}, "revision": 1},
            "Synced: confidence 84% (revision 1)",
        ),
        (
            "session_rejected",
            {"by": ANA, "revision": 2, "reason": "wrong take"},
            "Rejected by ana (revision 2): wrong take",
        ),
        ("clip_hashed", {"clip": "cam_b/DCIM/A.MOV"}, "Hashed DCIM/A.MOV (Cam B)"),
        (
            "object_stored",
            {
                "object": {
                    "key": "v1/orig/s/cam_b/ab.mov",
                    "clip": "cam_b/A.MOV",
                    "kind": "peaks",
                    "bytes": 4_100_000_000,
                }
            },
            "Uploaded A.MOV (Cam B), waveform (4.1 GB)",
        ),
        (
            "job_postponed",
            {"attempt": {"wait_s": 20.0}, "failure": {"stage": "publish", "message": "the disk is full"}},
            "Will be retried automatically in 20 s: publish: the disk is full",
        ),
        ("publishing_planned", {"plan": {"objects": [{}, {}]}}, "Planned to publish 2 files"),
        ("a_new_kind", {}, "A new kind"),
    ],
)
def test_events_are_sentences(kind, body, sentence):
    assert format_event(_entry(kind, **body), {"cam_b": "Cam B"}) == sentence


def test_an_object_of_a_clip_is_named_as_people_do():
    assert format_subject("cam_b/A, B.MOV, proxy", {"cam_b": "Cam B"}) == "A, B.MOV (Cam B), proxy"
    assert format_subject("cam_b/A.MOV, proxy to nas", {"cam_b": "Cam B"}) == "A.MOV (Cam B), proxy to nas"
    told = format_subject("cam_b/A.MOV, original, read back", {"cam_b": "Cam B"})
    assert told == "A.MOV (Cam B), original, read back"
    assert format_subject("cam_b/A, B.MOV", {"cam_b": "Cam B"}) == "A, B.MOV (Cam B)"
    assert format_subject("20261123-091502-k7q", {}) == "20261123-091502-k7q"


def test_an_event_names_the_person_if_there_is_one():
    assert get_actor_name(_entry("session_approved", by={"name": "ana"})) == "ana"
    assert get_actor_name(_entry("session_sealed", by=None)) is None


def test_hostile_text_is_escaped():
    body = {"by": {"name": HOSTILE}, "reason": HOSTILE, "camera": HOSTILE, "clip": HOSTILE, "state": HOSTILE}
    body |= {"failure": {"stage": HOSTILE, "message": HOSTILE}, "object": {"key": HOSTILE}}
    kinds = [event.__dataclass_fields__["kind"].default for event in events.Event.__args__]
    shown = "".join(format_event(_entry(kind, **body)) for kind in [*kinds, HOSTILE])
    assert "\x1b" not in shown
    assert "\u202e" not in shown
