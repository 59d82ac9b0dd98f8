"""A clip as the solver's input: its analysis audio, memory-mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mcsyncd.listen.samples import map_samples
from mcsyncd.model.clip import Clip
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.sync.recording import Recording, build_recording


def load_recordings(clips: Sequence[Clip], leaders: Mapping[str, str], layout: WorkLayout) -> list[Recording]:
    """Return the clips as recordings, those that were recorded at once as one: the leader's, with all sound.

    `leaders` are the keys of leaders by those of the clips beside them. Raises what `load_recording` does.
    """
    groups: dict[str, list[Recording]] = {}
    for clip in sorted(clips, key=lambda one: one.key in leaders):
        groups.setdefault(leaders.get(clip.key, clip.key), []).append(load_recording(clip, layout))
    return [_merge_channels(groups[clip.key]) for clip in clips if clip.key in groups]


def _merge_channels(group: Sequence[Recording]) -> Recording:
    """Return the first recording with the channels of all whose sound begins when the first one's does."""
    leader, heard = group[0], [one for one in group if one.channels]
    if len(group) == 1 or not heard:
        return leader
    start_us = heard[0].start_us
    channels = tuple(channel for one in heard if one.start_us == start_us for channel in one.channels)
    clock = next((one for one in group if one.timecode_us is not None), leader)
    return replace(
        leader,
        channels=channels,
        start_us=start_us,
        rate=heard[0].rate,
        timecode_us=clock.timecode_us,
        timecode_lags=clock.timecode_lags,
    )


def load_recording(clip: Clip, layout: WorkLayout) -> Recording:
    """Return a clip as a recording of its angle. `clip.media` is set; `analysis_audio` if it has audio.

    Raises ValueError for a clip that is not probed, OSError if its analysis audio cannot be read.
    """
    if clip.media is None:
        raise ValueError(f"{clip.key} is not probed")
    files = clip.analysis_audio.channel_files if clip.analysis_audio else ()
    paths = [layout.resolve_path(file.path) for file in files]
    channels = [samples for path in paths if (samples := map_samples(path)).size]
    return build_recording(clip.camera, clip.name, clip.media, clip.analysis_audio, channels)
