"""A session to be synced, with the truth about it: generated, long, or found in a folder of cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

CORPUS_ANGLES = ("cam_a", "cam_b", "cam_c")


@dataclass(frozen=True, slots=True)
class Clip:
    """A file, and where it lies: t_reference = offset + t_clip * (1 + drift * 1e-6).

    An offset of None means that no place is right. `seconds` is the clip's length; `judged_s` are
    the two instants, in clip time, at which an answer is held against the truth: the ends of what
    the clip shares with others.
    """

    angle: str
    file: Path
    seconds: float
    offset_ms: float | None
    drift_ppm: float
    judged_s: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Session:
    """Clips of one event or of several; the first clip is the reference.

    `solvable` says that every clip has its right place. Where one has none, a low confidence is
    the right answer.
    """

    name: str
    condition: str
    clips: tuple[Clip, ...]
    solvable: bool

    @property
    def hours(self) -> float:
        """Hours of material: the lengths of all files."""
        return sum(clip.seconds for clip in self.clips) / 3600


def corpus(folder: Path) -> Iterator[Session]:
    """Yield the cases of a folder, each in a folder `caseNNN_<condition>`.

    A case holds `cam_a.mp4`, `cam_b.mp4`, `cam_c.mp4` and `truth.json`: `expect` is `sync` or
    `low_confidence`; `cameras.<angle>` has `offset_ms` (null: no place), `drift_ppm` and
    `eval_t_cam`, the two instants to be judged at (absent: both ends of the clip).
    """
    for truth in sorted(folder.glob("case*_*/truth.json")):
        told = json.loads(truth.read_text())
        clips = tuple(_clip(truth.parent, angle, told["cameras"][angle]) for angle in CORPUS_ANGLES)
        name = truth.parent.name
        yield Session(name, name.partition("_")[2], clips, told["expect"] == "sync")


def _clip(case: Path, angle: str, told: dict[str, Any]) -> Clip:
    file = case / f"{angle}.mp4"
    seconds = _seconds_of(file)
    begin_s, end_s = told.get("eval_t_cam") or (0.0, seconds)
    return Clip(angle, file, seconds, told["offset_ms"], told["drift_ppm"] or 0.0, (begin_s, end_s))


def _seconds_of(file: Path) -> float:
    with av.open(str(file)) as container:
        return (container.duration or 0) / av.time_base
