"""Stores are compared with the ledger by the daemon itself, and what is wrong is said until it is mended."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api_server import serve_api

from mcsyncd.checks.store_identity import prepare_store
from mcsyncd.daemon.store_surveyor import StoreSurveyor
from mcsyncd.store.rows import LEDGER_SESSION

NOW = datetime.now(UTC)


async def survey(served, *, days_later: int = 0) -> StoreSurveyor:
    """What a daemon does that is started so many days later."""
    surveyor = StoreSurveyor(served.loop, lambda: NOW + timedelta(days=days_later))
    await surveyor.look_on()
    return surveyor


async def count_surveys(served) -> int:
    entries = await served.loop.read_entries(LEDGER_SESSION)
    return sum(one.kind == "store_surveyed" for one in entries)


def bucket(served) -> Path:
    return served.loop.config.settings.storage.path


async def test_a_fault_is_recorded_and_said_until_it_is_gone(tmp_path):
    async with serve_api(tmp_path / "home") as served:
        settings = served.loop.config.settings
        prepare_store(settings, settings.storage)
        (bucket(served) / "v1" / "proxy").mkdir(parents=True)
        (bucket(served) / "v1" / "proxy" / "unknown.mp4").write_bytes(b"whose?")
        (alert,) = (await survey(served)).list_alerts()
        assert (alert.code, alert.level) == ("store_faulty", "error")
        assert "v1/proxy/unknown.mp4: nobody recorded it" in alert.message
        (entry,) = await served.loop.read_newest_entries(LEDGER_SESSION, 1)
        assert "unknown.mp4" in entry.body

        again = await survey(served)
        assert await count_surveys(served) == 1, "not before its day"
        assert again.list_alerts(), "a restart forgets nothing"
        (bucket(served) / "v1" / "proxy" / "unknown.mp4").unlink()
        assert (await survey(served, days_later=2)).list_alerts() == []
        assert await count_surveys(served) == 2


async def test_a_store_that_is_right_is_surveyed_once_a_week(tmp_path):
    async with serve_api(tmp_path / "home") as served:
        settings = served.loop.config.settings
        prepare_store(settings, settings.storage)
        for days in (0, 1, 6, 8):
            assert (await survey(served, days_later=days)).list_alerts() == []
        assert await count_surveys(served) == 2


async def test_a_store_that_is_not_there_proves_nothing(tmp_path):
    async with serve_api(tmp_path / "home") as served:
        settings = served.loop.config.settings
        prepare_store(settings, settings.storage)
        shutil.rmtree(bucket(served))
        assert (await survey(served)).list_alerts() == []
        assert await count_surveys(served) == 0
