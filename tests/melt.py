"""What melt, the MLT framework's player, shows and plays of a timeline that OpenTimelineIO has read.

melt opens neither OTIO nor xmeml. So where each clip lies is what OpenTimelineIO's readers say, each track is
written down as MLT's own XML, and melt renders it: frames and sound from neither of our libraries.
"""

from __future__ import annotations

import shutil
import subprocess
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from mcsyncd.demo.sound_events import SCENE_RATE, Beep

needs_melt = pytest.mark.skipif(not shutil.which("melt"), reason="no melt in PATH to judge by")
SAMPLE_RATE = SCENE_RATE
_PATIENCE_S = 20
"""Longest time of one attempt, in seconds. It takes half a second, and one second beside seven others."""
_ATTEMPTS = 5
"""MLT 7.12 has races: beside seven others, 25 of 600 runs wrote everything and never ended (measured), and
one run of the suite got fewer frames from it than were asked for."""


@dataclass(frozen=True)
class RenderedTrack:
    """Frames as uint8 (frames, height, width), and one channel of sound, -1 to 1, of a whole timeline."""

    frames: np.ndarray
    sound: np.ndarray


def render_track(
    track: Any, rate: tuple[int, int], size: tuple[int, int], frames: int, folder: Path
) -> RenderedTrack:
    """Render the first `frames` of an OpenTimelineIO track with melt, with the sound of its clips."""
    playlist = folder / f"{track.name}.mlt"
    playlist.write_text(_write_mlt(track, rate, size))
    pictures, sound = folder / f"{track.name}.gray", folder / f"{track.name}.s16"
    command = ["melt", "-silent", playlist, "in=0", f"out={frames - 1}", "-consumer"]
    options = ["real_time=-1", "terminate_on_pause=1"]
    width, height = size
    samples = (frames - 1) * SAMPLE_RATE * rate[1] // rate[0]  # it may leave out a frame's at the end
    for target, codecs, least in (
        (pictures, ["f=rawvideo", "vcodec=rawvideo", "pix_fmt=gray", "an=1"], frames * width * height),
        (
            sound,
            ["f=s16le", "acodec=pcm_s16le", "vn=1", f"frequency={SAMPLE_RATE}", "channels=1"],
            2 * samples,
        ),
    ):
        _run_melt([*map(str, command), f"avformat:{target}", *codecs, *options], folder, target, least)
    return RenderedTrack(
        np.fromfile(pictures, np.uint8).reshape(-1, height, width), np.fromfile(sound, "<i2") / 32768
    )


def find_flash(track: RenderedTrack, near: int) -> int:
    """Return the first frame of the flash that begins around frame `near`: the largest step up."""
    reach = 5
    brightness = track.frames[near - reach : near + reach].mean(axis=(1, 2))
    return near - reach + 1 + int(np.argmax(np.diff(brightness)))


def find_beep(track: RenderedTrack, near_s: float) -> float:
    """Return when the demo's beep around `near_s` begins, in seconds, by its matched filter."""
    reach_s = 0.2
    beep = Beep(0).render_wave()
    first = round((near_s - reach_s) * SAMPLE_RATE)
    heard = track.sound[first : first + round(2 * reach_s * SAMPLE_RATE) + beep.size]
    return (first + int(np.argmax(np.abs(np.correlate(heard, beep))))) / SAMPLE_RATE


def _run_melt(call: list[str], folder: Path, target: Path, least: int) -> None:
    """Run it until it has ended with at least so many bytes in the target."""
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "SDL_AUDIODRIVER": "dummy",
        "QT_QPA_PLATFORM": "offscreen",
    }
    for _ in range(_ATTEMPTS):
        try:
            done = subprocess.run(
                call, capture_output=True, text=True, check=False, timeout=_PATIENCE_S, env=environ
            )
        except subprocess.TimeoutExpired:
            continue
        assert done.returncode == 0, done.stderr[-2000:]
        if target.stat().st_size >= least:
            return
    pytest.fail(
        f"melt wrote all and ended in none of {_ATTEMPTS} attempts of {_PATIENCE_S} s: {' '.join(call)}"
    )


def _write_mlt(track: Any, rate: tuple[int, int], size: tuple[int, int]) -> str:
    """Return a track as MLT's XML. In and out are frames of the file, counted from its first one."""
    root = ET.Element("mlt")
    shape = dict(
        zip(("frame_rate_num", "frame_rate_den", "width", "height"), map(str, (*rate, *size)), strict=True)
    )
    shape |= {"progressive": "1", "sample_aspect_num": "1", "sample_aspect_den": "1"}
    ET.SubElement(
        root, "profile", shape, display_aspect_num=shape["width"], display_aspect_den=shape["height"]
    )
    items = ET.Element("playlist", id="track")
    at, float_rate = 0, rate[0] / rate[1]
    for number, clip in enumerate(track.find_clips()):
        inside, used = clip.range_in_parent(), clip.trimmed_range()
        first = used.start_time - clip.available_range().start_time
        start, length, begin = (
            round(one.rescaled_to(float_rate).value) for one in (inside.start_time, inside.duration, first)
        )
        producer = ET.SubElement(root, "producer", id=f"file{number}")
        path = urllib.parse.unquote(urllib.parse.urlsplit(clip.media_reference.target_url).path)
        ET.SubElement(producer, "property", name="resource").text = path
        ET.SubElement(producer, "property", name="mlt_service").text = "avformat"
        if start > at:
            ET.SubElement(items, "blank", length=str(start - at))
        ET.SubElement(
            items, "entry", {"producer": f"file{number}", "in": str(begin), "out": str(begin + length - 1)}
        )
        at = start + length
    root.append(items)
    return ET.tostring(root, encoding="unicode")
