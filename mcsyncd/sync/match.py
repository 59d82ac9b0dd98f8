"""Two recordings: their best alignment, its rivals, and the evidence for and against.

Significance decides whether two recordings share sound, strength decides where: an exactly
repeating piece of music is significant at every repeat, but only at the true place the whole
mixture coheres. A sum over windows would prefer the repeat with the longer overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcsyncd.sync import fine
from mcsyncd.sync.coarse import Line
from mcsyncd.sync.fine import REACH, Heard, Look, Taken, Windows
from mcsyncd.sync.line import Fit, fit, ridge
from mcsyncd.sync.recording import RATE
from mcsyncd.sync.whiten import Ear

_FEW = 6
_MANY = 72
_FINALISTS = 4
_CLOSE = 0.6
_RIVALS = 4
_PAIRED = 24
_FEWEST_PAIRED = 3
_SERIOUS = 0.4
_SAME_S = 0.006
_ACTIVE = 0.2
_NEAR = 3
_SIDELOBES = 20
STRONG = 4.0


@dataclass(frozen=True, slots=True)
class Lead:
    """How far ahead of another alignment the best is: as a share of itself, and over its own scatter.

    `t` is a paired t statistic on the windows that both explain.
    """

    share: float
    t: float


@dataclass(frozen=True, slots=True)
class Rival:
    """Another alignment that explains some of the sound.

    `strength` is its mean significance a window, `lead` by how much the best alignment is ahead.
    """

    line: Line
    strength: float
    lead: Lead


@dataclass(frozen=True, slots=True)
class Echo:
    """The second peak within 40 ms of the best one, averaged along the line.

    `ratio` is its height as a share of the best one's, `significance` that height over what the mean of
    so many windows has by chance: the highest of all lags without an echo has about 3.
    """

    ratio: float
    significance: float


@dataclass(frozen=True, slots=True)
class Match:
    """What was found between x and y: `line` takes time in y to time in x (analysis audio).

    `ears` are the channels of x and of y that cohere most, `heard` the way they were listened to.
    """

    ears: tuple[Ear, Ear]
    heard: Heard
    line: Line
    fit: Fit
    look: Look
    strength: float
    strong: int
    active: int
    contradicting: int
    overlap_s: float
    echo: Echo
    where: Windows
    rivals: tuple[Rival, ...]


def match(x: Sequence[Ear], y: Sequence[Ear], lines: Sequence[Line]) -> Match | None:
    """Align y to x by the best of `lines` (see `coarse`). None when none is worth a look."""
    x_ear, y_ear = _better_channels(x, y, lines)
    glances = [_hint(x_ear, y_ear, line) for line in lines]
    hints = sorted((hint for hint in glances if hint is not None), key=lambda hint: -hint.strength)
    finals = [full for full in (_looked_at(x_ear, y_ear, hint.line) for hint in _leaders(hints)) if full]
    if not finals:
        return None
    best = max(finals, key=lambda final: final.strength)
    rest = [hint.line for hint in hints] + [final.line for final in finals if final is not best]
    return _rivalled(best, rest)


def along(found: Match, line: Line) -> Match | None:
    """Measure the same two recordings along another line; None where they do not meet there.

    As usual and by what arrives first, whichever shows more: a noisy recording rises little above
    its noise, and in a room the direct path is little beside its echoes.
    """
    ways = [_looked_at(*found.ears, line, heard) for heard in (Ear.block, Ear.front)]
    measured = [way for way in ways if way is not None]
    if not measured:
        return None
    best = max(measured, key=lambda way: way.strength)
    # Nearer than the windows reach, the choice of all pairs together has its own runner-up.
    rest = [one.line for one in found.rivals if _apart_s(one.line, line, best.look.times) > REACH / RATE]
    return _rivalled(best, rest)


@dataclass(frozen=True, slots=True)
class _Hint:
    """A hypothesis after a first glance at few windows."""

    line: Line
    strength: float


def _hint(x: Ear, y: Ear, line: Line) -> _Hint | None:
    where = fine.windows(line, x.samples, y.samples, _FEW)
    glance = _active(fine.look(x, line, fine.taken(y, where)))
    if glance.times.size == 0:
        return None
    better = ridge(glance)
    lags = REACH + (better.offset_s - line.offset_s + (better.slope - line.slope) * glance.times) * RATE
    near = np.clip(np.rint(lags).astype(int)[:, None] + np.arange(-4, 5), 0, 2 * REACH)
    height = np.abs(np.take_along_axis(glance.z, near, axis=1)).max(axis=1)
    return _Hint(better, float(height.mean()))


def _leaders(hints: list[_Hint]) -> list[_Hint]:
    """Those near enough to the best that a thorough look could turn the order."""
    return [hint for hint in hints if hint.strength > _CLOSE * hints[0].strength][:_FINALISTS]


def _better_channels(x: Sequence[Ear], y: Sequence[Ear], lines: Sequence[Line]) -> tuple[Ear, Ear]:
    """The pair of channels that coheres most: a lavalier on one track may hear what the other does not."""
    best = (-1.0, 0, 0)
    for one, x_ear in enumerate(x if len(x) * len(y) > 1 else ()):
        for other, y_ear in enumerate(y):
            hints = [_hint(x_ear, y_ear, line) for line in lines[:2]]
            best = max(best, (max((hint.strength for hint in hints if hint), default=0.0), -one, -other))
    return x[-best[1]], y[-best[2]]


def _looked_at(x: Ear, y: Ear, line: Line, heard: Heard = Ear.block) -> Match | None:
    """Look along `line` with many windows, fit, and look again along the fitted line."""
    where = fine.windows(line, x.samples, y.samples, _MANY)
    said = fine.taken(y, where, heard)
    first = _active(fine.look(x, line, said))
    if first.times.size == 0:
        return None
    second = fine.look(x, fit(first).line, said)
    where = where.part(np.flatnonzero(second.shared > _ACTIVE))
    second = _active(second)
    return _measured((x, y), heard, second, where) if second.times.size else None


def _measured(ears: tuple[Ear, Ear], heard: Heard, look: Look, where: Windows) -> Match:
    (x, y), fitted = ears, fit(look)
    on_line = _on_line(look, fitted.polarity)
    noise = np.maximum(1.0, np.median(np.abs(look.z), axis=1) / 0.6745)
    clear = on_line / noise
    elsewhere = np.abs(look.z).max(axis=1) / noise
    contradicting = int(np.sum((clear < 3.0) & (elsewhere > 12.0)))
    return Match(
        ears=ears,
        heard=heard,
        line=fitted.line,
        fit=fitted,
        look=look,
        strength=float(on_line.mean()),
        strong=int(np.sum(clear > STRONG)),
        active=int(look.times.size),
        contradicting=contradicting,
        overlap_s=overlap_s(fitted.line, x.samples, y.samples),
        echo=_echo(look),
        where=where,
        rivals=(),
    )


def overlap_s(line: Line, x_samples: int, y_samples: int) -> float:
    """Seconds that the two recordings share under `line`."""
    begin = max(0.0, -line.offset_s / (1.0 + line.slope))
    end = min(y_samples / RATE, (x_samples / RATE - line.offset_s) / (1.0 + line.slope))
    return max(0.0, end - begin)


def _active(look: Look) -> Look:
    return look.part(look.shared > _ACTIVE)


def _on_line(look: Look, polarity: int) -> NDArray[np.float64]:
    near = look.z[:, REACH - _NEAR : REACH + _NEAR + 1] * polarity
    return np.asarray(near.max(axis=1), np.float64)


def _echo(look: Look) -> Echo:
    profile = np.abs(look.z.mean(axis=0)).astype(np.float64)
    main = float(profile[REACH - _NEAR : REACH + _NEAR + 1].max())
    profile[REACH - _SIDELOBES : REACH + _SIDELOBES + 1] = 0.0
    height = float(profile.max())
    return Echo(height / max(main, 1e-9), height * float(np.sqrt(look.times.size)))


def _others(best: Match, lines: Sequence[Line]) -> list[Line]:
    kept = [best.line]
    for line in lines:
        if all(_apart_s(line, other, best.look.times) > _SAME_S for other in kept):
            kept.append(line)
    return kept[1 : 1 + _RIVALS]


def _apart_s(one: Line, other: Line, times: NDArray[np.float64]) -> float:
    return max(abs(one.at(float(time)) - other.at(float(time))) for time in (times[0], times[-1]))


def _rivalled(best: Match, lines: Sequence[Line]) -> Match:
    """Compare with the likeliest of other `lines`, on windows of `best`."""
    others = _others(best, lines)
    if not others:
        return best
    chosen = np.unique(np.linspace(0, best.active - 1, min(best.active, _PAIRED)).astype(int))
    said = fine.taken(best.ears[1], best.where.part(chosen), best.heard)
    ours = _on_line(best.look, best.fit.polarity)[chosen]
    rivals = [_rival(best, line, said, ours) for line in others]
    return replace(best, rivals=tuple(sorted(rivals, key=lambda rival: -rival.strength)))


def _rival(best: Match, line: Line, said: Taken, ours: NDArray[np.float64]) -> Rival:
    """Compare on those windows of `said` that both explain; on the rival's own where there are too few."""
    x, y = best.ears
    same = _inside(x, fine.look(x, line, said))
    both = same.shared > _ACTIVE
    if both.any() and float(np.abs(same.z[both]).max(axis=1).mean()) > _SERIOUS * best.strength:
        # Half a sample beside its peak a rival would look a fifth weaker than it is.
        line = fit(same.part(both)).line
        same = _inside(x, fine.look(x, line, said))
        both = same.shared > _ACTIVE
    if both.sum() < _FEWEST_PAIRED:
        own = _hint(x, y, line)
        strength = own.strength if own else 0.0
        lead = 1.0 - strength / max(best.strength, 1e-9)
        return Rival(line, strength, Lead(lead, 5.0 * lead * float(np.sqrt(best.active))))
    theirs = np.abs(same.z[both, REACH - 8 : REACH + 9]).max(axis=1).astype(np.float64)
    ahead = ours[both] - theirs
    error = float(ahead.std(ddof=1)) / float(np.sqrt(ahead.size)) + 1e-9
    mean = float(ahead.mean())
    return Rival(line, float(theirs.mean()), Lead(mean / max(best.strength, 1e-9), mean / error))


def _inside(x: Ear, look: Look) -> Look:
    inside = np.array([0.0 <= look.line.at(float(time)) <= x.samples / RATE for time in look.times])
    return replace(look, shared=np.where(inside, look.shared, 0.0))
