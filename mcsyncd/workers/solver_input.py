"""A clip as the solver's input: its analysis audio, memory-mapped."""

from __future__ import annotations

from mcsyncd.listen.samples import map_samples
from mcsyncd.model.clip import Clip
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.sync.recording import Recording, build_recording


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
