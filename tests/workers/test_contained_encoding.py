"""Encoding is the same inside the sandbox and outside, with every encoder. On a machine it is inside."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from footage import Shot, film, steady
from mcsyncd.conform import segment_task
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.plan import plan_renditions
from mcsyncd.conform.segment_files import SegmentFolder
from mcsyncd.conform.segment_task import SegmentTask, encode_segment
from mcsyncd.conform.segments import plan_segments
from mcsyncd.errors import BadMedia
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.profiles import Profile
from mcsyncd.workers import remote_encoder
from mcsyncd.workers.contained_conform import conform_file
from mcsyncd.workers.sandbox import kernel

contained = pytest.mark.skipif(
    kernel.read_landlock_version() == 0 or not kernel.has_filters(), reason="this kernel cannot contain"
)
NO_LIMIT = 1 << 40
GRID = Grid(Rate(30))
VIDEOS = {
    "x264": {"codec": "h264", "crf": 20, "gop": 10, "threads": 2, "preset": "veryfast"},
    "x265": {"codec": "hevc", "crf": 26, "gop": 10, "threads": 2, "bits": 10, "preset": "ultrafast"},
    "SVT-AV1": {"codec": "av1", "crf": 40, "gop": 10, "threads": 2, "preset": 10},
    "a card that is not there": {"codec": "h264", "crf": 20, "gop": 10, "threads": 2, "hardware": "nvenc"},
}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return film(tmp_path_factory.mktemp("card") / "clip.mp4", Shot(steady(30, 1), (0, 1), sound_codec="aac"))


def build_profile(encoder: str) -> Profile:
    fields = {
        "kind": "proxy",
        "container": "mp4",
        "channels": "stereo",
        "audio": {"codec": "aac", "kbps": 96},
    }
    return Profile.model_validate({**fields, "video": VIDEOS[encoder]})


@pytest.mark.parametrize("encoder", VIDEOS)
def test_a_rendition_has_the_same_bytes_inside_and_outside(encoder, source, tmp_path):
    profile = build_profile(encoder)
    wanted = (("proxy", profile.build_ref("mine")),)
    media = probe_clip(source)
    made = [
        conform(source, media, GRID, wanted, folder=tmp_path / name, stem="clip")
        for name, conform in (("inside", conform_file), ("outside", conform_with_profiles))
    ]
    inside, outside = ({file.path.rpartition("/")[2]: file.sha256 for file in one.files} for one in made)
    assert inside == outside
    assert len(inside) > 3
    assert made[0].renditions[0].notes == made[1].renditions[0].notes


def build_task(source: Path, folder: Path) -> SegmentTask:
    profile = build_profile("x264")
    wanted = ((profile.kind, profile.build_ref("mine"), profile),)
    plan = plan_renditions(probe_clip(source), GRID, wanted, frozenset())
    folder.mkdir()
    return SegmentTask(source, plan, plan_segments(plan)[0], SegmentFolder(folder, "key"))


def test_a_machine_encodes_a_segment_to_the_same_bytes(source, tmp_path):
    there, here = (build_task(source, tmp_path / name) for name in ("there", "here"))
    call = pickle.dumps((encode_segment, there, NO_LIMIT))
    command = [sys.executable, "-P", "-m", "mcsyncd.workers.remote_encoder"]
    answer = subprocess.run(command, input=call, capture_output=True, check=True).stdout
    made, error = pickle.loads(answer)
    assert error is None
    made, expected = pickle.loads(made), encode_segment(here)
    assert [file.sha256 for file in made.files] == [file.sha256 for file in expected.files]


@contained
def test_an_exploit_on_a_machine_obtains_nothing(source, tmp_path, monkeypatch):
    """Neither the machine's files nor its network; its answer is no pickle, which would run code there."""
    secret = tmp_path / "tls.key"
    secret.write_text("mine")
    call = pickle.dumps((encode_segment, build_task(source, tmp_path / "own"), NO_LIMIT))
    attacks = {
        "the key": secret.read_text,
        "another clip": (tmp_path / "made").touch,
        "the network": socket.socket,
        "a program": lambda: os.execv("/bin/true", ["true"]),
    }

    def exploit(_task: SegmentTask) -> None:
        obtained = []
        for name, attack in attacks.items():
            with suppress(OSError):
                attack()
                obtained.append(name)
        raise BadMedia(f"obtained: {obtained}", "")

    monkeypatch.setattr(segment_task, "encode_segment", exploit)
    _, error = pickle.loads(remote_encoder._perform(call))
    assert isinstance(error, BadMedia)
    assert error.message == "obtained: []"


def test_an_encoder_that_dies_on_a_machine_says_so(source, tmp_path, monkeypatch):
    call = pickle.dumps((encode_segment, build_task(source, tmp_path / "own"), NO_LIMIT))
    monkeypatch.setattr(segment_task, "encode_segment", lambda _task: os.abort())
    _, error = pickle.loads(remote_encoder._perform(call))
    assert "the encoder died: SIGABRT" in str(error)
