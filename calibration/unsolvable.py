"""Conditions in which at least one camera has no right place: sound that only seems to be shared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration.camera import Take
from calibration.microphone import Noise, hum
from calibration.signals import RATE, Wave, fitted, levelled
from calibration.solvable import Builder
from calibration.sounds import CONTENTS, Draw, applause, babble, click_train, content, drone, loop, machine
from calibration.stage import event, filmed, needed_s, spans


def _gone(draw: Draw, here: list[Take], elsewhere: list[Take]) -> list[Take]:
    """Return takes of two events: one or both of cam_b and cam_c were at the other one."""
    away = ((1,), (2,), (1, 2))[int(draw.rng.integers(3))]
    return [replace(elsewhere[at], known=False) if at in away else here[at] for at in range(3)]


def unrelated(*kinds: str) -> Builder:
    """Return the builder of two events of one kind of sound, recorded as if they were one."""

    def build(draw: Draw) -> list[Take]:
        kind, style = draw.one_of(*kinds), draw.one_of("usual", "full", "full")
        return _gone(draw, event(draw, kind, style), event(draw, kind, style))

    return build


def all_unrelated(draw: Draw) -> list[Take]:
    """Three cameras at three events."""
    events = [event(draw, draw.one_of(*CONTENTS), draw.one_of("full", "short", "inside")) for _ in range(3)]
    return [replace(events[at][at], known=at == 0) for at in range(3)]


def same_song(draw: Draw) -> list[Take]:
    """One recorded song at two events, from barely heard to drowning all else there."""
    laid, other = spans(draw, draw.one_of("full", "partial", "inside")), spans(draw, "full")
    shift = draw.uniform(0, 20)
    seconds = max(needed_s(laid), needed_s(other))
    song = draw.shelf.music(seconds + shift)
    here = song[: int(seconds * RATE)]
    there = fitted(song[int(shift * RATE) :], int(seconds * RATE))
    return _gone(
        draw,
        filmed(draw, [here, _live(draw, seconds)], laid, "any", 2),
        filmed(draw, [there, _live(draw, seconds)], other, "any", 2),
    )


def _live(draw: Draw, seconds: float) -> Wave:
    """Return what is heard besides a song: talk, a crowd, or the place, from loud to nothing."""
    kind = draw.one_of("speech", "babble", "applause", "ambience")
    if kind == "speech":
        wave = draw.shelf.speech(seconds)
    elif kind == "babble":
        wave = babble(draw, seconds)
    else:
        wave = applause(draw, seconds) if kind == "applause" else draw.shelf.noise(seconds)
    return levelled(wave, 0.1 * 10 ** draw.uniform(-2, 0.9))


def same_jingle(draw: Draw) -> list[Take]:
    """One announcement or jingle, heard at two times over whatever else goes on."""
    laid, other = spans(draw, "full"), spans(draw, "full")
    seconds = max(needed_s(laid), needed_s(other))
    length_s = draw.uniform(1.5, 9)
    jingle = draw.shelf.music(length_s) if draw.chance(0.5) else draw.shelf.speech(length_s)
    kind = draw.one_of("speech", "ambience", "babble", "music", "mix")
    level = 10 ** draw.uniform(-0.3, 0.8)
    events = []
    for when in (laid, other):
        heard = np.zeros(int(seconds * RATE), np.float32)
        for _ in range(int(draw.rng.integers(1, 3))):
            at = int(draw.uniform(5, seconds - length_s - 5) * RATE)
            heard[at : at + jingle.size] += jingle * np.float32(level)
        events.append(filmed(draw, [heard, *content(draw, kind, seconds)], when, "any", 2))
    return _gone(draw, *events)


def _nothing_but(draw: Draw, waves: list[Wave], laid: list[tuple[float, float]]) -> list[Take]:
    """Return takes of sound that repeats itself: no camera but the reference has a right place.

    No noise in common and no beginning or end: they would be honest marks of time. Troubles are each
    camera's own.
    """
    takes = filmed(draw, waves, laid, draw.one_of("dry", "outdoors", "near"), 2)
    return [replace(one, known=at == 0) for at, one in enumerate(takes)]


def exact_loop(draw: Draw) -> list[Take]:
    """A loop and nothing else: it fits at every turn."""
    laid = _amid(spans(draw, draw.one_of("full", "partial", "short")))
    return _nothing_but(draw, [loop(draw, needed_s(laid) + 20)], laid)


def _amid(laid: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans that start well after the sound does: its beginning would be a mark of time."""
    return [(start + 6.0, seconds) for start, seconds in laid]


def metronome(draw: Draw) -> list[Take]:
    """A machine that is exactly even, or a click track."""
    laid = _amid(spans(draw, draw.one_of("full", "short")))
    maker = machine if draw.chance(0.6) else click_train
    return _nothing_but(draw, [maker(draw, needed_s(laid) + 20)], laid)


def shared_tones(draw: Draw) -> list[Take]:
    """Mains hum or a drone of steady tones, the same to every camera; besides, each has its own noise."""
    laid = _amid(spans(draw, "full"))
    count = int(needed_s(laid) * RATE)
    tones = levelled(hum(count, draw.rng), 0.03)
    takes = filmed(draw, [tones], laid, "dry", 0)
    return [
        replace(
            one,
            known=at == 0,
            troubles=(Noise(draw.one_of("hiss", "ambience", "wind"), draw.uniform(-10, 30)),),
        )
        for at, one in enumerate(takes)
    ]


def drones_apart(draw: Draw) -> list[Take]:
    """Ventilation in three places."""
    takes = []
    for at in range(3):
        laid = spans(draw, "full")
        takes.append(replace(filmed(draw, [drone(draw, needed_s(laid))], laid, "any", 1)[at], known=at == 0))
    return takes


def silence(draw: Draw) -> list[Take]:
    """A camera, or all of them, that heard nothing but its own hiss, or nothing at all."""
    takes = event(draw, draw.one_of("speech", "music", "mix"), draw.one_of("full", "inside"), most=1)
    deaf = ((1,), (2,), (1, 2), (0, 1, 2))[int(draw.rng.integers(4))]
    for at in deaf:
        one = takes[at]
        quiet = replace(one.scene, waves=tuple(np.zeros_like(wave) for wave in one.scene.waves))
        troubles = (Noise(draw.one_of("hiss", "mains", "wind", "bumps"), 0.0),) if draw.chance(0.7) else ()
        takes[at] = replace(
            one, scene=quiet, troubles=troubles, rms=float(np.exp(draw.uniform(-11, -5))), known=at == 0
        )
    if 0 in deaf:
        return [replace(one, known=at == 0) for at, one in enumerate(takes)]
    return takes


def adjacent(draw: Draw) -> list[Take]:
    """Takes of one event one after the other, with nothing in common."""
    takes = event(draw, draw.one_of("speech", "talk", "music", "mix", "crowd", "electronic"), "chain")
    # The takes stay where sound is; the reference ends before the first of the others starts.
    other = min(takes[1:], key=lambda one: one.start_s)
    first = replace(takes[0], seconds=other.start_s - draw.uniform(0.2, 5) - takes[0].start_s)
    return [first, *(replace(one, known=False) for one in takes[1:])]


def skipped(draw: Draw) -> list[Take]:
    """A camera that lost 0.1 to 3 s in its middle."""
    return _with_skips(draw, 1)


def cut(draw: Draw) -> list[Take]:
    """A clip that somebody has edited: several pieces are missing."""
    return _with_skips(draw, int(draw.rng.integers(2, 5)))


def _with_skips(draw: Draw, count: int) -> list[Take]:
    kind = draw.one_of("speech", "talk", "music", "mix", "crowd", "babble", "electronic")
    takes = event(draw, kind, "full", most=2)
    at = int(draw.rng.integers(1, 3))
    hurt, reference = takes[at], takes[0]
    # Within what it shares with the reference: elsewhere one offset would be right.
    begin = max(0.0, reference.start_s - hurt.start_s)
    end = min(hurt.seconds, reference.end_s - hurt.start_s)
    places = sorted(
        draw.uniform(begin + 0.25 * (end - begin), begin + 0.75 * (end - begin)) for _ in range(count)
    )
    lost = [float(np.exp(draw.uniform(np.log(0.1), np.log(3.0 if count == 1 else 0.8)))) for _ in places]
    takes[at] = replace(hurt, known=False, skips=tuple(zip(places, lost, strict=True)))
    return takes
