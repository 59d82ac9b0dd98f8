"""From a camera's samples to the solver's input, with the product's own audio stage."""

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


def build_analysis_recording(
    angle: str, name: str, channels: Sequence[Wave], late_samples: int, duration_s: float
) -> Recording:
    """Return the solver's view of a clip whose audio starts `late_samples` after its video.

    The product's own functions resample `channels` from 16 kHz to int16 at 8 kHz and choose among
    them: silent channels, hum, duplicates and inverted duplicates are dropped as they would be from
    a file.
    """
    with TemporaryDirectory() as folder:
        headings = [_write_channel(Path(folder), number, wave) for number, wave in enumerate(channels)]
        voices = choose_channels(headings).groups
        kept = tuple(np.array(map_samples(voice.lead.file.path)) for voice in voices)
    return Recording(
        angle=angle,
        name=name,
        rate=ANALYSIS_RATE,
        start_us=late_samples * 1_000_000 // ANALYSIS_RATE,
        channels=kept,
        duration_us=round(duration_s * 1e6),
    )


def _write_channel(folder: Path, number: int, wave: Wave) -> SourceChannel:
    file = ChannelFile(folder / f"{number}.s16", durable=False)
    resampler = AnalysisResampler(RATE, 1, Fraction(0))
    for index, block in (*resampler.push(wave[None, :]), *resampler.flush()):
        file.write_block(index, block[0])
    file.complete_length()
    return SourceChannel(0, number, f"channel {number + 1}", file)
