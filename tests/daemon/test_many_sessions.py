"""With many finished sessions, nothing that happens costs more than with few."""

from __future__ import annotations

import pytest
from api_server import serve_api
from daemon.test_api import IN_REVIEW, SESSION, one_session

from mcsyncd import api
from mcsyncd.daemon import session_shelf
from mcsyncd.store import ledger as ledger_module


@pytest.fixture
def decoded(monkeypatch):
    """The ids of the sessions that are decoded from their rows, as they are."""
    ids = []
    decode = ledger_module.session_from_json

    def count(text):
        session = decode(text)
        ids.append(session.id)
        return session

    monkeypatch.setattr(ledger_module, "session_from_json", count)
    return ids


async def test_a_start_a_status_and_an_event_decode_no_finished_session(tmp_path, decoded):
    finished = [one_session(f"20251123-0915{number:02}-k7q", finished=True) for number in range(60)]
    async with serve_api(tmp_path / "home", *finished, IN_REVIEW) as served:
        assert decoded == [SESSION], "the start"
        assert sum((await served.client.fetch_status()).sessions.values()) == 61
        await served.client.send_decision(SESSION, api.RejectRequest(reason="no"), 1)
        await served.client.send_decision(SESSION, api.ReopenRequest(reason="yes"), 1)
        await served.loop.check_waiting_sessions()
        await served.handler._drop_scanner.scan_once()
        assert decoded == [SESSION], "status, decisions, ticks and scans"
        assert len((await served.client.list_sessions(finished=True)).sessions) == 60
        assert len(decoded) == 61
        assert len(served.loop.sessions) == 1


async def test_finished_sessions_that_were_looked_at_do_not_stay_in_memory_without_end(tmp_path):
    ids = [f"20251123-0915{number:02}-k7q" for number in range(60)] + [
        f"20251123-0916{number:02}-k7q" for number in range(40)
    ]
    async with serve_api(tmp_path / "home", *(one_session(name, finished=True) for name in ids)) as served:
        for name in ids:
            assert (await served.client.fetch_session(name)).id == name
        kept = sum(served.loop.find_session(name) is not None for name in ids)
        assert kept == session_shelf._MAX_FINISHED < len(ids) / 2
        assert served.loop.find_session(ids[-1]) is not None
