"""Removing originals, with real files and real stores: whatever is not right, nothing is touched."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from line import Line
from mcsyncd.checks.retention_plan import build_terms, plan_retention
from mcsyncd.checks.verify import verify_media, verify_store
from mcsyncd.model import facts as fa
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.due import list_due_jobs
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.jobs import EmptyTrash, TrashOriginals
from mcsyncd.model.retention_events import RemovalDue
from mcsyncd.model.retention_steps import record_removal
from mcsyncd.model.session import Session
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.store.audit import read_recorded_sessions
from mcsyncd.store.ledger import Ledger
from mcsyncd.workers.retention import remove_originals

LATER = "2099-01-01T00:00:00.000000Z"
OPTIONS = {"storage": "{kind: local, path: var/bucket}\nretention: {originals_after_days: 1, trash_days: 1}"}


@pytest.fixture
def line(shot, tmp_path) -> Line:
    """A copy of a daemon's folder that has published a session and read it back."""
    home = tmp_path / "line"
    shutil.copytree(shot[0], home, symlinks=True)
    return Line(home, dict(OPTIONS), forked=True)


def read_session(line: Line) -> Session:
    return read_recorded_sessions(line.home / "var/state/ledger.db")[-1]


def layout(line: Line) -> WorkLayout:
    return WorkLayout.from_settings(ActiveConfig.read(line.config).settings)


def tell(session: Session, fact: fa.Fact) -> Session:
    for event in decide(session, fact, DecisionContext(0.85, reads_back=True)):
        session = apply_event(session, event)
    return session


def look(line: Line, session: Session) -> tuple[Session, TrashOriginals | EmptyTrash]:
    """The session after a look in a year, and the removal that is due then."""
    terms = build_terms(ActiveConfig.read(line.config).settings, datetime.now(UTC) + timedelta(days=365))
    looked = tell(
        session, fa.LookAfterOriginals(LATER, replace(terms, trashed_before="9", refused_before="9"))
    )
    (job,) = (one for one in list_due_jobs(looked, 0.85) if isinstance(one, TrashOriginals | EmptyTrash))
    return looked, job


def remove(line: Line, session: Session) -> tuple[Session, fa.Removal]:
    looked, job = look(line, session)
    result = remove_originals(job, layout(line), lambda *_: None)
    return tell(looked, fa.JobFinished(LATER, job.id, result)), result


def list_originals(line: Line) -> dict[str, bytes]:
    folder = next((line.home / "var/work/sessions").iterdir())
    return {
        path.name: path.read_bytes()
        for part in ("original", "trash")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file() and path.parent.name != "ascmhl"  # the session's own hash history
    }


def test_they_go_to_the_trash_then_away_and_the_stores_have_them(line):
    before, settings = list_originals(line), ActiveConfig.read(line.config).settings
    trashed, result = remove(line, read_session(line))
    assert not result.refused
    assert list_originals(line) == before
    places = {clip.key: layout(line).resolve_path(clip.place) for clip in trashed.clips}
    assert {path.read_bytes() for path in places.values()} == set(before.values())
    assert all("trash" in path.parts for path in places.values())

    deleted, result = remove(line, trashed)
    assert not result.refused
    assert list_originals(line) == {}
    assert deleted.is_finished
    for storage in settings.stores:
        assert verify_store(settings, storage, None).findings == ()


def overwrite_original(line: Line) -> None:
    path = next(path for path in (line.home / "var/work").rglob("original/cam_*/*") if path.is_file())
    path.write_bytes(os.urandom(path.stat().st_size))


def lose_original(line: Line) -> None:
    next(path for path in (line.home / "var/work").rglob("original/cam_*/*") if path.is_file()).unlink()


def lose_stored_original(line: Line) -> None:
    next(path for path in (line.home / "var/bucket/v1/orig").rglob("*") if path.is_file()).unlink()


def withdraw(line: Line) -> None:
    head = next((line.home / "var/bucket/head").iterdir())
    text = head.read_text().replace('"current"', '"withdrawn"')
    head.chmod(0o600)
    head.write_text(text)


def change_manifest(line: Line) -> None:
    manifest = next((line.home / "var/bucket/v1/manifest").rglob("*.json"))
    manifest.chmod(0o600)
    manifest.write_text(manifest.read_text().replace("cam_a", "cam_x"))


def unmount(line: Line) -> None:
    (line.home / "var/bucket").rename(line.home / "gone")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (overwrite_original, "is not the file that was published"),
        (lose_original, "missing"),
        (lose_stored_original, "not in the store"),
        (withdraw, "no longer holds"),
        (change_manifest, "is not the manifest that was published"),
        (unmount, "no identity"),
    ],
)
def test_whatever_is_not_right_nothing_is_touched(line, harm, why):
    session = read_session(line)
    harm(line)
    before = list_originals(line)
    after, result = remove(line, session)
    assert why in result.refused
    assert result.paths == ()
    assert list_originals(line) == before
    assert after.retention.reason == result.refused


def test_a_crash_between_the_move_and_its_record_is_made_good(line):
    looked, job = look(line, read_session(line))
    first = remove_originals(job, layout(line), lambda *_: None)
    assert remove_originals(job, layout(line), lambda *_: None) == first
    trashed = tell(looked, fa.JobFinished(LATER, job.id, first))
    expired, job = look(line, trashed)
    first = remove_originals(job, layout(line), lambda *_: None)
    assert remove_originals(job, layout(line), lambda *_: None) == first
    assert tell(expired, fa.JobFinished(LATER, job.id, first)).retention.state == "deleted"


def test_what_was_moved_before_a_crash_is_put_back_if_it_may_not_go_any_more(line):
    _, job = look(line, read_session(line))
    places = [layout(line).resolve_path(clip.place) for clip in job.clips]
    remove_originals(job, layout(line), lambda *_: None)
    assert not any(place.exists() for place in places)
    lose_stored_original(line)
    assert remove_originals(job, layout(line), lambda *_: None).refused
    assert all(place.is_file() for place in places)


def test_all_stay_if_one_of_them_cannot_be_moved(line):
    _, job = look(line, read_session(line))
    places = [layout(line).resolve_path(clip.place) for clip in job.clips]
    last = job.clips[-1]
    blocked = layout(line).locate_trash(job.session) / last.camera / last.name
    blocked.parent.mkdir(parents=True)
    blocked.write_bytes(b"something else")
    with pytest.raises(FileExistsError):
        remove_originals(job, layout(line), lambda *_: None)
    assert all(place.is_file() for place in places)


def test_nothing_that_somebody_put_into_the_trash_takes_the_place_of_an_original(line):
    _, job = look(line, read_session(line))
    clip = job.clips[0]
    place, in_trash = layout(line).resolve_path(clip.place), layout(line).locate_trash(job.session)
    place.unlink()
    other = in_trash / clip.camera / clip.name
    other.parent.mkdir(parents=True)
    other.write_bytes(bytes(clip.bytes))
    assert remove_originals(job, layout(line), lambda *_: None).refused
    assert not place.exists()


def delete_originals(line: Line) -> str:
    """Let the originals of the only session go, as a daemon does in the course of a year; return its id."""
    session = read_session(line)
    with Ledger(line.home / "var/state", "test") as ledger:
        for _ in ("to the trash", "away"):
            looked, job = look(line, session)
            result = remove_originals(job, layout(line), lambda *_: None)
            due = RemovalDue(LATER, looked.retention.min_copies, from_trash=isinstance(job, EmptyTrash))
            session = tell(looked, fa.JobFinished(LATER, job.id, result))
            ledger.record(session, (due, *record_removal(result, LATER)))
    assert session.are_originals_deleted
    return session.id


def test_what_is_published_can_be_replaced_although_its_originals_were_deleted(line, shoot, tmp_path):
    session = delete_originals(line)
    line.start()
    longer = line.drop / "cam_a" / shoot.files["cam_a"].name
    longer.write_bytes(shoot.files["cam_a"].read_bytes() + b"\0\0\0\x10free" + bytes(8))
    line.wait(lambda: "whose originals were deleted" in line.ask("status").stdout, "the copy is refused")
    assert line.session()["state"] == "published"
    refused = line.ask("reopen", session, "--reason", "look", check=False)
    assert f"mcsyncd reject {session}" in refused.stderr

    longer.unlink()
    line.ask("restore", session, "--into", str(tmp_path / "back"), "--only", "originals")
    told = line.ask("reject", session, "--reason", "cam_b is late").stdout
    assert f"to get them back: mcsyncd restore {session}" in told
    head = line.home / f"var/bucket/head/{session}.json"
    line.wait(lambda: json.loads(head.read_text())["state"] == "withdrawn", "readers are told")
    for camera in shoot.files:
        line.drop_in({camera: next((tmp_path / "back/original" / camera).iterdir())})
    assert line.wait_for("in_review", count=2)["id"] != session
    assert line.stop() == 0


def test_the_plan_says_what_stays_and_why(line):
    settings = ActiveConfig.read(line.config).settings
    (plan,) = plan_retention(settings)
    assert (plan.originals, plan.may_go) == (3, False)
    assert "too recently" in plan.sentence
    assert "too recently" in line.ask("retention").stdout
    line.configure(storage="{kind: local, path: var/bucket}")
    assert "retention is off" in line.ask("retention").stdout
    assert verify_media(settings, None).findings == ()
