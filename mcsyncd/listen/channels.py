"""Which channels are worth keeping: silence, hum, doubles and opposites, each said in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.listen.track_writer import ChannelFile

MAX_CHANNELS = 4
"""Kept at most. The solver tries channels against each other, and a 64-channel recorder would cost
64 times 64 trials to say what its loudest microphones say."""

_SILENT_RMS = 2.0
"""int16 steps, -84 dBFS: below it there is only the dither of the converter."""
_SAME_CORRELATION = 0.95
_HUM_POWER_SHARE = 0.005
"""The share of power outside its twelve strongest lines below which a channel is hum: speech and
music spread over hundreds of lines within seconds, mains hum stays in a dozen harmonics."""
_HUM_LINES = 12
_MAX_EXCERPTS, _MIN_EXCERPTS, _MAX_EXCERPTS_IN_ALL = 48, 12, 384
"""Seconds of a channel that are looked at, and of all together: memory for 64 channels as for 8."""


_MAX_NAMED = 3
"""More channels than this with the same fault are counted, not named."""

Excerpts = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SourceChannel:
    """A channel of analysis audio and where it comes from."""

    track: int
    index: int
    name: str
    file: ChannelFile


@dataclass(frozen=True, slots=True)
class ChannelGroup:
    """A kept channel: `doubles` are the other channels that carry the same and are averaged in."""

    lead: SourceChannel
    duplicates: tuple[SourceChannel, ...]


def choose_channels(channels: list[SourceChannel]) -> tuple[list[ChannelGroup], list[str]]:
    """Return the channels to keep, in the order of the file, and a sentence on each that is not.

    Identical channels (correlation above 0.95) become one; of a pair in anti-phase (below -0.95)
    one is kept, because their average is silence.
    """
    silent = [channel for channel in channels if channel.file.max_rms < _SILENT_RMS]
    seen = _read_excerpts([channel for channel in channels if channel not in silent])
    humming = [channel for channel, seconds in seen if _is_hum(seconds)]
    notes = _describe_channels(silent, "is silent", "are silent")
    notes += _describe_channels(humming, "carries only hum", "carry only hum")
    voices: list[ChannelGroup] = []
    kept: list[Excerpts] = []
    for channel, seconds in seen:
        if channel not in humming:
            _group_channel(voices, kept, channel, _normalize_excerpts(seconds), notes)
    if len(voices) > MAX_CHANNELS:
        notes.append(f"{len(voices)} different channels; the {MAX_CHANNELS} loudest are used")
        loudest = sorted(voices, key=lambda voice: -voice.lead.file.max_rms)[:MAX_CHANNELS]
        voices = [voice for voice in voices if voice in loudest]
    return voices, notes


def map_samples(path: Path) -> NDArray[np.int16]:
    """Map analysis audio from disk."""
    if path.stat().st_size < 2:
        return np.zeros(0, np.int16)
    return np.memmap(path, "<i2", "r")


def _describe_channels(channels: list[SourceChannel], one: str, many: str) -> list[str]:
    if len(channels) > _MAX_NAMED:
        return [f"{len(channels)} channels {many}"]
    return [f"{channel.name} {one}" for channel in channels]


def _read_excerpts(channels: list[SourceChannel]) -> list[tuple[SourceChannel, Excerpts]]:
    """Each channel with up to 48 seconds of it, spread evenly, the same ones for all; fewer for many."""
    seconds = max((channel.file.sample_count for channel in channels), default=0) // ANALYSIS_RATE
    count = min(
        _MAX_EXCERPTS, max(_MIN_EXCERPTS, _MAX_EXCERPTS_IN_ALL // max(1, len(channels))), max(1, seconds)
    )
    places = np.unique(np.linspace(0, max(0, seconds - 1), count).astype(int))
    return [
        (channel, _cut_excerpts(map_samples(channel.file.path), places * ANALYSIS_RATE))
        for channel in channels
    ]


def _cut_excerpts(samples: NDArray[np.int16], starts: NDArray[np.int64]) -> Excerpts:
    """The seconds of `sound` from `starts` on, shape (seconds, rate); 0 where it has ended."""
    looks = np.zeros((starts.size, ANALYSIS_RATE), np.float32)
    for look, start in zip(looks, starts, strict=True):
        piece = samples[start : start + ANALYSIS_RATE]
        look[: piece.size] = piece
    return looks


def _normalize_excerpts(excerpts: Excerpts) -> Excerpts:
    """The looks in a row, without offset and of length 1, so that a product is a correlation."""
    row = excerpts.ravel() - excerpts.mean()
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-9), np.float32)


def _group_channel(
    groups: list[ChannelGroup],
    lead_excerpts: list[Excerpts],
    channel: SourceChannel,
    excerpts: Excerpts,
    notes: list[str],
) -> None:
    for place, voice in enumerate(groups):
        likeness = float(np.dot(lead_excerpts[place], excerpts))
        if likeness > _SAME_CORRELATION:
            groups[place] = ChannelGroup(voice.lead, (*voice.duplicates, channel))
            return
        if likeness < -_SAME_CORRELATION:
            notes.append(f"{channel.name} is {voice.lead.name} turned over; one of the two is used")
            return
    groups.append(ChannelGroup(channel, ()))
    lead_excerpts.append(excerpts)


def _is_hum(excerpts: Excerpts) -> bool:
    window = np.hanning(excerpts.shape[1]).astype(np.float32)
    power = np.mean(np.abs(np.fft.rfft((excerpts - excerpts.mean()) * window, axis=1)) ** 2, axis=0)
    total = float(power.sum())
    for _ in range(_HUM_LINES):
        line = int(np.argmax(power))
        power[max(0, line - 4) : line + 5] = 0.0
    return float(power.sum()) < _HUM_POWER_SHARE * total
