"""The drill: everything but the bucket is destroyed, and comes back equal, the approval included."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from checks.test_ledger_snapshots import read_rows

from line import Line


@pytest.fixture(scope="module")
def lost(tmp_path_factory, shot) -> tuple[Path, Path, dict]:
    """A home in which only the bucket is left, a copy of it from before, and the published session."""
    home, kept = tmp_path_factory.mktemp("drill") / "home", tmp_path_factory.mktemp("kept") / "home"
    shutil.copytree(shot[0], home)
    for made in ("state/backups", "bucket/v1/db"):  # a copy from before, if the daemon has made one
        shutil.rmtree(home / "var" / made, ignore_errors=True)
    line = Line(home, forked=True).start()
    line.wait(lambda: list_snapshots(home), "the snapshot is in the store")
    line.stop()
    shutil.copytree(home, kept)
    for folder in ("work", "state", "drop"):
        shutil.rmtree(home / "var" / folder)
    line.config.unlink()
    return home, kept, shot[1]


@pytest.fixture
def line(lost, tmp_path):
    """A new machine: the settings, written again, and the bucket."""
    shutil.copytree(lost[0], tmp_path / "home")
    made = Line(tmp_path / "home", forked=True)
    assert sorted(path.name for path in (made.home / "var").iterdir()) == ["bucket"]
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()


def list_snapshots(home: Path) -> list[Path]:
    return [path for path in (home / "var/bucket/v1/db").rglob("*.gz") if path.is_file()]


def read_approvals(var: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(var / "state/ledger.db")) as db:
        return db.execute("SELECT session_id, approved_by, approved_at FROM forensics").fetchall()


def hash_files(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_a_machine_that_was_lost_comes_back_from_the_bucket(line, lost):
    _, kept, published = lost
    session, var = published["id"], line.home / "var"
    told = line.ask("restore", "--ledger").stdout
    assert "restored from v1/db/" in told
    assert "the ledger does not know it" not in told
    ledger, before = read_rows(var / "state/ledger.db"), read_rows(kept / "var/state/ledger.db")
    assert ledger == before
    assert read_approvals(var) == [(session, published["approved_by"], published["approved_at"])]

    into = var / "work/sessions" / session
    line.ask("restore", session, "--into", str(into), "--only", "originals")
    old = kept / "var/work/sessions" / session
    for folder in (*(path.relative_to(old) for path in (old / "original").glob("cam_*")), "manifest"):
        assert hash_files(into / folder) == hash_files(old / folder)
        assert hash_files(into / folder)
    mtimes = {path.name: path.stat().st_mtime_ns for path in (old / "original").rglob("cam_*/*.*")}
    assert {path.name: path.stat().st_mtime_ns for path in (into / "original").rglob("cam_*/*.*")} == mtimes
    for what in ("log", "store"):
        assert line.json("verify", what)["faults"] == []

    line.start()
    assert line.session() == published
    assert json.loads(line.ask("manifest", session).stdout)["approved_by"] == published["approved_by"]
    line.ask("reopen", session, "--revision", "1", "--reason", "once more")
    line.ask("approve", session, "--revision", "2")
    assert line.wait_for("published")["revision"] == 2


def test_every_stored_object_comes_back_under_a_name(line, lost, tmp_path):
    _, kept, published = lost
    session, into = published["id"], tmp_path / "restored"
    assert "nothing is missing" in line.ask("restore", session, "--into", str(into)).stdout
    stored = {
        name: sha256
        for folder in ("orig", "mezz", "proxy", "wave", "sprite", "manifest")
        for name, sha256 in hash_files(line.home / "var/bucket/v1" / folder / session).items()
    }
    found = hash_files(into)
    assert sorted(found.values()) == sorted(stored.values())
    assert set(found.values()) <= set(hash_files(kept / "var/work/sessions" / session).values())
    for track in into.glob("sprites/*/*/*.vtt"):
        for sheet in {text.partition("#")[0] for text in track.read_text().split() if ".jpg#" in text}:
            assert (track.parent / sheet).is_file()
    again = line.ask("restore", session, "--into", str(into)).stdout
    assert f"0 files restored, {len(found)} were there" in again
    assert not (line.home / "var/state").exists(), "a session needs no ledger"
