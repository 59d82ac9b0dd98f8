"""Draws known-answer cases: two excerpts whose true relation is known, or that share no moment. Pure.

Case n of a seed is the same however many are drawn, and every other one has no answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mcsyncd.align.selftest.excerpts import MicrophoneChange, SoundExcerpt
from mcsyncd.align.selftest.material import Material, ProvenPair
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ

_LONGEST_S, _SHORTEST_S = 60.0, 10.0
"""Seconds of an excerpt. Judgement: of ten, a person hears what it is, and below it every answer is held back
for its length alone; above sixty, a minute gives too few cases."""
_MIN_OVERLAP_S = 8.0
"""Seconds that excerpts with an answer share at least. Judgement: less is held back for that alone."""
_MAX_PART = 0.8
"""Part of what is there that one excerpt may be, so that two of them are never the whole twice. Judgement."""
_GAP_S = 1.0
"""Seconds between excerpts that share no moment. Judgement: longer than what rings or echoes from one to the
other."""
MIN_MATERIAL_S = _SHORTEST_S / _MAX_PART
"""Seconds of sound from which a file gives cases."""
_MIN_APART_S = 2 * _SHORTEST_S + _GAP_S
_MAX_DRIFT_PPM = 60.0
"""Parts per million between two clocks. Judgement: cameras are 1 to 30 off, so two of them 60 at most."""
_LOUD_SNR_DB = 40.0
"""dB above the noise in cases that are not about the microphone. Judgement: a quiet preamplifier. Without
noise, two excerpts are the same samples, which no two cameras record."""


class CaseKind(StrEnum):
    """What a case asks. The last three have no answer: their excerpts share no moment."""

    CUT = "cut"
    CLOCK = "clock"
    MICROPHONE = "microphone"
    CAMERAS = "cameras"
    ELSEWHERE = "elsewhere"
    CAMERAS_ELSEWHERE = "cameras_elsewhere"
    OTHER_EVENT = "other_event"


WITHOUT_ANSWER = frozenset({CaseKind.ELSEWHERE, CaseKind.CAMERAS_ELSEWHERE, CaseKind.OTHER_EVENT})


@dataclass(frozen=True, slots=True)
class KnownCase:
    """One question: where does `y` lie on the clock of `x`? Both as clips that begin with their excerpt.

    `offset_us` and `drift_ppm` are the answer; `offset_us` is None where there is none.
    """

    number: int
    kind: CaseKind
    x: SoundExcerpt
    y: SoundExcerpt
    offset_us: float | None
    drift_ppm: float


Sources = Mapping[CaseKind, Sequence[ProvenPair]]
"""What each kind can be made of; kinds that nothing fits are left out."""


def list_sources(materials: Sequence[Material], relations: Sequence[ProvenPair]) -> Sources:
    """Return for each kind of case what it can be made of, of materials and proven relations between them."""
    alone = [ProvenPair(one, one) for one in materials]
    strangers = [
        ProvenPair(one, other)
        for one in materials
        for other in materials
        if other.is_other_event and not one.is_other_event
    ]
    found = {
        **{kind: _keep_long(alone, MIN_MATERIAL_S) for kind in (CaseKind.CUT, CaseKind.CLOCK)},
        CaseKind.MICROPHONE: _keep_long(alone, MIN_MATERIAL_S),
        CaseKind.CAMERAS: _keep_long(relations, MIN_MATERIAL_S),
        CaseKind.ELSEWHERE: _keep_long(alone, _MIN_APART_S),
        CaseKind.CAMERAS_ELSEWHERE: _keep_long(relations, _MIN_APART_S),
        CaseKind.OTHER_EVENT: [
            pair for pair in strangers if min(map(_measure_sound, (pair.x, pair.y))) >= MIN_MATERIAL_S
        ],
    }
    return {kind: sources for kind, sources in found.items() if sources}


def draw_case(sources: Sources, seed: int, number: int) -> KnownCase:
    """Return case `number` of a seed. Raises ValueError if there is nothing to make one of."""
    with_answer = [kind for kind in sources if kind not in WITHOUT_ANSWER]
    without = [kind for kind in sources if kind in WITHOUT_ANSWER]
    kinds = (without if number % 2 else with_answer) or with_answer or without
    if not kinds:
        raise ValueError("nothing to make a case of")
    turn = number // 2 if with_answer and without else number
    kind = kinds[turn % len(kinds)]
    pair = sources[kind][turn // len(kinds) % len(sources[kind])]
    random = np.random.default_rng((seed, number))
    if kind is CaseKind.OTHER_EVENT:
        x = _cut(pair.x, _draw_stretch(random, pair.x.begin_s, pair.x.end_s), _draw_quiet(random))
        y = _cut(pair.y, _draw_stretch(random, pair.y.begin_s, pair.y.end_s), _draw_quiet(random))
        return KnownCase(number, kind, x, y, None, 0.0)
    draw = _draw_apart if kind in WITHOUT_ANSWER else _draw_overlapping
    (x_begin, x_end), (y_begin, y_end) = draw(random, *pair.common_s)
    y_stretch = pair.unmap_time(y_begin), pair.unmap_time(y_end)
    other_clock = kind in {CaseKind.CLOCK, CaseKind.MICROPHONE, CaseKind.ELSEWHERE}
    drift_ppm = float(random.uniform(-_MAX_DRIFT_PPM, _MAX_DRIFT_PPM)) if other_clock else 0.0
    heard = _draw_microphone(random) if kind is CaseKind.MICROPHONE else _draw_quiet(random)
    x, y = _cut(pair.x, (x_begin, x_end), _draw_quiet(random)), _cut(pair.y, y_stretch, heard, drift_ppm)
    if kind in WITHOUT_ANSWER:
        return KnownCase(number, kind, x, y, None, 0.0)
    slope = y.speed * (1.0 + pair.drift_ppm * 1e-6)
    offset_us = (pair.map_time(y.begin_s) - x.begin_s) * 1e6
    return KnownCase(number, kind, x, y, offset_us, (slope - 1.0) * 1e6)


def _keep_long(relations: Sequence[ProvenPair], least_s: float) -> list[ProvenPair]:
    return [one for one in relations if one.common_s[1] - one.common_s[0] >= least_s]


def _measure_sound(material: Material) -> float:
    return material.end_s - material.begin_s


def _draw_stretch(
    random: np.random.Generator, begin_s: float, end_s: float, longest_s: float = _LONGEST_S
) -> tuple[float, float]:
    """Return from when to when an excerpt goes, anywhere between the two."""
    longest = min(longest_s, _MAX_PART * (end_s - begin_s))
    length = random.uniform(min(_SHORTEST_S, longest), longest)
    begin = random.uniform(begin_s, end_s - length)
    return begin, begin + length


def _draw_overlapping(
    random: np.random.Generator, begin_s: float, end_s: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    x, y = (_draw_stretch(random, begin_s, end_s) for _ in range(2))
    length = y[1] - y[0]
    first = max(begin_s, x[0] - length + _MIN_OVERLAP_S)
    last = min(end_s - length, x[1] - _MIN_OVERLAP_S)
    begin = random.uniform(first, last)
    return x, (begin, begin + length)


def _draw_apart(
    random: np.random.Generator, begin_s: float, end_s: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    room = end_s - begin_s - _GAP_S
    lengths = random.uniform(_SHORTEST_S, min(_LONGEST_S, room / 2), 2)
    slack = max(0.0, room - float(lengths.sum()))
    first, second = sorted(random.uniform(0.0, slack, 2))
    one = (begin_s + first, begin_s + first + lengths[0])
    begin = begin_s + lengths[0] + _GAP_S + second
    other = (begin, begin + lengths[1])
    return (one, other) if random.random() < 0.5 else (other, one)


def _draw_quiet(random: np.random.Generator) -> MicrophoneChange:
    return MicrophoneChange(_LOUD_SNR_DB, int(random.integers(1 << 31)))


def _draw_microphone(random: np.random.Generator) -> MicrophoneChange:
    """Return another microphone: a phone in a pocket's distance at worst, a good one at best. Judgement."""
    return MicrophoneChange(
        snr_db=float(random.uniform(3.0, 30.0)),
        noise_seed=int(random.integers(1 << 31)),
        gain_db=float(random.uniform(-20.0, 6.0)),
        eq_db=tuple(float(gain) for gain in random.normal(0.0, 5.0, 7)),
        low_cut_hz=float(random.uniform(40.0, 300.0)),
        high_cut_hz=float(random.uniform(2000.0, 4000.0)),
        is_inverted=bool(random.random() < 0.5),
    )


def _cut(
    material: Material,
    stretch: tuple[float, float],
    microphone: MicrophoneChange,
    drift_ppm: float = 0.0,
) -> SoundExcerpt:
    """Return the excerpt of a file between two clip times in seconds, on the samples of its own clock."""
    begin_s, end_s = (time_s - material.begin_s for time_s in stretch)
    rate = ANALYSIS_RATE_HZ / (1.0 + drift_ppm * 1e-6)
    first = round(begin_s * rate)
    return SoundExcerpt(material, first, round(end_s * rate) - first, microphone, drift_ppm)
