from datetime import UTC, datetime

from tui import scenes

from mcsyncd import api
from mcsyncd.tui.session.summary import ORIGINALS_SAFE, build_summary

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def tell(session, workers=(), log=()):
    return build_summary(session, workers, log, NOW)


def entry(kind, **body):
    return api.LogEntryBody(
        seq=1, at="2026-11-23T10:05:00.000000+00:00", session=scenes.SURE, kind=kind, body=body, hash="0"
    )


def test_sure_has_one_button_and_no_why():
    told = tell(scenes.session())
    assert (told.button, told.action, told.lines) == ("Looks Good", "approve", ())


def test_unsure_says_why_and_asks_to_review():
    told = tell(scenes.unsure())
    assert (told.button, told.action) == ("Review Sync", "review")
    assert "near-equal" in told.lines[0]


def test_an_error_says_what_failed_what_to_do_and_what_is_safe():
    failed = next(body for body in scenes.queue() if body.state == "failed")
    told = tell(failed)
    assert "probe" in told.headline
    assert told.lines == (failed.error.message, f"What to do: {failed.error.hint}", ORIGINALS_SAFE)
    assert told.action == "retry"


def test_what_cannot_be_retried_has_no_button():
    error = api.ErrorBody(stage="publish", message="the copy is wrong", retryable=False)
    assert tell(scenes.session(state="quarantined", call_to_action=None, error=error)).button is None


def test_stale_is_synced_again():
    assert tell(scenes.session(state="stale", call_to_action=None)).action == "resync"


def test_collecting_says_who_is_missing_and_can_be_started():
    collecting = next(body for body in scenes.queue() if body.state == "collecting")
    told = tell(collecting)
    assert told.lines[0] == "Waiting for Cam C."
    assert told.action == "seal"


def test_working_shows_its_own_jobs_only():
    session = scenes.working()
    jobs = [
        api.WorkerBody(stage="conform", session=session.id, subject="cam_a/A.MOV"),
        api.WorkerBody(stage="conform", session="another", subject="cam_b/B.MOV"),
    ]
    assert [step.subject for step in tell(session, jobs).steps] == ["cam_a/A.MOV"]
    assert [step.subject for step in tell(session).steps] == [session.progress.subject]


def test_a_running_session_that_waits_says_for_what():
    error = api.ErrorBody(stage="conform", message="the disk is full", hint="make room", retryable=True)
    assert "the disk is full" in tell(scenes.working(error=error)).lines


def test_approved_says_who_when_and_how_sure_the_solver_was():
    approved = {"approved_by": "s.okafor", "approved_at": "2026-11-23T09:02:00+00:00", "call_to_action": None}
    (line,) = tell(scenes.session(state="approved", **approved)).lines
    assert "s.okafor" in line
    assert "09:02" in line
    assert "92%" in line


def test_rejected_says_who_when_and_why():
    log = [entry("session_rejected", by={"name": "a.ruiz", "uid": 1001}, reason="wrong take")]
    lines = tell(scenes.session(state="rejected", call_to_action=None), log=log).lines
    assert lines == ("Rejected by a.ruiz · 10:05", "“wrong take”")


def test_published_says_when_and_where():
    session = scenes.session(state="published", call_to_action=None, manifest_key="sessions/x/manifest.json")
    lines = tell(session, log=[entry("session_published")]).lines
    assert "Published · 10:05" in lines
    assert "Manifest: sessions/x/manifest.json" in lines
