"""Conditions in which every camera has one right offset, however hard it is to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from calibration.camera import Take
from calibration.microphone import Noise, Trouble, apply_low_cut, apply_telephone_band, draw_troubles, muffle
from calibration.signals import RATE, set_loudness
from calibration.sounds import (
    CONTENTS,
    Draw,
    generate_applause,
    generate_electronic,
    generate_loop,
    generate_machine,
)
from calibration.stage import build_event, compute_needed_s, draw_spans, film_scene

Builder = Callable[[Draw], list[Take]]


def build_plain(*kinds: str, style: str = "usual", place: str = "any", max_troubles: int = 0) -> Builder:
    """Return the builder of events with one of `kinds` of sound, in one layout."""
    return lambda draw: build_event(draw, draw.choose_name(*kinds), style, place, max_troubles)


build_anything = build_plain(*CONTENTS, max_troubles=3)
"""Any sound, any place, any layout, none to three troubles a camera: because conditions cannot be listed
exhaustively."""


def build_own_noise(*kinds: str, low_db: float, high_db: float) -> Builder:
    """Return the builder of events in which every camera has loud noise of its own."""

    def build(draw: Draw) -> list[Take]:
        takes = build_event(
            draw, draw.choose_name("speech", "talk", "music", "mix", "crowd", "pa"), max_troubles=0
        )
        return [
            replace(one, troubles=(Noise(draw.choose_name(*kinds), draw.draw_uniform(low_db, high_db)),))
            for one in takes
        ]

    return build


def build_unlike_microphones(draw: Draw) -> list[Take]:
    """A telephone against a muffled one against a thin one: little of the spectrum in common."""
    takes = build_event(draw, draw.choose_name("speech", "talk", "music", "mix", "crowd"), max_troubles=0)
    tones: list[Trouble] = [apply_telephone_band, muffle, apply_low_cut]
    order = draw.rng.permutation(3)
    return [
        replace(one, troubles=(tones[at], *draw_troubles(draw.rng, 1)))
        for one, at in zip(takes, order, strict=True)
    ]


def build_rate_mistake(draw: Draw) -> list[Take]:
    """A camera whose rate is 0.1 % off: 29.97 instead of 30."""
    takes = build_event(
        draw,
        draw.choose_name("speech", "music", "mix"),
        draw.choose_name("full", "full", "long"),
        max_troubles=1,
    )
    wrong = int(draw.rng.integers(1, 3))
    slope = (0.001 if draw.happens(0.5) else -0.001) + draw.draw_uniform(-2e-5, 2e-5)
    return [replace(one, slope=slope) if at == wrong else one for at, one in enumerate(takes)]


def build_loop_under(*kinds: str) -> Builder:
    """Return the builder of events with an exact loop under live sound of one of `kinds`."""

    def build(draw: Draw) -> list[Take]:
        schedule = draw_spans(draw, "usual")
        seconds = compute_needed_s(schedule)
        live = (
            generate_applause(draw, seconds)
            if draw.choose_name(*kinds) == "applause"
            else draw.shelf.cut_speech(seconds)
        )
        repeated = set_loudness(generate_loop(draw, seconds), 0.08 * 10 ** draw.draw_uniform(-0.7, 0.5))
        return film_scene(draw, [live, repeated], schedule, "any", 2)

    return build


def build_changing_loops(draw: Draw) -> list[Take]:
    """Electronic music with a partial overlap: only its changes tell one bar from the next."""
    schedule = draw_spans(draw, draw.choose_name("partial", "inside", "full"))
    return film_scene(draw, [generate_electronic(draw, compute_needed_s(schedule))], schedule, "any", 2)


def build_uneven_machine(draw: Draw) -> list[Take]:
    """A machine that is not quite even, and a little ambience."""
    schedule = draw_spans(draw, "full")
    seconds = compute_needed_s(schedule)
    strokes = generate_machine(draw, seconds, jitter=draw.draw_uniform(0.02, 0.2))
    return film_scene(
        draw,
        [strokes, draw.shelf.cut_noise(seconds) * np.float32(draw.draw_uniform(0.1, 1))],
        schedule,
        "any",
        1,
    )


def build_two_loudspeakers(draw: Draw) -> list[Take]:
    """Two pieces of music at once, from two loudspeakers."""
    schedule = draw_spans(draw, "usual")
    seconds = compute_needed_s(schedule)
    other = draw.shelf.cut_music(seconds) * np.float32(draw.draw_uniform(0.3, 1))
    return film_scene(
        draw,
        [draw.shelf.cut_music(seconds), other],
        schedule,
        draw.choose_name("spread", "near", "outdoors"),
        2,
    )


def build_sparse(draw: Draw) -> list[Take]:
    """A quiet place where little happens: a few words in a minute."""
    schedule = draw_spans(draw, "full")
    seconds = compute_needed_s(schedule)
    speech = draw.shelf.cut_speech(seconds)
    knots = (draw.rng.random(int(seconds / 3) + 2) < 0.25).astype(np.float32)
    mask = np.interp(np.arange(speech.size) / (3 * RATE), np.arange(knots.size), knots).astype(np.float32)
    takes = film_scene(
        draw, [speech * mask, draw.shelf.cut_noise(seconds) * np.float32(0.05)], schedule, "any", 1
    )
    return [replace(one, rms=draw.draw_uniform(0.0008, 0.01)) for one in takes]


def build_several_clips(draw: Draw) -> list[Take]:
    """One angle stops and starts again: two clips on one clock."""
    takes = build_event(
        draw, draw.choose_name("speech", "talk", "music", "mix", "crowd"), "full", max_troubles=2
    )
    parted = int(draw.rng.integers(1, 3))
    whole = takes[parted]
    first_s = whole.seconds * draw.draw_uniform(0.3, 0.6)
    second_s = first_s + draw.draw_uniform(0.5, 6)
    first = replace(whole, seconds=first_s)
    second = replace(
        whole,
        name="clip_2",
        start_s=whole.start_s + second_s * (1 + whole.slope),
        seconds=whole.seconds - second_s,
    )
    return [*takes[:parted], first, second, *takes[parted + 1 :]]
