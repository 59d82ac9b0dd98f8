"""Recordings that one device made at once, as one to the solver: with the channels of all. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mcsyncd.sync.recording import Recording


def merge_parallels(recordings: Sequence[Recording], leaders: Mapping[str, str]) -> list[Recording]:
    """Return the recordings without those beside a leader, and each leader with the channels of all.

    `leaders` are the keys (`angle/name`) of leaders by those of the recordings beside them.
    """
    groups: dict[str, list[Recording]] = {}
    for recording in sorted(recordings, key=lambda one: _name_key(one) in leaders):
        key = _name_key(recording)
        groups.setdefault(leaders.get(key, key), []).append(recording)
    return [
        _merge_channels(groups[_name_key(recording)])
        for recording in recordings
        if _name_key(recording) not in leaders
    ]


def _name_key(recording: Recording) -> str:
    return f"{recording.angle}/{recording.name}"


def _merge_channels(group: Sequence[Recording]) -> Recording:
    """Return the first recording with the channels of all whose sound begins when the first one's does."""
    leader, heard = group[0], [one for one in group if one.channels]
    if len(group) == 1 or not heard:
        return leader
    start_us = heard[0].start_us
    channels = tuple(channel for one in heard if one.start_us == start_us for channel in one.channels)
    clock = next((one for one in group if one.clocks), leader)
    return replace(
        leader,
        channels=channels,
        start_us=start_us,
        rate=heard[0].rate,
        clocks=clock.clocks,
    )
