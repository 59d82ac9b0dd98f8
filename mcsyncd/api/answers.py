"""Claims, originals, peaks, frames, the log, the event stream, and refusals."""

from __future__ import annotations

from typing import Literal

from mcsyncd.api.base import ApiBody, ProblemCode
from mcsyncd.api.sessions import ProgressBody, SessionBody


class ClaimBody(ApiBody):
    """Who is reviewing a session. A courtesy to others: it prevents nothing."""

    by: str
    expires_s: float


class OriginalFaultBody(ApiBody):
    """An original that is not as it was recorded: `message` says how, `hint` what to do.

    `file` is `CAMERA/NAME`.
    """

    file: str
    kind: Literal["missing", "changed"]
    message: str
    hint: str


class OriginalsBody(ApiBody):
    """What a look at a session's originals found at `checked_at` (UTC).

    Each of `count` files was looked for at its place, and its size and modification time compared with those
    recorded. No content was read. `count` is 0 where they were given back, or are on their way.
    """

    checked_at: str
    count: int
    faults: list[OriginalFaultBody] = []


class PeaksBody(ApiBody):
    """Peaks of one camera on the session clock: int8 `low` and `high` (-127..127) per column.

    Column i covers `step_ms` of session time from `start_ms + i * step_ms`. Every clip of the camera
    is placed at its offset; where there is no audio, both are 0.
    """

    camera: str
    start_ms: float
    step_ms: float
    low: list[int]
    high: list[int]


FrameSourceKind = Literal["proxy", "original"]
"""Which file of a clip a frame comes from."""

FrameAbsence = Literal["before", "after", "no_picture", "unknown_codec", "unreadable"]
"""Why there is no frame: the clip has not begun or has ended, or it has no picture that can be shown."""


class FrameBody(ApiBody):
    """What a clip of one camera shows at a moment of the session clock.

    It holds from `begin_ms` to `end_ms`; asked for at `begin_ms`, the answer is the same. `previous_ms` is
    where the frame before begins. `pixels` are base64 of `height` rows of `width` pixels, 3 bytes each: red,
    green, blue (sRGB). Without a frame, `absence` says why; `begin_ms` is null before the clip, `end_ms` is
    null after it. A proxy shows for each frame of the session's rate the frame of the original nearest to it.
    """

    camera: str
    clip: str = ""
    source: FrameSourceKind | None = None
    absence: FrameAbsence | None = None
    note: str = ""
    """What is wrong and what to do, for a clip that is unreadable."""
    begin_ms: float | None = None
    end_ms: float | None = None
    previous_ms: float | None = None
    timecode: str | None = None
    width: int = 0
    height: int = 0
    pixels: str = ""


class LogEntryBody(ApiBody):
    """One event of the ledger."""

    seq: int
    at: str
    session: str
    kind: str
    body: dict[str, object]
    hash: str


class LogBody(ApiBody):
    """A page of the ledger's events, oldest first.

    `next_after` is what to send as `after` for the next page; null on the last one.
    """

    entries: list[LogEntryBody]
    next_after: int | None = None


class StreamEventBody(ApiBody):
    """One server-sent event.

    With `seq`, it is an event of the ledger, and `seq` is also its SSE id. Without, it is transient:
    the progress of a step, a claim, or a change in the drop folders.
    """

    what: Literal["event", "progress", "claim", "folders", "heartbeat"]
    session: str | None = None
    seq: int | None = None
    kind: str | None = None
    at: str | None = None
    progress: ProgressBody | None = None


class ProblemBody(ApiBody):
    """The response to a request that was refused or failed. `current` comes with a conflict."""

    code: ProblemCode
    message: str
    hint: str = ""
    current: SessionBody | None = None
