"""Results while the ledger cannot be written: kept, tried again, and never made twice."""

from __future__ import annotations

import asyncio

from api_server import serve_api

from mcsyncd.daemon import loop as session_loop
from mcsyncd.model.clip import Clip
from mcsyncd.model.events import DropFilesChanged, SessionOpened, SessionSealed
from mcsyncd.model.facts import JobFinished
from shoots import AT, DROPPED, TERMS, result_of

SESSION = "20261123-091502-k7q"
CLIPS = tuple(
    Clip(file.camera, file.name, file.bytes, file.mtime_ns) for file in DROPPED if file.kind == "clip"
)
SEALED = (SessionOpened(AT, SESSION), DropFilesChanged(AT, DROPPED), SessionSealed(AT, TERMS, CLIPS))


async def test_a_result_waits_until_the_ledger_has_room_again(tmp_path, monkeypatch):
    monkeypatch.setattr(session_loop, "_FIRST_RECORD_WAIT_S", 0.05)
    async with serve_api(tmp_path, SEALED) as served:
        loop = served.loop
        ledger = loop.ledger.ledger
        await loop.ledger.call(ledger._db.execute, "PRAGMA query_only = 1")
        (job,) = loop.list_open_jobs(loop.sessions[SESSION])
        loop._schedule_report(job, JobFinished(AT, job.id, result_of(job)))
        await asyncio.sleep(0.3)
        assert not loop.sessions[SESSION].offloaded
        assert job.id in loop._reports, "it still counts as running: nothing starts it again"
        await loop.ledger.call(ledger._db.execute, "PRAGMA query_only = 0")
        while loop._reports:
            await asyncio.sleep(0.02)
        assert loop.sessions[SESSION].offloaded
