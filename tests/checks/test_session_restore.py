"""A session comes back from the store: whole, checked, resumed, and never over what is there."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checks.stored_session import MTIME_NS, SESSION, point_to, store_session

from line import CONFIG, ROOT
from mcsyncd.checks.restore_plan import plan_restore
from mcsyncd.checks.session_restore import require_room, restore_files
from mcsyncd.cli.main import main
from mcsyncd.errors import IntegrityError, McsyncError, StoreOffline, UsageError
from mcsyncd.integrity.derived_file import HOLE_BYTES
from mcsyncd.model.publishing import HeadState
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.published_manifest import read_published_manifest

MIB = 1 << 20
CONTENTS = {"A1.MOV": os.urandom(5 * MIB + 3), "CARD/A2.MOV": b"short", "A3.MOV": b""}


@pytest.fixture
def store(tmp_path) -> LocalStore:
    made = LocalStore(tmp_path / "bucket")
    store_session(made, tmp_path, CONTENTS)
    return made


@pytest.fixture
def into(tmp_path) -> Path:
    return tmp_path / "restored"


@pytest.fixture
def restore(tmp_path, into, capsys):
    """Run the command on a machine that has nothing but the settings; return exit code and what it says."""
    options = {"work": "w", "socket": "s", "quiet": "1s", "conform": "confident", "users": "kim"}
    storage = "{kind: local, path: bucket}"
    text = CONFIG.format(**options, profiles=ROOT / "profiles", storage=storage)
    (tmp_path / "config.yaml").write_text(text)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(
                [
                    "--config",
                    str(tmp_path / "config.yaml"),
                    "restore",
                    SESSION,
                    "--into",
                    str(into),
                    *arguments,
                ]
            )
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def read_files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def locate_object(tmp_path: Path, name: str) -> Path:
    sha256 = hashlib.sha256(CONTENTS[name]).hexdigest()
    return tmp_path / "bucket" / "v1/orig" / SESSION / "cam_a" / f"{sha256}.mov"


def replace_object(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def expect(*names: str) -> dict[str, bytes]:
    return {f"original/cam_a/{name}": CONTENTS[name] for name in names}


def test_a_session_comes_back_with_its_names_times_and_manifest(store, restore, into):
    code, out, _ = restore()
    assert (code, "4 files restored, 0 were there, nothing is missing" in out) == (0, True)
    found = read_files(into)
    assert found.pop("manifest/000001.json") == read_published_manifest(store, SESSION, None).body
    assert found == expect(*CONTENTS)
    assert (into / "original/cam_a/A1.MOV").stat().st_mtime_ns == MTIME_NS


def test_what_is_there_and_right_is_left_alone(store, restore, into):
    restore()
    inodes = {path: path.stat().st_ino for path in into.rglob("*")}
    code, out, _ = restore()
    assert (code, "0 files restored, 4 were there" in out) == (0, True)
    assert {path: path.stat().st_ino for path in into.rglob("*")} == inodes


def test_what_is_there_and_wrong_is_never_overwritten(store, restore, into):
    for name, content in {"A1.MOV": b"mine", "A3.MOV": b"more than nothing"}.items():
        (into / "original/cam_a").mkdir(parents=True, exist_ok=True)
        (into / "original/cam_a" / name).write_bytes(content)
    code, out, err = restore()
    assert (code, "2 missing" in out) == (1, True)
    assert "A1.MOV is another file and was left alone" in err
    assert (into / "original/cam_a/A1.MOV").read_bytes() == b"mine"
    assert (into / "original/cam_a/CARD/A2.MOV").read_bytes() == b"short", "the others come all the same"


def test_a_link_leads_nowhere_else(store, restore, into, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (into / "original").mkdir(parents=True)
    (into / "original/cam_a").symlink_to(tmp_path / "elsewhere")
    code, _, err = restore()
    assert (code, "a link leads out of" in err) == (1, True)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("wrong", ["other", "shorter", "gone"])
def test_an_object_that_is_wrong_is_named_and_does_not_stop_the_others(store, restore, into, tmp_path, wrong):
    path = locate_object(tmp_path, "A1.MOV")
    if wrong == "gone":
        path.unlink()
    else:
        replace_object(path, CONTENTS["A1.MOV"][::-1] if wrong == "other" else b"x")
    code, out, err = restore()
    assert (code, "1 missing" in out) == (1, True)
    assert "original/cam_a/A1.MOV: v1/orig/" in err
    assert "mcsyncd storage repair" in err
    found = read_files(into)
    del found["manifest/000001.json"]
    assert found == expect("CARD/A2.MOV", "A3.MOV"), "nor is a part of it kept"


def test_a_killed_run_is_gone_on_with_and_not_begun_again(store, into, tmp_path):
    child = Path(__file__).with_name("killed_restore.py")
    arguments = [tmp_path / "bucket", SESSION, into, str(2 * MIB)]
    died = subprocess.run([sys.executable, child, *arguments], check=False)
    assert died.returncode == -signal.SIGKILL
    (part,) = into.rglob("*.part")
    assert part.read_bytes() == CONTENTS["A1.MOV"][: part.stat().st_size]
    asked = []

    class WatchedStore(LocalStore):
        def read_object(self, key: str, start: int, length: int) -> Iterator[bytes]:
            asked.append((start, length))
            return super().read_object(key, start, length)

    plan = plan_restore(read_published_manifest(store, SESSION, None).document)
    begun = part.stat().st_size
    outcomes = list(restore_files(WatchedStore(tmp_path / "bucket"), plan.files, into, lambda *_: None))
    assert {one.state for one in outcomes} == {"restored"}
    assert asked[0] == (begun, len(CONTENTS["A1.MOV"]) - begun)
    assert begun >= 2 * MIB
    assert read_files(into) == expect(*CONTENTS)


@pytest.mark.parametrize("left", [b"rubbish", os.urandom(6 * MIB)])
def test_a_part_that_is_wrong_is_begun_again_once(store, restore, into, left):
    sha256 = hashlib.sha256(CONTENTS["A1.MOV"]).hexdigest()
    (into / "original/cam_a").mkdir(parents=True)
    (into / "original/cam_a" / f"{sha256[:16]}.part").write_bytes(left)
    code, _, err = restore()
    assert (code, err) == (0, "")
    assert (into / "original/cam_a/A1.MOV").read_bytes() == CONTENTS["A1.MOV"]
    assert not list(into.rglob("*.part"))


def test_zeros_become_holes(tmp_path, restore, into):
    content = (
        b"head" + bytes(8 * MIB) + os.urandom(HOLE_BYTES) + bytes(HOLE_BYTES // 2) + b"x" + bytes(3 * MIB)
    )
    store_session(LocalStore(tmp_path / "bucket"), tmp_path, {"A1.MOV": content})
    assert restore()[0] == 0
    path = into / "original/cam_a/A1.MOV"
    assert path.read_bytes() == content
    assert path.stat().st_blocks * 512 < MIB


def test_a_disk_without_room_is_said_before_anything_is_written(store, into):
    (file, *_) = plan_restore(read_published_manifest(store, SESSION, None).document).files
    huge = type(file)(file.path, file.key, 1 << 60, file.sha256)
    with pytest.raises(McsyncError, match="are needed and"):
        require_room(into, [huge])
    assert not into.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_fills_up_stops_the_run_and_the_next_goes_on(store, into):
    files = plan_restore(read_published_manifest(store, SESSION, None).document).files
    into.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(into)], check=True)
    try:
        first, *others = restore_files(store, files, into, lambda *_: None)
        assert first.state == "failed"
        assert str(into) in first.sentence
        assert "No space left" in first.sentence
        assert "give the same command again" in first.sentence
        assert {one.state for one in others} == {"skipped"}
        (part,) = into.rglob("*.part")
        assert part.stat().st_size > MIB
        subprocess.run(["mount", "-o", "remount,size=32m", str(into)], check=True)
        assert all(one.is_right for one in restore_files(store, files, into, lambda *_: None))
        assert read_files(into) == expect(*CONTENTS)
    finally:
        subprocess.run(["umount", str(into)], check=True)


def test_a_store_that_goes_away_stops_the_run(store, into):
    class LostStore(LocalStore):
        def stat_object(self, key: str) -> None:
            raise StoreOffline("the store does not answer", "")

    files = plan_restore(read_published_manifest(store, SESSION, None).document).files
    outcomes = list(restore_files(LostStore(into), files, into, lambda *_: None))
    assert [one.state for one in outcomes] == ["failed", "skipped", "skipped"]


def test_a_session_that_was_withdrawn_is_restored_only_on_demand(tmp_path, restore, into):
    store_session(LocalStore(tmp_path / "bucket"), tmp_path, CONTENTS, state=HeadState.WITHDRAWN)
    code, _, err = restore()
    assert (code, into.exists()) == (2, False)
    assert "the session was withdrawn: the lens was dirty" in err
    assert "--anyway" in err
    code, _, err = restore("--anyway")
    assert (code, "was withdrawn" in err) == (0, True)


def test_a_session_that_is_under_review_is_restored_and_says_so(tmp_path, restore):
    store_session(LocalStore(tmp_path / "bucket"), tmp_path, CONTENTS, state=HeadState.UNDER_REVIEW)
    code, _, err = restore()
    assert (code, err) == (0, "the session is under review again: the lens was dirty\n")


def test_an_earlier_revision_is_found_by_the_one_that_followed_it(store, tmp_path):
    first = read_published_manifest(store, SESSION, None)
    sha256 = hashlib.sha256(first.body).hexdigest()
    key = f"v1/manifest/{SESSION}/000001-{sha256[:16]}.json"
    document = first.document | {"revision": 4, "previous": {"revision": 1, "key": key, "sha256": sha256}}
    point_to(store, json.dumps(document).encode(), 4)
    assert read_published_manifest(store, SESSION, None).revision == 4
    assert read_published_manifest(store, SESSION, 1).body == first.body
    with pytest.raises(UsageError, match="no published revision 3"):
        read_published_manifest(store, SESSION, 3)


def test_a_manifest_that_was_changed_is_not_believed(store, tmp_path):
    (path,) = (tmp_path / "bucket/v1/manifest" / SESSION).iterdir()
    replace_object(path, path.read_bytes().replace(b"A1.MOV", b"A9.MOV"))
    with pytest.raises(IntegrityError, match="is not the manifest that was published"):
        read_published_manifest(store, SESSION, None)


@pytest.mark.parametrize("session", ["20261123-091502-zzz", "../../etc", "", "A B"])
def test_a_session_that_is_not_there_is_said(store, session):
    with pytest.raises(UsageError):
        read_published_manifest(store, session, None)


def test_the_report_names_every_file(store, restore, tmp_path):
    locate_object(tmp_path, "A1.MOV").unlink()
    code, out, _ = restore("--json", "--only", "originals")
    told = json.loads(out)
    assert (code, told["session"], told["revision"], told["state"]) == (1, SESSION, 1, "current")
    states = {one["path"]: one["state"] for one in told["files"]}
    assert states == {
        "manifest/000001.json": "restored",
        "original/cam_a/A1.MOV": "failed",
        "original/cam_a/CARD/A2.MOV": "restored",
        "original/cam_a/A3.MOV": "restored",
    }
