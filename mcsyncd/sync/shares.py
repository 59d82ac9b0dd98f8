"""How much of their sound two clips share, and where: one track played at two events shares too little.

Such a track matches as clearly as one event does, under any live sound, because a line needs little in
common. So does a faint, noisy microphone. Two things tell them apart.

* Noise hides what is faint: in one room, clips agree best where they are loud. Where each has live
  sound of its own over the track, they agree no better there, or less.
* What x and y have in common must be in z too, if z was there. At another event, z shares far less with
  both than they with each other. A desk feed lacks the room that two microphones share, but where the
  desk is loud, they hear it.

A share is one of energy, not of phase as in the whitened sound: what is loud counts, a steady hiss does
not. Windows of 128 ms, each frequency by itself, since clips differ in level and tone, and in which
voice is loudest where.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync.graph import Solution, SolvedPlacement
from mcsyncd.sync.pair import Pair
from mcsyncd.sync.pair_choice import should_choose_pairs
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.share_choice import choose_threes
from mcsyncd.sync.transform import Spectrum, build_phase_ramps, compute_spectrum
from mcsyncd.sync.whitening import WhitenedChannel

_WINDOW_SAMPLES = 1024
"""Samples, 128 ms: a few syllables' edges and most of a room's early echoes. Half as long, rooms look
unlike; longer, speech and music no longer part."""
_HOP_SAMPLES = _WINDOW_SAMPLES // 2
"""Samples from one window to the next, as the Hann taper wants it."""
_STRETCH_WINDOWS = 60
"""Windows in a stretch, 3.9 s. Judgement: read at once."""
_MAX_STRETCHES = 12
"""Stretches spread over what three clips share, 47 s. Judgement: as many windows as all measurements had."""
_MIN_WINDOWS = 60
"""Windows, 4 s, below which shares mean nothing: by chance, they are the inverse of the number of windows."""
_LOW_BIN, _HIGH_BIN = 20, 460
"""Bins of 7.8 Hz: the band of `whitening.py`."""
_MIN_ACTIVE_ENERGY = 1e-4
"""Share of the loud windows' energy (-40 dB) below which a window is silence. As in `whitening.py`."""
_FOLD_WINDOWS = 8
"""Windows in turn from which phases are learnt and with which they are judged, so that chance agrees with
nothing."""
_LIMIT_QUANTILE = 0.9
"""Of the levels of every frequency: what is louder counts as this. Measured: without it, hands on a camera
look like another event in 2 of 14 sessions; lower misses other events."""
_LOUD_QUANTILE, _QUIET_QUANTILE = 0.85, 0.5
"""Loud is the loudest 15 % of every frequency, quiet its lower half. Judgement."""
_FLOOR = 0.02
"""Agreement that chance leaves at the least numbers of windows; below it, ratios mean nothing."""
_MAX_PAIR_SHARE = 0.08
"""Share of two clips up to which they may be of two events. Measured on 270 sessions: at two events 0.00 to
0.12, and 0.3 where the track is above all live sound; in one room 0.1 to 1, and less under loud noise."""
_MAX_PAIR_RISE = 1.6
"""Factor by which such clips agree better where both are loud, up to which they are of two events. Measured:
in one room 2.2 and more at shares that small; at two events, under it in three quarters of the pairs."""
_MAX_THIRD_SHARE = 0.2
"""Share of a third clip with two others up to which it may be of another event. Measured: at another event
under 0.15, and 0.3 where the track is above all live sound; higher doubts two loudspeakers in one room."""
_MAX_RELATIVE_SHARE = 0.4
"""That share over what the two others share. Measured: at another event 0.00 to 0.26; in one room 0.4 to 1,
and less under noise louder than the sound, which the next number tells."""
_MAX_RISING_SHARE = 0.6
"""The same, times the square of how much better the third agrees where the others are loud. Measured: at
another event 0.00 to 0.48; in one room 0.7 and more where the share is below one half. Higher takes noise
for another event, lower misses events with little sound of their own."""
_MIN_HEARD_SHARE = 0.75
"""Agreement with the others where the third clip itself is loud, over theirs there, from which it is of one
event: a desk feed, which they hear. Measured: desk feeds 0.8 to 1.6, other events up to 0.74."""
_MIN_WITNESS_SHARE = 0.5
"""What two other clips share, over what the first two share, from which they can vouch for the third, and
over that what it must share with each of them. Judgement: two clips at another event share much with each
other and little with these."""

Table = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SmallShare:
    """Clips x and y share `share` of their energy, 0..1: too little for one event.

    `others_share` is what two others share of which one was compared with both; None where the pair
    shows it by itself.
    """

    x: int
    y: int
    share: float
    others_share: float | None


def find_small_shares(
    recordings: Sequence[Recording], pairs: Sequence[Pair], solution: Solution
) -> tuple[SmallShare, ...]:
    """Return the pairs of clips that share too little, by their placements.

    Every clip with every two others, or of many clips, those that placements rest on with some others; of
    pairs alone, those that placements rest on.
    """
    channels = _choose_channels(pairs)
    clips = {
        node: _PlacedClip(channels[node], place, recordings[node].start_us / 1e6)
        for node, place in enumerate(solution.placements)
        if place is not None and node in channels
    }
    links = dict.fromkeys((edge.x, edge.y) for path in solution.paths for edge in path)
    thirds = [
        third
        for nodes in _list_threes(recordings, clips, links, pairs)
        if len({recordings[node].angle for node in nodes}) == 3
        for third in _compare_three([clips[node] for node in nodes], nodes)
    ]
    found = [
        SmallShare(node, third.z, third.share, third.others_share)
        for third in thirds
        if third.is_small and not is_vouched_for(third, thirds)
        for node in (third.x, third.y)
    ]
    for x, y in links:
        if not any({x, y} == {one.x, one.y} for one in found):
            found += _compare_two(clips[x], clips[y], (x, y))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _PlacedClip:
    """A clip's channel, its placement, and the clip time of its first sample in seconds."""

    channel: WhitenedChannel
    place: SolvedPlacement
    start_s: float

    @property
    def begin_s(self) -> float:
        """The reference time of its first sample."""
        return self.place.map_time(self.start_s)

    @property
    def end_s(self) -> float:
        """The reference time of its end."""
        return self.place.map_time(self.start_s + self.channel.samples / ANALYSIS_RATE_HZ)

    def read_windows(self, times_s: NDArray[np.float64]) -> Spectrum:
        """Return the spectra of the windows that begin at these reference times, which follow each other."""
        places = (times_s - self.place.offset_s) / (1.0 + self.place.slope) - self.start_s
        samples = places * ANALYSIS_RATE_HZ
        whole = np.floor(samples).astype(np.int64)
        first = int(whole[0])
        sound = self.channel.read_raw(first, int(whole[-1]) + _WINDOW_SAMPLES)
        windows = np.stack([sound[at : at + _WINDOW_SAMPLES] for at in whole - first])
        spectra = compute_spectrum(windows * _TAPER, _WINDOW_SAMPLES)[:, _LOW_BIN:_HIGH_BIN]
        return spectra * build_phase_ramps(samples - whole, _WINDOW_SAMPLES)[:, _LOW_BIN:_HIGH_BIN]


_TAPER = np.hanning(_WINDOW_SAMPLES + 1)[:-1].astype(np.float32)


def _list_threes(
    recordings: Sequence[Recording],
    clips: Mapping[int, _PlacedClip],
    links: Iterable[tuple[int, int]],
    pairs: Sequence[Pair],
) -> Iterable[tuple[int, ...]]:
    if not should_choose_pairs(recordings):
        return combinations(clips, 3)
    heard = [(pair.x, pair.y) for pair in pairs if pair.has_shared_sound]
    spans = {node: (clip.begin_s, clip.end_s) for node, clip in clips.items()}
    return choose_threes([one.angle for one in recordings], spans, links, heard)


def _choose_channels(pairs: Sequence[Pair]) -> dict[int, WhitenedChannel]:
    """Return the channel of each clip that its strongest pair was measured with."""
    channels: dict[int, WhitenedChannel] = {}
    for pair in sorted(pairs, key=lambda pair: pair.match.strength):
        channels[pair.x], channels[pair.y] = pair.match.channels
    return channels


def _read_spectra(clips: Sequence[_PlacedClip]) -> list[Spectrum]:
    """Return the spectra of clips at the same moments, of one mean power at every frequency.

    Empty where they are not active together for long enough.
    """
    begin, end = max(clip.begin_s for clip in clips), min(clip.end_s for clip in clips)
    stretch_s = (_STRETCH_WINDOWS + 1) * _HOP_SAMPLES / ANALYSIS_RATE_HZ
    count = min(_MAX_STRETCHES, int((end - begin) / stretch_s))
    if count < 1:
        return []
    steps = np.arange(_STRETCH_WINDOWS) * (_HOP_SAMPLES / ANALYSIS_RATE_HZ)
    times_s = [start + steps for start in np.linspace(begin, end - stretch_s, count).tolist()]
    spectra = [np.concatenate([clip.read_windows(one) for one in times_s]) for clip in clips]
    active = np.ones(len(spectra[0]), bool)
    for one in spectra:
        energy = (np.abs(one) ** 2).sum(axis=1)
        active &= energy > _MIN_ACTIVE_ENERGY * np.quantile(energy, 0.95)
    return [_level_spectra(one[active]) for one in spectra] if active.sum() >= _MIN_WINDOWS else []


def _level_spectra(spectra: Spectrum) -> Spectrum:
    """Return the spectra at one mean power for every frequency, what is loudest brought down to the loud."""
    magnitude = np.abs(spectra)
    limit = np.quantile(magnitude, _LIMIT_QUANTILE, axis=0)
    limited = spectra * np.minimum(1.0, limit / np.maximum(magnitude, 1e-9))
    power = np.mean(np.abs(limited) ** 2, axis=0)
    return np.asarray(limited / np.sqrt(power + 1e-9), np.complex64)


def _compare_two(x: _PlacedClip, y: _PlacedClip, nodes: tuple[int, int]) -> Iterator[SmallShare]:
    spectra = _read_spectra((x, y))
    if not spectra:
        return
    share = _measure_share(*spectra)
    if share < _MAX_PAIR_SHARE:
        agreement = _measure_agreement(*spectra)
        loud, quiet = _mask_levels(np.abs(spectra[0]) * np.abs(spectra[1]))
        if _compute_rise(_average_cells(agreement, loud), _average_cells(agreement, quiet)) < _MAX_PAIR_RISE:
            yield SmallShare(*nodes, share, None)


@dataclass(frozen=True, slots=True)
class ThirdShare:
    """What clip z shares with x and y, each by itself and on average, and what those two share.

    `is_small` if that is too little for one event, by these three alone.
    """

    x: int
    y: int
    z: int
    share: float
    least_share: float
    others_share: float
    is_small: bool


def is_vouched_for(small: ThirdShare, others: Iterable[ThirdShare]) -> bool:
    """Whether z shares about as much with two others that share much themselves: it was there after all.

    In a hall, two clips near each other share more than either does with those far away.
    """
    return any(
        other.z == small.z
        and other.others_share > _MIN_WITNESS_SHARE * small.others_share
        and other.least_share > _MIN_WITNESS_SHARE * other.others_share
        for other in others
        if other is not small
    )


def _compare_three(clips: Sequence[_PlacedClip], nodes: tuple[int, ...]) -> Iterator[ThirdShare]:
    spectra = _read_spectra(clips)
    if not spectra:
        return
    shares = {pair: _measure_share(spectra[pair[0]], spectra[pair[1]]) for pair in combinations(range(3), 2)}
    for x, y, z in ((0, 1, 2), (0, 2, 1), (1, 2, 0)):
        one, other = shares[min(x, z), max(x, z)], shares[min(y, z), max(y, z)]
        share = float(np.sqrt(one * other))
        relative = share / shares[x, y]
        is_small = share < _MAX_THIRD_SHARE and relative < _MAX_RELATIVE_SHARE
        yield ThirdShare(
            nodes[x],
            nodes[y],
            nodes[z],
            share,
            min(one, other),
            shares[x, y],
            is_small and _lacks_common_sound(relative, spectra[x], spectra[y], spectra[z]),
        )


def _lacks_common_sound(relative: float, x: Spectrum, y: Spectrum, z: Spectrum) -> bool:
    """Whether z agrees with x and y no better where those are loud, nor where it is loud itself."""
    agreements = [_measure_agreement(one, other) for one, other in ((x, y), (x, z), (y, z))]
    loud, quiet = _mask_levels(np.abs(x) * np.abs(y))
    own_loud, _ = _mask_levels(np.abs(z) ** 2)
    rise = _compute_rise(_compare_agreement(agreements, loud), _compare_agreement(agreements, quiet))
    heard = _compare_agreement(agreements, own_loud)
    return relative * rise**2 < _MAX_RISING_SHARE and heard < _MIN_HEARD_SHARE


def _measure_share(x: Spectrum, y: Spectrum) -> float:
    """Return the share of energy in common: the mean squared coherence, without what chance adds."""
    power = (np.abs(x) ** 2).sum(axis=0) * (np.abs(y) ** 2).sum(axis=0)
    coherence = np.abs((x * y.conj()).sum(axis=0)) ** 2 / np.maximum(power, 1e-9)
    return max(float(coherence.mean()) - 1.0 / len(x), 1e-6)


def _measure_agreement(x: Spectrum, y: Spectrum) -> Table:
    """Return for each window and frequency how far x and y have the phase that they usually have, -1..1."""
    turned = x * y.conj()
    turned /= np.abs(turned) + np.float32(1e-9)
    agreement = np.empty(turned.shape, np.float32)
    fold = np.arange(len(x)) // _FOLD_WINDOWS % 2 == 0
    for judged in (fold, ~fold):
        usual = turned[~judged].sum(axis=0)
        usual /= np.abs(usual) + np.float32(1e-9)
        agreement[judged] = (turned[judged] * usual.conj()).real
    return agreement


def _compare_agreement(agreements: Sequence[Table], cells: NDArray[np.bool_]) -> float:
    """Return the third clip's agreement with both others over theirs, in some cells."""
    inner, one, other = (_average_cells(table, cells) for table in agreements)
    return float(np.sqrt(one * other)) / max(inner, _FLOOR)


def _average_cells(agreement: Table, cells: NDArray[np.bool_]) -> float:
    return max(float(agreement[cells].mean()), 0.0)


def _compute_rise(loud: float, quiet: float) -> float:
    return (loud + _FLOOR) / (quiet + _FLOOR)


def _mask_levels(loudness: Table) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where each frequency is loud and where it is quiet."""
    smooth = _smooth_table(loudness)
    quiet, loud = np.quantile(smooth, [_QUIET_QUANTILE, _LOUD_QUANTILE], axis=0)
    return np.asarray(smooth > loud), np.asarray(smooth < quiet)


def _smooth_table(table: Table) -> Table:
    """Return the means over three windows and five frequencies."""
    padded = np.pad(table, ((1, 1), (2, 2)))
    windows = padded[:-2] + padded[1:-1] + padded[2:]
    width = table.shape[1]
    total = sum((windows[:, at : at + width] for at in range(1, 5)), windows[:, :width])
    return np.asarray(total / 15, np.float32)
