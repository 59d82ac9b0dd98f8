"""`mcsyncd profile try`: what it measures is true of the file, and nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner

from footage import Shot, film, phone, steady
from mcsyncd.cli.conform import conform_command
from mcsyncd.cli.profile import profile_command
from mcsyncd.errors import BadMedia, ExitCode

LOSSLESS = """\
kind: proxy
container: mp4
channels: stereo
video: {codec: h264, preset: ultrafast, crf: 0, gop: 10, threads: 2}
audio: {codec: aac, kbps: 128}
"""


@pytest.fixture
def profiles(tmp_path) -> Path:
    folder = tmp_path / "profiles"
    folder.mkdir()
    for name, crf in (("lossless", 0), ("good", 28), ("poor", 40)):
        (folder / f"{name}.yaml").write_text(LOSSLESS.replace("crf: 0", f"crf: {crf}"))
    return folder


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> Path:
    """The only place for files that nobody named."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def run(profiles: Path, *words):
    return CliRunner().invoke(profile_command, ["try", *map(str, words), "--profiles", str(profiles)])


def measured(profiles: Path, *words) -> dict[str, dict]:
    done = run(profiles, *words, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    return {one["name"]: one for one in told["profiles"]} | {"excerpt": (told["at_s"], told["seconds"])}


def test_profiles_are_compared_on_the_middle_of_the_clip(profiles, scratch, tmp_path):
    source = film(tmp_path / "clip.mov", Shot(steady(25, 4), (0, 4), size=(320, 240)))
    told = measured(profiles, "lossless", "good", "poor", source, "--seconds", 2)
    assert told["excerpt"] == pytest.approx((1.0, 2.0), abs=1 / 25)
    assert [told[name]["frames"] for name in ("lossless", "good", "poor")] == [50, 50, 50]
    assert told["lossless"]["ssim"] == 1.0
    assert told["lossless"]["psnr_db"] is None
    assert told["lossless"]["bytes"] > told["good"]["bytes"] > told["poor"]["bytes"]
    assert 1.0 > told["good"]["ssim"] > told["poor"]["ssim"] > 0.3
    assert told["good"]["psnr_db"] > told["poor"]["psnr_db"] > 10
    # the picture's own bytes, and 128 kbit/s of mono-in-stereo sound
    sound = told["good"]["gb_per_hour"] - told["good"]["bytes"] * 1800 / 1e9
    assert sound == pytest.approx(64_000 * 3600 / 8 / 1e9, rel=0.01)
    for name in ("lossless", "good", "poor"):
        assert 0 < told[name]["seek_p50_ms"] <= told[name]["seek_p95_ms"]
        assert told[name]["speed"] > 0
    table = run(profiles, "good", "poor", source, "--seconds", 1).stdout.splitlines()
    assert [line.split()[0] for line in table[1:4]] == ["profile", "good", "poor"]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("at", [0, 1.234, 2.9])
def test_the_excerpt_is_compared_with_the_frames_that_it_shows(at, profiles, scratch, tmp_path):
    # frames of uneven length, and a start between two key frames: one frame off would not be lossless
    shot = Shot(phone(4), rotation=90, options={"preset": "ultrafast", "crf": "12", "g": "37"})
    source = film(tmp_path / "clip.mp4", shot)
    told = measured(profiles, "lossless", source, "--at", at, "--seconds", 1)
    assert told["lossless"]["ssim"] == 1.0


def test_psnr_is_that_of_its_definition(profiles, scratch, tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(steady(30, 1)))
    told = measured(profiles, "poor", source)

    wanted = ["--profile", "poor", "--profiles", str(profiles), "--out", str(tmp_path / "out"), "--json"]
    made = CliRunner().invoke(conform_command, [str(source), *wanted])
    assert made.exit_code == 0, made.output
    with av.open(str(source)) as one, av.open(str(next((tmp_path / "out").glob("*.mp4")))) as other:
        errors = [
            np.mean((first.to_ndarray().astype(float) - second.to_ndarray().astype(float)) ** 2)
            for first, second in zip(one.decode(video=0), other.decode(video=0), strict=True)
        ]
    assert told["poor"]["psnr_db"] == pytest.approx(10 * np.log10(255**2 / np.mean(errors)), abs=0.01)


def test_beyond_the_end_is_wrong_usage(profiles, scratch, tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(steady(30, 1)))
    refused = run(profiles, "good", source, "--at", 5)
    assert refused.exit_code == ExitCode.USAGE
    assert "ends at 1.0 s" in refused.output


def test_a_clip_without_a_picture_says_so(profiles, scratch, tmp_path):
    source = film(tmp_path / "sound.wav", Shot(sound=(0, 2)))
    assert isinstance(run(profiles, "good", source).exception, BadMedia)


def test_nothing_is_left_behind_when_it_is_terminated(profiles, tmp_path):
    source = film(tmp_path / "clip.mp4", Shot([Fraction(n, 30) for n in range(900)], size=(640, 480)))
    (profiles / "slow.yaml").write_text(LOSSLESS.replace("ultrafast", "veryslow").replace("crf: 0", "crf: 1"))
    scratch = tmp_path / "own"
    scratch.mkdir()
    words = ["profile", "try", "slow", source, "--seconds", "30", "--profiles", profiles]
    process = subprocess.Popen(
        [sys.executable, "-m", "mcsyncd", *map(str, words)],
        env=os.environ | {"TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(scratch.rglob("slow.mp4")) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert list(scratch.rglob("slow.mp4"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) != 0
    finally:
        process.kill()
        process.wait()
    assert list(scratch.iterdir()) == []


def test_what_the_rendition_would_note_is_told(profiles, scratch, tmp_path):
    (profiles / "card.yaml").write_text(LOSSLESS.replace("gop: 10", "gop: 10, hardware: vaapi"))
    source = film(tmp_path / "clip.mp4", Shot(steady(30, 1)))
    told = measured(profiles, "card", source)
    assert any("h264_vaapi does not work here" in note for note in told["card"]["notes"])
    assert "card: h264_vaapi does not work here" in run(profiles, "card", source).stdout
