"""What matching two recordings yields: the best line, its rivals, and the evidence for and against."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.line_fit import LineFit
from mcsyncd.sync.whitening import WhitenedChannel
from mcsyncd.sync.window_correlation import AnalysisWindows, WhitenedReader, WindowCorrelations


@dataclass(frozen=True, slots=True)
class Lead:
    """How far the best alignment is ahead of another one.

    `share` is the lead as a share of the best one's strength. `t` is the paired t statistic of the
    lead on the windows that both explain.
    """

    share: float
    t: float


@dataclass(frozen=True, slots=True)
class Rival:
    """Another alignment that explains some of the audio.

    `strength` is its mean significance per window, `lead` how far the best alignment is ahead of it.
    With `is_echo`, one of the recordings shows that it is an echo of the best one.
    """

    line: Line
    strength: float
    lead: Lead
    is_echo: bool = False


@dataclass(frozen=True, slots=True)
class Echo:
    """The second highest peak within 40 ms of the best one, averaged along the line.

    `ratio` is its height as a share of the best one's. `significance` is its height over what the
    mean of that many windows has by chance; without an echo the highest of all lags has about 3.
    """

    ratio: float
    significance: float


@dataclass(frozen=True, slots=True)
class ChannelConflict:
    """Another pair of channels, clearly on another line: `later_s` later in x than the best one.

    `strength` is its own mean significance per window.
    """

    line: Line
    strength: float
    later_s: float


@dataclass(frozen=True, slots=True)
class Match:
    """What was measured between x and y: `line` maps time in y to time in x (analysis audio).

    With `is_by_onsets`, the windows are single transients, and the overlap is theirs alone.
    `channels` are the channels of x and of y that correlate best, `reader` is how they were
    whitened. `strength` is the mean z per window. `windows` are the active ones, one for each row of
    `correlations`; of those, `strong_windows` have a clear peak on the line and
    `contradicting_windows` have none there but a strong one elsewhere.
    """

    channels: tuple[WhitenedChannel, WhitenedChannel]
    reader: WhitenedReader
    line: Line
    fit: LineFit
    correlations: WindowCorrelations
    strength: float
    strong_windows: int
    active_windows: int
    contradicting_windows: int
    overlap_s: float
    echo: Echo
    windows: AnalysisWindows
    rivals: tuple[Rival, ...]
    conflict: ChannelConflict | None = None
    is_by_onsets: bool = False
