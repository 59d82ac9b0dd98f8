"""Conditions with more than the sound of one room to go by: timecode, feeds, echoes, claps, short links.

Those here have one right offset for every camera; their counterparts without are in `unsolvable.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration.camera import Take
from calibration.microphone import Echo, Noise
from calibration.signals import RATE, Wave, set_loudness
from calibration.sounds import Draw
from calibration.stage import Span, build_event, compute_needed_s, draw_spans, film_scene

_KINDS = ("speech", "talk", "music", "mix", "crowd")


def add_timecode(draw: Draw, takes: list[Take]) -> list[Take]:
    """Return the takes with linear timecode on a channel: jammed, or one box never was, or all rec-run."""
    jam_s = draw.draw_uniform(3700, 80_000)
    way = draw.choose_name("jammed", "jammed", "one off", "rec run")
    off = int(draw.rng.integers(0, 3))
    labelled = []
    for at, one in enumerate(takes):
        label_s = 3600.0 if way == "rec run" else jam_s + one.start_s
        if way == "one off" and at == off:
            label_s += float(draw.choose_name("0.04", "0.08", "7", "-300"))
        labelled.append(replace(one, label_s=label_s))
    return labelled


def build_timecode(draw: Draw) -> list[Take]:
    """Every camera has linear timecode on a channel."""
    return add_timecode(draw, build_event(draw, draw.choose_name(*_KINDS), max_troubles=2))


def build_late_feed(draw: Draw) -> list[Take]:
    """Two cameras have a clean feed on another channel; one of them gets it late."""
    takes = build_event(draw, draw.choose_name("speech", "music", "mix"), "full", max_troubles=1)
    late_s = float(np.exp(draw.draw_uniform(np.log(0.06), np.log(7.0))))
    takes = [replace(one, start_s=one.start_s + 7.0) for one in takes]
    fed = draw.rng.permutation(3)[:2]
    for at, seconds in zip(fed, (0.0, late_s), strict=True):
        takes[at] = replace(takes[at], feed_late_s=seconds)
    return [replace(one, seconds=max(one.seconds - 7.0, 15.0)) for one in takes]


def build_late_echo(draw: Draw) -> list[Take]:
    """One camera hears an echo, or a delayed loudspeaker, 40 to 250 ms late and about as loud."""
    takes = build_event(draw, draw.choose_name("speech", "talk", "mix"), "full", max_troubles=1)
    at = int(draw.rng.integers(0, 3))
    echo = Echo(draw.draw_uniform(0.04, 0.25), draw.draw_uniform(0.5, 1.6))
    return [
        replace(one, troubles=(echo, *one.troubles)) if number == at else one
        for number, one in enumerate(takes)
    ]


def build_bumped_end(draw: Draw) -> list[Take]:
    """Nothing is lost, but a camera is handled, and hears little else: a skip near an end looks like it."""
    takes = build_event(draw, draw.choose_name("speech", "talk", "music"), "full", max_troubles=0)
    at = int(draw.rng.integers(0, 3))
    noise = Noise("bumps", draw.draw_uniform(-12, 3))
    return [replace(one, troubles=(noise,)) if number == at else one for number, one in enumerate(takes)]


def generate_claps(draw: Draw, seconds: float, within: Span) -> Wave:
    """Return one to three claps of a slate, with their ringing, in silence."""
    out = np.zeros(int(seconds * RATE), np.float32)
    size = int(draw.draw_uniform(0.05, 0.3) * RATE)
    clap = draw.rng.standard_normal(size) * np.exp(-np.arange(size) / (size / 6))
    for _ in range(int(draw.rng.integers(1, 4))):
        at = int(draw.draw_uniform(*within) * RATE)
        out[at : at + size] += clap.astype(np.float32)
    return out


def build_claps(draw: Draw) -> list[Take]:
    """A quiet place, and a slate is clapped."""
    schedule = draw_spans(draw, "full")
    seconds = compute_needed_s(schedule)
    within = (max(start for start, _ in schedule) + 1, min(start + length for start, length in schedule) - 1)
    takes = film_scene(draw, [generate_claps(draw, seconds, within)], schedule, "near", 0)
    return [replace(one, troubles=(Noise("hiss", draw.draw_uniform(25, 60)),)) for one in takes]


def build_chord(draw: Draw) -> list[Take]:
    """Two cameras meet the reference one after the other, and each other for a few seconds only."""
    first_s, second_s = draw.draw_uniform(25, 60), draw.draw_uniform(25, 60)
    common = draw.draw_uniform(1.0, 5.0)
    schedule = [
        (2.0, first_s + second_s),
        (2.0 + draw.draw_uniform(0, 5), first_s),
        (2.0 + first_s - common, second_s),
    ]
    waves = [draw.shelf.cut_speech(compute_needed_s(schedule)) for _ in range(2)]
    waves[1] = set_loudness(waves[1], 0.05)
    return film_scene(draw, waves, schedule, "any", 2)


def build_one_feed(draw: Draw) -> list[Take]:
    """Two cameras, started at once by one remote, record one clean feed: two recordings all the same."""
    takes = build_event(draw, draw.choose_name("speech", "music", "mix"), "full", "dry", max_troubles=0)
    other = replace(takes[0], angle=takes[1].angle, slope=draw.draw_uniform(-2e-5, 2e-5) or 1e-6)
    late_s = draw.draw_uniform(0.2, 2.0)
    return [takes[0], replace(other, start_s=other.start_s + late_s), takes[2]]


def build_track_in_one_room(draw: Draw) -> list[Take]:
    """Music and live speech over it; one camera is far, or has a noise of its own, or a desk feed."""
    schedule = draw_spans(draw, draw.choose_name("full", "partial", "inside"))
    seconds = compute_needed_s(schedule)
    live = set_loudness(draw.shelf.cut_speech(seconds), 0.1 * 10 ** draw.draw_uniform(-0.3, 0.9))
    takes = film_scene(draw, [draw.shelf.cut_music(seconds), live], schedule, "any", 1)
    at = int(draw.rng.integers(0, 3))
    noise = Noise(draw.choose_name("ambience", "hiss", "wind"), draw.draw_uniform(-6, 12))
    return [
        replace(one, troubles=(noise, *one.troubles)) if number == at else one
        for number, one in enumerate(takes)
    ]
