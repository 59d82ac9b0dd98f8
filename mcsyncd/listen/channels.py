"""Choosing which channels of a clip to keep: not silence, hum, timecode, duplicates or inverted copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.ltc.track import measure_ltc
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.listen.samples import map_samples
from mcsyncd.listen.track_writer import ChannelFile

MAX_CHANNELS = 4
"""Channels kept per clip. Judgement: the solver compares every channel of one clip with every channel of the
other, so that two 64-channel recorders would cost 4096 comparisons to learn what their loudest
microphones tell. Lower, a usable microphone may be left out; higher, sync takes longer."""

_SILENT_RMS = 2.0
"""RMS in int16 steps (-84 dBFS) below which a channel is silent: only the converter's dither is that quiet.
Higher, a distant microphone is dropped; lower, dither is correlated."""

_SAME_CORRELATION = 0.95
"""Correlation above which two channels are the same signal. Judgement: two microphones in one room stay
below it. Lower, different microphones are averaged; higher, duplicates cost the solver time."""

_HUM_POWER_SHARE = 0.005
"""A channel is hum if less than this share of its power is outside its `_HUM_LINES` strongest lines.
Judgement: speech and music spread over hundreds of lines within seconds. Higher, a sustained note
counts as hum; lower, hum is kept and every lag of it correlates."""

_HUM_LINES = 12
"""Spectral lines that hum may have: mains hum stays in about a dozen harmonics."""

_MAX_EXCERPTS, _MIN_EXCERPTS, _MAX_EXCERPTS_IN_ALL = 48, 12, 384
"""Seconds examined per channel, at most and at least, and of all channels together. Judgement: it bounds
memory, so that 64 channels need no more than 8. Lower, sound between the excerpts is missed."""

_MAX_NAMED = 3
"""With more channels than this, the note gives their number and not their names, so that it stays short."""

_PURE_LTC = 0.94
"""Share of bits with a change of level (`measure_ltc`) from which timecode is recorded and not leaked.
Measured: 0.95 where it is 6 dB above speech, 0.93 at its level. Where no channel is that pure, timecode
mixed with sound makes the whole channel useless, since timecodes match wherever their labels do."""

Excerpts = NDArray[np.float32]
"""One-second excerpts of a channel, shape (seconds, ANALYSIS_RATE), in int16 steps."""


@dataclass(frozen=True, slots=True)
class SourceChannel:
    """A channel of analysis audio and its origin: stream index, channel index in it, and a name to show."""

    track: int
    index: int
    name: str
    file: ChannelFile


@dataclass(frozen=True, slots=True)
class ChannelGroup:
    """A channel that is kept; `duplicates` carry the same signal and are averaged into it."""

    lead: SourceChannel
    duplicates: tuple[SourceChannel, ...]


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """What the channels of a clip are.

    `groups` are kept, in the order of the file. `timecode` are the channels that carry linear timecode:
    they are clocks, not sound. `notes` has a sentence on each channel that is not kept.
    """

    groups: tuple[ChannelGroup, ...]
    timecode: tuple[SourceChannel, ...]
    notes: tuple[str, ...]


def choose_channels(channels: list[SourceChannel]) -> ChannelChoice:
    """Tell sound from everything else on the channels of a clip.

    Identical channels become one group. Of a pair in antiphase only one is kept, because their
    average would be silence.
    """
    silent = [channel for channel in channels if channel.file.max_rms < _SILENT_RMS]
    timecode = _find_timecode([channel for channel in channels if channel not in silent])
    audible = _read_excerpts([one for one in channels if one not in silent and one not in timecode])
    humming = [channel for channel, excerpts in audible if _is_hum(excerpts)]
    notes = _describe_channels(silent, "is silent", "are silent")
    notes += _describe_channels(timecode, "carries timecode (LTC)", "carry timecode (LTC)")
    notes += _describe_channels(humming, "carries only hum", "carry only hum")
    groups: list[ChannelGroup] = []
    lead_excerpts: list[Excerpts] = []
    for channel, excerpts in audible:
        if channel not in humming:
            _group_channel(groups, lead_excerpts, channel, _normalize_excerpts(excerpts), notes)
    if len(groups) > MAX_CHANNELS:
        notes.append(f"{len(groups)} different channels; the {MAX_CHANNELS} loudest are used")
        loudest = sorted(groups, key=lambda group: -group.lead.file.max_rms)[:MAX_CHANNELS]
        groups = [group for group in groups if group in loudest]
    return ChannelChoice(tuple(groups), tuple(timecode), tuple(notes))


def _find_timecode(channels: list[SourceChannel]) -> list[SourceChannel]:
    """Return the channels that carry linear timecode, not those into which it only leaks from another."""
    purity = {channel: measure_ltc(map_samples(channel.file.path)) for channel in channels}
    has_source = any(value > _PURE_LTC for value in purity.values())
    return [channel for channel in channels if purity[channel] > (_PURE_LTC if has_source else 0.0)]


def _describe_channels(channels: list[SourceChannel], one: str, many: str) -> list[str]:
    if len(channels) > _MAX_NAMED:
        return [f"{len(channels)} channels {many}"]
    return [f"{channel.name} {one}" for channel in channels]


def _read_excerpts(channels: list[SourceChannel]) -> list[tuple[SourceChannel, Excerpts]]:
    """Return each channel with its excerpts: evenly spread seconds, at the same times for all channels."""
    seconds = max((channel.file.sample_count for channel in channels), default=0) // ANALYSIS_RATE
    count = min(
        _MAX_EXCERPTS, max(_MIN_EXCERPTS, _MAX_EXCERPTS_IN_ALL // max(1, len(channels))), max(1, seconds)
    )
    seconds_at = np.unique(np.linspace(0, max(0, seconds - 1), count).astype(int))
    return [
        (channel, _cut_excerpts(map_samples(channel.file.path), seconds_at * ANALYSIS_RATE))
        for channel in channels
    ]


def _cut_excerpts(samples: NDArray[np.int16], starts: NDArray[np.int64]) -> Excerpts:
    """Return the seconds of `samples` from each of `starts` on; 0 after the end."""
    excerpts = np.zeros((starts.size, ANALYSIS_RATE), np.float32)
    for excerpt, start in zip(excerpts, starts, strict=True):
        second = samples[start : start + ANALYSIS_RATE]
        excerpt[: second.size] = second
    return excerpts


def _normalize_excerpts(excerpts: Excerpts) -> Excerpts:
    """Return the excerpts as one row, without offset and of norm 1: a dot product is then a correlation."""
    row = excerpts.ravel() - excerpts.mean()
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-9), np.float32)


def _group_channel(
    groups: list[ChannelGroup],
    lead_excerpts: list[Excerpts],
    channel: SourceChannel,
    excerpts: Excerpts,
    notes: list[str],
) -> None:
    """Add a channel to the group of the same signal, or as a new group; drop it, with a note, if inverted."""
    for position, group in enumerate(groups):
        correlation = float(np.dot(lead_excerpts[position], excerpts))
        if correlation > _SAME_CORRELATION:
            groups[position] = ChannelGroup(group.lead, (*group.duplicates, channel))
            return
        if correlation < -_SAME_CORRELATION:
            notes.append(f"{channel.name} is {group.lead.name} inverted; only one of the two is used")
            return
    groups.append(ChannelGroup(channel, ()))
    lead_excerpts.append(excerpts)


def _is_hum(excerpts: Excerpts) -> bool:
    """Return whether nearly all power is in a few spectral lines (bins of 1 Hz, 9 per line)."""
    window = np.hanning(excerpts.shape[1]).astype(np.float32)
    power = np.mean(np.abs(np.fft.rfft((excerpts - excerpts.mean()) * window, axis=1)) ** 2, axis=0)
    total = float(power.sum())
    for _ in range(_HUM_LINES):
        line = int(np.argmax(power))
        power[max(0, line - 4) : line + 5] = 0.0
    return float(power.sum()) < _HUM_POWER_SHARE * total
