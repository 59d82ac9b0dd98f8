"""Waveforms in, alignment out: every pair of angles, then all clips on the reference's clock.

Pure: no files, no clock, no chance. The same recordings give the same digits.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcsyncd.model.alignment import Alignment
from mcsyncd.sync import reasons
from mcsyncd.sync.clocks import Witness, jammed, weighed, witness
from mcsyncd.sync.fallback import Guess, guess
from mcsyncd.sync.graph import Place, Solution, confirmed, settle
from mcsyncd.sync.pair import Pair, Progress, all_pairs
from mcsyncd.sync.recording import Recording
from mcsyncd.sync.report import Placed, alignment

_OVERLAP_S = 1.0
_UNHEARD = 0.0


def solve(recordings: Sequence[Recording], reference: str, progress: Progress | None = None) -> Alignment:
    """Put every recording on the clock of the first recording of the angle `reference`.

    Recordings of one angle never overlap and are not compared with each other. What cannot be
    placed has offset None and the rest stands. `progress` hears 0..1. Raises ValueError when no
    recording has the angle `reference`.
    """
    root = next((at for at, one in enumerate(recordings) if one.angle == reference), None)
    if root is None:
        raise ValueError(f"no recording of the reference {reference!r}")
    pairs = all_pairs(recordings, progress)
    edges = [pair.edge for pair in pairs if pair.shared]
    solution = settle(len(recordings), root, edges)
    clips = [_clip(at, recordings, root, solution, pairs) for at in range(len(recordings))]
    clips = _apart(clips)
    return alignment(clips, recordings, reference)


def _clip(
    at: int, recordings: Sequence[Recording], root: int, solution: Solution, pairs: Sequence[Pair]
) -> Placed:
    recording = recordings[at]
    place, path = solution.places[at], solution.paths[at]
    if at == root:
        return Placed(recording, place, 1.0, None, ())
    if place is None:
        return _unplaced(recording, recordings, root, at, pairs)
    confidence, failing = confirmed(solution, [one.edge for one in pairs if one.shared], at)
    pair = next(one for one in pairs if {one.x, one.y} == {path[-1].x, path[-1].y})
    words = []
    if len(path) > 1:
        words.append(f"{recording.angle} is placed through {recordings[path[-1].x].angle}")
    words += _pair_doubts(pair, recordings, at)
    for edge, miss_s in failing:
        names = " and ".join(recordings[node].angle for node in (edge.x, edge.y))
        words.append(f"the pairs do not agree: {names} by themselves say {miss_s * 1e3:.1f} ms otherwise")
    confidence = min(confidence, 0.999)
    heard = _clocks(at, path[-1].x, recordings, solution)
    if heard is None:
        return Placed(recording, place, confidence, pair, tuple(words))
    words.insert(0 if heard.contradicts else len(words), heard.reason)
    return Placed(recording, place, weighed(confidence, heard), pair, tuple(words))


def _clocks(at: int, anchor: int, recordings: Sequence[Recording], solution: Solution) -> Witness | None:
    offsets_us = [None if place is None else round(place.offset_s * 1e6) for place in solution.places]
    ours, theirs = offsets_us[at], offsets_us[anchor]
    assert ours is not None
    assert theirs is not None
    proven = jammed(recordings, offsets_us, besides=at)
    return witness(recordings[anchor], recordings[at], ours - theirs, proven=proven)


def _pair_doubts(pair: Pair, recordings: Sequence[Recording], at: int) -> list[str]:
    other, sign = (pair.x, 1) if pair.y == at else (pair.y, -1)
    return reasons.doubts(recordings[other].angle, recordings[at].angle, pair.match, pair.belief, sign=sign)


def _unplaced(
    recording: Recording, recordings: Sequence[Recording], root: int, at: int, pairs: Sequence[Pair]
) -> Placed:
    if any(at in (pair.x, pair.y) for pair in pairs):
        why = [f"{recording.angle} shares no sound with any other angle that could not be chance"]
    else:
        why = [f"{recording.angle} has no usable sound"]
    found = guess(recordings[root], recording)
    if found is None:
        return Placed(recording, None, _UNHEARD, None, tuple(why))
    return _guessed(recording, found, why)


def _guessed(recording: Recording, found: Guess, why: list[str]) -> Placed:
    place = Place(found.offset_us / 1e6, 0.0)
    return Placed(recording, place, found.confidence, None, (found.reason, *why), guessed=True)


def _apart(clips: list[Placed]) -> list[Placed]:
    """Clips of one angle never overlap: where two would, the less sure one is taken out."""
    kept: list[Placed] = []
    for clip in sorted(clips, key=lambda clip: -clip.confidence):
        if any(_collide(clip, other) for other in kept):
            words = (f"{clip.recording.name} would overlap another clip of {clip.recording.angle}",)
            kept.append(Placed(clip.recording, None, _UNHEARD, None, words + clip.reasons))
        else:
            kept.append(clip)
    return [next(one for one in kept if one.recording is clip.recording) for clip in clips]


def _collide(one: Placed, other: Placed) -> bool:
    if one.recording.angle != other.recording.angle or one.place is None or other.place is None:
        return False
    begin = max(one.place.at(0.0), other.place.at(0.0))
    end = min(
        one.place.at(one.recording.duration_us / 1e6), other.place.at(other.recording.duration_us / 1e6)
    )
    return end - begin > _OVERLAP_S
