"""The ledger against real SQLite files, including what an intruder does to them."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from mcsyncd.errors import LedgerDamaged, McsyncError
from mcsyncd.model import facts as fa
from mcsyncd.model.clip import DropFile
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.due import list_due_jobs
from mcsyncd.model.events import DropFilesChanged, Event, SessionAligned, SessionOpened
from mcsyncd.model.evolve import apply_event, apply_events, replay_events
from mcsyncd.model.holding import Holding
from mcsyncd.model.publishing import HeadState, StoreHead
from mcsyncd.model.session import Session, State
from mcsyncd.store.audit import audit_ledger, read_recorded_sessions
from mcsyncd.store.chain import ChainWalk, LogEntry, compute_row_hash, seal_entry
from mcsyncd.store.codec import event_from_json, json_from_event, json_from_session
from mcsyncd.store.database import NEWEST_STEP
from mcsyncd.store.ledger import Ledger
from mcsyncd.store.migrations import ledger_migrations
from shoots import AT, DROPPED, NTSC, OFFSETS, OKAFOR, TERMS, alignment, result_of
from simulation import World

THRESHOLD = 0.85


def decide_and_apply(session: Session, fact: fa.Fact) -> tuple[Session, tuple[Event, ...]]:
    events = decide(session, fact, DecisionContext(THRESHOLD))
    for event in events:
        session = apply_event(session, event)
    return session, events


def record_session(ledger: Ledger, session_id: str, until: State = State.APPROVED) -> Session:
    """Drive a session to `until` and record every step as the daemon does."""
    session = Session(session_id, AT)
    ledger.record(session, [SessionOpened(AT, session_id)])

    def submit(fact):
        nonlocal session
        session, events = decide_and_apply(session, fact)
        if events:
            ledger.record(session, events)

    submit(fa.FilesSettled(AT, DROPPED))
    submit(fa.Seal(AT, TERMS))
    while session.state is State.WORKING:
        job = list_due_jobs(session, THRESHOLD)[0]
        submit(fa.JobFinished(AT, job.id, result_of(job)))
    submit(fa.Nudge(AT, OKAFOR, 1, "cam_c", 90_000))
    if until is State.APPROVED:
        submit(fa.Approve(AT, OKAFOR, 2))
    return session


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def test_what_is_recorded_is_read_back_after_a_restart(state):
    with Ledger(state, "1.0") as ledger:
        one, two = (
            record_session(ledger, "20261123-091502-k7q"),
            record_session(ledger, "20261124-091502-aaa", State.IN_REVIEW),
        )
    with Ledger(state, "1.0") as ledger:
        assert ledger.read_unfinished_sessions() == (one, two)
    assert read_recorded_sessions(state / "ledger.db") == (one, two)


def test_the_forensics_view_has_one_row_for_each_revision(state):
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, "20261123-091502-k7q")
    with closing(sqlite3.connect(state / "ledger.db")) as db:
        db.row_factory = sqlite3.Row
        first, second = db.execute("SELECT * FROM forensics").fetchall()
    assert (first["revision"], first["sync_method"], first["approved_by"]) == (1, "audio-corr", None)
    assert json.loads(first["offsets"]) == OFFSETS
    assert (second["revision"], second["sync_method"]) == (2, "manual")
    assert json.loads(second["offsets"]) == OFFSETS | {"cam_c": 90_000}
    assert first["sync_confidence"] == second["sync_confidence"] == 0.92
    assert (second["approved_by"], second["approved_uid"], second["approved_at"]) == ("s.okafor", 1001, AT)
    assert json.loads(second["profile_hashes"]) == {"mezz-h264": "a" * 64, "proxy-540p": "b" * 64}
    assert second["tool_version"] == "1.0"


@pytest.mark.parametrize(
    "crime",
    [
        "UPDATE event SET body = body WHERE seq = 2",
        "DELETE FROM event WHERE seq = 2",
        "REPLACE INTO event SELECT * FROM event WHERE seq = 2",
        "INSERT INTO event SELECT seq + 100, 1, session_id, at, kind, 'x', body, previous, 'x' FROM event",
        "INSERT INTO event SELECT max(seq) + 1, 1, session_id, at, kind, 'x', body, 'no', 'x' FROM event",
    ],
)
def test_events_are_only_ever_appended(state, crime):
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, "20261123-091502-k7q")
    db = sqlite3.connect(state / "ledger.db")
    db.execute("PRAGMA recursive_triggers = ON")
    with pytest.raises(sqlite3.IntegrityError, match=r"append-only|chain"):
        db.execute(crime)
    db.close()
    assert audit_ledger(state / "ledger.db").faults == ()


def edit(state, statement, *parameters):
    """Edit the ledger as somebody would who knows SQLite: without the triggers."""
    db = sqlite3.connect(state / "ledger.db")
    for trigger in ("event_is_never_changed", "event_is_never_removed"):
        db.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    db.execute(statement, parameters)
    db.commit()
    db.close()


@pytest.mark.parametrize("seq", [1, 4, 9])
@pytest.mark.parametrize(
    "column", ["format", "session_id", "at", "kind", "tool_version", "body", "previous", "hash"]
)
def test_the_check_finds_a_single_changed_byte(state, seq, column):
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, "20261123-091502-k7q")
    db = sqlite3.connect(state / "ledger.db")
    (text,) = db.execute(f"SELECT {column} FROM event WHERE seq = ?", (seq,)).fetchone()
    db.close()
    if column == "format":
        forged = 2
    elif column == "body":  # stays JSON: one digit of the time becomes another
        forged = text.replace("2026-11-23T09", "2026-11-23T08", 1)
    else:
        forged = text[:-1] + ("0" if text[-1:] != "0" else "1") if text else "x"
    edit(state, f"UPDATE event SET {column} = ? WHERE seq = ?", forged, seq)
    assert audit_ledger(state / "ledger.db").faults


def test_the_check_names_the_row_after_a_forged_approval(state):
    """The forger knows the rules: the row's own hash fits, and so does the session's row."""
    session_id = "20261123-091502-k7q"
    with Ledger(state, "1.0") as ledger:
        session = record_session(ledger, session_id)
        approval = ledger.read_entries()[-1]
        ledger.record(session, decide_and_apply(session, fa.Reopen(AT, OKAFOR, 2, "look again"))[1])
    assert approval.kind == "session_approved"
    forged = seal_entry(replace(approval, body=approval.body.replace("s.okafor", "a.nobody")))
    edit(state, "UPDATE event SET body = ?, hash = ? WHERE seq = ?", forged.body, forged.hash, forged.seq)
    with closing(sqlite3.connect(state / "ledger.db")) as db:
        bodies = [body for (body,) in db.execute("SELECT body FROM event ORDER BY seq")]
    replayed = replay_events(event_from_json(body) for body in bodies)
    edit(state, "UPDATE session SET body = ?", json_from_session(replayed))
    assert audit_ledger(state / "ledger.db").faults == (
        f"event {forged.seq + 1} does not continue event {forged.seq}",
    )


def test_the_hash_of_a_row_is_that_of_its_format_for_good():
    """A later column gets a format of its own: this hash must never change."""
    entry = LogEntry(1, 7, "20261123-091502-k7q", AT, "session_opened", "0.1.0", '{"a":"é"}', "f" * 64)
    columns = [1, 7, "20261123-091502-k7q", AT, "session_opened", "0.1.0", '{"a":"é"}', "f" * 64]
    assert compute_row_hash(entry) == hashlib.sha256(json.dumps(columns).encode()).hexdigest()
    assert compute_row_hash(entry) == "d58d9260aacd379a0fb90243c71811d62c43190e84e21f7cddaad320768d8e29"


def test_a_row_of_a_later_format_is_reported_and_not_guessed_at():
    later = LogEntry(2, 1, "s", AT, "session_opened", "9.0", "{}", "", "e" * 64)
    assert ChainWalk().check_entry(later) == ("event 1 has format 2, unknown to this version of mcsyncd",)


def test_the_log_is_read_in_pages_of_all_events_or_of_one_session(state):
    with Ledger(state, "1.0") as ledger:
        for session_id in ("20261123-091502-k7q", "20261124-091502-aaa"):
            record_session(ledger, session_id)
        everything = ledger.read_entries()
        pages, last = [], 0
        while page := ledger.read_entries(after=last, limit=5):
            assert len(page) <= 5
            pages.extend(page)
            last = page[-1].seq
        assert tuple(pages) == everything
        own = ledger.read_entries("20261124-091502-aaa", after=everything[0].seq, limit=3)
        assert [entry.session_id for entry in own] == ["20261124-091502-aaa"] * 3


def test_the_check_finds_what_is_missing_and_what_was_put_into_the_record(state):
    with Ledger(state, "1.0") as ledger:
        record_session(ledger, "20261123-091502-k7q")
    assert audit_ledger(state / "ledger.db").faults == ()
    edit(state, "UPDATE session SET body = replace(body, '90000', '90001')")
    assert any("differs from what" in fault for fault in audit_ledger(state / "ledger.db").faults)
    edit(state, "DELETE FROM event WHERE seq = 5")
    assert any("event 5 is missing" in fault for fault in audit_ledger(state / "ledger.db").faults)


def test_a_second_daemon_on_the_same_ledger_is_refused(state):
    other = (
        "import sys, pathlib; from mcsyncd.store.ledger import Ledger; Ledger(pathlib.Path(sys.argv[1]), '1')"
    )
    with Ledger(state, "1.0"):
        tried = subprocess.run(
            [sys.executable, "-c", other, state], capture_output=True, text=True, check=False
        )
        with pytest.raises(McsyncError, match="another daemon"):
            Ledger(state, "1.0")
    assert tried.returncode
    assert "another daemon" in tried.stderr
    Ledger(state, "1.0").close()


def test_a_file_that_is_no_ledger_is_said_to_be_none(state, tmp_path):
    state.mkdir()
    (state / "ledger.db").write_bytes(b"not a database, but a text of some length" * 100)
    assert audit_ledger(state / "ledger.db").faults
    with pytest.raises(LedgerDamaged, match="not a database"):
        Ledger(state, "1.0")
    with pytest.raises(McsyncError, match="no such ledger"):
        audit_ledger(tmp_path / "nowhere.db")


def test_a_killed_writer_leaves_whole_transactions(state):
    """kill -9 in the middle of recording: what was acknowledged is there, and the chain is whole."""
    script = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from shoots import AT, DROPPED
from mcsyncd.model.events import DropFilesChanged, SessionOpened
from mcsyncd.model.session import Session
from mcsyncd.store.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]), "1")
for number in range(10_000):
    session = Session(f"s{number:05}", AT, drop_files=DROPPED)
    ledger.record(session, [SessionOpened(AT, session.id), DropFilesChanged(AT, DROPPED)])
    print(number, flush=True)
"""
    tests = str(Path(__file__).parents[1])
    writer = subprocess.Popen([sys.executable, "-c", script, state, tests], stdout=subprocess.PIPE, text=True)
    acknowledged = -1
    for line in writer.stdout:
        acknowledged = int(line)
        if acknowledged >= 25:
            writer.kill()
            break
    rest = writer.stdout.read().split()
    writer.wait()
    writer.stdout.close()
    acknowledged = int(rest[-1]) if rest else acknowledged
    found = audit_ledger(state / "ledger.db")
    assert found.faults == ()
    assert found.events % 2 == 0
    assert found.events >= 2 * (acknowledged + 1)


def test_the_stored_form_of_an_event_is_canonical():
    """The chain hashes it: keys in order, nothing between them, names as they are, and no NaN."""
    event = DropFilesChanged(AT, (DropFile("cam_a", "é.MOV", 1, 2),))
    text = json_from_event(event)
    value = json.loads(text)
    assert text == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert list(value) == sorted(value)
    assert "é.MOV" in text
    with pytest.raises(ValueError, match="JSON"):
        json_from_event(SessionAligned(AT, 1, alignment(float("nan")), NTSC))


def test_the_ledger_is_private_and_as_durable_as_sqlite_can_be(tmp_path):
    state = tmp_path / "deep" / "state"
    with Ledger(state, "test") as ledger:
        modes = {path.name: path.stat().st_mode & 0o777 for path in (state, *state.glob("*"))}
        pragmas = {
            name: ledger._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "trusted_schema",
                "recursive_triggers",
            )
        }
    assert modes["state"] == 0o700
    assert modes["ledger.db"] == modes["daemon.lock"] == 0o600
    full = 2
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "recursive_triggers": 1,
    }


def test_a_refused_daemon_is_told_which_process_holds_the_ledger(state):
    with Ledger(state, "test"), pytest.raises(McsyncError, match=rf"process {os.getpid()}\)"):
        Ledger(state, "test")


def test_a_check_counts_all_events_and_returns_the_last_hash(state):
    with Ledger(state, "test") as ledger:
        record_session(ledger, "20261123-091502-k7q")
        seq, head = ledger.read_head()
    found = audit_ledger(state / "ledger.db")
    assert (found.events, found.head) == (seq, head)
    assert seq > 1


def test_a_check_goes_on_after_the_first_broken_session(state):
    names = ("20261123-091502-k7q", "20261124-091502-k7q")
    with Ledger(state, "test") as ledger:
        for name in names:
            record_session(ledger, name)
    with closing(sqlite3.connect(state / "ledger.db")) as db, db:
        db.execute("UPDATE session SET body = '{}'")
    faults = audit_ledger(state / "ledger.db").faults
    assert all(any(name in fault for fault in faults) for name in names)
    with pytest.raises(McsyncError):
        read_recorded_sessions(state / "ledger.db")


def test_a_check_changes_nothing(state):
    with Ledger(state, "test") as ledger:
        record_session(ledger, "20261123-091502-k7q")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in state.glob("*.db")}
    audit_ledger(state / "ledger.db")
    read_recorded_sessions(state / "ledger.db")
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in state.glob("*.db")} == before


def test_what_was_taken_in_is_found_by_its_name_in_either_form_of_its_accents(state):
    clip = next(file for file in DROPPED if file.camera == "cam_b")
    composed = replace(clip, name="caf\N{LATIN SMALL LETTER E WITH ACUTE}.MOV")
    decomposed = replace(clip, name="cafe\N{COMBINING ACUTE ACCENT}.MOV")
    for taken, dropped in ((composed, decomposed), (decomposed, composed)):
        session = Session(f"20261123-091502-{len(taken.name)}", AT)
        files = (*(file for file in DROPPED if file.camera != "cam_b"), taken)
        with Ledger(state, "test") as ledger:
            ledger.record(session, [SessionOpened(AT, session.id)])
            for fact in (fa.FilesSettled(AT, files), fa.Seal(AT, TERMS)):
                session, events = decide_and_apply(session, fact)
                ledger.record(session, events)
            assert session.id in {one.session for one in ledger.find_taken_files((dropped,))[0]}


def test_what_was_taken_in_is_found_by_name_and_by_content(state):
    """And no longer once it was returned."""
    dropped = tuple(replace(file, sample=f"sample of {file.name}") for file in DROPPED)
    clip = next(file for file in dropped if file.camera == "cam_b")
    named, renamed = replace(clip, sample="other"), replace(clip, name="B001 (1).MOV")
    stranger = replace(clip, camera="cam_a", name="Z.MOV", sample="other")
    session = Session("20261123-091502-k7q", AT)
    with Ledger(state, "test") as ledger:
        ledger.record(session, [SessionOpened(AT, session.id)])
        for fact in (fa.FilesSettled(AT, dropped), fa.Seal(AT, TERMS)):
            session, events = decide_and_apply(session, fact)
            ledger.record(session, events)
        by_name, by_content, unrelated = ledger.find_taken_files((named, renamed, stranger))
        assert [one.file for one in by_name] == [one.file for one in by_content] == [clip]
        assert by_name[0].session == session.id
        assert unrelated == ()

        (offload,) = list_due_jobs(session, THRESHOLD)
        left = replace(result_of(offload), left=((clip.key, "Permission denied"),))
        session, events = decide_and_apply(session, fa.JobFinished(AT, offload.id, left))
        ledger.record(session, events)
        assert ledger.find_taken_files((named,))[0][0].left_behind

        for fact in (fa.Reject(AT, OKAFOR, 0, "again"), fa.ReturnOriginals(AT, OKAFOR)):
            session, events = decide_and_apply(session, fact)
            ledger.record(session, events)
        assert [one.id for one in ledger.read_unfinished_sessions()] == [session.id], (
            "its files are on their way"
        )
        (back,) = list_due_jobs(session, THRESHOLD)
        session, events = decide_and_apply(session, fa.JobFinished(AT, back.id, result_of(back)))
        ledger.record(session, events)
        assert ledger.find_taken_files((named, renamed)) == ((), ())
        assert ledger.read_unfinished_sessions() == ()


def test_a_start_finds_every_session_that_something_may_still_happen_to(tmp_path):
    """Whatever happened to it. Those that are published are looked through later."""
    kept = 0
    for seed in range(30):
        world = World(seed)
        world.run(60)
        with Ledger(tmp_path / str(seed), "test") as ledger:
            for name, events in world.ledger.items():
                session = Session(name, AT)
                for event in events:
                    session = apply_events(session, (event,)) if event is not events[0] else session
                    ledger.record(session, [event])
                    if session.state is State.PUBLISHED:
                        continue
                    found = session in ledger.read_unfinished_sessions()
                    assert found or session.is_finished, (seed, session.state, session.holdings)
                    kept += found and session.state is State.REJECTED
    assert kept


WITHDRAWN = StoreHead(HeadState.WITHDRAWN, 1)


@pytest.mark.parametrize(
    ("known", "is_open"),
    [
        ({}, False),
        ({"released": 1}, True),
        ({"released": 1, "head": WITHDRAWN}, False),
        ({"released": 1, "head": WITHDRAWN, "copies": (Holding("nas"),)}, True),
        ({"released": 1, "head": WITHDRAWN, "copies": (Holding("nas", head=WITHDRAWN),)}, False),
    ],
)
def test_a_start_finds_a_rejected_session_whose_readers_do_not_know(state, known, is_open):
    session = Session("20261123-091502-k7q", AT, State.REJECTED, **known)
    with Ledger(state, "test") as ledger:
        ledger.record(session, [SessionOpened(AT, session.id)])
        assert (session in ledger.read_unfinished_sessions()) is is_open


def test_the_newest_step_is_the_last_one():
    with closing(sqlite3.connect(":memory:")) as db:
        assert [step.name for step in ledger_migrations.pending(Database(db))][-1] == NEWEST_STEP
