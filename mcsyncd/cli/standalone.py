"""What the commands that conform without a session share: the grid's rate, and a profile in plain words.

Imports the conform stage, so import it only inside a command.
"""

from __future__ import annotations

from mcsyncd.conform.explain import explain_plan
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.hardware_check import find_usable_encoders
from mcsyncd.conform.plan import plan_renditions
from mcsyncd.model.clip import Media
from mcsyncd.model.rate import Rate, choose_standard_rate
from mcsyncd.settings.profiles import Profile

AUDIO_ONLY_RATE = Rate(25)
"""Frames per second of the grid for a clip without video. Judgement: any standard rate would do, because
the clip has no frames to repeat or drop."""


def choose_grid_rate(media: Media) -> Rate:
    """Return the rate of the grid of a clip that is conformed alone, as in a session with no other."""
    return choose_standard_rate(media.video.rate) if media.video else AUDIO_ONLY_RATE


def explain_profile(name: str, profile: Profile, media: Media) -> tuple[str, ...]:
    """Return in plain words, a line each, what the profile `name` makes of a clip like `media`."""
    grid = Grid(choose_grid_rate(media))
    wanted = ((profile.kind, profile.build_ref(name), profile),)
    return explain_plan(profile, plan_renditions(media, grid, wanted, find_usable_encoders([profile])))
