"""What is heard at an event, before any room or microphone: speech, songs, crowds, beats and machines."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acceptance.dsp import RATE, Sound, add_at, band, convolve, fade, hiss, scale_to, shape, stretch
from acceptance.sources import Library


def speak(
    library: Library,
    rng: np.random.Generator,
    seconds: float,
    *,
    voices: int = 2,
    pauses_s: tuple[float, float] = (0.2, 1.8),
) -> Sound:
    """Return a conversation."""
    script = library.pick_phrases(rng, int(seconds) + 8, voices)
    return read_script(library, rng, script, seconds, pauses_s=pauses_s)


def read_script(
    library: Library,
    rng: np.random.Generator,
    script: list[Path],
    seconds: float,
    *,
    pauses_s: tuple[float, float],
    tempo: float = 0.0,
) -> Sound:
    """Return the phrases in order; every reading has its own pauses, levels and, within `tempo`, speeds."""
    total = np.zeros(round(seconds * RATE), np.float32)
    at = int(rng.uniform(*pauses_s) * RATE)
    for file in script:
        phrase = library.read(file)
        if tempo:
            phrase = stretch(phrase, 1 + rng.uniform(-tempo, tempo))
        add_at(total, fade(phrase) * np.float32(rng.uniform(0.6, 1.2)), at)
        at += phrase.size + int(rng.uniform(*pauses_s) * RATE)
        if at >= total.size:
            break
    return scale_to(total, -20.0)


def perform_song(song: Sound, rng: np.random.Generator, spread: float) -> Sound:
    """Return a song as played once more: its tempo wanders, and the players breathe between bars."""
    parts, at = [], 0
    while at < song.size:
        bar = int(rng.uniform(2.0, 6.0) * RATE)
        played = stretch(song[at : at + bar], 1 + rng.uniform(-spread, spread))
        parts += [fade(played, 0.02), np.zeros(int(rng.uniform(0, 0.05) * RATE), np.float32)]
        at += bar
    return np.concatenate(parts)


def gather_crowd(library: Library, rng: np.random.Generator, seconds: float) -> Sound:
    """Return people who talk across each other and clap now and then."""
    babble = np.zeros(round(seconds * RATE), np.float32)
    for file in library.pick_phrases(rng, int(seconds * 1.5) + 10, 4):
        phrase = library.read(file)
        for _ in range(3):
            level = np.float32(rng.uniform(0.2, 1.0))
            add_at(babble, phrase * level, int(rng.uniform(-RATE, babble.size)))
    for _ in range(int(rng.integers(0, 2 + int(seconds / 20)))):
        applause = applaud(rng, rng.uniform(2, 7))
        add_at(babble, applause * np.float32(rng.uniform(0.5, 3)), int(rng.uniform(0, babble.size)))
    return scale_to(babble, -20.0)


def applaud(rng: np.random.Generator, seconds: float) -> Sound:
    """Return applause: some thousand claps, each a burst with a resonance of the hands."""
    count = int(seconds * 120)
    train = np.zeros(round(seconds * RATE), np.float32)
    at = rng.integers(0, train.size, count)
    swell = np.minimum(1, np.minimum(at, train.size - at) / (0.7 * RATE))
    np.add.at(train, at, (rng.choice((-1, 1), count) * rng.uniform(0.3, 1, count) * swell).astype(np.float32))
    decay = np.exp(-np.arange(960) / 160)
    clap = (rng.standard_normal(960) * decay).astype(np.float32)
    return scale_to(convolve(convolve(train, clap), band(700, 4000, 12)), -20.0)


def blow_wind(rng: np.random.Generator, seconds: float, gusts_s: float = 3.0) -> Sound:
    """Return wind at a microphone: rumble that comes in gusts."""
    knots = np.arange(0, seconds + 2 * gusts_s, gusts_s)
    strength = np.interp(np.arange(round(seconds * RATE)) / RATE, knots, rng.lognormal(-0.5, 0.9, knots.size))
    return scale_to((hiss(rng, seconds, -7.0) * strength).astype(np.float32), -20.0)


def pour_rain(rng: np.random.Generator, seconds: float) -> Sound:
    """Return rain: a dense hiss and single drops."""
    drops = np.zeros(round(seconds * RATE), np.float32)
    at = rng.integers(0, drops.size, int(seconds * 250))
    np.add.at(drops, at, rng.lognormal(0, 1, at.size).astype(np.float32))
    dripping = scale_to(convolve(drops, band(1500, 9000)), -22.0)
    return scale_to(dripping + hiss(rng, seconds, -1.0), -20.0)


def pass_traffic(rng: np.random.Generator, seconds: float) -> Sound:
    """Return cars that pass, each a swell of noise of its own colour."""
    total = scale_to(hiss(rng, seconds, -5.0), -34.0)
    for _ in range(int(seconds / 4) + 1):
        length = rng.uniform(3, 8)
        time = np.linspace(-1, 1, round(length * RATE))
        swell = np.exp(-((time * 2.5) ** 2)) * rng.uniform(0.1, 0.6)
        car = (hiss(rng, length, rng.uniform(-6, -2))[: time.size] * swell).astype(np.float32)
        add_at(total, car, int(rng.uniform(-RATE, total.size)))
    return scale_to(total, -20.0)


def beat_drum(rng: np.random.Generator, seconds: float, bpm: float) -> Sound:
    """Return a drum machine: one bar of kick, snare and hat that repeats to the sample."""
    beat = round(60 / bpm * RATE)
    time = np.arange(beat) / RATE
    kick = np.sin(2 * np.pi * 50 * time - 12 * np.exp(-time * 40)) * np.exp(-time * 9)
    hat = rng.standard_normal(beat) * np.exp(-time * 60) * 0.3
    snare = rng.standard_normal(beat) * np.exp(-time * 18) * 0.5
    bar = np.zeros(4 * beat, np.float32)
    for place in range(16):
        at = place * beat // 4
        if place % 4 == 0:
            add_at(bar, kick.astype(np.float32), at)
        if place in {4, 12}:
            add_at(bar, snare.astype(np.float32), at)
        if rng.random() < 0.6:
            add_at(bar, hat.astype(np.float32), at)
    return repeat(scale_to(bar, -20.0), seconds)


def repeat(loop: Sound, seconds: float) -> Sound:
    """Return a loop again and again for this long."""
    count = round(seconds * RATE)
    return np.tile(loop, count // loop.size + 1)[:count]


def tick(rng: np.random.Generator, seconds: float, period_s: float) -> Sound:
    """Return a metronome: the same click after every period."""
    time = np.arange(2400) / RATE
    click = np.sin(2 * np.pi * rng.uniform(900, 2500) * time) * np.exp(-time * 180)
    period = np.zeros(round(period_s * RATE), np.float32)
    add_at(period, click.astype(np.float32), 0)
    return repeat(period * np.float32(0.5), seconds)


def run_machine(rng: np.random.Generator, seconds: float) -> Sound:
    """Return a machine: harmonics of a steady turn and a stroke that is the same each time."""
    turn_s = rng.uniform(0.25, 1.1)
    size = round(turn_s * RATE)
    stroke = rng.standard_normal(size) * np.exp(-np.arange(size) / RATE * rng.uniform(6, 20))
    phase = 2 * np.pi * np.arange(size) / size
    hum = sum(np.sin(k * phase * round(20 * turn_s) + k) / k for k in range(1, 9))
    one = convolve(np.asarray(stroke + 0.5 * hum, np.float32), shape([100, 800, 6000], [0, -3, -20], 1024))
    return scale_to(repeat(one, seconds), -20.0)


def ring_chime(rng: np.random.Generator) -> Sound:
    """Return the chime of an announcement: three notes of a bell."""
    total = np.zeros(round(3.2 * RATE), np.float32)
    time = np.arange(round(2.0 * RATE)) / RATE
    for at, pitch in zip(
        (0, 0.55, 1.1), rng.choice((392.0, 440.0, 523.3, 659.3), 3, replace=False), strict=True
    ):
        partials = ((1, 1.0), (2.76, 0.4), (5.4, 0.2))
        bell = sum(a * np.sin(2 * np.pi * pitch * k * time) * np.exp(-time * 2.2 * k) for k, a in partials)
        add_at(total, np.asarray(bell, np.float32), int(at * RATE))
    return scale_to(total, -14.0)


def be_quiet(rng: np.random.Generator, seconds: float) -> Sound:
    """Return the tone of an empty room."""
    return scale_to(hiss(rng, seconds, -4.0), -62.0)
