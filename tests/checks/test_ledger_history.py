"""What a ledger ought to know: sessions in the work folder, manifests in work folder and store."""

from __future__ import annotations

import json
import os

import pytest
from store.test_ledger import record_session

from line import Line
from mcsyncd.checks import ledger_history
from mcsyncd.checks.ledger_history import find_history_gaps, require_known_history
from mcsyncd.checks.ledger_recovery import accept_history
from mcsyncd.errors import LedgerMismatch, StorageError, UsageError
from mcsyncd.publish.local import LocalStore
from mcsyncd.settings.load import load_settings
from mcsyncd.store.ledger import Ledger

KNOWN, OTHER, THIRD = "20261123-091502-k7q", "20261124-091502-aaa", "20261125-091502-bbb"


@pytest.fixture
def settings(tmp_path):
    return load_settings(Line(tmp_path / "home").config)


@pytest.fixture
def ledger(settings):
    """The path of a ledger that knows one session."""
    with Ledger(settings.paths.state, "1.0") as made:
        record_session(made, KNOWN)
    return made.path


def publish(settings, session, head):
    """Leave what a published session leaves: a copy in the work folder, manifest and pointer in the store."""
    manifest = json.dumps({"session": {"id": session}, "chain_head": head})
    key = f"v1/manifest/{session}/000001-{head[:16]}.json"
    for path, text in (
        (settings.paths.work / f"sessions/{session}/manifest/000001.json", manifest),
        (settings.storage.path / key, manifest),
        (settings.storage.path / f"head/{session}.json", json.dumps({"manifest_key": key})),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def list_marks(settings, ledger):
    return {gap.mark for gap in find_history_gaps(settings, ledger)[0]}


def test_a_first_start_has_nothing_to_compare(settings):
    require_known_history(settings, settings.paths.state / "ledger.db")


def test_a_ledger_that_knows_everything_fits(settings, ledger):
    (settings.paths.work / "sessions" / KNOWN / "original").mkdir(parents=True)
    (settings.paths.work / "sessions" / OTHER).mkdir()  # empty: nothing is lost
    (settings.paths.work / "sessions" / "notes" / "x").mkdir(parents=True)
    require_known_history(settings, ledger)


def test_a_known_session_that_was_published_at_a_point_the_ledger_does_not_have(settings, ledger):
    publish(settings, KNOWN, "e" * 64)
    assert list_marks(settings, ledger) == {f"manifest:{KNOWN}:{'e' * 64}"}
    with pytest.raises(LedgerMismatch, match="is older than what was made with it"):
        require_known_history(settings, ledger)


def test_what_was_accepted_stays_accepted_and_what_comes_later_does_not(settings):
    path = settings.paths.state / "ledger.db"
    for session in (OTHER, THIRD):
        publish(settings, session, "a" * 64)
    with pytest.raises(LedgerMismatch, match="is empty or missing"):
        require_known_history(settings, path)
    assert accept_history(settings, "a new beginning")
    require_known_history(settings, path)
    with Ledger(settings.paths.state, "1.0") as ledger:
        record_session(ledger, KNOWN)
    require_known_history(settings, path)
    with pytest.raises(UsageError, match="nothing to accept"):
        accept_history(settings, "again")
    publish(settings, "20261126-091502-ccc", "b" * 64)
    assert all("ccc" in mark for mark in list_marks(settings, path))
    assert list_marks(settings, path)


@pytest.mark.parametrize("error", [StorageError("no route to the store", ""), OSError("i/o error")])
def test_a_store_that_fails_has_no_say(settings, ledger, monkeypatch, error):
    def fail(*_):
        raise error

    publish(settings, OTHER, "a" * 64)
    monkeypatch.setattr(LocalStore, "list_objects", fail)
    marks = list_marks(settings, ledger)
    assert f"session:{OTHER}" in marks
    assert not any(mark.startswith("published:") for mark in marks)


def test_a_store_that_does_not_answer_holds_up_a_start_for_a_limited_time(settings, ledger, monkeypatch):
    import threading  # noqa: PLC0415  # only here

    gate = threading.Event()
    monkeypatch.setattr(ledger_history, "_STORE_LIMIT_S", 0.1)
    monkeypatch.setattr(LocalStore, "list_objects", lambda *_: gate.wait() and ())
    require_known_history(settings, ledger)
    gate.set()


def test_the_newest_manifests_are_compared_however_many_there_are(settings, ledger):
    for number in range(30):
        publish(settings, KNOWN if number == 17 else f"20261101-0915{number:02}-abc", f"{number:064}")
    newest = settings.paths.work / "sessions" / KNOWN / "manifest"
    os.utime(newest, (2e9, 2e9))
    assert f"manifest:{KNOWN}:{17:064}" in list_marks(settings, ledger)
