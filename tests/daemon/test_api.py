"""The API: what blocks outside does not block it, and every refusal has the documented body."""

from __future__ import annotations

import asyncio
import errno
import grp
import json
import os
import pwd
import re
import shutil
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from api_server import serve_api

from mcsyncd import api
from mcsyncd.cli.main import _run_command as run_command
from mcsyncd.cli.reports import format_status
from mcsyncd.daemon import accounts
from mcsyncd.daemon.accounts import Account, AccountDirectory
from mcsyncd.daemon.refusals import MAX_KINDS, RefusalRecorder
from mcsyncd.errors import Conflict, ExitCode, NotPermitted, Unavailable, UnknownSession
from mcsyncd.model.clip import Clip
from mcsyncd.model.events import (
    ClipsOffloaded,
    DecisionRefused,
    DropFilesChanged,
    JobPostponed,
    PublishingBegan,
    SessionAligned,
    SessionApproved,
    SessionHalted,
    SessionOpened,
    SessionRejected,
    SessionSealed,
)
from mcsyncd.model.session import Attempt, Failure, State
from mcsyncd.store.audit import audit_ledger
from shoots import AT, DROPPED, NTSC, OKAFOR, TERMS, alignment

SESSION = "20261123-091502-k7q"
CLIPS = tuple(Clip(one.camera, one.name, one.bytes, one.mtime_ns) for one in DROPPED if one.kind == "clip")
IN_REVIEW = (
    SessionOpened(AT, SESSION),
    DropFilesChanged(AT, DROPPED),
    SessionSealed(AT, TERMS, CLIPS),
    ClipsOffloaded(AT, tuple((clip.key, f"sessions/{SESSION}/original/{clip.key}") for clip in CLIPS)),
    SessionAligned(AT, 1, alignment(), NTSC),
)
ME = pwd.getpwuid(os.geteuid()).pw_name
DOCS = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture
def gate():
    """An event that holds up blocking calls until the test is over."""
    opened = threading.Event()
    yield opened
    opened.set()


async def ask_in(seconds, request):
    began = time.monotonic()
    answer = await request
    assert time.monotonic() - began < seconds
    return answer


async def test_a_slow_group_database_holds_up_no_other_request(tmp_path, monkeypatch, gate):
    monkeypatch.setattr(accounts, "DECISION_LIMIT_S", 1.2)
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        assert (await served.client.fetch_status()).you == ME
        look_up = grp.getgrgid
        monkeypatch.setattr(grp, "getgrgid", lambda gid: gate.wait() and look_up(gid))
        status = asyncio.create_task(served.client.fetch_status())
        decision = asyncio.create_task(served.client.send_decision(SESSION, api.ApproveRequest(), 1))
        await asyncio.sleep(0.1)
        assert await ask_in(0.5, served.client.fetch_version())
        assert len((await ask_in(0.5, served.client.list_sessions())).sessions) == 1
        last_known = await ask_in(accounts.DISPLAY_LIMIT_S + 0.5, status)
        assert (last_known.you, last_known.may_approve) == (ME, True)
        await decision  # the answer from before is still fresh enough


async def test_a_decision_that_the_group_database_does_not_confirm_is_refused(tmp_path, monkeypatch, gate):
    monkeypatch.setattr(accounts, "DECISION_LIMIT_S", 0.1)
    monkeypatch.setattr(accounts, "MAX_DECISION_AGE_S", 0.3)
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        assert (await served.client.fetch_status()).may_approve
        monkeypatch.setattr(grp, "getgrgid", lambda gid: gate.wait())
        await asyncio.sleep(0.3)
        status, problem = await served.request(
            "POST",
            f"/v1/sessions/{SESSION}/decisions",
            json={"action": "approve"},
            headers={"If-Match": "1"},
        )
        assert (status, problem["code"]) == (503, "unavailable")
        assert "getent" in problem["hint"]
        assert served.loop.find_session(SESSION).state is State.IN_REVIEW
        with pytest.raises(Unavailable):
            await served.client.seal_session()


async def test_everybody_hears_of_a_pause_and_reads_the_sessions_that_wait_for_it(tmp_path):
    approved = (
        SessionApproved(AT, OKAFOR, 1),
        PublishingBegan(AT, 1),
    )
    async with serve_api(tmp_path / "home", (*IN_REVIEW, *approved)) as served:
        monitor, told = served.handler._progress_monitor, []
        with served.handler._hub.subscribe() as heard:
            monitor.tell_of_store()
            await served.client.direct_uploads("pause")
            for _ in range(2):
                monitor.tell_of_store()
            while not heard.empty():
                told.append(await heard.get())
        assert [(one.what, one.session, one.progress) for one in told] == [
            ("folders", None, None),
            ("progress", SESSION, None),
        ]
        assert "paused" in (await served.client.fetch_session(SESSION)).error.message


POST_APPROVAL = """
import socket, sys
caller = socket.socket(socket.AF_UNIX)
caller.connect("api.sock")
body = b'{"action": "approve"}'
caller.sendall(
    b"POST /v1/sessions/%s/decisions HTTP/1.1\\r\\nHost: x\\r\\nIf-Match: 1\\r\\nX-User: kim\\r\\n"
    b"Content-Type: application/json\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%s"
    % (sys.argv[1].encode(), len(body), body)
)
answer = b""
while chunk := caller.recv(4096):
    answer += chunk
print(answer.decode())
"""
SYSTEM_PYTHON = shutil.which("python3", path="/usr/bin:/bin")


@pytest.mark.skipif(os.geteuid() != 0 or SYSTEM_PYTHON is None, reason="only root can be another user")
async def test_a_process_of_another_user_is_refused_whatever_it_claims(tmp_path):
    nobody = pwd.getpwnam("nobody")
    async with serve_api(tmp_path / "home", IN_REVIEW, users="kim") as served:
        await asyncio.to_thread(served.socket.chmod, 0o666)
        process = await asyncio.create_subprocess_exec(
            *(SYSTEM_PYTHON, "-c", POST_APPROVAL, SESSION),
            cwd=served.socket.parent,  # entered before the user changes: the folders above are root's
            user=nobody.pw_uid,
            stdout=asyncio.subprocess.PIPE,
        )
        answer, _ = await asyncio.wait_for(process.communicate(), 20)
        assert b" 403 " in answer.splitlines()[0]
        assert served.loop.find_session(SESSION).state is State.IN_REVIEW
        refused = [entry for entry in await served.loop.read_entries(None) if entry.seq > len(IN_REVIEW)]
        assert [entry.kind for entry in refused] == ["decision_refused"]
        assert json.loads(refused[0].body)["by"] == {"name": "nobody", "uid": nobody.pw_uid}


async def test_a_user_who_may_not_approve_is_refused_and_changes_nothing(tmp_path):
    directory = AccountDirectory(lambda uid: Account(uid, "somebody", frozenset({"camera-ops"})))
    async with serve_api(tmp_path / "home", IN_REVIEW, users="kim", accounts=directory) as served:
        before = served.loop.find_session(SESSION)
        for action in ({"action": "approve"}, {"action": "reject", "reason": "no"}, {"action": "retry"}):
            status, problem = await served.request(
                "POST", f"/v1/sessions/{SESSION}/decisions", json=action, headers={"If-Match": "1"}
            )
            assert (status, problem["code"]) == (403, "not_permitted")
        with pytest.raises(NotPermitted, match="somebody may not decide"):
            await served.client.seal_session()
        assert served.loop.find_session(SESSION) == before
        refused = [entry for entry in await served.loop.read_entries(None) if entry.seq > len(IN_REVIEW)]
        assert [entry.kind for entry in refused] == ["decision_refused"] * 4
        assert [entry.session_id for entry in refused] == [*[SESSION] * 3, "ledger"]
        told = [json.loads(entry.body) for entry in refused]
        assert [one["action"] for one in told] == ["approve", "reject", "retry", "seal"]
        for one in told:
            assert one["by"] == {"name": "somebody", "uid": os.geteuid()}
            assert (one["code"], one["count"]) == ("not_permitted", 1)
            assert "may not decide" in one["reason"]
        assert audit_ledger(served.loop.ledger.ledger.path).faults == ()


async def test_a_full_local_store_is_shown_with_its_reason(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        served.handler._progress_monitor.storage_health = "/srv/bucket: only 3 MiB are free"
        storage = (await served.client.fetch_status()).storage
        assert (storage.kind, storage.health) == ("local", "/srv/bucket: only 3 MiB are free")


async def test_the_metrics_are_read_on_the_socket_and_by_the_command(tmp_path, capsys):
    options = ["--socket", str(tmp_path / "home" / "api.sock"), "metrics"]
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        async with served.http.get("http://mcsyncd/v1/metrics") as answer:
            text = await answer.text()
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert 'mcsyncd_sessions{state="in_review"} 1\n' in text
        assert await asyncio.to_thread(run_command, options) == ExitCode.DONE
        printed = capsys.readouterr().out
        assert 'mcsyncd_sessions{state="in_review"} 1\n' in printed
    assert await asyncio.to_thread(run_command, options) == ExitCode.UNREACHABLE
    assert "mcsyncd_up 0\n" in capsys.readouterr().out


async def test_the_status_says_that_the_drop_folders_do_not_answer(tmp_path):
    """A scan that hung on a dead share left every folder at its last `ok`, and nothing said why."""
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        assert (await served.client.fetch_status()).alerts == []
        served.handler._drop_scanner.scanned_at -= 200
        (alert,) = (await served.client.fetch_status()).alerts
        assert (alert.code, alert.level) == ("scan_stuck", "error")
        assert "3 min" in alert.message


async def test_a_health_check_fails_for_errors_alone(tmp_path, capsys):
    options = ["--socket", str(tmp_path / "home" / "api.sock"), "status", "--check"]
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        served.loop.store_gates.main.pause("kim")  # a warning
        capsys.readouterr()  # the log of it
        assert await asyncio.to_thread(run_command, options) == ExitCode.DONE
        assert not capsys.readouterr().out
        served.handler._drop_scanner.scanned_at -= 200
        assert await asyncio.to_thread(run_command, options) == ExitCode.FAILED
        assert capsys.readouterr().out.startswith("ERROR: the drop folders have not answered")
    assert await asyncio.to_thread(run_command, options) == ExitCode.UNREACHABLE


async def test_the_status_says_that_nobody_may_decide_and_how_to_change_it(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW, users="") as served:
        status = await served.client.fetch_status()
        assert not status.may_approve
        (alert,) = status.alerts
        assert (alert.code, alert.level) == ("nobody_may_decide", "error")
        assert "review.approvers" in alert.hint
        shown = "\n".join(format_status(status))
        assert alert.message in shown
        assert alert.hint in shown
        with pytest.raises(NotPermitted, match="may not decide"):
            await served.client.send_decision(SESSION, api.ApproveRequest(), 1)
    async with serve_api(tmp_path / "named", IN_REVIEW) as served:
        assert (await served.client.fetch_status()).alerts == []


async def test_a_refusal_for_the_state_or_an_unknown_session_is_recorded_as_well(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        with pytest.raises(Conflict):
            await served.client.send_decision(SESSION, api.ApproveRequest(), 7)
        with pytest.raises(UnknownSession):
            await served.client.send_decision("nope", api.ApproveRequest(), 1)
        kept = [(entry.session_id, json.loads(entry.body)) for entry in await served.loop.read_entries(None)]
        (one, first), (other, second) = kept[-2:]
        assert (one, first["code"], first["revision"]) == (SESSION, "conflict", 7)
        assert (other, second["code"]) == ("ledger", "unknown_session")
        assert "nope" in second["reason"]


async def test_a_client_that_hammers_the_socket_costs_the_ledger_a_few_rows(tmp_path):
    directory = AccountDirectory(lambda uid: Account(uid, "somebody", frozenset()))
    async with serve_api(tmp_path / "home", IN_REVIEW, users="kim", accounts=directory) as served:
        for number in range(300):
            with pytest.raises(NotPermitted):
                await served.client.send_decision(f"s{number % 50}", api.ApproveRequest(), number)
        for number in range(100):
            with pytest.raises(NotPermitted):
                await served.client.send_decision(SESSION, api.RejectRequest(reason="x" * 2000), number)
        rows = await served.loop.read_entries(None)
        assert len(rows) - len(IN_REVIEW) == 2
        assert all(len(entry.body) < 1000 for entry in rows[len(IN_REVIEW) :])
        await served.handler.refusals.flush(everything=True)
        counted = [json.loads(entry.body)["count"] for entry in (await served.loop.read_entries(None))[-2:]]
        assert sorted(counted) == [99, 299]


async def test_the_newest_events_come_oldest_first(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        everything = [entry async for entry in served.client.read_log()]
        assert len(everything) > 2
        assert await served.client.read_newest_entries(2) == everything[-2:]
        assert await served.client.read_newest_entries(500) == everything


async def test_one_user_fills_no_more_than_a_few_rows_however_much_the_refusals_differ(tmp_path):
    recorded = []

    async def record(session, event):
        recorded.append((session, event))

    recorder = RefusalRecorder(record, clock=lambda: 0.0)
    for number in range(1000):
        await recorder.note(DecisionRefused(AT, OKAFOR, "approve", "conflict", "no", number), f"s{number}")
    assert len(recorded) == MAX_KINDS + 1
    await recorder.flush(everything=True)
    assert sum(event.count for _, event in recorded) == 1000


async def test_a_disk_that_does_not_answer_holds_up_no_status(tmp_path, monkeypatch, gate):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        known = (await served.client.fetch_status()).storage.work_free_bytes
        assert known > 0
        monkeypatch.setattr(shutil, "disk_usage", lambda path: gate.wait())
        status = await ask_in(1.5, served.client.fetch_status())
        assert status.storage.work_free_bytes == known


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/sessions/nope", 404, "unknown_session"),
        ("GET", "/v1/sessions/nope/peaks?camera=a&start_ms=0&step_ms=1&columns=1", 404, "unknown_session"),
        ("GET", "/v1/sessions/nope/manifest", 404, "unknown_session"),
        ("POST", "/v1/sessions/nope/claim", 404, "unknown_session"),
        ("DELETE", "/v1/sessions/nope/claim", 404, "unknown_session"),
        ("GET", "/v1/log?session=nope", 404, "unknown_session"),
        ("GET", "/v1/nope", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("DELETE", f"/v1/sessions/{SESSION}", 405, "method_not_allowed"),
        ("POST", "/v1/status", 405, "method_not_allowed"),
        ("GET", f"/v1/sessions/{SESSION}/peaks?camera=cam_a", 400, "invalid_request"),
        ("GET", f"/v1/sessions/{SESSION}/manifest", 400, "invalid_request"),
        ("POST", f"/v1/sessions/{SESSION}/decisions", 400, "invalid_request"),
        ("GET", "/v1/log?after=x", 400, "invalid_request"),
        ("GET", "/v1/log?newest=0", 400, "invalid_request"),
        ("GET", "/v1/log?newest=501", 400, "invalid_request"),
        ("GET", "/v1/log?after=99999999999999999999", 400, "invalid_request"),
    ],
)
async def test_every_refusal_has_the_documented_body(tmp_path, method, path, status, code):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        found, problem = await served.request(method, path)
        assert (found, problem["code"]) == (status, code)
        assert set(problem) == {"code", "message", "hint", "current"}
        assert api.ProblemBody(**problem).message
        assert problem["hint"]


async def test_a_body_too_large_and_a_stream_from_nowhere_are_refused_the_same_way(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        path = f"/v1/sessions/{SESSION}/decisions"
        status, problem = await served.request("POST", path, data=b"x" * (1 << 20))
        assert (status, problem["code"]) == (413, "too_large")
        status, problem = await served.request("GET", "/v1/events", headers={"Last-Event-ID": "x"})
        assert (status, problem["code"]) == (400, "invalid_request")
        async with served.http.delete(f"http://mcsyncd/v1/sessions/{SESSION}") as answer:
            assert answer.headers["Allow"] == "GET,HEAD"


async def test_a_decision_on_an_older_revision_brings_the_present_session(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        path = f"/v1/sessions/{SESSION}/decisions"
        status, problem = await served.request(
            "POST", path, json={"action": "approve"}, headers={"If-Match": "0"}
        )
        assert (status, problem["code"]) == (412, "conflict")
        assert problem["current"]["revision"] == 1


async def test_a_fault_of_the_daemon_is_an_internal_error_without_its_details(tmp_path, monkeypatch):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        monkeypatch.setattr(served.loop, "list_sessions", None)
        status, problem = await served.request("GET", "/v1/sessions")
        assert (status, problem["code"]) == (500, "internal")
        assert problem["message"] == "internal error"


async def test_a_disk_that_fails_below_a_request_is_named(tmp_path, monkeypatch):
    """It was an internal error, with a traceback in the log for each request."""
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:

        def fail(_query):
            raise OSError(errno.EIO, os.strerror(errno.EIO), "/media/card/clip.mov")

        monkeypatch.setattr(served.loop, "list_sessions", fail)
        status, problem = await served.request("GET", "/v1/sessions")
        assert (status, problem["code"]) == (503, "unavailable")
        assert problem["message"] == f"/media/card/clip.mov: {os.strerror(errno.EIO)}"
        assert problem["hint"]


async def test_the_status_says_what_a_session_waits_for_until_it_goes_on(tmp_path):
    """A session that waited for a full disk was shown as working, and nothing named the disk."""
    failure = Failure(
        "conform", "/media/card/clip.part: No space left on device", "make room", retryable=True
    )
    postponed = JobPostponed(AT, Attempt("job", 1, 0, 10.0), failure)
    halted = SessionHalted(AT, State.FAILED, failure)
    async with serve_api(tmp_path / "home", (*IN_REVIEW, postponed)) as served:
        (alert,) = (await served.client.fetch_status()).alerts
        assert (alert.code, alert.level) == ("session_waits", "warning")
        assert SESSION in alert.message
        assert failure.message in alert.message
        assert alert.hint == "make room"
    async with serve_api(tmp_path / "other", (*IN_REVIEW, halted)) as served:
        assert (await served.client.fetch_status()).alerts == [], "it waits for a person, not for a disk"


async def test_a_ledger_that_cannot_be_read_is_an_alert_too(tmp_path, monkeypatch):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:

        def fail(*_):
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(served.loop.ledger.ledger, "read_entries", fail)
        status, problem = await served.request("GET", "/v1/log")
        assert (status, problem["code"]) == (503, "unavailable")
        (alert,) = (await served.client.fetch_status()).alerts
        assert alert.code == "ledger_unwritable"
        assert str(tmp_path / "home" / "var" / "state") in alert.hint


async def test_the_client_raises_the_error_of_each_code(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        with pytest.raises(UnknownSession, match="no session nope"):
            await served.client.fetch_session("nope")


async def test_states_and_stages_are_typed_on_the_wire(tmp_path):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        session = await served.client.fetch_session(SESSION)
        assert session.state is State.IN_REVIEW
        assert (await served.client.fetch_status()).sessions == {State.IN_REVIEW: 1}
    with pytest.raises(ValueError, match="stage"):
        api.ProgressBody(stage="lunch", done=0.0)


async def test_the_log_comes_in_pages(tmp_path, monkeypatch):
    monkeypatch.setattr("mcsyncd.daemon.server.PAGE_ENTRIES", 2)
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        read = served.loop.read_entries
        monkeypatch.setattr(
            served.loop, "read_entries", lambda session, after=0: take(read(session, after), 2)
        )
        _, page = await served.request("GET", "/v1/log")
        assert ([entry["seq"] for entry in page["entries"]], page["next_after"]) == ([1, 2], 2)
        assert [entry.seq async for entry in served.client.read_log(SESSION)] == [1, 2, 3, 4, 5]
        events = served.client.stream_events(last_id=1)
        missed = [(await anext(events)).seq for _ in range(5)]
        assert missed == [None, 2, 3, 4, 5]
        await events.aclose()


async def test_the_sessions_come_in_pages_and_finished_ones_are_read_from_the_ledger(tmp_path, monkeypatch):
    monkeypatch.setattr("mcsyncd.daemon.server._PAGE_SESSIONS", 4)
    ids = [f"20261123-0915{number:02}-k7q" for number in range(10)]
    published = {ids[0], *ids[3:]}
    histories = [one_session(name, finished=name in published) for name in ids]
    async with serve_api(tmp_path / "home", *histories) as served:
        assert set(served.loop.sessions) == set(ids) - published
        first = await served.client.list_sessions()
        assert [body.id for body in first.sessions] == ids[:5:-1]
        assert first.next_before == ids[6]
        assert [body.id async for body in served.client.read_sessions()] == ids[::-1]
        for finished, expected in ((True, published), (False, set(ids) - published)):
            found = [body.id async for body in served.client.read_sessions(finished=finished)]
            assert found == sorted(expected, reverse=True)
        assert (await served.client.fetch_session(ids[0])).state is State.REJECTED
        assert (await served.client.fetch_status()).sessions == {State.IN_REVIEW: 2, State.REJECTED: 8}
        for query in ("limit=0", "limit=501", "limit=x", "finished=maybe"):
            status, problem = await served.request("GET", f"/v1/sessions?{query}")
            assert (status, problem["code"]) == (400, "invalid_request"), query


async def test_a_finished_session_that_is_reopened_is_back_among_those_that_work(tmp_path):
    async with serve_api(tmp_path / "home", one_session(SESSION, finished=True)) as served:
        assert SESSION not in served.loop.sessions
        await served.client.send_decision(SESSION, api.ReopenRequest(reason="look again"), 1)
        assert served.loop.sessions[SESSION].state is State.IN_REVIEW
        assert served.loop.count_states() == {State.IN_REVIEW: 1}
        await served.client.send_decision(SESSION, api.RejectRequest(reason="no"), 2)
        assert SESSION not in served.loop.sessions
        assert served.loop.count_states() == {State.REJECTED: 1}


def one_session(name, *, finished):
    """The history of a session in review, or of one that was rejected then."""
    rejected = (SessionRejected(AT, OKAFOR, 1, "no"),) if finished else ()
    return (SessionOpened(AT, name), *IN_REVIEW[1:], *rejected)


@pytest.mark.parametrize("junk", ["x", "-1", "1.5", "1_0", "٣", "9" * 30, "1\t2", "1; DROP TABLE event"])
async def test_junk_as_the_last_event_is_refused_before_the_stream_begins(tmp_path, junk):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        headers = {"Last-Event-ID": junk}
        status, problem = await served.request("GET", "/v1/events", headers=headers)
        assert (status, problem["code"]) == (400, "invalid_request")


async def test_a_stream_behind_an_event_that_is_not_there_yet_is_not_mute(tmp_path):
    """As after an older copy was restored: the client has seen events that this ledger never had."""
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        events = served.client.stream_events(last_id=1_000_000)
        assert (await anext(events)).what == "heartbeat"
        await served.client.send_decision(SESSION, api.RejectRequest(reason="no"), 1)
        assert (await asyncio.wait_for(anext(events), 5)).kind == "session_rejected"
        await events.aclose()


async def test_what_goes_wrong_in_a_stream_ends_it_and_is_not_written_into_it(tmp_path, monkeypatch):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:

        async def fail(*_):
            raise RuntimeError("a fault in the middle")

        monkeypatch.setattr(served.loop, "read_entries", fail)
        reader, writer = await asyncio.open_unix_connection(served.socket)
        writer.write(b"GET /v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 1\r\n\r\n")
        answer = await asyncio.wait_for(read_until_closed(reader), 5)
        writer.close()
        assert answer.count(b"HTTP/1.1") <= 1
        assert b"internal" not in answer


async def test_a_client_that_leaves_a_stream_is_no_error(tmp_path, caplog):
    async with serve_api(tmp_path / "home", IN_REVIEW) as served:
        reader, writer = await asyncio.open_unix_connection(served.socket)
        writer.write(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.transport.abort()
        for _ in range(20):
            served.loop._hub.broadcast(api.StreamEventBody(what="folders"))
            await asyncio.sleep(0.02)
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]


async def read_until_closed(reader):
    answer = b""
    try:
        while chunk := await reader.read(4096):
            answer += chunk
    except ConnectionError:
        pass
    return answer


async def take(entries, count):
    return (await entries)[:count]


async def test_every_route_is_documented_and_every_documented_route_exists(tmp_path):
    documented = {
        (method, re.sub(r"\{\w+\}", "{}", path))
        for method, path in re.findall(r"^\| `(GET|POST|DELETE) (/v1/[^`?]*)", DOCS.read_text(), re.MULTILINE)
    }
    async with serve_api(tmp_path / "home") as served:
        served_routes = {
            (route.method, re.sub(r"\{\w+\}", "{}", route.resource.canonical))
            for route in served.app.router.routes()
            if route.method != "HEAD"
        }
    assert documented == served_routes


def test_every_problem_code_is_documented():
    documented = set(re.findall(r"^\| \d{3} \| `(\w+)`", DOCS.read_text(), re.MULTILINE))
    assert documented == set(api.ProblemCode.__args__)
