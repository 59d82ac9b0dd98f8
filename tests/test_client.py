import asyncio
import pickle

import pytest
from aiohttp import web
from tui import scenes
from tui.fake_daemon import FakeDaemon

from mcsyncd import api, client
from mcsyncd.client import Client, RevisionConflict
from mcsyncd.errors import Conflict, ExitCode, McsyncError, NotPermitted, Unreachable, UsageError


@pytest.fixture
def asked(tmp_path):
    """Run `ask(client, daemon)` against a daemon with those sessions."""

    def run(ask, sessions=(scenes.session,), **status):
        async def running():
            daemon = FakeDaemon(tmp_path / "api.sock", scenes.status(**status), [made() for made in sessions])
            await daemon.start()
            try:
                async with Client(daemon.socket) as connection:
                    return await ask(connection, daemon)
            finally:
                await daemon.stop()

        return asyncio.run(running())

    return run


def test_bodies_come_back_as_they_were(asked):
    async def ask(connection, daemon):
        assert await connection.fetch_version() == "0.1.0"
        assert await connection.fetch_status() == daemon.status
        assert (await connection.list_sessions()).sessions == [scenes.session()]
        assert await connection.fetch_session(scenes.SURE) == scenes.session()
        assert [entry async for entry in connection.read_log()] == []
        assert await connection.fetch_manifest(scenes.SURE) == {"schema": 1}
        assert (await connection.reload_settings()).reloaded
        assert (await connection.seal_session()).id == scenes.SURE
        assert (await connection.claim_session(scenes.SURE)).by == "s.okafor"

    asked(ask)


def test_the_log_is_read_page_by_page_to_its_end(asked):
    async def ask(connection, daemon):
        daemon.log = [
            api.LogEntryBody(seq=seq, at="t", session="s", kind="k", body={}, hash="h") for seq in range(1, 7)
        ]
        for daemon.log_page in (1, 2, 3, 4, 6, 7):
            assert [entry.seq async for entry in connection.read_log()] == [1, 2, 3, 4, 5, 6]
            assert [entry.seq async for entry in connection.read_log(after=4)] == [5, 6]

    asked(ask)


def test_peaks_and_audio_are_of_the_stretch_that_was_asked_for(asked):
    async def ask(connection, daemon):
        peaks = await connection.fetch_peaks(scenes.SURE, "cam_b", start_ms=1.5, step_ms=0.5, columns=7)
        assert (peaks.camera, peaks.start_ms, peaks.step_ms, len(peaks.low)) == ("cam_b", 1.5, 0.5, 7)
        sound = await connection.fetch_audio(scenes.SURE, "cam_b", start_ms=-20, duration_ms=100)
        assert sound[:4] == b"RIFF"
        assert "audio -20" in daemon.requests

    asked(ask)


def test_a_decision_carries_the_revision_it_was_made_on(asked):
    async def ask(connection, daemon):
        after = await connection.send_decision(scenes.SURE, api.ApproveRequest(), 3)
        assert after.state == "approved"
        assert daemon.decisions == [(scenes.SURE, {"action": "approve"}, "3")]
        await connection.send_decision(scenes.SURE, api.RetryRequest())
        assert daemon.decisions[-1][2] is None

    asked(ask)


def test_a_session_that_moved_on_comes_with_the_error(asked):
    async def ask(connection, daemon):
        with pytest.raises(RevisionConflict) as caught:
            await connection.send_decision(scenes.SURE, api.ApproveRequest(), 2)
        assert caught.value.current == scenes.session()
        assert caught.value.exit_code == ExitCode.CONFLICT
        again = pickle.loads(pickle.dumps(caught.value))
        assert (again.message, again.current) == (caught.value.message, caught.value.current)

    asked(ask)
    assert issubclass(RevisionConflict, Conflict)


def test_a_refusal_keeps_the_daemons_words(asked):
    async def ask(connection, daemon):
        with pytest.raises(NotPermitted) as caught:
            await connection.send_decision(scenes.SURE, api.ApproveRequest(), 3)
        assert caught.value.hint == "ask a sysadmin"
        with pytest.raises(UsageError, match="no session"):
            await connection.fetch_session("nothing")

    asked(ask, may_approve=False)


@pytest.mark.parametrize("name", ["a/../b", "a?b=c#d", "x%2Fy", "é [/] \u202e"])
def test_a_session_id_is_one_part_of_the_path_whatever_is_in_it(asked, name):
    async def ask(connection, daemon):
        assert (await connection.fetch_session(name)).id == name

    asked(ask, sessions=[lambda: scenes.session(opened_at="").model_copy(update={"id": name})])


def test_nobody_there_is_told_with_the_socket_and_what_to_do(tmp_path):
    async def ask():
        async with Client(tmp_path / "none.sock") as connection:
            await connection.fetch_version()

    with pytest.raises(Unreachable, match=r"none\.sock") as caught:
        asyncio.run(ask())
    assert "mcsyncd run" in caught.value.hint


def _odd_server(tmp_path, answer):
    """A server that is no daemon of ours."""

    async def ask():
        app = web.Application()
        app.router.add_get("/v1/health", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "odd.sock")).start()
        try:
            async with Client(tmp_path / "odd.sock") as connection:
                await connection.fetch_version()
        finally:
            await runner.cleanup()

    asyncio.run(ask())


@pytest.mark.parametrize("text", ["<html>", '{"versio": 1}', "[]", ""])
def test_an_answer_that_is_no_body_is_an_error_not_a_crash(tmp_path, text):
    async def answer(_):
        return web.Response(text=text)

    with pytest.raises(McsyncError, match="cannot read the daemon"):
        _odd_server(tmp_path, answer)


def test_a_crash_of_the_daemon_points_to_its_log(tmp_path):
    async def answer(_):
        return web.Response(status=500, text="oops")

    with pytest.raises(McsyncError, match="500") as caught:
        _odd_server(tmp_path, answer)
    assert "journalctl" in caught.value.hint


def test_a_connection_that_breaks_off_is_unreachable(tmp_path):
    async def answer(request):
        request.transport.abort()
        return web.Response()

    with pytest.raises(Unreachable):
        _odd_server(tmp_path, answer)


def test_an_answer_without_end_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "_MAX_RESPONSE_BYTES", 1000)

    async def answer(_):
        return web.Response(text="x" * 2000)

    with pytest.raises(McsyncError, match="larger than"):
        _odd_server(tmp_path, answer)


def test_events_begin_with_a_heartbeat_once_the_stream_stands(asked):
    async def ask(connection, daemon):
        stream = connection.stream_events(last_id=41)
        assert (await anext(stream)).what == "heartbeat"
        await daemon.put(scenes.session(revision=4))
        word = await anext(stream)
        assert (word.what, word.session, word.seq) == ("event", scenes.SURE, 1)
        daemon.tell(api.StreamEventBody(what="folders"))
        assert (await anext(stream)).what == "folders"
        assert daemon.resumed_from == ["41"]
        await stream.aclose()

    asked(ask)


def test_the_stream_ends_by_saying_that_the_daemon_is_gone(asked):
    async def ask(connection, daemon):
        stream = connection.stream_events()
        await anext(stream)
        assert daemon.resumed_from == [None]
        await daemon.stop()
        with pytest.raises(Unreachable):
            await anext(stream)

    asked(ask)


def test_a_daemon_without_a_heartbeat_is_gone(asked, monkeypatch):
    monkeypatch.setattr(client, "MAX_SILENCE_S", 0.2)

    async def ask(connection, daemon):
        stream = connection.stream_events()
        await anext(stream)
        with pytest.raises(Unreachable, match="does not answer"):
            await anext(stream)

    asked(ask)


async def test_a_request_after_the_end_is_refused_like_one_without_a_daemon(tmp_path):
    """A screen that closes with its app still sends one; it must not end in a traceback."""
    async with Client(tmp_path / "api.sock") as client:
        pass
    with pytest.raises(Unreachable, match="is closed"):
        await client.fetch_version()
