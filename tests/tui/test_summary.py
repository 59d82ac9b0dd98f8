from datetime import UTC, datetime

from tui import scenes

from mcsyncd import api
from mcsyncd.tui.session.summary import build_summary

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def summarise(session, workers=(), log=(), originals=None):
    return build_summary(session, workers, log, NOW, {"clips": "c", "reject": "x"}, originals=originals)


def entry(kind, **body):
    return api.LogEntryBody(
        seq=1, at="2026-11-23T10:05:00.000000+00:00", session=scenes.SURE, kind=kind, body=body, hash="0"
    )


def test_a_confident_session_has_one_button_and_says_what_makes_it_sure():
    summary = summarise(scenes.session())
    assert (summary.button, summary.action, summary.news) == ("Looks Good", "approve", ())
    assert summary.lines == ("Why: every angle shares 10:01 or more of sound",)


def test_an_unsure_session_says_why_and_asks_for_a_review():
    summary = summarise(scenes.unsure())
    assert (summary.button, summary.action) == ("Review Sync", "review")
    assert "near-equal" in summary.lines[0]


def test_nothing_looks_good_while_an_original_is_missing():
    """What is approved then could not be published."""
    gone = api.OriginalFaultBody(file="cam_b/B.MOV", kind="missing", message="is missing", hint="put it back")
    seen = api.OriginalsBody(checked_at="2026-11-23T11:58:00+00:00", count=4)
    good, missed = summarise(scenes.session(), originals=seen), seen.model_copy(update={"faults": [gone]})
    assert good == summarise(scenes.session())
    summary = summarise(scenes.session(), originals=missed)
    assert (good.action, summary.action, summary.button) == ("approve", "review", "Review Sync")
    assert summary.news[0] == "B.MOV (Cam B) is missing: put it back."


def test_an_error_says_what_failed_what_to_do_and_of_the_originals_only_what_was_seen():
    failed = next(body for body in scenes.queue() if body.state == "failed")
    summary = summarise(failed)
    assert "probe" in summary.headline
    assert summary.lines[:2] == (failed.error.message, f"What to do: {failed.error.hint}")
    assert not [line for line in summary.lines if "original" in line], "nobody looked"
    assert summary.action == "retry"
    seen = api.OriginalsBody(checked_at="2026-11-23T11:58:00+00:00", count=4)
    (said,) = set(summarise(failed, originals=seen).lines) - set(summary.lines)
    assert said == "At 11:58 all 4 originals were there, sizes and dates as recorded."


def test_an_error_that_cannot_be_retried_has_no_button():
    error = api.ErrorBody(stage="publish", message="the copy is wrong", retryable=False)
    assert summarise(scenes.session(state="quarantined", call_to_action=None, error=error)).button is None


def test_a_stale_session_can_be_synced_again():
    assert summarise(scenes.session(state="stale", call_to_action=None)).action == "resync"


def test_a_collecting_session_names_the_missing_cameras_and_can_be_started():
    collecting = next(body for body in scenes.queue() if body.state == "collecting")
    summary = summarise(collecting)
    assert summary.lines[0] == "Waiting for Cam C."
    assert summary.action == "seal"


def test_a_working_session_shows_only_its_own_jobs():
    session = scenes.working()
    jobs = [
        api.WorkerBody(stage="conform", session=session.id, subject="cam_a/A.MOV"),
        api.WorkerBody(stage="conform", session="another", subject="cam_b/B.MOV"),
    ]
    assert [step.subject for step in summarise(session, jobs).steps] == ["cam_a/A.MOV"]
    assert [step.subject for step in summarise(session).steps] == [session.progress.subject]


def test_a_running_session_says_what_it_waits_for():
    error = api.ErrorBody(stage="conform", message="the disk is full", hint="make room", retryable=True)
    assert "the disk is full" in summarise(scenes.working(error=error)).lines


def test_an_approved_session_says_who_when_and_at_what_confidence():
    approved = {"approved_by": "s.okafor", "approved_at": "2026-11-23T09:02:00+00:00", "call_to_action": None}
    (line,) = summarise(scenes.session(state="approved", **approved)).lines
    assert "s.okafor" in line
    assert "09:02" in line
    assert "92%" in line


def test_a_rejected_session_says_who_when_and_why():
    log = [entry("session_rejected", by={"name": "a.ruiz", "uid": 1001}, reason="wrong take")]
    lines = summarise(scenes.session(state="rejected", call_to_action=None), log=log).lines
    assert lines == ("Rejected by a.ruiz · 10:05", "“wrong take”")


def test_a_published_session_says_when_and_where():
    session = scenes.session(state="published", call_to_action=None, manifest_key="sessions/x/manifest.json")
    lines = summarise(session, log=[entry("session_published")]).lines
    assert "Published · 10:05" in lines
    assert "Manifest: sessions/x/manifest.json" in lines
