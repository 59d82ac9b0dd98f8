"""Make the same files with the `ffmpeg` command: the baseline that conform and sync are compared with.

Encoders, options and threads are those that conform itself takes from the shipped profiles, so the two
cannot silently diverge.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clip_job import build_shipped_ref
from mcsyncd.conform.encoders import choose_audio_encoder, choose_video_encoder
from mcsyncd.conform.library_versions import get_library_versions
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.settings.profiles import Profile, profile_from_ref

_QUIET = ("ffmpeg", "-nostdin", "-v", "error", "-y")


def build_single_command(clip: Path, folder: Path) -> list[list[str | Path]]:
    """Return one command that decodes once and makes mezzanine, proxy and analysis audio."""
    outputs = [part for output in _list_outputs(clip, folder) for part in output]
    return [[*_QUIET, "-i", clip, *outputs]]


def build_command_per_output(clip: Path, folder: Path) -> list[list[str | Path]]:
    """Return a separate command for each of them."""
    return [[*_QUIET, "-i", clip, *output] for output in _list_outputs(clip, folder)]


def build_listening_commands(clips: Sequence[Path], folder: Path) -> list[list[str | Path]]:
    """Return a command for each clip that decodes its audio and resamples it to the analysis rate.

    That is the least that any sync by sound has to do.
    """
    return [[*_QUIET, "-i", clip, *_build_listening_output(clip, folder)] for clip in clips]


def describe_libraries() -> str:
    """Describe the encoder of each side: the same options are not the same work in different versions."""
    ours = dict(get_library_versions())
    banner = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True).stdout
    one_frame = ("-f", "lavfi", "-i", "color=s=64x64:d=0.04", "-c:v", "libx264", "-f", "h264", "-")
    stream = subprocess.run(["ffmpeg", "-v", "error", *one_frame], check=True, capture_output=True).stdout
    core = re.search(rb"x264 - core (\d+)", stream)
    return (
        f"ours: PyAV {ours['pyav']}, libavcodec {ours['libavcodec']}, x264 core {ours['x264']}; "
        f"theirs: {' '.join(banner.split()[:3])}, x264 core {core[1].decode() if core else 'unknown'}"
    )


def _list_outputs(clip: Path, folder: Path) -> list[list[str | Path]]:
    mezzanine, proxy = (
        _build_rendition_options(profile_from_ref(build_shipped_ref(name)))
        for name in ("mezz-h264", "proxy-540p")
    )
    return [
        [*mezzanine, folder / f"{clip.stem}.mezz.mp4"],
        [*proxy, folder / f"{clip.stem}.proxy.mp4"],
        _build_listening_output(clip, folder),
    ]


def _build_listening_output(clip: Path, folder: Path) -> list[str | Path]:
    return ["-map", "0:a", "-ar", str(ANALYSIS_RATE), "-c:a", "pcm_s16le", folder / f"{clip.stem}.wav"]


def _build_rendition_options(profile: Profile) -> list[str]:
    video, audio = (
        choose_video_encoder(profile.video),
        choose_audio_encoder(profile.audio, 2, over_16_bits=False),
    )
    encoder = [part for name, value in video.options for part in (f"-{name}:v", value)]
    scale = f"scale=-2:{profile.short_side}:flags=bicubic+accurate_rnd," if profile.short_side else ""
    return [
        *("-map", "0:v", "-map", "0:a", "-fps_mode", "cfr", "-movflags", "+faststart"),
        *("-vf", f"{scale}format={video.fmt}"),
        *("-c:v", video.name, *encoder, "-threads:v", str(video.threads)),
        # ffmpeg before 6.0 treats FLAC in MP4 as experimental.
        *("-strict", "-2", "-c:a", audio.name, *(("-b:a", str(audio.bit_rate)) if audio.bit_rate else ())),
    ]
