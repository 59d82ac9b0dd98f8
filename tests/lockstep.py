"""Check that three conformed cameras stay together, with the system's ffmpeg and never our own library."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from angles import RATE, SAMPLE_RATE, Angle
from footage import BITS
from mcsyncd.conform.conform import conform_clip
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.model.alignment import Alignment
from mcsyncd.model.clip import Media
from mcsyncd.model.rate import Rate, split_offset
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from mcsyncd.sync.recording import Recording, build_recording
from mcsyncd.sync.solve import solve_alignment

_WIDE = 160
"""Columns that are read of each frame."""
_SEARCH_S = 0.05
"""Seconds before and after its instant in which a beep is searched; nothing else sounds there."""


@dataclass(frozen=True)
class ConformedCamera:
    """A camera's rendition, the session's tick of its first frame, and its clock as sync found it."""

    angle: Angle
    path: Path
    start_tick: int
    found: Angle


@dataclass(frozen=True)
class Inspection:
    """One rendition, tick by tick.

    `first` is the session's tick of its first frame. `off_us` is how much further the shown source
    frame is from each tick's instant than the nearest one, by the true clock; `off_found_us` is the
    same by the clock that sync found. `lit` is true during flashes; `beeps_s` are instants of the
    session clock.
    """

    first: int
    off_us: np.ndarray
    off_found_us: np.ndarray
    lit: np.ndarray
    beeps_s: np.ndarray


def align_cameras(files: dict[str, Path], folder: Path) -> tuple[Alignment, dict[str, Media]]:
    """Probe, listen and sync, as the daemon does."""
    found = {key: probe_clip(file) for key, file in files.items()}
    recordings: list[Recording] = []
    for key, file in files.items():
        sound = extract_analysis_audio(file, found[key], folder / key)
        channels = [np.memmap(channel.path, "<i2", "r") for channel in sound.channels]
        recordings.append(build_recording(key, file.name, found[key], sound, channels))
    return solve_alignment(recordings, next(iter(files))), found


def conform_camera(
    angle: Angle, file: Path, media: Media, answer: Alignment, folder: Path
) -> ConformedCamera:
    """Conform one camera by the alignment, to a grid of 30 fps; return its mezzanine."""
    placed = answer.find_placement(angle.key, file.name)
    assert placed is not None
    assert placed.offset_us is not None
    start_tick, phase_us = split_offset(placed.offset_us, Rate(RATE))
    mezzanine, proxy = (
        load_profile(find_shipped_profiles(), name).build_ref(name) for name in ("mezz-h264", "proxy-540p")
    )
    made = conform_clip(
        file,
        media,
        rate=Rate(RATE),
        phase_us=phase_us,
        drift_ppm=placed.drift_ppm,
        mezzanine=mezzanine,
        proxy=proxy,
        folder=folder,
        stem=angle.key,
    )
    found = Angle(angle.key, placed.offset_us, placed.drift_ppm)
    return ConformedCamera(angle, Path(made.get_rendition("mezzanine").path), start_tick, found)


def inspect_rendition(camera: ConformedCamera, events_s: np.ndarray) -> Inspection:
    """Read the frame at every tick of a rendition, and find every beep."""
    upper, lower = _read_rows(camera.path)
    columns = (2 * np.arange(BITS) + 1) * _WIDE // (2 * BITS)
    numbers = ((lower[:, columns] > 125) << np.arange(BITS)).sum(1)
    begins_s = camera.start_tick / RATE
    ticks_s = begins_s + np.arange(len(numbers)) / RATE
    beeps_s = begins_s + _find_beeps(camera.path, events_s - begins_s)
    off_us, off_found_us = (
        _compute_excess_us(clock, ticks_s, numbers) for clock in (camera.angle, camera.found)
    )
    return Inspection(camera.start_tick, off_us, off_found_us, upper.mean(1) > 170, beeps_s)


def compute_flash_spread(seen: list[Inspection], event_s: float) -> int:
    """Return by how many ticks the cameras differ in the first frame of a flash."""
    begins = []
    for one in seen:
        near = round(event_s * RATE) - one.first
        window = one.lit[near - 5 : near + 10]
        begins.append(near - 5 + int(np.argmax(window)) + one.first if window.any() else near + 10**6)
    return max(begins) - min(begins)


def _compute_excess_us(clock: Angle, ticks_s: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return how much further the shown frames are from their ticks' instants than the nearest ones."""
    steps = (ticks_s - clock.offset_us * 1e-6) / clock.clock_ratio * RATE
    nearest = np.clip(np.rint(steps), 0, numbers.max())
    return (np.abs(steps - numbers) - np.abs(steps - nearest)) / RATE * 1e6


def _read_rows(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return a row of the scene and the row of the number of every frame, uint8 (frames, columns)."""
    # The lower half of a frame has the scene above and the number below: read a row from each middle.
    crop = f"crop=iw:ih/2:0:ih/2,scale={_WIDE}:2:flags=neighbor"
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"]
    raw = subprocess.run(
        [*command, "-vf", crop, "-f", "rawvideo", "-pix_fmt", "gray", "-"], check=True, capture_output=True
    ).stdout
    rows = np.frombuffer(raw, np.uint8).reshape(-1, 2, _WIDE)
    return rows[:, 0], rows[:, 1]


def _find_beeps(path: Path, expected_s: np.ndarray) -> np.ndarray:
    """Return when each expected beep begins, in seconds of the file; nan if there is none.

    A beep of amplitude 0.7 reaches 0.25 after asin(0.25 / 0.7) of its first millisecond.
    """
    with tempfile.NamedTemporaryFile(suffix=".s16") as raw:
        command = ["ffmpeg", "-v", "error", "-y", "-i", path, "-map", "0:a:0", "-f", "s16le"]
        subprocess.run([*command, "-c:a", "pcm_s16le", raw.name], check=True)
        sound = np.memmap(raw.name, "<i2", "r")
        return np.array([_find_beep_start(sound, at) for at in expected_s])


def _find_beep_start(sound: np.ndarray, expected_s: float) -> float:
    first = max(0, round((expected_s - _SEARCH_S) * SAMPLE_RATE))
    level = sound[first : first + round(2 * _SEARCH_S * SAMPLE_RATE)] / 32767 - 0.25
    above = np.flatnonzero(level > 0)
    if not above.size:
        return float("nan")
    at = int(above[0])
    between = level[at - 1] / (level[at - 1] - level[at]) if at else 1.0
    return float((first + at - 1 + between) / SAMPLE_RATE - np.arcsin(0.25 / 0.7) / (2 * np.pi * 1000))
