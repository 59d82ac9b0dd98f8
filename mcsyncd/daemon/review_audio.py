"""Audio for the review: peaks from disk, and excerpts as WAV.

Peaks are read from disk. Excerpts are decoded from the originals in a separate worker
process: the daemon itself never decodes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from mcsyncd.api import PeaksBody
from mcsyncd.daemon.bounded_calls import BlockingCalls
from mcsyncd.daemon.clock import utc_now
from mcsyncd.daemon.placed_clips import choose_clip, get_placement, list_placed_clips
from mcsyncd.daemon.review_decoder import ReviewDecoder
from mcsyncd.errors import DerivedFileLost, Unavailable, UsageError
from mcsyncd.model.clip import Clip
from mcsyncd.model.facts import DerivedFilesLost, Fact
from mcsyncd.model.losses import lacks_analysis
from mcsyncd.model.session import Session
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.audio_excerpt import PlacedOriginal, render_audio_excerpt

_MAX_EXCERPT_US = 30_000_000
"""Microseconds of the longest excerpt. Judgement, not measured: a reviewer listens to seconds; a
longer excerpt takes longer to decode and may exceed the client's limit of 30 s."""

SubmitFact = Callable[[str, Fact], Awaitable[object]]
"""Submits a fact about the session of that id."""


@dataclass(frozen=True, slots=True)
class PeaksQuery:
    """A range of the session clock in columns: from `start_us`, `columns` steps of `step_us`."""

    camera: str
    start_us: int
    step_us: int
    columns: int


class ReviewAudio(AbstractContextManager["ReviewAudio"]):
    """Serves peaks and audio excerpts of any session."""

    def __init__(
        self, layout: Callable[[], WorkLayout], files: BlockingCalls, submit_fact: SubmitFact
    ) -> None:
        self._layout = layout
        self._files = files
        self._submit_fact = submit_fact
        self._decoder = ReviewDecoder("mcsyncd.listen.playback.comparison")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decoder.end()

    async def read_peaks(self, session: Session, query: PeaksQuery) -> PeaksBody:
        """Return one camera's peaks, with each of its clips at its offset.

        Raises UsageError for an unknown camera, Unavailable if the disk does not answer in time or if the
        peaks are being made again: damaged ones would be drawn as silence.
        """
        clips = list_placed_clips(session, query.camera)
        _require_analysis(session, clips)
        try:
            low, high = await self._files.run(
                partial(self._merge_peaks, session, clips, query), "the work folder"
            )
        except DerivedFileLost as error:
            await self._submit_fact(session.id, DerivedFilesLost(utc_now(), None, error.paths, error.message))
            raise Unavailable(error.message, error.hint) from error
        return PeaksBody(
            camera=query.camera,
            start_ms=query.start_us / 1000,
            step_ms=query.step_us / 1000,
            low=low,
            high=high,
        )

    def _merge_peaks(
        self, session: Session, clips: tuple[Clip, ...], query: PeaksQuery
    ) -> tuple[list[int], list[int]]:
        from mcsyncd.daemon.merged_peaks import merge_peaks  # noqa: PLC0415  # loads numpy, for the first review

        return merge_peaks(session, clips, query, self._layout())

    async def render_audio(self, session: Session, camera: str, *, start_us: int, duration_us: int) -> bytes:
        """Return an excerpt of the session as WAV: the reference left, `camera` right.

        Raises UsageError for an unknown camera, BadMedia if a clip cannot be decoded, Unavailable if that
        takes too long.
        """
        if session.alignment is None:
            raise UsageError(f"{session.id} is not synced yet", "wait until it is in review")
        left = self._choose_original(session, session.alignment.reference, start_us)
        right = self._choose_original(session, camera, start_us)
        length_us = max(1, min(duration_us, _MAX_EXCERPT_US))
        what = f"{session.id}: the excerpt"
        return await self._decoder.run(what, render_audio_excerpt, left, right, start_us, length_us)

    def _choose_original(self, session: Session, camera: str, at_us: int) -> PlacedOriginal:
        """Return the clip of a camera that covers session time `at_us`, or else the nearest one."""
        clip = choose_clip(session, list_placed_clips(session, camera), at_us)
        if clip is None or clip.media is None:
            raise UsageError(f"{session.id}: no clip of {camera} is probed yet", "wait until it is in review")
        audio = clip.analysis_audio
        # What was left out of the sync is not played either: hum, silence, timecode.
        heard = tuple((one.stream, one.channel) for one in audio.channels) if audio else None
        path = self._layout().resolve_path(clip.place)
        return PlacedOriginal(path, clip.media, *get_placement(session, clip), heard)


def _require_analysis(session: Session, clips: tuple[Clip, ...]) -> None:
    """Raise Unavailable while the audio of a synced clip is being analysed again."""
    for clip in clips:
        if session.alignment is not None and lacks_analysis(clip):
            raise Unavailable(
                f"{clip.key}: its audio is being analysed again", f"see `mcsyncd show {session.id}`"
            )
