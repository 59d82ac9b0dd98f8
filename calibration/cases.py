"""Generated sessions with known truth: a pure function of a seed and the source material."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from calibration.camera import Take, record_take
from calibration.conditions import CONDITIONS
from calibration.material import Material, Shelf
from calibration.sounds import Draw
from calibration.stage import find_linked
from mcsyncd.sync.recording import Recording


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a recording lies: t_reference = offset_s + t_clip * (1 + slope), both in clip time."""

    offset_s: float
    slope: float


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A session: its recordings, cam_a's first one being the reference, and the truth of each.

    A truth of None means that the recording has no right place: whatever offset is given is wrong.
    """

    condition: str
    seed: int
    recordings: tuple[Recording, ...]
    truths: tuple[Truth | None, ...]


def draw_case(seed: int, material: Material) -> Case:
    """Return the session of a seed; its condition is drawn by the weights of CONDITIONS."""
    return build_case(draw_condition(seed), seed, material)


def draw_condition(seed: int) -> str:
    """Return the condition that a seed draws."""
    names = list(CONDITIONS)
    weights = np.array([CONDITIONS[name][0] for name in names], np.float64)
    return str(np.random.default_rng((seed, 0)).choice(names, p=weights / weights.sum()))


def build_case(condition: str, seed: int, material: Material) -> Case:
    """Return the session of a seed in one of CONDITIONS. Raises KeyError when there is none of that name."""
    # Not hash(): Python salts it anew in every process.
    scene_rng, *camera_rngs = np.random.default_rng((seed, crc32(condition.encode()))).spawn(6)
    shelf = Shelf(material, scene_rng)
    takes = CONDITIONS[condition][1](Draw(scene_rng, shelf))
    # A copied card has the chance of its original.
    sources = [at if take.copy_of is None else take.copy_of for at, take in enumerate(takes)]
    recordings = tuple(
        record_take(take, shelf, deepcopy(camera_rngs[at])) for take, at in zip(takes, sources, strict=True)
    )
    truths = tuple(
        _compute_truth(take, takes[0]) if sure else None
        for take, sure in zip(takes, find_linked(takes), strict=True)
    )
    return Case(condition, seed, recordings, truths)


def _compute_truth(take: Take, reference: Take) -> Truth:
    return Truth(take.start_s - reference.start_s, take.slope)
