"""The same files made by the `ffmpeg` command: what conform is measured against.

Encoders, options and threads are those that conform itself takes from the shipped profiles, so that
the two cannot drift apart unseen.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from benchmarks.job import shipped
from mcsyncd.conform.encoders import choose_audio_encoder, choose_video_encoder
from mcsyncd.conform.library_versions import get_library_versions
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.settings.profiles import Profile, profile_from_ref

_QUIET = ("ffmpeg", "-nostdin", "-v", "error", "-y")


def one_command(clip: Path, folder: Path) -> list[list[str | Path]]:
    """One command that decodes once and makes mezzanine, proxy and the sound for the analysis."""
    outputs = [part for output in _outputs(clip, folder) for part in output]
    return [[*_QUIET, "-i", clip, *outputs]]


def one_each(clip: Path, folder: Path) -> list[list[str | Path]]:
    """A command for each of them, one after the other."""
    return [[*_QUIET, "-i", clip, *output] for output in _outputs(clip, folder)]


def libraries() -> str:
    """Say which encoder each side has: equal options of two releases are not quite equal work."""
    ours = dict(get_library_versions())
    banner = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True).stdout
    picture = ("-f", "lavfi", "-i", "color=s=64x64:d=0.04", "-c:v", "libx264", "-f", "h264", "-")
    signed = subprocess.run(["ffmpeg", "-v", "error", *picture], check=True, capture_output=True).stdout
    core = re.search(rb"x264 - core (\d+)", signed)
    return (
        f"ours: PyAV {ours['pyav']}, libavcodec {ours['libavcodec']}, x264 core {ours['x264']}; "
        f"theirs: {' '.join(banner.split()[:3])}, x264 core {core[1].decode() if core else 'unknown'}"
    )


def _outputs(clip: Path, folder: Path) -> list[list[str | Path]]:
    mezzanine, proxy = (_rendition(profile_from_ref(shipped(name))) for name in ("mezz-h264", "proxy-540p"))
    return [
        [*mezzanine, folder / f"{clip.stem}.mezz.mp4"],
        [*proxy, folder / f"{clip.stem}.proxy.mp4"],
        [
            "-map",
            "0:a",
            "-ar",
            str(ANALYSIS_RATE),
            "-c:a",
            "pcm_s16le",
            folder / f"{clip.stem}.wav",
        ],
    ]


def _rendition(profile: Profile) -> list[str]:
    picture, sound = (
        choose_video_encoder(profile.video),
        choose_audio_encoder(profile.audio, 2, over_16_bits=False),
    )
    encoder = [part for name, value in picture.options for part in (f"-{name}:v", value)]
    scale = f"scale=-2:{profile.short_side}:flags=bicubic+accurate_rnd," if profile.short_side else ""
    return [
        *("-map", "0:v", "-map", "0:a", "-fps_mode", "cfr", "-movflags", "+faststart"),
        *("-vf", f"{scale}format={picture.fmt}"),
        *("-c:v", picture.name, *encoder, "-threads:v", str(picture.threads)),
        # Releases before 6.0 call FLAC in MP4 experimental.
        *("-strict", "-2", "-c:a", sound.name, *(("-b:a", str(sound.bit_rate)) if sound.bit_rate else ())),
    ]
