"""Whether the originals are where they should be: looked at when somebody asks, through a real daemon."""

from __future__ import annotations

import os

import pytest
from api_server import serve_api

from mcsyncd.daemon.original_check import RecordedOriginal, find_original_faults
from mcsyncd.errors import UnknownSession
from mcsyncd.model.clip import Clip
from mcsyncd.model.events import ClipsOffloaded, DropFilesChanged, SessionOpened, SessionSealed
from mcsyncd.model.retention_events import OriginalDeleted, OriginalTrashed
from mcsyncd.model.session import Session, State
from shoots import AT, DROPPED, TERMS

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
