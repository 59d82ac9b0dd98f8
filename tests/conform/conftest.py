from concurrent.futures import Executor
from fractions import Fraction
from pathlib import Path

import pytest

from mcsyncd.conform.conform import conform_clip
from mcsyncd.model.clip import Media
from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import ConformResult
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile


@pytest.fixture
def run(tmp_path):
    """Conform a clip with shipped profiles."""

    def run(
        source: Path,
        rate: Rate | None = None,
        *,
        phase_us: int = 0,
        drift_ppm: float = 0.0,
        curve: DriftCurve = (),
        mezzanine: str = "mezz-h264",
        folder: Path | None = None,
        media: Media | None = None,
        progress=None,
        executor: Executor | None = None,
    ) -> ConformResult:
        media = media or probe_clip(source)
        into = folder or tmp_path / "out"
        into.mkdir(exist_ok=True)
        return conform_clip(
            source,
            media,
            rate=rate or media.video.rate,
            phase_us=phase_us,
            drift_ppm=drift_ppm,
            curve=curve,
            mezzanine=load_profile(find_shipped_profiles(), mezzanine).build_ref(mezzanine),
            proxy=load_profile(find_shipped_profiles(), "proxy-540p").build_ref("proxy-540p"),
            folder=into,
            stem="clip",
            report_progress=progress,
            executor=executor,
        )

    return run


@pytest.fixture
def shown():
    """Which source picture each tick must show, worked out the long way round."""

    def shown(
        times, rate: Rate, ticks: int, *, phase_us: int = 0, drift_ppm: Fraction = Fraction(0), clock=None
    ):
        """`clock` turns seconds since tick 0 into clip time, for a clip that has more than a line."""
        wanted = []
        own = [time - times[0] for time in times]
        for tick in range(ticks):
            at = Fraction(tick) / rate.fraction
            when = clock(at) if clock else (at - Fraction(phase_us, 10**6)) / (1 + drift_ppm / 10**6)
            wanted.append(min(range(len(own)), key=lambda index: (abs(own[index] - when), index)))
        return wanted

    return shown
