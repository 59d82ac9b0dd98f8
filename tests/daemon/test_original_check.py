"""Whether the originals are where they should be: looked at when somebody asks, through a real daemon."""

from __future__ import annotations

import asyncio
import os

import pytest
from api_server import serve_api

from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.original_check import RecordedOriginal, find_original_faults
from mcsyncd.daemon.original_monitor import OriginalMonitor
from mcsyncd.errors import UnknownSession
from mcsyncd.model.clip import Clip
from mcsyncd.model.events import (
    ClipsOffloaded,
    DropFilesChanged,
    SessionAligned,
    SessionOpened,
    SessionSealed,
)
from mcsyncd.model.facts import Reject
from mcsyncd.model.retention_events import OriginalDeleted, OriginalTrashed
from mcsyncd.model.session import Session, State
from shoots import AT, DROPPED, NTSC, OKAFOR, TERMS, alignment

SESSION = "20261123-091502-k7q"
CLIPS = tuple(Clip(one.camera, one.name, one.bytes, one.mtime_ns) for one in DROPPED if one.kind == "clip")
SEALED = (SessionOpened(AT, SESSION), DropFilesChanged(AT, DROPPED), SessionSealed(AT, TERMS, CLIPS))
TAKEN = (
    *SEALED,
    ClipsOffloaded(AT, tuple((clip.key, f"sessions/{SESSION}/original/{clip.key}") for clip in CLIPS)),
)


TRASHED = tuple(OriginalTrashed(AT, clip.key, f"sessions/{SESSION}/trash/{clip.key}") for clip in CLIPS)
DELETED = tuple(OriginalDeleted(AT, clip.key) for clip in CLIPS)


def put_originals(top):
    for file in DROPPED:
        path = top / file.camera / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(file.bytes))
        os.utime(path, ns=(file.mtime_ns, file.mtime_ns))


@pytest.mark.parametrize(("history", "is_taken"), [(SEALED, False), (TAKEN, True)])
async def test_what_is_missing_or_changed_is_named_wherever_the_originals_lie(tmp_path, history, is_taken):
    async with serve_api(tmp_path / "home", history) as served:
        layout = served.loop.config.layout
        top = layout.locate_originals(SESSION) if is_taken else layout.drop
        put_originals(top)
        found = await served.client.check_originals(SESSION)
        assert (found.count, found.faults) == (4, [])
        (top / "cam_a/A001.XML").unlink()
        (top / "cam_b/B001.MOV").write_bytes(b"shorter")
        os.utime(top / "cam_c/DCIM/C001.MP4")
        faults = {one.file: one for one in (await served.client.check_originals(SESSION)).faults}
        assert {name: one.kind for name, one in faults.items()} == {
            "cam_a/A001.XML": "missing",
            "cam_b/B001.MOV": "changed",
            "cam_c/DCIM/C001.MP4": "changed",
        }
        assert str(top / "cam_a/A001.XML") in faults["cam_a/A001.XML"].hint
        assert faults["cam_b/B001.MOV"].message == "has 7 bytes instead of 200"
        with pytest.raises(UnknownSession):
            await served.client.check_originals("20261123-091502-zzz")


async def test_what_lies_in_the_trash_is_looked_for_there(tmp_path):
    async with serve_api(tmp_path / "home", (*TAKEN, *TRASHED)) as served:
        layout = served.loop.config.layout
        put_originals(layout.locate_originals(SESSION))
        found = await served.client.check_originals(SESSION)
        assert (found.count, {one.file for one in found.faults}) == (4, {clip.key for clip in CLIPS})
        assert str(layout.locate_trash(SESSION)) in found.faults[0].hint
        put_originals(layout.locate_trash(SESSION))
        assert (await served.client.check_originals(SESSION)).faults == []


async def test_what_was_deleted_here_is_not_looked_for(tmp_path):
    async with serve_api(tmp_path / "home", (*TAKEN, *TRASHED, *DELETED)) as served:
        found = await served.client.check_originals(SESSION)
        assert [one.file for one in found.faults] == ["cam_a/A001.XML"], "only the clips were deleted"


@pytest.mark.parametrize(("state", "retries"), [(State.STALE, True), (State.IN_REVIEW, False)])
def test_only_a_session_that_halted_is_to_be_retried(tmp_path, state, retries):
    (tmp_path / "longer").write_bytes(b"12")
    originals = [RecordedOriginal(f"cam_a/{name}", tmp_path / name, 1, 1) for name in ("gone", "longer")]
    faults = find_original_faults(Session(SESSION, AT, state), tuple(originals))
    assert ["retry the session" in fault.hint for fault in faults] == [retries, retries]


REVIEWED = (*TAKEN, SessionAligned(AT, 1, alignment(), NTSC))


def put_taken_originals(served):
    put_originals(served.loop.config.layout.locate_originals(SESSION))
    return served.loop.config.layout.locate_originals(SESSION)


async def read_queue(served):
    """What a supervisor sees without opening a session: its button, and what the status says of it."""
    (row,) = (await served.client.list_sessions(finished=False)).sessions
    alerts = [one for one in (await served.client.fetch_status()).alerts if one.code == "original_faulty"]
    return row.call_to_action, [one.message for one in alerts]


async def test_a_session_in_the_queue_looks_good_only_while_its_originals_are_there(tmp_path):
    """The queue and `show --json` said *Looks Good*; only the session's own screen looked."""
    async with serve_api(tmp_path / "home", REVIEWED) as served:
        now = [0.0]
        monitor = served.handler.originals = OriginalMonitor(served.loop, EventHub(), lambda: now[0])
        top = put_taken_originals(served)
        await monitor.look_on()
        assert await read_queue(served) == ("looks_good", [])
        lost = top / "cam_b/B001.MOV"
        lost.rename(tmp_path / "B001.MOV")
        now[0] = 61.0
        await monitor.look_on()
        button, (said,) = await read_queue(served)
        assert button == "review_sync"
        assert SESSION in said
        assert "an original is missing" in said
        assert (await served.client.fetch_session(SESSION)).call_to_action == "review_sync"
        os.utime(top / "cam_a/A001.XML")
        (tmp_path / "B001.MOV").rename(lost)
        now[0] += 1.0
        await monitor.look_on()
        assert (await read_queue(served))[0] == "review_sync", "another one was written to"
        put_originals(top)
        await monitor.look_on()
        assert await read_queue(served) == ("looks_good", []), "what was put back is seen at the next look"


async def test_whoever_looks_at_a_session_corrects_the_queue_for_all(tmp_path):
    async with serve_api(tmp_path / "home", REVIEWED) as served:
        top = put_taken_originals(served)
        (top / "cam_a/A001.XML").unlink()
        async with asyncio.timeout(5):
            stream = served.client.stream_events(None)
            assert (await anext(stream)).what == "heartbeat"
            await served.client.check_originals(SESSION)
            told = await anext(stream)
        assert (told.what, told.session) == ("progress", SESSION)
        assert (await read_queue(served))[0] == "review_sync"
        put_originals(top)
        await served.client.check_originals(SESSION)
        assert await read_queue(served) == ("looks_good", [])


async def test_originals_that_cannot_be_looked_at_are_not_missing(tmp_path):
    async with serve_api(tmp_path / "home", REVIEWED) as served:
        top = put_taken_originals(served)
        (top / "cam_b").rename(tmp_path / "cam_b")
        (top / "cam_b").symlink_to("cam_b")
        with pytest.raises(OSError, match="symbolic links"):
            (top / "cam_b/B001.MOV").stat()
        await served.handler.originals.look_on()
        assert await read_queue(served) == ("looks_good", [])


async def test_a_session_that_left_the_review_is_forgotten(tmp_path):
    async with serve_api(tmp_path / "home", REVIEWED) as served:
        put_taken_originals(served)
        (served.loop.config.layout.locate_originals(SESSION) / "cam_a/A001.XML").unlink()
        await served.handler.originals.look_on()
        assert (await read_queue(served))[1]
        await served.loop.submit_fact(SESSION, Reject(AT, OKAFOR, 1, "gone"))
        assert (await served.client.fetch_session(SESSION)).call_to_action is None
        await served.handler.originals.look_on()
        assert not served.handler.originals.is_faulty(SESSION)
