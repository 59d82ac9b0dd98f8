"""Pictures are let go as soon as they are encoded: nothing grows with the length of a clip."""

from __future__ import annotations

import gc

from av.video.frame import VideoFrame

from footage import Shot, film, steady
from mcsyncd.conform.conform import conform_clip
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile


def test_no_picture_waits_for_the_cyclic_collector(tmp_path):
    """Of 1080p, three hundred pictures that only the collector could free were a gigabyte."""
    source = film(tmp_path / "a.mp4", Shot(pictures=steady(30, 20)))
    alive: list[int] = []

    def look(_done: int, _total: int) -> None:
        if not alive or _done % 50 == 0:
            alive.append(sum(isinstance(thing, VideoFrame) for thing in gc.get_objects()))

    mezzanine, proxy = (
        load_profile(find_shipped_profiles(), name).build_ref(name) for name in ("mezz-h264", "proxy-540p")
    )
    gc.collect()
    gc.disable()
    try:
        conform_clip(
            source,
            probe_clip(source),
            rate=Rate(30),
            phase_us=0,
            drift_ppm=0.0,
            mezzanine=mezzanine,
            proxy=proxy,
            folder=tmp_path,
            stem="a",
            report_progress=look,
        )
    finally:
        gc.enable()
    assert len(alive) >= 10
    assert max(alive) < 80
