"""A small daemon for the tests of the two faces: a real server on a real socket, scripted bodies.

It keeps sessions, lays synthetic sound at their offsets, and applies decisions with the check of
the revision, as the true one does.
"""

import asyncio
import base64
import io
import re
import threading
import wave
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from aiohttp import web
from tui import scenes

from mcsyncd import api

CLAP_MS = 12_400.0
_DECISIONS = {"approve", "reject", "reopen", "nudge"}
_AFTER = {
    "approve": "approved",
    "reject": "rejected",
    "reopen": "in_review",
    "retry": "working",
    "resync": "working",
}


def loudness(at_ms):
    """How loud the scene is at each moment: a hum, some speech, a clap at CLAP_MS. 0..1."""
    at_ms = np.asarray(at_ms, dtype=float)
    speech = (
        0.30 * (np.sin(at_ms / 97.0) + np.sin(at_ms / 41.0 + 1.0) > 0.9) * (0.6 + 0.4 * np.sin(at_ms / 7.0))
    )
    since = at_ms - CLAP_MS
    clap = np.where(
        since >= 0, np.exp(-np.maximum(since, 0.0) / 60.0) * (0.75 + 0.25 * np.cos(since / 3.0)), 0.0
    )
    return np.clip(0.02 + speech + clap, 0.0, 1.0)


def fit_frame(width, height):
    """The size of a 16:9 frame within a box, in even pixels."""
    scale = min(width / 16, height / 9)
    return max(2, int(16 * scale) // 2 * 2), max(2, int(9 * scale) // 2 * 2)


def film_scene(at_ms, width, height):
    """A person with a clapper before a window; it closes at CLAP_MS. uint8 (height, width, 3)."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    x, y = x / width * 16, y / height * 9
    frame = np.empty((height, width, 3))
    frame[:] = (70, 74, 84)
    frame += (9 - y)[..., None] * np.array([4.0, 5.0, 7.0])
    frame[(x > 10.2) & (x < 15) & (y > 0.8) & (y < 5.2)] = (196, 214, 232)
    frame[(abs(x - 12.6) < 0.12) & (y > 0.8) & (y < 5.2)] = (90, 96, 108)
    frame[((x - 4.2) / 2.9) ** 2 + ((y - 9.6) / 4.0) ** 2 < 1] = (38, 52, 92)
    frame[((x - 4.2) / 1.25) ** 2 + ((y - 3.6) / 1.6) ** 2 < 1] = (214, 168, 138)
    frame[((x - 4.2) / 1.4) ** 2 + ((y - 2.4) / 1.0) ** 2 < 1] = (60, 40, 30)
    board = (x > 6.2) & (x < 10.4) & (y > 5.6) & (y < 8.4)
    frame[board] = (24, 24, 26)
    frame[(abs(x - 8.3) < 1.7) & (abs(y - 7.2) < 0.6)] = (226, 226, 220)
    angle = np.radians(np.clip((CLAP_MS - at_ms) / 8.0, 0.0, 42.0))
    along = (x - 6.2) * np.cos(angle) - (y - 5.3) * np.sin(angle)
    across = (x - 6.2) * np.sin(angle) + (y - 5.3) * np.cos(angle)
    stick = (along > 0) & (along < 4.2) & (abs(across) < 0.34)
    stripe = (np.floor(along * 1.4 + across) % 2 == 0)[..., None]
    frame = np.where(stick[..., None], np.where(stripe, (238, 238, 232), (20, 20, 22)), frame)
    return np.clip(frame, 0, 255).astype(np.uint8)


class FakeDaemon:
    """`sessions` and `status` are what it answers; `wrong_ms` how far a camera's offset is from the truth."""

    def __init__(self, socket: Path, status: api.StatusBody, sessions=()):
        self.socket = socket
        self.status = status
        self.sessions = {body.id: body for body in sessions}
        self.log: list[api.LogEntryBody] = []
        self.log_page = 500
        self.originals: api.OriginalsBody | None = api.OriginalsBody(
            checked_at="2026-11-23T09:29:00.000000+00:00", count=4
        )
        self.session_page = 100
        self.decisions: list[tuple[str, dict, str | None]] = []
        self.resumed_from: list[str | None] = []
        self.wrong_ms: dict[str, float] = {}
        self.faint: dict[str, float] = {}
        self.frame_us: dict[str, int] = {}
        self.frame_late_us: dict[str, int] = {}
        self.frame_gaps: dict[str, api.FrameBody] = {}
        self.frame_gate: asyncio.Event | None = None
        self.heartbeat_s = 10.0
        self.requests: list[str] = []
        self._seq = 0
        self._listeners: set[asyncio.Queue] = set()
        self._runner: web.AppRunner | None = None

    async def start(self):
        app = web.Application()
        app.router.add_get("/v1/health", self._health)
        app.router.add_get("/v1/status", self._status)
        app.router.add_get("/v1/sessions", self._all)
        app.router.add_get("/v1/sessions/{id}", self._one)
        app.router.add_get("/v1/sessions/{id}/originals", self._originals)
        app.router.add_get("/v1/sessions/{id}/peaks", self._peaks)
        app.router.add_get("/v1/sessions/{id}/audio", self._audio)
        app.router.add_get("/v1/sessions/{id}/frame", self._frame)
        app.router.add_get("/v1/sessions/{id}/manifest", self._manifest)
        app.router.add_post("/v1/sessions/{id}/decisions", self._decide)
        app.router.add_post("/v1/sessions/{id}/claim", self._claim)
        app.router.add_delete("/v1/sessions/{id}/claim", self._release)
        app.router.add_post("/v1/seal", self._seal)
        app.router.add_post("/v1/reload", self._reload)
        app.router.add_post("/v1/uploads", self._direct_uploads)
        app.router.add_get("/v1/log", self._log)
        app.router.add_get("/v1/events", self._events)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        self.socket.unlink(missing_ok=True)
        await web.UnixSite(self._runner, str(self.socket)).start()

    async def stop(self):
        if self._runner is None:
            return
        for queue in self._listeners:
            queue.put_nowait(None)
        await self._runner.cleanup()
        self._runner = None
        self.socket.unlink(missing_ok=True)

    async def put(self, body: api.SessionBody):
        """A session changes; everybody hears of it."""
        self.sessions[body.id] = body
        self._seq += 1
        self.tell(api.StreamEventBody(what="event", session=body.id, seq=self._seq, kind="changed"))

    def tell(self, word: api.StreamEventBody):
        for queue in self._listeners:
            queue.put_nowait(word)

    async def _health(self, _):
        return web.json_response({"version": self.status.version})

    async def _status(self, _):
        return _json(self.status)

    async def _manifest(self, _):
        return web.json_response({"schema": 1})

    async def _reload(self, _):
        return _json(api.ReloadBody(reloaded=True))

    async def _direct_uploads(self, request):
        action = (await request.json())["action"]
        self.requests.append(f"{action} uploads")
        since = "2026-11-23T09:02:00.000000+00:00"
        paused = {"uploads": "paused", "paused_by": self.status.you, "since": since}
        going = {"uploads": "open", "paused_by": "", "since": None}
        storage = scenes.changed(self.status.storage, **(paused if action == "pause" else going))
        self.status = scenes.changed(self.status, storage=storage)
        return _json(storage)

    async def _log(self, request):
        if newest := int(request.query.get("newest", "0")):
            return _json(api.LogBody(entries=self.log[-newest:]))
        after = int(request.query["after"])
        page = [entry for entry in self.log if entry.seq > after][: self.log_page]
        full = len(page) == self.log_page
        return _json(api.LogBody(entries=page, next_after=page[-1].seq if full else None))

    async def _all(self, request):
        self.requests.append("sessions")
        wanted, before = request.query.get("finished"), request.query.get("before", "~")
        found = [
            body
            for body in sorted(self.sessions.values(), key=lambda body: body.id, reverse=True)
            if body.id < before
            and wanted in {None, "true" if body.state in {"published", "rejected"} else "false"}
        ]
        page = found[: self.session_page]
        after = page[-1].id if len(page) == self.session_page else None
        return _json(api.SessionsBody(sessions=page, next_before=after))

    async def _one(self, request):
        body = self.sessions.get(request.match_info["id"])
        return _json(body) if body else _problem(404, "unknown_session", "no session of that id")

    async def _originals(self, _):
        self.requests.append("originals")
        found = self.originals
        return _json(found) if found else _problem(503, "unavailable", "the disk does not answer")

    async def _peaks(self, request):
        camera, start, step, columns = _stretch(request)
        at = start + step * np.arange(columns)[:, None] + step * np.linspace(0, 1, 8)[None, :]
        high = loudness(at + self.wrong_ms.get(camera, 0.0)).max(axis=1)
        noise = self.faint.get(camera, 0.0)
        if noise:
            high = np.clip(0.25 * high + noise * (0.7 + 0.3 * np.sin(at[:, 0] * 1.7)), 0, 1)
        low = -high * (0.8 + 0.2 * np.sin(at[:, 0] / 9.0))
        body = api.PeaksBody(
            camera=camera,
            start_ms=start,
            step_ms=step,
            low=(low * 127).astype(int).tolist(),
            high=(high * 127).astype(int).tolist(),
        )
        return _json(body)

    async def _audio(self, request):
        start, length = float(request.query["start_ms"]), float(request.query["duration_ms"])
        self.requests.append(f"audio {start:g}")
        at = start + np.arange(int(length)) * 1.0
        sound = np.column_stack([loudness(at), loudness(at)]) * 20_000
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(1000)
            file.writeframes(sound.astype("<i2").tobytes())
        return web.Response(body=out.getvalue(), content_type="audio/wav")

    async def _frame(self, request):
        camera, at_ms = request.query["camera"], float(request.query["at_ms"])
        self.requests.append(f"frame {camera} {at_ms:.3f}")
        if self.frame_gate is not None:
            await self.frame_gate.wait()
        if camera in self.frame_gaps:
            return _json(self.frame_gaps[camera])
        length_us, late_us = self.frame_us.get(camera, 40_000), self.frame_late_us.get(camera, 0)
        number = (round(at_ms * 1000) - late_us) // length_us
        begin_ms = (number * length_us + late_us) / 1000
        width, height = fit_frame(int(request.query["width"]), int(request.query["height"]))
        pixels = film_scene(begin_ms + self.wrong_ms.get(camera, 0.0), width, height)
        body = api.FrameBody(
            camera=camera,
            clip="A001C003.MOV",
            source="original",
            begin_ms=begin_ms,
            end_ms=begin_ms + length_us / 1000,
            previous_ms=begin_ms - length_us / 1000,
            timecode="10:00:12:10",
            width=width,
            height=height,
            pixels=base64.b64encode(pixels.tobytes()).decode(),
        )
        return _json(body)

    async def _decide(self, request):
        body = self.sessions[request.match_info["id"]]
        decision = await request.json()
        seen = request.headers.get("If-Match")
        if not self.status.may_approve:
            return _problem(403, "not_permitted", "you are not among the approvers", hint="ask a sysadmin")
        if decision["action"] in _DECISIONS and seen != str(body.revision):
            return _problem(412, "conflict", "a.ruiz was faster", current=body)
        self.decisions.append((body.id, decision, seen))
        body = _decided(body, decision, self.status.you)
        await self.put(body)
        return _json(body)

    async def _claim(self, request):
        body = self.sessions[request.match_info["id"]]
        self.requests.append("claim")
        await self.put(body.model_copy(update={"claimed_by": self.status.you}))
        return _json(api.ClaimBody(by=self.status.you, expires_s=60.0))

    async def _release(self, request):
        body = self.sessions[request.match_info["id"]]
        self.requests.append("release")
        await self.put(body.model_copy(update={"claimed_by": None}))
        return _json(api.ClaimBody(by="", expires_s=0.0))

    async def _seal(self, _):
        return _json(next(iter(self.sessions.values())))

    async def _events(self, request):
        self.resumed_from.append(request.headers.get("Last-Event-ID"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                word = await self._next(queue)
                if word is None:
                    return response
                seq = f"id: {word.seq}\n" if word.seq is not None else ""
                await response.write(f"{seq}data: {word.model_dump_json()}\n\n".encode())
        except ConnectionResetError:
            return response
        finally:
            self._listeners.discard(queue)

    async def _next(self, queue):
        try:
            return await asyncio.wait_for(queue.get(), self.heartbeat_s)
        except TimeoutError:
            return api.StreamEventBody(what="heartbeat")


class ServedDaemon:
    """A fake daemon in a thread of its own."""

    def __init__(self, daemon: FakeDaemon, loop: asyncio.AbstractEventLoop) -> None:
        self.daemon, self._loop = daemon, loop

    def put(self, body: api.SessionBody) -> None:
        """Another person, or the daemon itself, changes a session."""
        asyncio.run_coroutine_threadsafe(self.daemon.put(body), self._loop).result(10)


@contextmanager
def serve_in_thread(socket, sessions=()):
    daemon = FakeDaemon(socket, scenes.status(), sessions)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(daemon.start(), loop).result(10)
    try:
        yield ServedDaemon(daemon, loop)
    finally:
        asyncio.run_coroutine_threadsafe(daemon.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _stretch(request):
    query = request.query
    return query["camera"], float(query["start_ms"]), float(query["step_ms"]), int(query["columns"])


def _decided(body, decision, you):
    action = decision["action"]
    if action == "nudge":
        ms = float(re.fullmatch(r"=([+-]?[\d.]+)ms", decision["to"])[1])
        offsets = {**body.offsets_ms, decision["camera"]: ms}
        change = {"offsets_ms": offsets, "revision": body.revision + 1, "sync_method": "manual"}
    else:
        change = {"state": _AFTER.get(action, body.state), "call_to_action": None}
        if action == "approve":
            change |= {"approved_by": you, "approved_at": "2026-11-23T09:20:00.000000+00:00"}
    return scenes.changed(body, **change)


def _json(body):
    return web.Response(text=body.model_dump_json(), content_type="application/json")


def _problem(status, code, message, *, hint="", current=None):
    body = api.ProblemBody(code=code, message=message, hint=hint, current=current)
    return web.Response(status=status, text=body.model_dump_json(), content_type="application/json")
