"""Frames for the review: what each camera shows at a moment of the session."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from mcsyncd.api import FrameAbsence, FrameBody
from mcsyncd.daemon.bounded_calls import CachedLookup
from mcsyncd.daemon.clock import utc_now
from mcsyncd.daemon.placed_clips import choose_clip, get_placement, list_placed_clips
from mcsyncd.daemon.review_audio import SubmitFact
from mcsyncd.daemon.review_decoder import ReviewDecoder
from mcsyncd.errors import BadMedia, DerivedFileLost, is_passing
from mcsyncd.model.clip import Clip
from mcsyncd.model.due import select_current_conforms
from mcsyncd.model.facts import DerivedFilesLost
from mcsyncd.model.rendition import Rendition, WrittenFile
from mcsyncd.model.session import Session
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.clip_frame import (
    ClipFrame,
    FrameSource,
    describe_original,
    describe_proxy,
    read_clip_frame,
)
from mcsyncd.workers.derived_files import require_unchanged_files

_MIN_SIDE_PX, _MAX_SIDE_PX = 2, 960
"""Pixels of a side of a frame that a client may ask for. Judgement: half of an HD frame, 2 MB in an answer.
More, and a client decides how much memory the daemon takes; less, and a large terminal is not filled."""
_PROOF_WAIT_S = 0.3
"""Seconds that a request waits until a proxy is proven to be what was made. Judgement: a person hardly
notices; longer, and the first frame of a large one is late; shorter, the original is decoded without need."""
_MAX_PROOFS = 1024
"""Proxies whose proof is remembered. Judgement: the angles of all sessions that one daemon shows in a day."""


@dataclass(frozen=True, slots=True)
class FrameQuery:
    """A moment of the session clock, and the largest `width` and `height` of the frame, in pixels."""

    camera: str
    at_us: int
    width: int
    height: int

    @property
    def box(self) -> tuple[int, int]:
        """The size within the bounds of the daemon, in even pixels."""
        width, height = (min(_MAX_SIDE_PX, max(_MIN_SIDE_PX, side)) for side in (self.width, self.height))
        return width // 2 * 2, height // 2 * 2


class ReviewFrames(AbstractContextManager["ReviewFrames"]):
    """Serves frames of any session: of a clip's proxy where that is proven, or else of its original."""

    def __init__(self, layout: Callable[[], WorkLayout], submit_fact: SubmitFact) -> None:
        self._layout = layout
        self._submit_fact = submit_fact
        self._decoder = ReviewDecoder("mcsyncd.conform.frame_reader")
        self._proofs: dict[WrittenFile, CachedLookup[None]] = {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decoder.end()

    async def read_frame(self, session: Session, query: FrameQuery) -> FrameBody:
        """Return what a camera shows: a frame, or why there is none.

        Raises UsageError for an unknown camera, Unavailable if decoding takes too long, OSError if the disk
        fails.
        """
        clips = list_placed_clips(session, query.camera)
        seen = [clip for clip in clips if clip.media is not None and clip.media.video is not None]
        clip = choose_clip(session, seen or clips, query.at_us)
        if clip is None:
            return FrameBody(camera=query.camera, absence="unreadable", note="none of its clips can be read")
        source = await self._choose_source(session, clip)
        if source is None:
            hidden = clip.media is not None and clip.media.hidden_picture
            absence: FrameAbsence = "unknown_codec" if hidden else "no_picture"
            return FrameBody(camera=query.camera, clip=clip.name, absence=absence)
        try:
            what = f"{clip.key}: the frame"
            frame = await self._decoder.run(what, read_clip_frame, source, query.at_us, query.box)
        except BadMedia as error:
            return _build_unreadable(clip, str(error))
        except OSError as error:
            if is_passing(error):
                raise
            return _build_unreadable(clip, f"{source.path.name} cannot be read: {error.strerror}")
        return _build_body(clip, source, frame)

    async def _choose_source(self, session: Session, clip: Clip) -> FrameSource | None:
        resolve = self._layout().resolve_path
        original = describe_original(resolve(clip.place), clip, *get_placement(session, clip))
        conformed = select_current_conforms(session).get(clip.key)
        proxy = conformed.get_rendition("proxy") if conformed is not None else None
        if original is None or proxy is None or not await self._is_proven(session, proxy):
            return original
        return describe_proxy(resolve(proxy.path), proxy, original)

    async def _is_proven(self, session: Session, proxy: Rendition) -> bool:
        """Tell whether a proxy is what was made. One that is not is reported, and made again."""
        file = WrittenFile(proxy.path, proxy.bytes, proxy.sha256)
        if file not in self._proofs and len(self._proofs) >= _MAX_PROOFS:
            self._proofs.clear()
        prove = partial(require_unchanged_files, (file,), self._layout())
        proof = self._proofs.setdefault(file, CachedLookup(prove))
        try:
            return await proof.ask(_PROOF_WAIT_S) is not None
        except DerivedFileLost as error:
            await self._submit_fact(session.id, DerivedFilesLost(utc_now(), None, error.paths, error.message))
            return False


def _build_unreadable(clip: Clip, note: str) -> FrameBody:
    return FrameBody(camera=clip.camera, clip=clip.name, absence="unreadable", note=note)


def _build_body(clip: Clip, source: FrameSource, frame: ClipFrame) -> FrameBody:
    missing: FrameAbsence = "before" if frame.begin_us is None else "after"
    begin_ms, end_ms, previous_ms = (
        None if edge_us is None else edge_us / 1000
        for edge_us in (frame.begin_us, frame.end_us, frame.previous_us)
    )
    return FrameBody(
        camera=clip.camera,
        clip=clip.name,
        source=source.kind,
        absence=None if frame.rgb else missing,
        begin_ms=begin_ms,
        end_ms=end_ms,
        previous_ms=previous_ms,
        timecode=frame.timecode,
        width=frame.width,
        height=frame.height,
        pixels=base64.b64encode(frame.rgb).decode("ascii"),
    )
