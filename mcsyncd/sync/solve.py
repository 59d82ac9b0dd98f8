"""Waveforms in, alignment out: every pair of angles, then all clips on the reference's clock.

Pure: no files, no clock, no chance. The same recordings give the same digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcsyncd.model.alignment import Alignment, Piece
from mcsyncd.sync import reasons
from mcsyncd.sync.clocks import Witness, jammed, weighed, witness
from mcsyncd.sync.confidence import heard_apart
from mcsyncd.sync.fallback import Guess, guess
from mcsyncd.sync.graph import Place, Solution
from mcsyncd.sync.pair import Pair, Progress
from mcsyncd.sync.pieces import turned
from mcsyncd.sync.pulled import put_back
from mcsyncd.sync.recording import RATE, Recording
from mcsyncd.sync.report import Placed, alignment
from mcsyncd.sync.rooms import Choice
from mcsyncd.sync.search import Found, chance, search, suspects

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
    found = search(recordings, root, progress)
    clips = [_judged(at, recordings, root, found) for at in range(len(recordings))]
    return alignment(_apart(clips), recordings, reference)


def _judged(at: int, recordings: Sequence[Recording], root: int, found: Found) -> Placed:
    place = found.solution.places[at]
    if at == root:
        return Placed(recordings[at], place, 1.0, None, ())
    if place is None:
        return _unplaced(recordings, root, at, found.pairs)
    judged = _placed(at, place, found)
    by = found.pulls.get(at)
    if by is None:
        return judged
    words = (reasons.pulled(judged.recording.angle, by), *judged.reasons)
    return replace(judged, recording=recordings[at], place=put_back(place, by), reasons=words, pieces=())


def _placed(at: int, place: Place, found: Found) -> Placed:
    recordings, path = found.recordings, found.solution.paths[at]
    recording = recordings[at]
    confidence, failing = chance(found, at)
    pair = next(one for one in found.pairs if {one.x, one.y} == {path[-1].x, path[-1].y})
    words = []
    if len(path) > 1:
        words.append(f"{recording.angle} is placed through {recordings[path[-1].x].angle}")
    pieces = _pieces(at, pair, found)
    words += [reasons.broken(recording.angle, _blamed(pair, found), pieces)] if pieces else []
    words += _pair_doubts(pair, recordings, at)
    words += _echo(recording.angle, found.choices.get(at))
    for edge, miss_s in failing:
        names = " and ".join(recordings[node].angle for node in (edge.x, edge.y))
        words.append(f"the pairs do not agree: {names} by themselves say {miss_s * 1e3:.1f} ms otherwise")
    heard = _clocks(at, path[-1].x, recordings, found.solution)
    if heard is None:
        return Placed(recording, place, confidence, pair, tuple(words), pieces=pieces)
    words.insert(0 if heard.contradicts else len(words), heard.reason)
    return Placed(recording, place, weighed(confidence, heard), pair, tuple(words), pieces=pieces)


def _pieces(at: int, pair: Pair, found: Found) -> tuple[Piece, ...]:
    """Where the parts of a clip lie on the reference's clock, when they do not lie on one line."""
    other, parts = (pair.x, pair.parts) if pair.y == at else (pair.y, turned(pair.parts))
    recordings, anchor = found.recordings, found.solution.places[other]
    if anchor is None:
        return ()
    ours, theirs = recordings[at].start_us / 1e6, recordings[other].start_us / 1e6
    pieces = []
    for part in parts:
        slope = (1.0 + part.line.slope) * (1.0 + anchor.slope) - 1.0
        offset_s = anchor.at(part.line.offset_s + theirs) - ours * (1.0 + slope)
        begin_us, end_us = (round((time_s + ours) * 1e6) for time_s in (part.begin_s, part.end_s))
        drift_ppm = round(slope * 1e6, 3) + 0.0
        pieces.append(Piece(recordings[at].name, begin_us, end_us, round(offset_s * 1e6), drift_ppm))
    return tuple(pieces)


def _blamed(pair: Pair, found: Found) -> str:
    return " or ".join(found.recordings[node].angle for node in suspects(found, pair))


def _echo(angle: str, choice: Choice | None) -> list[str]:
    if choice is None or heard_apart(choice.lead) >= reasons.WORTH_SAYING:
        return []
    return [reasons.echo(angle, choice.rival / RATE, choice.lead.share)]


def _clocks(at: int, anchor: int, recordings: Sequence[Recording], solution: Solution) -> Witness | None:
    offsets_us = [None if place is None else round(place.offset_s * 1e6) for place in solution.places]
    ours, theirs = offsets_us[at], offsets_us[anchor]
    assert ours is not None
    assert theirs is not None
    proven = jammed(recordings, offsets_us, besides=at)
    return witness(recordings[anchor], recordings[at], ours - theirs, proven=proven)


def _pair_doubts(pair: Pair, recordings: Sequence[Recording], at: int) -> list[str]:
    other, sign = (pair.x, 1) if pair.y == at else (pair.y, -1)
    return reasons.doubts(recordings[other].angle, recordings[at].angle, pair, sign=sign)


def _unplaced(recordings: Sequence[Recording], root: int, at: int, pairs: Sequence[Pair]) -> Placed:
    recording = recordings[at]
    found = guess(recordings[root], recording)
    why = [_why_unplaced(recordings, root, at, pairs)]
    if found is None:
        return Placed(recording, None, _UNHEARD, None, tuple(why))
    return _guessed(recording, found, why)


def _why_unplaced(recordings: Sequence[Recording], root: int, at: int, pairs: Sequence[Pair]) -> str:
    heard = {node for pair in pairs for node in (pair.x, pair.y)}
    angle, reference = recordings[at].angle, recordings[root].angle
    if at in heard:
        return f"{angle} shares no sound with any other angle that could not be chance"
    # Nothing was compared at all: it may be the reference that is deaf.
    deaf = reference if not heard and recordings[at].channels and not recordings[root].channels else angle
    return f"{deaf} has no usable sound"


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
