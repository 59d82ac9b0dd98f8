"""The whole line on a real daemon: dropped, synced, reviewed, published."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import platform
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.parse
from contextlib import closing
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import av
import jsonschema
import opentimelineio as otio
import pytest
from melt import find_beep, find_flash, needs_melt, render_track

from mcsyncd import api
from mcsyncd.client import Client, RevisionConflict
from readers import prepare_reader
from steadiness import MAX_LOG_BYTES, find_litter, measure_footprint

HALF_FRAME_MS = 1000 / 60
SIZE = (192, 108)


def read_level(file: Path, number: int) -> float:
    """Return the mean of a frame's luma."""
    with av.open(str(file)) as container:
        frame = next(itertools.islice(container.decode(video=0), number, None))
        return float(frame.to_ndarray(format="gray").mean())


@pytest.fixture
def line(cold_line):
    """The whole line starts as it does for people."""
    return cold_line


@pytest.fixture(scope="module")
def published(tmp_path_factory, shoot):
    """One shoot that went the whole way; several tests look at what it left behind."""
    from line import Line  # noqa: PLC0415  # beside its fixture

    line = Line(tmp_path_factory.mktemp("line")).start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait_for("published", patience_s=120)
    yield line, reviewed
    line.stop()


def test_the_offsets_are_the_truth(published, shoot):
    _, reviewed = published
    assert reviewed["sync_confidence"] >= 0.85
    assert reviewed["call_to_action"] == "looks_good"
    assert reviewed["sync_method"] == "audio-corr"
    for camera, truth_us in shoot.offsets_us.items():
        assert abs(reviewed["offsets_ms"][camera] - truth_us / 1000) < HALF_FRAME_MS


def test_the_drop_folders_are_empty_and_the_originals_kept(published, shoot):
    line, reviewed = published
    for camera, file in shoot.files.items():
        assert list((line.drop / camera).iterdir()) == []
        kept = line.work / "sessions" / reviewed["id"] / "original" / camera / file.name
        assert kept.read_bytes() == file.read_bytes()


def test_the_log_names_the_session_and_the_clip_of_each_event(published):
    line, reviewed = published
    records = [json.loads(one) for one in line.log.splitlines() if one.startswith("{")]
    recorded = {one["seq"]: one for one in records if one.get("session") == reviewed["id"] and "seq" in one}
    entries = [json.loads(one) for one in line.ask("log", reviewed["id"], "--json").stdout.splitlines()]
    over = next(entry["seq"] for entry in entries if entry["kind"] == "session_published")
    assert {entry["seq"]: entry["body"].get("clip") for entry in entries if entry["seq"] <= over} == {
        seq: one.get("clip") for seq, one in recorded.items() if seq <= over
    }
    clips = {one["clip"].split("/")[0] for one in recorded.values() if one["event"] == "clip_probed"}
    assert clips == set(reviewed["offsets_ms"])


def test_the_day_sheet_shows_what_was_approved(published, shoot, tmp_path):
    line, reviewed = published
    line.ask("report", reviewed["id"], "--to", str(tmp_path))
    page = (tmp_path / f"{reviewed['id']}.html").read_text()
    assert "Approved by <b>" in page
    for file in shoot.files.values():
        assert file.name in page
        assert hashlib.sha256(file.read_bytes()).hexdigest() in page
    hashes = [
        json.loads(one)["hash"] for one in line.ask("log", reviewed["id"], "--json").stdout.splitlines()
    ]
    events, head = re.search(r"(\d+) events in the ledger, the last one\s+<code>(\w+)<", page).groups()
    assert hashes[int(events) - 1] == head  # more come meanwhile: the store is read back
    assert page.count("data:image/jpeg;base64,") == len(shoot.files)
    day = f"{datetime.fromisoformat(line.session()['opened_at']).astimezone():%Y-%m-%d}"
    line.ask("report", "--day", day, "--to", str(tmp_path))
    assert reviewed["id"] in (tmp_path / f"{day}.html").read_text()


@pytest.mark.parametrize("media", ["mezzanine", "original"])
def test_an_editor_gets_a_timeline_whose_files_are_there(published, tmp_path, media):
    line, reviewed = published
    line.ask("handoff", reviewed["id"], "--format", "fcpxml", "--media", media, "--to", str(tmp_path))
    root = ET.fromstring((tmp_path / f"{reviewed['id']}.fcpxml").read_text())
    places = [urllib.parse.urlsplit(one.get("src")).path for one in root.iter("media-rep")]
    assert len(places) == len(reviewed["offsets_ms"])
    assert all(Path(urllib.parse.unquote(place)).is_file() for place in places)
    again = line.ask("handoff", reviewed["id"], "--format", "fcpxml", "--to", str(tmp_path), check=False)
    assert again.returncode == 2
    assert "there is such a file" in again.stderr


@needs_melt
@pytest.mark.parametrize(("wanted", "adapter"), [("otio", "otio_json"), ("xmeml", "fcp_xml")])
def test_another_program_shows_a_flash_of_all_cameras_at_one_frame(
    published, shoot, tmp_path, wanted, adapter
):
    """The whole chain as an editor meets it, but for our handoff: neither reader nor renderer are ours."""
    line, reviewed = published
    line.ask("handoff", reviewed["id"], "--format", wanted, "--to", str(tmp_path))
    (file,) = tmp_path.iterdir()
    timeline = otio.adapters.read_from_file(str(file), adapter)
    rate = Fraction(reviewed["rate"])
    tracks = [
        render_track(one, rate.as_integer_ratio(), SIZE, 300, tmp_path) for one in timeline.video_tracks()
    ]
    assert len(tracks) == 3
    # The timeline begins with the earliest clip, on the nearest frame.
    zero_s = float(round(max(-one for one in shoot.offsets_us.values()) * rate / 1_000_000) / rate)
    flashes_s = [at / 1e6 + zero_s for at in shoot.flashes_us if at / 1e6 + zero_s < 9.5]
    assert len(flashes_s) == 2
    for at_s in flashes_s:
        shown = [find_flash(one, round(at_s * rate)) for one in tracks]
        assert max(shown) - min(shown) <= 1  # each shows its own frame that is nearest to the tick
        assert all(-0.5 <= frame - at_s * rate <= 1.5 for frame in shown)
        heard_s = [find_beep(one, at_s) for one in tracks]
        assert max(heard_s) - min(heard_s) < 0.001
        assert all(abs(one - at_s) < 0.001 for one in heard_s)


def test_no_segment_of_a_finished_clip_is_left(published):
    line, reviewed = published
    assert not list((line.work / "sessions" / reviewed["id"] / "segments").iterdir())


def test_nothing_temporary_is_left_and_all_processes_are_the_daemons_own(published):
    """The short form of `python -m soak sessions`, which looks whether it stays so."""
    line, reviewed = published
    line.wait(lambda: not line.status()["workers"], "nothing runs any more")
    assert find_litter(line.home, [reviewed["id"]]) == []
    held = measure_footprint(line.process.pid, line.home / "var" / "state", 0.0)
    assert held.log_bytes < MAX_LOG_BYTES
    assert 0 < held.workers <= 20
    assert held.descriptors < 200


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a heap for each thread")
def test_the_daemons_threads_share_one_heap(published):
    """A heap of a thread's own is a range of 64 MiB, aligned to that, of which the first part is in use."""
    line, _ = published
    reserve = 64 << 20
    maps = Path(f"/proc/{line.process.pid}/maps").read_text().splitlines()
    ends = dict(tuple(int(edge, 16) for edge in row.split()[0].split("-")) for row in maps)
    own = [start for start, end in ends.items() if start % reserve == 0 and ends.get(end) == start + reserve]
    assert own == []


def test_the_manifest_is_what_its_schema_says_and_names_what_is_stored(published):
    line, reviewed = published
    manifest = json.loads(line.ask("manifest", reviewed["id"]).stdout)
    schema = Path(__file__).parents[2] / "mcsyncd" / "publish" / "manifest.schema.json"
    jsonschema.validate(manifest, json.loads(schema.read_text()))
    bucket = line.home / "var" / "bucket"
    objects = {str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file()}
    named = set(re.findall(r'"(v1/[^"]+)"', json.dumps(manifest)))
    assert named
    assert named <= objects
    tracks = [key for key in named if key.endswith(".vtt")]
    assert len(tracks) == 3
    for track in tracks:  # what it names lies beside it
        sheets = set(re.findall(r"^(\w+\.jpg)#xywh", (bucket / track).read_text(), re.MULTILINE))
        assert sheets
        assert {f"{track.rpartition('/')[0]}/{sheet}" for sheet in sheets} <= named
    head = json.loads((bucket / "head" / f"{reviewed['id']}.json").read_text())
    assert json.loads((bucket / head["manifest_key"]).read_text()) == manifest


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_the_readers_of_the_documents_find_each_flash_in_every_camera(published, shoot, language, request):
    """By the truth about the shoot: of each camera, they name the frame that is nearest to the instant."""
    line, reviewed = published
    reader = prepare_reader(language, request)
    rate = Fraction(30000, 1001)
    bucket = line.home / "var" / "bucket"
    seen = 0
    for flash_us in shoot.flashes_us:
        for at_us, is_lit in (
            (flash_us - 60_000, False),
            (flash_us + 60_000, True),
            (flash_us + 180_000, False),
        ):
            answer = reader.read(bucket, reviewed["id"], at_us)
            instant_us = answer["tick"] / rate * 1_000_000
            for camera, shown in answer["show"].items():
                since_us = instant_us - shoot.offsets_us[camera]
                assert abs(shown["frame"] / rate * 1_000_000 - since_us) <= 1_000_000 / rate / 2 + 2000
                assert (read_level(Path(shown["file"]), shown["frame"]) > 150) == is_lit
                seen += is_lit
    assert seen >= 6
    assert reader.read(bucket, reviewed["id"], 0, "verify")["wrong"] == []


def test_the_record_stands(published):
    line, _ = published
    for what in ("log", "media", "store"):
        found = line.json("verify", what)
        assert found["checked"] > 0
        assert found["faults"] == []
    assert line.json("verify", "media", "--deep")["faults"] == []
    with closing(sqlite3.connect(line.home / "var" / "state" / "ledger.db")) as db:
        rows = db.execute("SELECT sync_method, approved_by, approved_uid FROM forensics").fetchall()
    assert len(rows) == 1
    assert rows[0][0] == "audio-corr"
    assert rows[0][1]


def test_a_changed_file_and_a_changed_object_are_found(published):
    line, reviewed = published
    original = next((line.work / "sessions" / reviewed["id"] / "original").glob("cam_*/*.*"))
    stored = next((line.home / "var" / "bucket" / "v1" / "proxy").rglob("*.mp4"))
    for what, file, finding, remedy in (
        (
            "media",
            original,
            "modified or missing since it was recorded",
            "→ put an original back, or fetch it",
        ),
        ("store", stored, "is not what was stored", "→ send again what this machine still has"),
    ):
        whole = file.read_bytes()
        file.chmod(0o644)
        try:
            file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
            told = line.ask("verify", what, check=False)
            assert told.returncode == 1
            assert finding in told.stdout
            assert remedy in told.stdout
        finally:
            file.write_bytes(whole)


def test_what_happened_is_told_in_order_and_again_after_a_pause(published):
    line, reviewed = published
    kinds = [
        json.loads(text)["kind"] for text in line.ask("log", reviewed["id"], "--json").stdout.splitlines()
    ]
    must = ["session_opened", "session_sealed", "clips_offloaded", "session_aligned", "session_approved",
            "publishing_began", "session_published"]  # fmt: skip
    assert [kind for kind in kinds if kind in must] == must

    async def replayed():
        async with Client(line.home / "var" / "api.sock") as client:
            seen = []
            async for news in client.stream_events(last_id=3):
                if news.seq is not None:
                    seen.append(news.seq)
                if len(seen) == 5:
                    break
            return seen

    assert asyncio.run(replayed()) == [4, 5, 6, 7, 8]


def test_sound_and_peaks_of_the_review(published):
    line, reviewed = published

    async def asked():
        async with Client(line.home / "var" / "api.sock") as client:
            peaks = await client.fetch_peaks(reviewed["id"], "cam_b", start_ms=2000, step_ms=10, columns=200)
            wav = await client.fetch_audio(reviewed["id"], "cam_b", start_ms=2000, duration_ms=1000)
            outside = await client.fetch_peaks(reviewed["id"], "cam_b", start_ms=-1e6, step_ms=10, columns=20)
            return peaks, wav, outside

    peaks, wav, outside = asyncio.run(asked())
    assert max(peaks.high) > 20
    assert min(peaks.low) < -20
    assert set(outside.high) == {0}
    assert wav[:4] == b"RIFF"
    assert 1.0 * 48000 * 4 <= len(wav) <= 1.01 * 48000 * 4


def test_a_decision_on_an_old_revision_is_a_conflict_with_the_present_state(published):
    line, reviewed = published

    async def late():
        async with Client(line.home / "var" / "api.sock") as client:
            with pytest.raises(RevisionConflict) as caught:
                await client.send_decision(
                    reviewed["id"], api.RejectRequest(reason="late"), reviewed["revision"] + 7
                )
            return caught.value.current

    assert asyncio.run(late()).state == "published"
    told = line.ask("reject", reviewed["id"], "--reason", "x", "--revision", "99", check=False)
    assert told.returncode == 4


def test_reopened_nudged_and_published_again(published):
    """The second manifest has the new offset; what did not change is not made or sent again."""
    line, reviewed = published
    first = json.loads(line.ask("manifest", reviewed["id"]).stdout)
    line.ask("reopen", reviewed["id"], "--reason", "cam b looks a frame late")
    nudged = line.json("nudge", reviewed["id"], "cam_b", "-1f")
    assert nudged["sync_method"] == "manual"
    assert nudged["sync_confidence"] == reviewed["sync_confidence"]
    line.ask("approve", reviewed["id"], "--revision", str(nudged["revision"]))
    line.wait_for("published")
    second = json.loads(line.ask("manifest", reviewed["id"]).stdout)
    assert second["revision"] == nudged["revision"]

    def clip(manifest, camera):
        angle = next(one for one in manifest["cameras"] if one["id"] == camera)
        return angle["clips"][0]

    assert clip(second, "cam_c") == clip(first, "cam_c")
    assert (
        clip(second, "cam_b")["mezzanine"]["start_tick"]
        == clip(first, "cam_b")["mezzanine"]["start_tick"] - 1
    )


def test_settings_reload_and_bad_ones_change_nothing(line):
    line.start()
    line.configure(users="nobody")
    line.process.send_signal(signal.SIGHUP)
    line.wait(lambda: not line.status()["may_approve"], "the new settings are in force")
    good = line.config.read_text()
    line.config.write_text(good.replace("review_below: 0.85", "review_below: 85"))
    line.process.send_signal(signal.SIGHUP)
    line.wait(lambda: "reload refused" in line.log, "the reload is refused")
    assert "review.review_below" in line.log
    line.config.write_text(good[: len(good) // 2])  # an editor that is still writing
    line.process.send_signal(signal.SIGHUP)
    line.wait(lambda: line.log.count("reload refused") == 2, "the half is refused")
    line.config.write_text(good)
    assert line.status()["review_below"] == 0.85
    told = line.ask("seal", check=False)
    assert told.returncode == 5
    assert "may not decide" in told.stderr


def test_a_second_daemon_is_refused(line):
    line.start()
    told = line.ask("run", check=False)
    assert told.returncode == 1
    assert "another daemon" in told.stderr
    assert line.status()["pid"] == line.process.pid


def test_without_a_daemon_the_exit_code_says_so(line):
    told = line.ask("status", "--json", check=False)
    assert told.returncode == 3
    assert told.stdout == ""
    assert "no daemon" in told.stderr


def test_a_session_that_does_not_exist_is_named(line):
    line.start()
    for hostile in ("20200101-000000-xxx", "../../etc/passwd", urllib.parse.quote("a/b")):
        told = line.ask("show", hostile, check=False)
        assert told.returncode == 2
        assert "no session" in told.stderr


def test_the_stream_of_the_status_tells_what_happens(line, shoot):
    line.start()
    command = [sys.executable, "-m", "mcsyncd", "--config", str(line.config), "status", "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert json.loads(following.stdout.readline())["version"]
        line.drop_in(shoot.files)
        reviewed = line.wait_for("in_review")
        line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
        line.wait_for("published")
        line.stop()
        told = [json.loads(text) for text in following.stdout]
    kinds = [news["kind"] for news in told if news["what"] == "event"]
    assert "session_aligned" in kinds
    conform = [news["progress"] for news in told if news["what"] == "progress" and news["progress"]]
    assert any(step["stage"] == "conform" and step["unit"] == "frames" for step in conform)
    assert following.returncode == 3
