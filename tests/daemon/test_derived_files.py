"""Derived files that are lost: found before they are used, made again, and never drawn as silence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from api_server import serve_api

from mcsyncd.errors import McsyncError
from mcsyncd.model import events as ev
from mcsyncd.model.clip import AnalysisAudio, Clip
from mcsyncd.model.facts import OffloadResult
from mcsyncd.model.jobs import Listen, Offload
from power_cut import read_log
from shoots import AT, DROPPED, NTSC, TERMS, alignment, media, result_of

SESSION = "20261123-091502-k7q"
CLIPS = tuple(Clip(one.camera, one.name, one.bytes, one.mtime_ns) for one in DROPPED if one.kind == "clip")


def build_history() -> tuple[ev.Event, ...]:
    """A session in review, as a version without hashes recorded it; its files are not there."""
    moved = result_of(Offload(SESSION, DROPPED))
    assert isinstance(moved, OffloadResult)
    analysed = [result_of(Listen(SESSION, replace(clip, media=media()))) for clip in CLIPS]
    return (
        ev.SessionOpened(AT, SESSION),
        ev.DropFilesChanged(AT, DROPPED),
        ev.SessionSealed(AT, TERMS, CLIPS),
        ev.ClipsOffloaded(AT, moved.paths),
        *(ev.ClipProbed(AT, clip.key, media()) for clip in CLIPS),
        *(
            ev.ClipAudioAnalysed(AT, clip.key, strip_hashes(audio))
            for clip, audio in zip(CLIPS, analysed, strict=True)
        ),
        ev.SessionAligned(AT, 1, alignment(0.92), NTSC),
    )


def strip_hashes(audio: AnalysisAudio) -> AnalysisAudio:
    channels = tuple(replace(one, bytes=0, sha256="") for one in audio.channels)
    return replace(audio, channels=channels, peaks_bytes=0, peaks_sha256="")


async def test_peaks_that_nothing_proves_are_made_again_and_not_shown_meanwhile(tmp_path):
    async with serve_api(tmp_path, build_history()) as served:
        path = f"/v1/sessions/{SESSION}/peaks?camera=cam_b&start_ms=0&step_ms=10&columns=10"
        for _ in range(2):
            status, body = await served.request("GET", path)
            assert (status, "again" in str(body)) == (503, True), body
        session = await served.loop.load_session(SESSION)
        listening = [job for job in served.loop.list_open_jobs(session) if isinstance(job, Listen)]
        assert [job.clip.camera for job in listening] == ["cam_b"]
        assert session.state == "in_review"


def test_what_is_damaged_while_the_daemon_is_down_is_made_again_before_it_is_used(line, shoot):
    line.start()
    line.drop_in(shoot.files)
    line.wait_for("in_review")
    line.wait(lambda: count_events(line, "clip_conformed") == 3, "all clips are conformed", 120)
    line.stop()
    heard = sorted(path for path in line.work.glob("sessions/*/listen/*/*/*") if path.is_file())
    (mezzanine,) = line.work.glob("sessions/*/conform/cam_b/*/*.mezz.*[!n]")
    (proxy,) = line.work.glob("sessions/*/conform/cam_c/*/*.proxy.*[!n]")
    for path in heard:
        path.write_bytes(bytes(path.stat().st_size))
    whole = mezzanine.read_bytes()
    mezzanine.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    proxy.unlink()
    told = line.ask("verify", "media", check=False).stdout
    assert all(str(path) in told for path in (*heard, mezzanine, proxy))

    line.start()
    session = line.session()
    with pytest.raises(McsyncError, match="not what was recorded"):
        fetch_peaks(line, session["id"])
    line.wait(lambda: shows_sound(line, session["id"]), "the peaks are there again", 60)
    line.ask("approve", session["id"], "--revision", str(session["revision"]))
    line.wait_for("published", patience_s=180)
    for what in ("log", "media", "store"):
        assert line.json("verify", what)["faults"] == []
    assert mezzanine.read_bytes() == whole
    assert line.session()["revision"] == session["revision"], "nobody was asked again"
    (manifest,) = line.work.glob("sessions/*/manifest/*.json")
    manifest.write_bytes(bytes(manifest.stat().st_size))
    told = line.ask("manifest", session["id"], check=False)
    assert (told.returncode, "not what was published" in told.stderr) == (1, True), told


def count_events(line, kind: str) -> int:
    return [entry["kind"] for entry in read_log(line)].count(kind)


def fetch_peaks(line, session: str) -> dict:
    return line.call(
        lambda client: client.fetch_peaks(session, "cam_a", start_ms=2000, step_ms=10, columns=200)
    )


def shows_sound(line, session: str) -> bool:
    try:
        return max(fetch_peaks(line, session)["high"]) > 20
    except McsyncError:
        return False
