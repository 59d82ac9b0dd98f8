"""A store that was damaged behind our back: all of it is found, named, and mended from proven copies."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from line import Line
from mcsyncd.checks.store_repair import RepairStep, repair_store
from mcsyncd.checks.store_survey import read_back, survey_store
from mcsyncd.checks.verify import verify_store
from mcsyncd.errors import McsyncError
from mcsyncd.publish.open_store import open_store
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.work_layout import WorkLayout


@pytest.fixture(scope="module")
def published_line(tmp_path_factory, shoot):
    """A session that was published, reopened with another answer, and published again."""
    line = Line(tmp_path_factory.mktemp("survey"), forked=True).start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait_for("published", patience_s=120)
    line.stop()
    return line


@pytest.fixture
def line(published_line, tmp_path) -> Line:
    """A copy of it, to be damaged."""
    home = tmp_path / "line"
    shutil.copytree(published_line.home, home, symlinks=True)
    copy = Line(home, published_line.options, published_line.environ, forked=True)
    yield copy
    copy.stop()


def bucket(line: Line) -> Path:
    return line.home / "var" / "bucket"


def find(line: Line, folder: str) -> Path:
    return next(path for path in sorted((bucket(line) / folder).rglob("*")) if path.is_file())


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def faults(line: Line, session: str | None = None) -> list[str]:
    """What `verify store` says; in this process, because each command takes a second to start."""
    settings = ActiveConfig.read(line.config).settings
    return list(verify_store(settings, settings.storage, session).findings)


def repair(line: Line, *, deep: bool = False) -> list[RepairStep]:
    """What `storage repair` does."""
    settings = ActiveConfig.read(line.config).settings
    store, layout = open_store(settings.storage), WorkLayout.from_settings(settings)
    survey, _ = read_back(store, survey_store(settings, store), layout, 1.0 if deep else 0.0)
    return list(repair_store(store, survey, layout))


def damage_original(line: Line) -> str:
    path = find(line, "v1/orig")
    overwrite(path, os.urandom(path.stat().st_size))
    return path.name


def lose_proxy(line: Line) -> str:
    path = next((bucket(line) / "v1/proxy").rglob("*.mp4"))
    path.unlink()
    return path.name


def lose_manifest(line: Line) -> str:
    path = find(line, "v1/manifest")
    path.unlink()
    return path.name


def damage_manifest(line: Line) -> str:
    path = find(line, "v1/manifest")
    overwrite(path, path.read_bytes().replace(b"cam_a", b"cam_x"))
    return path.name


def point_elsewhere(line: Line) -> str:
    path = find(line, "head")
    overwrite(path, json.dumps(json.loads(path.read_bytes()) | {"revision": 99}).encode())
    return path.name


def tear_head(line: Line) -> str:
    path = find(line, "head")
    overwrite(path, path.read_bytes()[:40])
    return path.name


def lose_head(line: Line) -> str:
    path = find(line, "head")
    path.unlink()
    return path.name


def add_foreign_head(line: Line) -> str:
    path = find(line, "head")
    shutil.copy(path, path.with_name("20200101-000000-zzz.json"))
    return "20200101-000000-zzz.json"


def withdraw_by_hand(line: Line) -> str:
    path = find(line, "head")
    overwrite(path, json.dumps(json.loads(path.read_bytes()) | {"state": "withdrawn"}).encode())
    return path.name


def add_foreign_object(line: Line) -> str:
    path = bucket(line) / "v1/orig/somebody/cam_a/0.mov"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"what is this?")
    return "v1/orig/somebody"


DAMAGES = [
    damage_original,
    lose_proxy,
    lose_manifest,
    damage_manifest,
    point_elsewhere,
    tear_head,
    lose_head,
    add_foreign_head,
    withdraw_by_hand,
]


def test_a_store_that_is_right_has_no_faults(line):
    assert "all as recorded" in line.ask("verify", "store").stdout
    assert line.ask("storage", "plan").returncode == 0
    assert "nothing to repair" in line.ask("storage", "repair").stdout


def test_the_commands_say_what_differs_and_what_was_done(line):
    lost = lose_proxy(line)
    told = line.ask("verify", "store", "--json", check=False)
    assert told.returncode == 1
    assert lost in json.loads(told.stdout)["faults"][0]
    planned = line.ask("storage", "plan", check=False)
    assert planned.returncode == 1
    assert lost in planned.stdout
    assert "storage repair" in planned.stdout
    assert lost in line.ask("storage", "repair").stdout
    assert faults(line) == []


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
def test_each_damage_is_named_and_mended(line, damage):
    name = damage(line)
    (fault,) = faults(line)
    assert name in fault
    steps = repair(line)
    if damage is damage_original:  # a folder has no tags: only reading tells, which a plan does not do
        assert steps == []
        steps = repair(line, deep=True)
    (step,) = steps
    assert step.is_mended, step
    assert name in step.sentence
    assert faults(line) == []


def test_all_damages_at_once_are_mended(line):
    for damage in (damage_original, lose_proxy, damage_manifest, tear_head, add_foreign_head):
        damage(line)
    assert len(faults(line)) == 5
    assert all(step.is_mended for step in repair(line, deep=True))
    assert faults(line) == []
    kept = [path.name for path in (bucket(line) / "v1/quarantine").rglob("*.json")]
    assert len(kept) == 2, "the torn pointer and the foreign one are kept"


def test_what_nobody_recorded_is_named_and_left(line):
    name = add_foreign_object(line)
    assert any(name in fault for fault in faults(line))
    assert repair(line) == []
    assert (bucket(line) / "v1/orig/somebody/cam_a/0.mov").exists()


def test_a_local_copy_that_was_modified_is_not_sent(line):
    lost = lose_proxy(line)
    for local in line.work.rglob("*.proxy.mp4"):
        overwrite(local, local.read_bytes()[:-1] + b"!")
    (step,) = repair(line)
    assert not step.is_mended
    assert "modified, too" in step.sentence
    assert any(lost in fault for fault in faults(line))


def test_a_sample_reads_a_share_and_says_how_much(line):
    said = line.ask("verify", "store", "--sample", "5%").stdout
    assert "read back" in said
    assert line.ask("verify", "store", "--sample", "half", check=False).returncode == 2
    assert line.ask("verify", "media", "--sample", "5%", check=False).returncode == 2


def test_one_session_is_checked_alone(line):
    session = find(line, "head").stem
    add_foreign_head(line)
    assert faults(line, session) == []
    lose_proxy(line)
    assert len(faults(line, session)) == 1
    with pytest.raises(McsyncError, match="no session"):
        faults(line, "20200101-000000-zzz")


def test_readers_are_told_when_a_session_is_reopened_and_withdrawn(line):
    line.start()
    session = line.wait_for("published")
    line.ask("reopen", session["id"], "--reason", "cam B drifts")
    head = bucket(line) / "head" / f"{session['id']}.json"
    line.wait(lambda: json.loads(head.read_bytes())["state"] == "under_review", "readers are told")
    assert json.loads(head.read_bytes())["reason"] == "cam B drifts"
    line.ask("reject", session["id"], "--reason", "the wrong shoot")
    line.wait(lambda: json.loads(head.read_bytes())["state"] == "withdrawn", "readers are told")
    line.stop()
    assert faults(line) == []


def test_a_lost_object_is_sent_again_before_a_new_manifest_names_it(line):
    line.start()
    session = line.wait_for("published")
    lost = lose_proxy(line)
    line.ask("reopen", session["id"], "--reason", "look again")
    reviewed = line.wait_for("in_review")
    line.ask("approve", session["id"], "--revision", str(reviewed["revision"]))
    line.wait_for("published", patience_s=120)
    assert list(bucket(line).rglob(lost))
    line.stop()
    assert faults(line) == []
