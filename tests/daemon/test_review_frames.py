"""The API's frames: of files on a real disk, through a real worker, on a real socket."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import numpy as np
import pytest
from api_server import build_session, serve_api

from footage import Shot, cut_off, damage, film, number_in, phone, steady
from mcsyncd.errors import UsageError
from mcsyncd.model import events as ev
from mcsyncd.model.alignment import Alignment, AngleMatch, Placement, SyncMethod
from mcsyncd.model.clip import Clip, Media
from mcsyncd.model.due import list_conform_jobs
from mcsyncd.model.facts import OffloadResult
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from shoots import AT, TERMS, result_of

SESSION = "20261123-091502-k7q"
OFFSET_US = {"cam_a": 0, "cam_b": -134_000, "cam_c": 87_000}


def build_history(work, files: dict, media: dict[str, Media] | None = None) -> tuple[ev.Event, ...]:
    """A session in review whose clips are `files` below the work folder, one for each camera."""
    clips = {camera: Clip(camera, path.name, path.stat().st_size, 1) for camera, path in files.items()}
    paths = tuple((clips[camera].key, str(path.relative_to(work))) for camera, path in files.items())
    angles = tuple(
        AngleMatch(camera, (Placement(path.name, OFFSET_US[camera]),), 0.9) for camera, path in files.items()
    )
    known = media or {camera: probe_clip(path) for camera, path in files.items()}
    return (
        ev.SessionOpened(AT, SESSION),
        ev.SessionSealed(AT, TERMS, tuple(clips.values())),
        ev.ClipsOffloaded(AT, OffloadResult(paths).paths),
        *(ev.ClipProbed(AT, clips[camera].key, one) for camera, one in known.items()),
        ev.SessionAligned(AT, 1, Alignment("cam_a", angles, 0.9, SyncMethod.AUDIO_CORR), Rate(25)),
    )


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


async def fetch(served, camera: str, at_ms: float, size=(160, 120)):
    return await served.client.fetch_frame(SESSION, camera, at_ms=at_ms, width=size[0], height=size[1])


def read_number(body) -> int:
    raw = np.frombuffer(base64.b64decode(body.pixels), np.uint8)
    return number_in(raw.reshape(body.height, body.width, 3)[..., 1])


async def test_each_camera_shows_its_frame_at_the_same_moment(work):
    times = phone(6)
    files = {
        "cam_a": film(work / "a.mov", Shot(steady(25, 4), events=(), timecode="10:00:00:00")),
        "cam_b": film(work / "b.mp4", Shot(times, events=(), numbered_from=1000)),
        "cam_c": film(work / "c.wav", Shot(sound=(0.0, 4.0))),
    }
    async with serve_api(work.parent, build_history(work, files)) as served:
        reference, angle, sound = [await fetch(served, camera, 2010.0) for camera in OFFSET_US]
        assert read_number(reference) == 50
        assert (reference.source, reference.timecode) == ("original", "10:00:02:00")
        assert (reference.previous_ms, reference.begin_ms, reference.end_ms) == (1960.0, 2000.0, 2040.0)
        at_s = 2.144
        wanted = max(number for number, time in enumerate(times) if time - times[0] <= at_s)
        assert read_number(angle) == 1000 + wanted
        assert angle.timecode is None, "a phone's frames are not counted"
        assert (sound.absence, sound.pixels, sound.clip) == ("no_picture", "", "c.wav")
        early, late = await fetch(served, "cam_b", -135.0), await fetch(served, "cam_a", 9000.0)
        assert (early.absence, early.begin_ms, early.end_ms) == ("before", None, -134.0)
        assert (late.absence, late.begin_ms, late.end_ms) == ("after", 4000.0, None)
        small = await fetch(served, "cam_a", 2010.0, (41, 1000))
        assert (small.width, small.height) == (40, 30)
        with pytest.raises(UsageError, match="no camera cam_x"):
            await fetch(served, "cam_x", 0.0)
        status, body = await served.request("GET", f"/v1/sessions/{SESSION}/frame?camera=cam_a&at_ms=nan")
        assert (status, body["code"], bool(body["hint"])) == (400, "invalid_request", True)


async def test_what_cannot_be_shown_is_said_in_words(work):
    whole = film(work / "whole.mp4", Shot(steady(25, 4), events=()))
    media = probe_clip(whole)
    files = {
        "cam_a": cut_off(whole, work / "a.mp4", 0.02),
        "cam_b": damage(film(work / "b.mp4", Shot(steady(25, 4), events=())), 0, 4) or work / "b.mp4",
        "cam_c": film(work / "c.mp4", Shot(steady(25, 4), events=())),
    }
    known = {"cam_a": media, "cam_b": media, "cam_c": replace(media, video=None, hidden_picture="braw")}
    async with serve_api(work.parent, build_history(work, files, known)) as served:
        broken, noise, raw = [await fetch(served, camera, 1000.0) for camera in OFFSET_US]
        assert (broken.absence, "a.mp4" in broken.note) == ("unreadable", True)
        assert (noise.absence, "b.mp4" in noise.note) == ("unreadable", True)
        assert raw.absence == "unknown_codec"
        files["cam_a"].unlink()
        gone = await fetch(served, "cam_a", 1000.0)
        assert (gone.absence, "a.mp4 cannot be read" in gone.note) == ("unreadable", True)


async def test_the_proxy_is_shown_for_as_long_as_it_is_what_was_made(work):
    files = {
        camera: film(work / f"{camera}.mp4", Shot(steady(25, 4), events=(), numbered_from=first))
        for camera, first in (("cam_a", 0), ("cam_b", 1000), ("cam_c", 2000))
    }
    proxy = film(work / "proxy.mp4", Shot(steady(25, 4), events=(), numbered_from=3000))
    history = build_history(work, files)
    job = next(job for job in list_conform_jobs(build_session(history)) if job.clip.camera == "cam_a")
    made = result_of(job)
    mezzanine, rendition = made.renditions
    rendition = replace(
        rendition,
        path="proxy.mp4",
        bytes=proxy.stat().st_size,
        sha256=hashlib.sha256(proxy.read_bytes()).hexdigest(),
        frames=100,
        width=160,
        height=120,
    )
    conformed = replace(made, renditions=(mezzanine, rendition))
    history = (*history, ev.ClipConformed(AT, job.id, job.subject, conformed))
    async with serve_api(work.parent, history) as served:
        shown = await fetch(served, "cam_a", 2010.0)
        assert (shown.source, read_number(shown)) == ("proxy", 3050)
        assert (shown.begin_ms, shown.end_ms) == (2000.0, 2040.0)
        whole = proxy.read_bytes()
        proxy.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        for _ in range(2):
            shown = await fetch(served, "cam_a", 2010.0)
            assert (shown.source, read_number(shown)) == ("original", 50)
        lost = await served.loop.load_session(SESSION)
        assert [one.lost for one in lost.conformed] == [True], "it is made again"
