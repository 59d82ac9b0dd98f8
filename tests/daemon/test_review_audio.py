"""What the review draws of a camera: its clips that are on the timeline."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
from api_server import serve_api

from mcsyncd.listen.peaks.pyramid import write_peaks
from mcsyncd.model import events as ev
from mcsyncd.model.alignment import Disposition, Placement
from mcsyncd.model.clip import AnalysisAudio, AnalysisChannel, Clip
from mcsyncd.model.drift_curve import DriftKnot
from shoots import AT, DROPPED, NTSC, TERMS, alignment, media

SESSION = "20261123-091502-k7q"
RATE = 8000


def write_noise(work, name: str, seconds: int) -> AnalysisAudio:
    """Write the analysis audio and the peaks of a clip that is loud from its beginning to its end."""
    work.mkdir(parents=True, exist_ok=True)
    sound = work / f"{name}.s16"
    sound.write_bytes(np.random.default_rng(1).integers(-9000, 9000, seconds * RATE).astype("<i2").tobytes())
    peaks = write_peaks(work / f"{name}.peaks", [sound], seconds * RATE, 0)
    digest = hashlib.sha256(sound.read_bytes()).hexdigest()
    channel = AnalysisChannel(sound.name, 1, 0, sound.stat().st_size, digest)
    return AnalysisAudio(RATE, 0, seconds * RATE, (channel,), f"{name}.peaks", (), peaks.bytes, peaks.sha256)


async def test_a_clip_is_drawn_where_its_drift_curve_has_it(tmp_path):
    """Three seconds late, which no clock is: a column of 10 ms would not show what one does."""
    clips = tuple(Clip(one.camera, one.name, one.bytes, 1) for one in DROPPED if one.kind == "clip")
    take = next(clip for clip in clips if clip.camera == "cam_b")
    found = alignment()
    late = tuple(
        replace(
            angle,
            placements=tuple(replace(one, curve=(DriftKnot(0, 3_000_000),)) for one in angle.placements),
        )
        for angle in found.angles
    )
    history = (
        ev.SessionOpened(AT, SESSION),
        ev.SessionSealed(AT, TERMS, clips),
        *(ev.ClipProbed(AT, clip.key, media()) for clip in clips),
        ev.ClipAudioAnalysed(AT, take.key, write_noise(tmp_path / "work", "B001", 2)),
        ev.SessionAligned(AT, 1, replace(found, angles=late), NTSC),
    )
    async with serve_api(tmp_path, history) as served:
        path = f"/v1/sessions/{SESSION}/peaks?camera=cam_b&step_ms=10&columns=20&start_ms="
        answers = [await served.request("GET", f"{path}{start_ms}") for start_ms in (500, 3500)]
    assert [max(body["high"]) > 20 for status, body in answers if status == 200] == [False, True]


async def test_a_clip_that_is_set_aside_is_not_drawn_over_the_take(tmp_path):
    """It was drawn at session time 0, as if it were a part of the take, and played."""
    clips = tuple(Clip(one.camera, one.name, one.bytes, 1) for one in DROPPED if one.kind == "clip")
    take, broll = next(clip for clip in clips if clip.camera == "cam_b"), Clip("cam_b", "B000.MOV", 1, 2)
    aside = Placement(broll.name, None, disposition=Disposition.SET_ASIDE)
    angles = tuple(
        replace(angle, placements=(*angle.placements, aside)) if angle.camera == "cam_b" else angle
        for angle in alignment().angles
    )
    history = (
        ev.SessionOpened(AT, SESSION),
        ev.SessionSealed(AT, TERMS, (*clips, broll)),
        *(ev.ClipProbed(AT, clip.key, media()) for clip in (*clips, broll)),
        ev.ClipAudioAnalysed(AT, take.key, write_noise(tmp_path / "work", "B001", 2)),
        ev.ClipAudioAnalysed(AT, broll.key, write_noise(tmp_path / "work", "B000", 9)),
        ev.SessionAligned(AT, 1, replace(alignment(), angles=angles), NTSC),
    )
    async with serve_api(tmp_path, history) as served:
        path = f"/v1/sessions/{SESSION}/peaks?camera=cam_b&step_ms=10&columns=20&start_ms="
        answers = [await served.request("GET", f"{path}{start_ms}") for start_ms in (500, 5000)]
    loudest = [max(body["high"]) for status, body in answers if status == 200]
    assert loudest[0] > 20, "the take is drawn"
    assert loudest[1] == 0, "after its end there is nothing"
