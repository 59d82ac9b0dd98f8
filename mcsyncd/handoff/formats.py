"""The formats of a handoff, and the files of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from mcsyncd.handoff.ale import write_ale
from mcsyncd.handoff.edl import write_edl
from mcsyncd.handoff.fcpxml import write_fcpxml
from mcsyncd.handoff.otio import write_otio
from mcsyncd.handoff.timeline import HandoffFormat, Timeline
from mcsyncd.handoff.xmeml import write_xmeml


def write_timeline(timeline: Timeline, wanted: HandoffFormat) -> Iterator[tuple[str, str]]:
    """Yield name and text of each file.

    Raises UsageError for a missing extra, and ValueError for what the format cannot hold.
    """
    match wanted:
        case "fcpxml":
            yield f"{timeline.name}.fcpxml", write_fcpxml(timeline)
        case "xmeml":
            yield f"{timeline.name}.xml", write_xmeml(timeline)
        case "otio":
            yield f"{timeline.name}.otio", write_otio(timeline)
        case "ale":
            yield f"{timeline.name}.ale", write_ale(timeline)
        case "edl":
            for number, track in enumerate(timeline.tracks, 1):
                if track.clips:
                    yield f"{timeline.name}-{number}-{track.angle}.edl", write_edl(timeline, track)
        case _:
            assert_never(wanted)
