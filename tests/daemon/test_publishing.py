"""What publishing stores, and publishing that is held up: shown, and gone on with by itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import judge
from line import Line


@pytest.fixture(scope="module")
def published(tmp_path_factory, shoot):
    """A daemon that has published a shoot, and the clips of its manifest."""
    line = Line(tmp_path_factory.mktemp("published"), forked=True).start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait_for("published", patience_s=120)
    manifest = json.loads(line.ask("manifest", reviewed["id"]).stdout)
    yield line, [clip for camera in manifest["cameras"] for clip in camera["clips"]]
    line.stop()


def bucket(line: Line) -> Path:
    return line.home / "var" / "bucket"


def likeness(one: np.ndarray, other: np.ndarray, lag: int) -> float:
    """The correlation of two envelopes, the second moved by that many pixels; their ends left out."""
    length = min(one.size, other.size) - 100
    return float(np.corrcoef(one[50 : 50 + length], other[50 + lag : 50 + lag + length])[0, 1])


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg in PATH to judge by")
def test_a_waveform_lies_along_its_proxy(published):
    line, clips = published
    assert len(clips) == 3
    for clip in clips:
        loud = np.abs(judge.sound(bucket(line) / clip["proxy"]["key"])).max(axis=1)
        played = loud[: loud.size // 256 * 256].reshape(-1, 256).max(axis=1)
        raw = (bucket(line) / clip["peaks"]["key"]).read_bytes()
        pixels = np.frombuffer(raw, np.int8, offset=24).reshape(-1, len(clip["peaks"]["channels"]), 2)
        drawn = pixels.astype(int).max(axis=(1, 2))
        assert abs(drawn.size * 256 / 48_000 - clip["proxy"]["duration_us"] / 1e6) < 0.006
        alike = {lag: likeness(played, drawn, lag) for lag in range(-20, 21)}
        assert max(alike, key=alike.get) == 0, "a pixel is 5.3 ms"
        assert alike[0] > 0.9


def test_a_sidecar_is_stored_beside_its_file_and_checked_with_the_store(published):
    line, clips = published
    sidecars = []
    for made in (clip[kind] for clip in clips for kind in ("mezzanine", "proxy")):
        sidecars.append(bucket(line) / made["sidecar"]["key"])
        assert json.loads(sidecars[-1].read_bytes())["file"]["sha256"] == made["sha256"]
        assert sidecars[-1].parent == (bucket(line) / made["key"]).parent
    assert line.json("verify", "store")["faults"] == []
    away = sidecars[0].rename(line.home / "away.json")
    told = line.ask("verify", "store", "--json", check=False)
    away.rename(sidecars[0])
    assert told.returncode == 1
    assert json.loads(told.stdout)["faults"] == [
        f"{clips[0]['mezzanine']['sidecar']['key']}: not in the store"
    ]


def test_a_manifest_that_cannot_be_written_is_said_and_tried_again(line, shoot):
    line.backoff_s = 2.0
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
