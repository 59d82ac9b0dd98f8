"""Publishing that is held up: shown, and gone on with by itself."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("daemon")


def test_a_manifest_that_cannot_be_written_is_said_and_tried_again(line, shoot):
    line.start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    block = line.work / "sessions" / reviewed["id"] / "manifest"
    block.write_text("a file where the folder should be")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    held = line.wait(lambda: line.session()["error"] and line.session(), "the trouble is shown")
    assert held["state"] == "publishing"
    assert held["error"]["stage"] == "publish"
    assert held["error"]["retryable"] is True
    block.unlink()
    assert line.wait_for("published")["error"] is None


def test_a_store_that_is_away_is_waited_for(line, shoot):
    line.start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    bucket = line.home / "var" / "bucket"
    bucket.parent.mkdir(exist_ok=True)
    bucket.rename(bucket.with_name("away")) if bucket.exists() else None
    bucket.write_text("not a folder")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    held = line.wait(lambda: line.session()["error"] and line.session(), "the trouble is shown")
    assert held["state"] == "publishing"
    assert held["approved_by"]
    bucket.unlink()
    line.ask("retry", reviewed["id"])
    line.wait_for("published")
