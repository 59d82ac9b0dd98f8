"""From a camera's samples to what the engine is given: the listening station's own work."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from calibration.signals import RATE, Wave
from mcsyncd.listen.channels import SourceChannel, choose_channels, map_samples
from mcsyncd.listen.resample import ANALYSIS_RATE, AnalysisResampler
from mcsyncd.listen.track_writer import ChannelFile
from mcsyncd.sync.recording import Recording


def listened(angle: str, name: str, channels: Sequence[Wave], late: int, duration_s: float) -> Recording:
    """Return the engine's view of a clip whose sound starts `late` analysis samples after its picture.

    The station's own functions bring `channels` (16 kHz) to 8 kHz int16 and choose among them:
    silent ones, hum, doubles and opposites go as they would from a file.
    """
    with TemporaryDirectory() as folder:
        headings = [_laid(Path(folder), number, wave) for number, wave in enumerate(channels)]
        voices, _ = choose_channels(headings)
        kept = tuple(np.array(map_samples(voice.lead.file.path)) for voice in voices)
    return Recording(
        angle=angle,
        name=name,
        rate=ANALYSIS_RATE,
        start_us=late * 1_000_000 // ANALYSIS_RATE,
        channels=kept,
        duration_us=round(duration_s * 1e6),
    )


def _laid(folder: Path, number: int, wave: Wave) -> SourceChannel:
    file = ChannelFile(folder / f"{number}.s16")
    resampler = AnalysisResampler(RATE, 1, Fraction(0))
    for index, block in (*resampler.push(wave[None, :]), *resampler.flush()):
        file.write_block(index, block[0])
    file.close()
    return SourceChannel(0, number, f"channel {number + 1}", file)
