"""Real jobs in their processes: what a taken-over decoder obtains there, and what a job still must read."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import replace

import pytest

from exploits import list_obtained
from footage import Shot, film, steady
from mcsyncd.errors import BadMedia
from mcsyncd.model.clip import Clip
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.model.jobs import Conform, Probe
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.perform import perform_job
from mcsyncd.workers.sandbox import kernel

SESSION = "20261123-091502-k7q"
NO_LIMIT = 1 << 40
contained = pytest.mark.skipif(
    kernel.read_landlock_version() == 0 or not kernel.has_filters(), reason="this kernel cannot contain"
)


@pytest.fixture
def layout(tmp_path) -> WorkLayout:
    (tmp_path / "work" / "progress").mkdir(parents=True)
    (tmp_path / "drop").mkdir()
    return WorkLayout(
        tmp_path / "drop", tmp_path / "work", LocalStorage(kind="local", path=tmp_path / "bucket")
    )


def shoot(layout: WorkLayout, name: str) -> Clip:
    path = film(layout.work / name, Shot(steady(30, 1), (0, 1)))
    seen = path.stat()
    return Clip("cam_a", name, seen.st_size, seen.st_mtime_ns, name)


@contained
def test_an_exploit_in_a_probe_job_obtains_nothing(layout, tmp_path, monkeypatch):
    """The decoder is replaced where FFmpeg is called, so all that a job sets up before stands in its way."""
    clip, other = shoot(layout, "a.mov"), shoot(layout, "b.mov")
    ledger, key = layout.work / "ledger.db", tmp_path / "r2.env"
    ledger.write_bytes(b"mine")
    key.write_bytes(b"mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the key")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    attacks = {
        "the ledger": ledger.read_bytes,
        "writing to the ledger": lambda: ledger.write_bytes(b"x"),
        "the credentials": key.read_bytes,
        "the parent's environment": lambda: os.open(f"/proc/{os.getppid()}/environ", os.O_RDONLY),
        "another clip": (layout.work / other.path).read_bytes,
        "the clip, to write": lambda: (layout.work / clip.path).open("r+b").close(),
        "a file in the drop folder": (layout.drop / "new.mov").touch,
        "a file beside the clip": (layout.work / "made").touch,
        "a list of the sessions": lambda: list(layout.work.iterdir()),
        "a socket": socket.socket,
        "a process": os.fork,
        "a program": lambda: os.execv("/bin/true", ["true"]),
        "ending its parent": lambda: os.kill(os.getppid(), signal.SIGTERM),
    }

    def exploit(*_args, **_options):
        raise BadMedia(f"obtained: {list_obtained(attacks)}", f"in process {os.getpid()}")

    monkeypatch.setattr("av.open", exploit)
    with pytest.raises(BadMedia, match="obtained") as caught:
        perform_job(Probe(SESSION, clip), layout, NO_LIMIT)
    assert caught.value.message == "obtained: []"
    assert str(os.getpid()) not in caught.value.hint, "it ran in a process of its own"
    assert {path: path.read_bytes() for path in before} == before
    harmless = {name: attacks[name] for name in ("the ledger", "the credentials", "another clip")}
    assert list_obtained(harmless) == list(harmless), "outside, there is something to obtain"


def test_a_probe_job_reads_the_cameras_metadata_beside_the_clip(layout):
    """Slow motion is told by Sony's XML alone; without it, its sound would be trusted."""
    clip = shoot(layout, "C0001.mov")
    (layout.work / "C0001M01.XML").write_text(
        '<VideoFrame videoCodec="AVC" captureFps="120p" formatFps="29.97p"/>'
    )
    media = perform_job(Probe(SESSION, clip), layout, NO_LIMIT)
    assert any("recorded at 120 fps" in one for one in media.warnings)


def test_phase_drift_and_curve_of_a_conform_job_are_those_of_its_renditions(layout):
    refs = [
        load_profile(find_shipped_profiles(), name).build_ref(name) for name in ("mezz-h264", "proxy-540p")
    ]
    curve = (DriftKnot(0, 0), DriftKnot(1_000_000, 100))
    job = Conform(SESSION, shoot(layout, "A001.mov"), Rate(30), 9_000, -12.5, *refs, curve)
    job = replace(job, clip=replace(job.clip, media=probe_clip(layout.work / "A001.mov")))
    made = perform_job(job, layout, NO_LIMIT)
    told = [(one.phase_us, one.drift_applied_ppm, one.curve_applied) for one in made.renditions]
    assert told == [(9_000, -12.5, curve)] * 2


@contained
def test_a_link_beside_the_clip_leads_nowhere(layout, tmp_path):
    """It is of the card, and would grant what it points to."""
    clip = shoot(layout, "C0001.mov")
    secret = tmp_path / "secret"
    secret.write_text('<VideoFrame videoCodec="AVC" captureFps="120p" formatFps="29.97p"/>')
    (layout.work / "C0001M01.XML").symlink_to(secret)
    media = perform_job(Probe(SESSION, clip), layout, NO_LIMIT)
    assert not any("recorded at 120 fps" in one for one in media.warnings)
