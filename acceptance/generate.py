"""Make the session of a seed: its condition is next in turn, everything else is drawn from the seed."""

from __future__ import annotations

import numpy as np

from acceptance.conditions import ROTATION, STAGES
from acceptance.session import Session, find_checks
from acceptance.sources import Library

_STREAM = 20_260_501
"""Keeps these draws apart from those of any other generator that counts seeds from 0."""


def make_session(seed: int, library: Library) -> Session:
    """Return the session of a seed."""
    condition = ROTATION[seed % len(ROTATION)]
    takes = tuple(STAGES[condition.name](np.random.default_rng([seed, _STREAM]), library))
    return Session(seed, condition, takes, tuple(find_checks(takes, condition.group)))
