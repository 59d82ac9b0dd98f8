from __future__ import annotations

from mcsyncd import api
from mcsyncd.cli import reports

HOSTILE = "x[/]\x1b[2J\u202e.MP4"


def session(**more) -> api.SessionBody:
    clips = [api.ClipBody(name=HOSTILE, bytes=1, warnings=[f"{HOSTILE} is odd"])]
    body = {
        "id": "20261123-091502-k7q",
        "state": "in_review",
        "revision": 3,
        "call_to_action": "looks_good",
        "sync_confidence": 0.8499,
        "sync_method": "audio-corr",
        "offsets_ms": {"cam_a": 0.0, "cam_b": None},
        "drift_ppm": {"cam_a": 0.0, "cam_b": 11.8},
        "reasons": [api.ReasonBody(code="unreadable", subject=HOSTILE, text=HOSTILE)],
        "cameras": {
            "cam_a": api.CameraBody(label="Cam A", clips=clips),
            "cam_b": api.CameraBody(label=HOSTILE, clips=[]),
        },
    }
    return api.SessionBody.model_validate(body | more)


def test_nothing_from_outside_reaches_the_terminal_raw():
    failed = session(state="failed", error=api.ErrorBody(stage="probe", message=HOSTILE, hint=HOSTILE))
    entry = api.LogEntryBody(seq=1, at="t", session="s", kind="k", body={"name": HOSTILE}, hash="h")
    shown = "\n".join(
        [
            *reports.format_session(session()),
            *reports.format_session(failed),
            reports.format_session_line(failed),
            reports.format_log_line(entry),
        ]
    )
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_session_says_what_to_do_next():
    shown = "\n".join(reports.format_session(session()))
    assert "Sync Confidence: 84%" in shown
    assert "mcsyncd approve 20261123-091502-k7q --revision 3" in shown
    assert "not placed" in shown
    assert "drift +11.8 ppm" in shown


def test_a_review_names_each_camera_by_label_and_key():
    angles = {
        "cam_b": api.AngleBody(confidence=0.71, candidates=[api.CandidateBody(offset_ms=-134, score=0.86)])
    }
    cameras = {key: api.CameraBody(label=label) for key, label in (("cam_a", "Cam A"), ("cam_b", "Cam B"))}
    lines = [*reports.format_candidates(session(angles=angles, cameras=cameras))]
    assert lines == ["  Cam B (cam_b): confidence 71%; candidates: −134 ms (0.86)"]  # noqa: RUF001  # the sign that is meant


def test_the_log_is_sentences():
    body = {"camera": "cam_b", "offset_us": 87_000, "by": {"name": "ana"}, "revision": 2}
    entry = api.LogEntryBody(
        seq=7, at="2026-11-23T09:15:02Z", session="s", kind="offset_nudged", body=body, hash="h"
    )
    line = reports.format_log_line(entry, {"cam_b": "Cam B"})
    assert line.endswith(":02  s  Cam B moved to +87 ms by ana (revision 2)")
    assert line.startswith("     7  2026-11-2")


def test_a_followed_stream_is_lines():
    event = api.StreamEventBody(
        what="event", session="s", seq=1, kind="session_approved", at="2026-11-23T09:15:02Z"
    )
    assert reports.format_stream_event(event).endswith(":02  s  Session approved")
    step = api.ProgressBody(stage="conform", done=0.5, eta_s=42)
    progress = api.StreamEventBody(what="progress", session="s", progress=step)
    assert reports.format_stream_event(progress).strip() == "s  conform · 50% · 0:42 left"
    assert reports.format_stream_event(api.StreamEventBody(what="heartbeat")) is None
