"""The demo's follower, against a real server on a real Unix socket that plays a script."""

import asyncio
import io
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from mcsyncd import api
from mcsyncd.cli import session_follower
from mcsyncd.cli.session_follower import SessionFollower, list_started_sessions
from mcsyncd.client import Client
from mcsyncd.demo.progress_printer import ProgressPrinter
from mcsyncd.demo.truth import Shoot
from mcsyncd.errors import McsyncError, NotPermitted, Unreachable

SHOOT = Shoot(
    files={key: Path(key) for key in ("cam_a", "cam_b")},
    offsets_us={"cam_a": 0, "cam_b": -134_000},
    drift_ppm={"cam_a": 0.0, "cam_b": 18.0},
    flashes_us=(),
    takes=(),
)
OLD = api.SessionBody(id="20260101-000000-old", state="published", revision=4)


def ours(state, revision=1, **changed):
    told = {"rate": "30", "sync_confidence": 0.97, "offsets_ms": {"cam_a": 0.0, "cam_b": -134.1}} | changed
    return api.SessionBody(id="20261123-091502-k7q", state=state, revision=revision, **told)


class Script:
    """Answers `/v1/sessions` with the next scene each time; the last one stays."""

    def __init__(self, *scenes, after_approval=()):
        self.scenes = list(scenes)
        self.after_approval = after_approval
        self.revision = None
        self.approved = []
        self.forbidden = False

    def app(self):
        made = web.Application()
        made.add_routes(
            [
                web.get("/v1/sessions", self.sessions),
                web.get("/v1/events", self.events),
                web.get("/v1/sessions/{id}/manifest", self.manifest),
                web.post("/v1/sessions/{id}/decisions", self.decide),
            ]
        )
        return made

    async def sessions(self, _):
        now = self.scenes.pop(0) if len(self.scenes) > 1 else self.scenes[0]
        return reply(api.SessionsBody(sessions=[*now, OLD]))

    async def events(self, request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while request.transport is not None:
            await response.write(b'data: {"what": "progress"}\n\n')
            await asyncio.sleep(0.02)
        return response

    async def manifest(self, _):
        return web.json_response({"schema": "1"})

    async def decide(self, request):
        if self.forbidden:
            return reply(api.ProblemBody(code="not_permitted", message="not an approver"), 403)
        asked = int(request.headers["If-Match"])
        if self.revision is not None and asked != self.revision:
            moved = ours("in_review", self.revision)
            self.scenes = [[moved]]
            return reply(api.ProblemBody(code="conflict", message="moved on", current=moved), 412)
        self.approved.append(asked)
        self.scenes = [[scene] for scene in self.after_approval] or [[ours("published", asked)]]
        return reply(ours("approved", asked))


def reply(body, status=200):
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/json")


@asynccontextmanager
async def playing(script, folder):
    runner = web.AppRunner(script.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "api.sock")).start()
    try:
        yield folder / "api.sock"
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(session_follower, "_POLL_INTERVAL_S", 0.1)
    monkeypatch.setattr(session_follower, "_MIN_POLL_GAP_S", 0.0)


def run(script, folder, out=None, check=lambda: None):
    """Play the demo's part: what was there before, review, approval, published."""
    out = io.StringIO() if out is None else out

    async def whole():
        async with playing(script, folder) as socket, Client(socket) as client:
            follower = SessionFollower(
                client, frozenset({OLD.id}), ProgressPrinter(out, lambda: 0.0, terminal=False), check
            )
            session = await follower.approve(await follower.wait_for_review(SHOOT), SHOOT)
            return (session, await follower.wait_until_published())

    return asyncio.run(asyncio.wait_for(whole(), 20))


def test_from_no_session_to_the_manifest(tmp_path):
    out = io.StringIO()
    working = ours("working", progress=api.ProgressBody(stage="ingest", done=0.4, subject="C0012.MP4"))
    script = Script([], [], [ours("collecting")], [working], [ours("in_review", 3)])
    _, published = run(script, tmp_path, out)
    assert script.approved == [3]
    assert published.state == "published"
    told = out.getvalue()
    assert "Sync Confidence: 97%" in told
    assert "ingest C0012.MP4   40%" in told
    assert "-134.100 ms" in told


def test_a_session_that_moved_on_is_shown_again_and_approved_as_it_then_stands(tmp_path):
    script = Script([ours("in_review", 3)])
    script.revision = 5
    out = io.StringIO()
    run(script, tmp_path, out)
    assert script.approved == [5]
    assert out.getvalue().count("Sync Confidence") == 2


def test_a_wrong_offset_is_not_approved(tmp_path):
    script = Script([ours("in_review", 3, offsets_ms={"cam_a": 0.0, "cam_b": -100.0})])
    with pytest.raises(McsyncError, match="cam_b is"):
        run(script, tmp_path)
    assert script.approved == []


def test_a_failed_session_ends_the_demo_with_the_daemons_own_words(tmp_path):
    why = api.ErrorBody(stage="probe", message="C0012.MP4 is cut off", hint="copy the card again")
    with pytest.raises(McsyncError, match=r"failed at probe: C0012\.MP4 is cut off") as told:
        run(Script([], [ours("failed", error=why)]), tmp_path)
    assert told.value.hint == "copy the card again"


def test_a_session_that_stands_still_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(session_follower, "STALL_S", 0.3)
    with pytest.raises(McsyncError, match="nothing has changed"):
        run(Script([ours("working")]), tmp_path)


def test_who_may_not_approve_is_told(tmp_path):
    script = Script([ours("in_review", 3)])
    script.forbidden = True
    with pytest.raises(NotPermitted, match="not an approver"):
        run(script, tmp_path)


@pytest.mark.parametrize("ended", [True, False])
def test_when_the_daemon_is_gone_its_own_end_is_told_first(tmp_path, ended):
    def check():
        if ended:
            raise McsyncError("the daemon ended with code 1")

    async def whole():
        async with Client(tmp_path / "none.sock") as client:
            follower = SessionFollower(
                client, frozenset(), ProgressPrinter(io.StringIO(), lambda: 0.0, terminal=False), check
            )
            await follower.wait_for_review(SHOOT)

    with pytest.raises(
        McsyncError if ended else Unreachable, match="ended" if ended else "no daemon answers"
    ):
        asyncio.run(asyncio.wait_for(whole(), 20))


def test_only_a_session_that_still_takes_clips_can_become_ours(tmp_path):
    async def asked():
        script = Script([ours("collecting")])
        async with playing(script, tmp_path) as socket, Client(socket) as client:
            return await list_started_sessions(client)

    assert asyncio.run(asked()) == {OLD.id}
