"""What the daemon answered about frames, and which frame to ask for next. Pure.

One request is under way at a time, and it is always for the newest cursor: however fast the keys come,
requests never pile up. An answer to an earlier cursor is dropped.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcsyncd.api import FrameBody
from mcsyncd.errors import McsyncError
from mcsyncd.tui.review.frame_cells import Pixels

_BUG_HINT = "this is a bug in the daemon; report it"


@dataclass(frozen=True)
class FrameRequest:
    """The frame of a camera at `at_us` on the session clock as recorded, within a size in pixels."""

    camera: str
    at_us: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class FrameAnswer:
    """The answer to a request: `pixels`, or why there are none. Times are microseconds, as recorded."""

    request: FrameRequest
    body: FrameBody
    pixels: Pixels | None

    @property
    def begin_us(self) -> int | None:
        """Where the frame begins, or where the clip ended."""
        return _us_from_ms(self.body.begin_ms)

    @property
    def end_us(self) -> int | None:
        """Where the next frame begins, or where the clip begins."""
        return _us_from_ms(self.body.end_ms)

    @property
    def previous_us(self) -> int | None:
        """Where the frame before begins."""
        return _us_from_ms(self.body.previous_ms)

    @property
    def length_us(self) -> int | None:
        """How long the frame is shown; None without a frame."""
        if self.pixels is None or self.begin_us is None or self.end_us is None:
            return None
        return max(1, self.end_us - self.begin_us)

    @property
    def middle_us(self) -> int | None:
        """The middle of the time for which the frame is shown; None without a frame."""
        begin_us, length_us = self.begin_us, self.length_us
        return None if begin_us is None or length_us is None else begin_us + length_us // 2

    def covers_moment(self, at_us: int) -> bool:
        """Return whether this frame is the one that is shown at a moment."""
        begin_us, length_us = self.begin_us, self.length_us
        return begin_us is not None and length_us is not None and begin_us <= at_us < begin_us + length_us

    def answers_request(self, request: FrameRequest) -> bool:
        """Return whether a request for the same frame would bring nothing new."""
        asked = self.request
        is_same_size = (asked.width, asked.height) == (request.width, request.height)
        return asked == request or (is_same_size and self.covers_moment(request.at_us))


class FrameAnswers:
    """The newest answer for each camera, and what is wanted now."""

    def __init__(self) -> None:
        self._wanted: dict[str, FrameRequest] = {}
        self._answers: dict[str, FrameAnswer] = {}
        self._failures: dict[FrameRequest, str] = {}

    def want(self, requests: Mapping[str, FrameRequest]) -> None:
        """Want these frames, by camera, the most urgent first, and no others."""
        self._wanted = dict(requests)
        self._failures = {one: said for one, said in self._failures.items() if one in requests.values()}

    def choose_next(self) -> FrameRequest | None:
        """Return what to ask the daemon for; None once everything that is wanted was answered or refused."""
        return next((one for one in self._wanted.values() if not self._is_settled(one)), None)

    def accept(self, request: FrameRequest, body: FrameBody) -> None:
        """Take an answer, unless another frame is wanted by now. Raises McsyncError if it makes no sense."""
        answer = FrameAnswer(request, body, _parse_pixels(request, body))
        wanted = self._wanted.get(request.camera)
        if wanted is not None and answer.answers_request(wanted):
            self._answers[request.camera] = answer

    def refuse(self, request: FrameRequest, why: str) -> None:
        """Note that a request failed: it is not repeated, but another moment is asked for."""
        self._failures[request] = why

    def get(self, camera: str) -> FrameAnswer | None:
        """Return the newest answer for a camera, also while another one is on its way; None without any."""
        return self._answers.get(camera)

    def is_waiting(self, camera: str) -> bool:
        """Return whether an answer for a camera is still to come."""
        return camera in self._wanted and not self._is_settled(self._wanted[camera])

    def explain_failure(self, camera: str) -> str:
        """Return why the frame that is wanted of a camera did not come; empty unless it failed."""
        wanted = self._wanted.get(camera)
        return self._failures.get(wanted, "") if wanted is not None else ""

    def forget(self, camera: str) -> None:
        """Drop a camera's answer, because the daemon's offset for it has changed."""
        self._answers.pop(camera, None)

    def _is_settled(self, request: FrameRequest) -> bool:
        answer = self._answers.get(request.camera)
        return request in self._failures or (answer is not None and answer.answers_request(request))


def _parse_pixels(request: FrameRequest, body: FrameBody) -> Pixels | None:
    """Return the pixels of an answer, shaped (height, width, 3). Raises McsyncError."""
    if body.absence is not None:
        return None
    try:
        raw = base64.b64decode(body.pixels, validate=True)
    except binascii.Error as error:
        raise McsyncError(f"cannot read the daemon's frame: {error}", _BUG_HINT) from error
    fits = 0 < body.width <= request.width and 0 < body.height <= request.height
    if not fits or len(raw) != 3 * body.width * body.height or body.begin_ms is None or body.end_ms is None:
        raise McsyncError("the daemon's frame is not what it says", _BUG_HINT)
    return np.frombuffer(raw, np.uint8).reshape(body.height, body.width, 3)


def _us_from_ms(ms: float | None) -> int | None:
    return None if ms is None else round(ms * 1000)
