"""The solver's input: one recording's analysis audio, and what its file says about time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from mcsyncd.model.clip import AnalysisAudio, Media
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode

ANALYSIS_RATE_HZ = 8000
"""Samples a second of all analysis audio. A contract with the stage that decodes it (`listen`). Every
constant that counts samples depends on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One clip as the solver sees it.

    `channels` are int16 at `rate` samples a second, sample 0 at clip time `start_us`; empty where
    there is no usable audio. They may be memory maps: the solver reads blocks and keeps no copy.
    `recorded_at_us` is wall-clock time and `timecode_us` is time of day, both at clip time 0, where
    the file has them. `timecode_lags` where it counts 30 labels for 29.97 frames and drops none: such
    labels fall behind the clock by 0.1 %. `name` identifies the clip within its angle. `channels` are
    played `speed` times as fast as recorded, and all times are on that scale.
    """

    angle: str
    name: str
    rate: int
    start_us: int
    channels: tuple[NDArray[np.int16], ...]
    duration_us: int
    recorded_at_us: int | None = None
    timecode_us: int | None = None
    timecode_lags: bool = False
    speed: float = 1.0

    @property
    def samples(self) -> int:
        """The length of the longest channel, at its playback speed."""
        return int(max((channel.size for channel in self.channels), default=0) / self.speed)


def build_recording(
    angle: str, name: str, media: Media, audio: AnalysisAudio | None, channels: Sequence[NDArray[np.int16]]
) -> Recording:
    """Build the solver's view of a clip from the results of probing it and decoding its audio.

    `channels` are the samples of `audio.channels`, mapped or read by the caller: the solver opens no
    files. `audio` is None for a clip whose audio was not decoded.
    """
    timecode_us, lags = _find_timecode_us(media, audio)
    return Recording(
        angle=angle,
        name=name,
        rate=audio.rate if audio else ANALYSIS_RATE_HZ,
        start_us=audio.start_us if audio else 0,
        channels=tuple(channels),
        duration_us=media.duration_us,
        recorded_at_us=_parse_recorded_at_us(media),
        timecode_us=timecode_us,
        timecode_lags=lags,
    )


def _find_timecode_us(media: Media, audio: AnalysisAudio | None) -> tuple[int | None, bool]:
    """Return the time of day at clip time 0 and whether its labels lag.

    By linear timecode, else by the file's own timecode.

    Linear timecode is exact to a part of a frame; a camera that is sent one may keep its own beside it.
    """
    runs = [run for run in (audio.ltc if audio else ()) if not run.reverse and run.is_at_speed]
    if runs:
        run = max(runs, key=lambda run: run.duration_us)
        return run.compute_time_of_day_us(0), _lags(run.label, run.rate)
    if media.timecode is None or media.video is None:
        # A recorder counts samples instead of frames.
        return media.time_reference_us, False
    try:
        at_us = round(Timecode.parse(media.timecode).to_seconds(media.video.rate) * 1_000_000)
    except ValueError:
        # A timecode that does not exist at this frame rate is not evidence.
        return None, False
    return at_us, _lags(media.timecode, media.video.rate)


def _lags(label: str, rate: Rate) -> bool:
    return rate.den != 1 and not Timecode.parse(label).drop_frame


def _parse_recorded_at_us(media: Media) -> int | None:
    try:
        when = datetime.fromisoformat(media.recorded_at or "")
    except ValueError:
        return None
    # Times without a zone are compared as if all were UTC; cameras that omit it all do.
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1_000_000)
