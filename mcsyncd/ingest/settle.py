"""When a file counts as complete. Pure: looks go in, the state of every file comes out.

A file is settled when its identity (device, inode, size, mtime, ctime) was the same at two looks
at least `settle` seconds apart, and nobody on this machine has it open for writing. No quiet
time is a proof (a copy may stall for longer), which is why three things are added: a file that
was seen to stall gets three times its longest pause, a writer that the kernel knows of holds the
file back for as long as it lives, and everything after this step checks again that nothing moved.

Time is the monotonic clock of the looks. A file's mtime is never compared with "now": cameras
and `rsync -t` set it freely, and wall clocks jump.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mcsyncd.ingest import names
from mcsyncd.ingest.observation import Key, Observation

Standing = Literal["settling", "settled", "waiting", "ignored", "refused"]
Obstacle = tuple[Literal["settling", "waiting", "refused"], str]

LONGEST_PATIENCE = 120.0
"""Seconds. A pause longer than 40 s would otherwise keep a shoot waiting for many minutes."""
_RESTING = frozenset({"settled", "ignored"})
"""Where a file stands until itself or the names around it change; the others are judged at every look."""
_PAUSES = 3
_EMPTY_PATIENCE = 6


@dataclass(frozen=True, slots=True)
class SettleRules:
    """How long a file must not have changed, in seconds; `network` are cameras on network shares."""

    settle: float = 5.0
    settle_network: float = 30.0
    network: frozenset[str] = frozenset()

    def quiet_time(self, camera: str) -> float:
        """Return the least time without a change for a file of this camera."""
        return self.settle_network if camera in self.network else self.settle


@dataclass(frozen=True, slots=True)
class Track:
    """One file over all looks: how it was seen last, since when so, and what that makes of it.

    `since` is on the clock of the looks, `longest_gap` the longest time between two changes, in
    seconds. `note` is for a person: why the file is not taken yet.
    """

    seen: Observation
    since: float
    longest_gap: float = 0.0
    standing: Standing = "settling"
    note: str = ""


@dataclass(frozen=True, slots=True)
class SettleState:
    """Everything known of the drop folders after the last look; a value, kept by the caller."""

    files: Mapping[Key, Track] = field(default_factory=dict)
    looked_at: float = 0.0
    changed_at: float = 0.0

    @property
    def quiet_for(self) -> float:
        """Seconds from the last change of anything in any drop folder to the last look.

        Temporary names and files that went away count: both mean that somebody is at work.
        """
        return max(0.0, self.looked_at - self.changed_at)

    @property
    def anything_settling(self) -> bool:
        """True while a file is on its way to being taken."""
        return any(track.standing in ("settling", "waiting") for track in self.files.values())


def unhindered(_: Observation) -> Obstacle | None:
    """Answer for where nobody can be asked about a file: nothing is known against it."""
    return None


def settle(
    previous: SettleState,
    observations: Iterable[Observation],
    now: float,
    rules: SettleRules,
    *,
    obstacle: Callable[[Observation], Obstacle | None] = unhindered,
    unseen: frozenset[str] = frozenset(),
) -> SettleState:
    """Fold one look into the state.

    `now` is the monotonic clock in seconds. `obstacle` is asked only for a file that would be
    settled otherwise, and says where it stands instead, with a note. `unseen` are cameras whose
    folder could not be read: what was known of them is kept as it was (a share that went away
    has not lost its files), and while there is one, nothing counts as quiet.

    A look that finds nothing new costs next to nothing, and `files` is then the very mapping of
    `previous`: 20,000 settled files are looked at every few seconds for as long as they lie there.
    """
    before, looked = previous.files, tuple(observations)
    if not unseen and _as_it_was(before, looked):
        return SettleState(before, now, previous.changed_at)
    files = {key: track for key, track in before.items() if key[0] in unseen}
    for seen in looked:
        key = seen.key
        files[key] = _followed(before.get(key), seen, now)
    same_names = files.keys() == before.keys()
    restless = [
        track
        for key, track in files.items()
        if key[0] not in unseen
        and not (same_names and track.standing in _RESTING and track is before.get(key))
    ]
    moved = bool(unseen) or not same_names or any(track.since == now for track in restless)
    stems = names.clip_stems(key for key in files if key[0] not in unseen)
    for track in restless:
        files[track.seen.key] = _judged(track, now, rules, stems.get(track.seen.camera, set()), obstacle)
    return SettleState(files, now, now if moved else previous.changed_at)


def _as_it_was(before: Mapping[Key, Track], looked: tuple[Observation, ...]) -> bool:
    """Tell whether a look brought the very objects of the last one, in its order, and all of them rest.

    A folder that nobody touches is listed in the same order; one that is not costs a closer look.
    """
    return len(before) == len(looked) and all(
        track.seen is seen and track.standing in _RESTING
        for track, seen in zip(before.values(), looked, strict=True)
    )


def _followed(before: Track | None, seen: Observation, now: float) -> Track:
    """Carry a file's track on: the same, changed, or a new file under the name."""
    if before is not None and before.seen is seen:
        return before
    if before is None or (before.seen.dev, before.seen.inode) != (seen.dev, seen.inode):
        return Track(seen, now)
    if before.seen.identity != seen.identity or before.seen.refusal != seen.refusal:
        return Track(seen, now, max(before.longest_gap, now - before.since))
    return before


def _judged(
    track: Track,
    now: float,
    rules: SettleRules,
    stems: set[str],
    obstacle: Callable[[Observation], Obstacle | None],
) -> Track:
    """Say where a file stands. One that has settled is not asked about again while it is the same."""
    standing, note = _by_name(track.seen, stems)
    if standing == "settling" and track.standing == "settled":
        return track
    if standing == "settling":
        standing, note = _by_time(track, now, rules, obstacle)
    return replace(track, standing=standing, note=note)


def _by_name(seen: Observation, stems: set[str]) -> tuple[Standing, str]:
    if refusal := seen.refusal or names.fault(seen.name):
        return "refused", refusal
    role = names.role(seen.name)
    if role in (names.Role.TEMPORARY, names.Role.SYSTEM):
        return "ignored", "temporary name: taken when it has its real one"
    if role is names.Role.BESIDE and not names.is_sidecar(seen.name, stems):
        return "ignored", "not a clip's suffix, and no clip of that name beside it"
    return "settling", ""


def _by_time(
    track: Track, now: float, rules: SettleRules, obstacle: Callable[[Observation], Obstacle | None]
) -> tuple[Standing, str]:
    empty = track.seen.size == 0
    quiet, patience = now - track.since, _patience(track, rules)
    if now <= track.since or quiet < patience:
        standing: Standing = "waiting" if empty else "settling"
        what = "empty, " if empty else ""
        return standing, f"{what}unchanged for {max(0.0, quiet):.0f} of {patience:.0f} s"
    return obstacle(track.seen) or ("settled", "empty" if empty else "")


def _patience(track: Track, rules: SettleRules) -> float:
    """Seconds without a change that this file needs.

    Three times the longest pause is the rule by which Episode's watch folders learn the rhythm
    of a slow share. An empty file gets six times the quiet time: it is most often a copy that
    has not begun, and if it never does it must not hold up the shoot for ever.
    """
    quiet = rules.quiet_time(track.seen.camera)
    if track.seen.size == 0:
        return quiet * _EMPTY_PATIENCE
    return max(quiet, min(_PAUSES * track.longest_gap, LONGEST_PATIENCE))
