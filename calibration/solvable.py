"""Conditions in which every camera has its right place, however hard it is to hear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from calibration.camera import Take
from calibration.microphone import Noise, Trouble, drawn_troubles, muffled, telephone, thin
from calibration.signals import RATE, levelled
from calibration.sounds import CONTENTS, Draw, applause, electronic, loop, machine
from calibration.stage import event, filmed, needed_s, spans

Builder = Callable[[Draw], list[Take]]


def plain(*kinds: str, style: str = "usual", place: str = "any", most: int = 0) -> Builder:
    """Return the builder of events with one of `kinds` of sound, laid out in one way."""
    return lambda draw: event(draw, draw.one_of(*kinds), style, place, most)


anything = plain(*CONTENTS, most=3)
"""Any sound, any place, any layout, none to three troubles a camera: nobody can list conditions."""


def own_noise(*kinds: str, low_db: float, high_db: float) -> Builder:
    """Return the builder of events in which every camera has loud noise of its own."""

    def build(draw: Draw) -> list[Take]:
        takes = event(draw, draw.one_of("speech", "talk", "music", "mix", "crowd", "pa"), most=0)
        return [
            replace(one, troubles=(Noise(draw.one_of(*kinds), draw.uniform(low_db, high_db)),))
            for one in takes
        ]

    return build


def unlike_microphones(draw: Draw) -> list[Take]:
    """A telephone against a muffled one against a thin one: little of the spectrum in common."""
    takes = event(draw, draw.one_of("speech", "talk", "music", "mix", "crowd"), most=0)
    tones: list[Trouble] = [telephone, muffled, thin]
    order = draw.rng.permutation(3)
    return [
        replace(one, troubles=(tones[at], *drawn_troubles(draw.rng, 1)))
        for one, at in zip(takes, order, strict=True)
    ]


def rate_mistake(draw: Draw) -> list[Take]:
    """A camera whose rate is 0.1 % off: 29.97 taken for 30."""
    takes = event(draw, draw.one_of("speech", "music", "mix"), draw.one_of("full", "full", "long"), most=1)
    wrong = int(draw.rng.integers(1, 3))
    slope = (0.001 if draw.chance(0.5) else -0.001) + draw.uniform(-2e-5, 2e-5)
    return [replace(one, slope=slope) if at == wrong else one for at, one in enumerate(takes)]


def loop_under(*kinds: str) -> Builder:
    """Return the builder of events with an exact loop under live sound of one of `kinds`."""

    def build(draw: Draw) -> list[Take]:
        laid = spans(draw, "usual")
        seconds = needed_s(laid)
        live = applause(draw, seconds) if draw.one_of(*kinds) == "applause" else draw.shelf.speech(seconds)
        repeated = levelled(loop(draw, seconds), 0.08 * 10 ** draw.uniform(-0.7, 0.5))
        return filmed(draw, [live, repeated], laid, "any", 2)

    return build


def loops_with_changes(draw: Draw) -> list[Take]:
    """Electronic music with a partial overlap: only its changes tell one bar from the next."""
    laid = spans(draw, draw.one_of("partial", "inside", "full"))
    return filmed(draw, [electronic(draw, needed_s(laid))], laid, "any", 2)


def uneven_machine(draw: Draw) -> list[Take]:
    """A machine that is not quite even, and a little ambience."""
    laid = spans(draw, "full")
    seconds = needed_s(laid)
    strokes = machine(draw, seconds, jitter=draw.uniform(0.02, 0.2))
    return filmed(
        draw, [strokes, draw.shelf.noise(seconds) * np.float32(draw.uniform(0.1, 1))], laid, "any", 1
    )


def two_loudspeakers(draw: Draw) -> list[Take]:
    """Two pieces of music at once, from two loudspeakers."""
    laid = spans(draw, "usual")
    seconds = needed_s(laid)
    other = draw.shelf.music(seconds) * np.float32(draw.uniform(0.3, 1))
    return filmed(
        draw, [draw.shelf.music(seconds), other], laid, draw.one_of("spread", "near", "outdoors"), 2
    )


def sparse(draw: Draw) -> list[Take]:
    """A quiet place where little happens: a few words in a minute."""
    laid = spans(draw, "full")
    seconds = needed_s(laid)
    said = draw.shelf.speech(seconds)
    knots = (draw.rng.random(int(seconds / 3) + 2) < 0.25).astype(np.float32)
    heard = np.interp(np.arange(said.size) / (3 * RATE), np.arange(knots.size), knots).astype(np.float32)
    takes = filmed(draw, [said * heard, draw.shelf.noise(seconds) * np.float32(0.05)], laid, "any", 1)
    return [replace(one, rms=draw.uniform(0.0008, 0.01)) for one in takes]


def several_clips(draw: Draw) -> list[Take]:
    """One angle stops and starts again: two clips on one clock."""
    takes = event(draw, draw.one_of("speech", "talk", "music", "mix", "crowd"), "full", most=2)
    parted = int(draw.rng.integers(1, 3))
    whole = takes[parted]
    first_s = whole.seconds * draw.uniform(0.3, 0.6)
    second_s = first_s + draw.uniform(0.5, 6)
    first = replace(whole, seconds=first_s)
    second = replace(
        whole,
        name="clip_2",
        start_s=whole.start_s + second_s * (1 + whole.slope),
        seconds=whole.seconds - second_s,
    )
    return [*takes[:parted], first, second, *takes[parted + 1 :]]
