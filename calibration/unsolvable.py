"""Conditions in which at least one camera has no right offset: audio that only seems to be shared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration.camera import Take
from calibration.microphone import Echo, Noise, generate_hum
from calibration.signals import RATE, Wave, fit_length, set_loudness
from calibration.solvable import Builder
from calibration.sounds import (
    CONTENTS,
    Draw,
    generate_applause,
    generate_babble,
    generate_click_train,
    generate_content,
    generate_drone,
    generate_loop,
    generate_machine,
)
from calibration.stage import build_event, compute_needed_s, draw_spans, film_scene
from calibration.witnesses import add_timecode, generate_claps


def _move_elsewhere(draw: Draw, here: list[Take], elsewhere: list[Take]) -> list[Take]:
    """Return takes of two events: one or both of cam_b and cam_c were at the other one."""
    away = ((1,), (2,), (1, 2))[int(draw.rng.integers(3))]
    return [replace(elsewhere[at], has_truth=False) if at in away else here[at] for at in range(3)]


def build_unrelated(*kinds: str) -> Builder:
    """Return the builder of two events of one kind of sound, recorded as if they were one."""

    def build(draw: Draw) -> list[Take]:
        kind, style = draw.choose_name(*kinds), draw.choose_name("usual", "full", "full")
        return _move_elsewhere(draw, build_event(draw, kind, style), build_event(draw, kind, style))

    return build


def build_all_unrelated(draw: Draw) -> list[Take]:
    """Three cameras at three events."""
    events = [
        build_event(draw, draw.choose_name(*CONTENTS), draw.choose_name("full", "short", "inside"))
        for _ in range(3)
    ]
    return [replace(events[at][at], has_truth=at == 0) for at in range(3)]


def build_same_song(draw: Draw) -> list[Take]:
    """One recorded song at two events, from barely audible to drowning everything else."""
    schedule, other = (
        draw_spans(draw, draw.choose_name("full", "partial", "inside")),
        draw_spans(draw, "full"),
    )
    shift = draw.draw_uniform(0, 20)
    seconds = max(compute_needed_s(schedule), compute_needed_s(other))
    song = draw.shelf.cut_music(seconds + shift)
    here = song[: int(seconds * RATE)]
    there = fit_length(song[int(shift * RATE) :], int(seconds * RATE))
    return _move_elsewhere(
        draw,
        film_scene(draw, [here, _generate_live(draw, seconds)], schedule, "any", 2),
        film_scene(draw, [there, _generate_live(draw, seconds)], other, "any", 2),
    )


def _generate_live(draw: Draw, seconds: float) -> Wave:
    """Return what sounds besides a song: talk, a crowd, or the place, from loud to nothing."""
    kind = draw.choose_name("speech", "babble", "applause", "ambience")
    if kind == "speech":
        wave = draw.shelf.cut_speech(seconds)
    elif kind == "babble":
        wave = generate_babble(draw, seconds)
    else:
        wave = generate_applause(draw, seconds) if kind == "applause" else draw.shelf.cut_noise(seconds)
    return set_loudness(wave, 0.1 * 10 ** draw.draw_uniform(-2, 0.9))


def build_track_under_speech(draw: Draw) -> list[Take]:
    """One recorded track at two events, under live sound from 6 dB below to 18 dB above it."""
    schedule, other = (
        draw_spans(draw, draw.choose_name("full", "partial", "inside")),
        draw_spans(draw, "full"),
    )
    seconds = max(compute_needed_s(schedule), compute_needed_s(other))
    song = draw.shelf.cut_music(seconds + 20)
    shift = int(draw.draw_uniform(0, 20) * RATE)
    events = []
    for begin, when in ((0, schedule), (shift, other)):
        live = set_loudness(draw.shelf.cut_speech(seconds), 0.1 * 10 ** draw.draw_uniform(-0.3, 0.9))
        events.append(film_scene(draw, [fit_length(song[begin:], int(seconds * RATE)), live], when, "any", 2))
    return _move_elsewhere(draw, *events)


def build_unrelated_timecode(draw: Draw) -> list[Take]:
    """Two events with linear timecode on a channel of every camera: labels agree, sound does not."""
    return add_timecode(draw, build_unrelated("speech", "music", "babble")(draw))


def build_unrelated_echo(draw: Draw) -> list[Take]:
    """Two events, one of them in an echoing place."""
    echo = Echo(draw.draw_uniform(0.04, 0.25), draw.draw_uniform(0.5, 1.6))
    return [
        one if one.has_truth else replace(one, troubles=(echo, *one.troubles))
        for one in build_unrelated("speech", "music")(draw)
    ]


def build_unrelated_feed(draw: Draw) -> list[Take]:
    """Two events; the cameras have feeds of them on another channel, none of which agree."""
    takes = build_unrelated("speech", "music")(draw)
    return [replace(one, feed_late_s=draw.draw_uniform(0, 0.004)) for one in takes]


def build_unrelated_claps(draw: Draw) -> list[Take]:
    """Slates that were clapped at two places."""
    takes: list[Take] = []
    for at in range(3):
        schedule = draw_spans(draw, "full")
        start, seconds = schedule[at]
        wave = generate_claps(draw, compute_needed_s(schedule), (start + 1, start + seconds - 1))
        one = film_scene(draw, [wave], schedule, "near", 0)[at]
        noise = Noise("hiss", draw.draw_uniform(25, 60))
        takes.append(replace(one, troubles=(noise,), has_truth=at == 0))
    return takes


def build_same_card(draw: Draw) -> list[Take]:
    """One card in two cameras' folders, or a proxy of it: their offset says nothing."""
    takes = build_event(draw, draw.choose_name("speech", "talk", "music", "mix"), "full", max_troubles=0)
    at, kbps = int(draw.rng.integers(0, 2)), draw.choose_name("none", "32", "64", "96")
    copied = replace(
        takes[at],
        angle=takes[at + 1].angle,
        has_truth=False,
        copy_of=at,
        aac_kbps=None if kbps == "none" else int(kbps),
    )
    return [*takes[: at + 1], copied, *takes[at + 2 :]]


def build_skipped_end(draw: Draw) -> list[Take]:
    """A camera that lost something 3 to 9 s before an end of what it shares."""
    takes = build_event(draw, draw.choose_name("speech", "talk", "music", "mix"), "full", max_troubles=1)
    at = int(draw.rng.integers(1, 3))
    hurt, reference = takes[at], takes[0]
    begin = max(0.0, reference.start_s - hurt.start_s)
    end = min(hurt.seconds, reference.end_s - hurt.start_s)
    inset = draw.draw_uniform(3, 9)
    place = begin + inset if draw.happens(0.5) else end - inset
    lost_s = float(np.exp(draw.draw_uniform(np.log(0.02), np.log(1.0))))
    takes[at] = replace(hurt, has_truth=False, skips=((place, lost_s),))
    return takes


def build_same_jingle(draw: Draw) -> list[Take]:
    """One announcement or jingle, played at two times over everything else."""
    schedule, other = draw_spans(draw, "full"), draw_spans(draw, "full")
    seconds = max(compute_needed_s(schedule), compute_needed_s(other))
    length_s = draw.draw_uniform(1.5, 9)
    jingle = draw.shelf.cut_music(length_s) if draw.happens(0.5) else draw.shelf.cut_speech(length_s)
    kind = draw.choose_name("speech", "ambience", "babble", "music", "mix")
    level = 10 ** draw.draw_uniform(-0.3, 0.8)
    events = []
    for when in (schedule, other):
        jingles = np.zeros(int(seconds * RATE), np.float32)
        for _ in range(int(draw.rng.integers(1, 3))):
            at = int(draw.draw_uniform(5, seconds - length_s - 5) * RATE)
            jingles[at : at + jingle.size] += jingle * np.float32(level)
        events.append(film_scene(draw, [jingles, *generate_content(draw, kind, seconds)], when, "any", 2))
    return _move_elsewhere(draw, *events)


def _film_only(draw: Draw, waves: list[Wave], schedule: list[tuple[float, float]]) -> list[Take]:
    """Return takes of sound that repeats itself: no camera but the reference has a right offset.

    No noise in common and no beginning or end: they would be honest marks of time. Troubles are each
    camera's own.
    """
    takes = film_scene(draw, waves, schedule, draw.choose_name("dry", "outdoors", "near"), 2)
    return [replace(one, has_truth=at == 0) for at, one in enumerate(takes)]


def build_exact_loop(draw: Draw) -> list[Take]:
    """A loop and nothing else: it fits at every turn."""
    schedule = _shift_into(draw_spans(draw, draw.choose_name("full", "partial", "short")))
    return _film_only(draw, [generate_loop(draw, compute_needed_s(schedule) + 20)], schedule)


def _shift_into(schedule: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans that start well after the sound does: its beginning would be a mark of time."""
    return [(start + 6.0, seconds) for start, seconds in schedule]


def build_metronome(draw: Draw) -> list[Take]:
    """A machine that is exactly even, or a click track."""
    schedule = _shift_into(draw_spans(draw, draw.choose_name("full", "short")))
    maker = generate_machine if draw.happens(0.6) else generate_click_train
    return _film_only(draw, [maker(draw, compute_needed_s(schedule) + 20)], schedule)


def build_shared_tones(draw: Draw) -> list[Take]:
    """Mains hum or a drone of steady tones, the same to every camera; besides, each has its own noise."""
    schedule = _shift_into(draw_spans(draw, "full"))
    count = int(compute_needed_s(schedule) * RATE)
    tones = set_loudness(generate_hum(count, draw.rng), 0.03)
    takes = film_scene(draw, [tones], schedule, "dry", 0)
    return [
        replace(
            one,
            has_truth=at == 0,
            troubles=(Noise(draw.choose_name("hiss", "ambience", "wind"), draw.draw_uniform(-10, 30)),),
        )
        for at, one in enumerate(takes)
    ]


def build_drones_apart(draw: Draw) -> list[Take]:
    """Ventilation in three places."""
    takes = []
    for at in range(3):
        schedule = draw_spans(draw, "full")
        takes.append(
            replace(
                film_scene(draw, [generate_drone(draw, compute_needed_s(schedule))], schedule, "any", 1)[at],
                has_truth=at == 0,
            )
        )
    return takes


def build_silence(draw: Draw) -> list[Take]:
    """A camera, or all of them, that picked up only its own hiss, or nothing."""
    takes = build_event(
        draw, draw.choose_name("speech", "music", "mix"), draw.choose_name("full", "inside"), max_troubles=1
    )
    deaf = ((1,), (2,), (1, 2), (0, 1, 2))[int(draw.rng.integers(4))]
    for at in deaf:
        one = takes[at]
        quiet = replace(one.scene, waves=tuple(np.zeros_like(wave) for wave in one.scene.waves))
        troubles = (
            (Noise(draw.choose_name("hiss", "mains", "wind", "bumps"), 0.0),) if draw.happens(0.7) else ()
        )
        takes[at] = replace(
            one,
            scene=quiet,
            troubles=troubles,
            rms=float(np.exp(draw.draw_uniform(-11, -5))),
            has_truth=at == 0,
        )
    if 0 in deaf:
        return [replace(one, has_truth=at == 0) for at, one in enumerate(takes)]
    return takes


def build_adjacent(draw: Draw) -> list[Take]:
    """Takes of one event one after the other, with nothing in common."""
    takes = build_event(
        draw, draw.choose_name("speech", "talk", "music", "mix", "crowd", "electronic"), "chain"
    )
    # The takes stay where sound is; the reference ends before the first of the others starts.
    other = min(takes[1:], key=lambda one: one.start_s)
    first = replace(takes[0], seconds=other.start_s - draw.draw_uniform(0.2, 5) - takes[0].start_s)
    return [first, *(replace(one, has_truth=False) for one in takes[1:])]


def build_skipped(draw: Draw) -> list[Take]:
    """A camera that lost 0.1 to 3 s in its middle."""
    return _add_skips(draw, 1)


def build_cut(draw: Draw) -> list[Take]:
    """A clip that somebody has edited: several pieces are missing."""
    return _add_skips(draw, int(draw.rng.integers(2, 5)))


def _add_skips(draw: Draw, count: int) -> list[Take]:
    kind = draw.choose_name("speech", "talk", "music", "mix", "crowd", "babble", "electronic")
    takes = build_event(draw, kind, "full", max_troubles=2)
    at = int(draw.rng.integers(1, 3))
    hurt, reference = takes[at], takes[0]
    # Within what it shares with the reference: elsewhere one offset would be right.
    begin = max(0.0, reference.start_s - hurt.start_s)
    end = min(hurt.seconds, reference.end_s - hurt.start_s)
    places = sorted(
        draw.draw_uniform(begin + 0.25 * (end - begin), begin + 0.75 * (end - begin)) for _ in range(count)
    )
    lost = [float(np.exp(draw.draw_uniform(np.log(0.1), np.log(3.0 if count == 1 else 0.8)))) for _ in places]
    takes[at] = replace(hurt, has_truth=False, skips=tuple(zip(places, lost, strict=True)))
    return takes
