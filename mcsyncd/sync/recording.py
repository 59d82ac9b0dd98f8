"""The solver's input: one recording's analysis audio, and what its file says about time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mcsyncd.model.alignment import Witness
from mcsyncd.model.clip import AnalysisAudio, Media
from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.model.linear_timecode import LtcRun
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode

_MIN_JUMP_US = 60_000
"""Microseconds that linear timecode must jump to be reported. Judgement: a frame and a half; a gap in which
it was not read moves the next run by less."""
ANALYSIS_RATE_HZ = 8000
"""Samples a second of all analysis audio. A contract with the stage that decodes it (`listen`). Every
constant that counts samples depends on it."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day at clip time 0, in microseconds since midnight, and the witness that gives it.

    `lags` where it counts 30 labels for 29.97 frames and drops none: such labels fall behind the clock by
    0.1 %.
    """

    witness: Witness
    time_us: int
    lags: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One clip as the solver sees it.

    `channels` are int16 at `rate` samples a second, sample 0 at clip time `start_us`; empty where
    there is no usable audio. They may be memory maps: the solver reads blocks and keeps no copy.
    `recorded_at_us` is wall-clock time at clip time 0, where the file has one, and `clocks` are its times of
    day, the most exact first. By `jump_us` its linear timecode jumps on the way. `name` identifies the
    clip within its angle. `channels` are played `speed` times as fast as recorded, and all times are on
    that scale. Where there is a `curve`, they are played by an even clock: it is taken out of them.
    """

    angle: str
    name: str
    rate: int
    start_us: int
    channels: tuple[NDArray[np.int16], ...]
    duration_us: int
    recorded_at_us: int | None = None
    clocks: tuple[Clock, ...] = ()
    jump_us: int = 0
    speed: float = 1.0
    curve: DriftCurve = ()

    @property
    def clock(self) -> Clock | None:
        """Its most exact time of day."""
        return self.clocks[0] if self.clocks else None

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
    runs = [run for run in (audio.ltc if audio else ()) if not run.reverse and run.is_at_speed]
    return Recording(
        angle=angle,
        name=name,
        rate=audio.rate if audio else ANALYSIS_RATE_HZ,
        start_us=audio.start_us if audio else 0,
        channels=tuple(channels),
        duration_us=media.duration_us,
        recorded_at_us=_parse_recorded_at_us(media),
        clocks=tuple(_list_clocks(media, runs)),
        jump_us=_find_jump_us(runs),
    )


def _list_clocks(media: Media, runs: Sequence[LtcRun]) -> Iterator[Clock]:
    """Yield the times of day at clip time 0: linear timecode, the file's own, a recorder's.

    Linear timecode is exact to a part of a frame; a camera that is sent one may keep its own beside it.
    """
    if runs:
        run = max(runs, key=lambda run: run.duration_us)
        yield Clock(Witness.LINEAR_TIMECODE, run.compute_time_of_day_us(0), _lags(run.label, run.rate))
    if media.timecode is not None and media.video is not None:
        try:
            seconds = Timecode.parse(media.timecode).to_seconds(media.video.rate)
        except ValueError:
            # A timecode that does not exist at this frame rate is not evidence.
            pass
        else:
            yield Clock(Witness.TIMECODE, round(seconds * 1_000_000), _lags(media.timecode, media.video.rate))
    elif media.time_reference_us is not None:
        # A recorder counts samples instead of frames.
        yield Clock(Witness.TIME_REFERENCE, media.time_reference_us)


def _find_jump_us(runs: Sequence[LtcRun]) -> int:
    """Return by how much linear timecode jumps at most within a clip; 0 where it runs on."""
    times_us = [run.compute_time_of_day_us(run.begin_us) - run.begin_us for run in runs]
    jumps = [other - one for one, other in pairwise(times_us)]
    jump_us = max(jumps, key=abs, default=0)
    return jump_us if abs(jump_us) > _MIN_JUMP_US else 0


def _lags(label: str, rate: Rate) -> bool:
    return rate.den != 1 and not Timecode.parse(label).drop_frame


def _parse_recorded_at_us(media: Media) -> int | None:
    try:
        when = datetime.fromisoformat(media.recorded_at or "")
    except ValueError:
        return None
    # Times without a zone are compared as if all were UTC; cameras that omit it all do.
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1_000_000)
