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
from mcsyncd.ingest.observation import FileKey, Observation

FileStatus = Literal["settling", "settled", "waiting", "ignored", "refused"]
Obstacle = tuple[Literal["settling", "waiting", "refused"], str]

MAX_PATIENCE_S = 120.0
"""Seconds. A pause longer than 40 s would otherwise keep a shoot waiting for many minutes."""
_STABLE_STATUSES = frozenset({"settled", "ignored"})
"""Where a file stands until itself or the names around it change; the others are judged at every look."""
_PAUSE_FACTOR = 3
_EMPTY_FILE_FACTOR = 6


@dataclass(frozen=True, slots=True)
class SettleRules:
    """How long a file must not have changed, in seconds; `network` are cameras on network shares."""

    settle_s: float = 5.0
    settle_network_s: float = 30.0
    network_cameras: frozenset[str] = frozenset()

    def compute_quiet_s(self, camera: str) -> float:
        """Return the least time without a change for a file of this camera."""
        return self.settle_network_s if camera in self.network_cameras else self.settle_s


@dataclass(frozen=True, slots=True)
class FileTrack:
    """One file over all looks: how it was seen last, since when so, and what that makes of it.

    `since` is on the clock of the looks, `longest_gap` the longest time between two changes, in
    seconds. `note` is for a person: why the file is not taken yet.
    """

    observation: Observation
    since: float
    longest_gap_s: float = 0.0
    status: FileStatus = "settling"
    note: str = ""


@dataclass(frozen=True, slots=True)
class SettleState:
    """Everything known of the drop folders after the last look; a value, kept by the caller."""

    files: Mapping[FileKey, FileTrack] = field(default_factory=dict)
    scanned_at: float = 0.0
    changed_at: float = 0.0

    @property
    def quiet_for_s(self) -> float:
        """Seconds from the last change of anything in any drop folder to the last look.

        Temporary names and files that went away count: both mean that somebody is at work.
        """
        return max(0.0, self.scanned_at - self.changed_at)

    @property
    def has_settling_files(self) -> bool:
        """True while a file is on its way to being taken."""
        return any(track.status in ("settling", "waiting") for track in self.files.values())


def find_no_obstacle(_: Observation) -> Obstacle | None:
    """Answer for where nobody can be asked about a file: nothing is known against it."""
    return None


def settle_files(
    previous: SettleState,
    observations: Iterable[Observation],
    now: float,
    rules: SettleRules,
    *,
    find_obstacle: Callable[[Observation], Obstacle | None] = find_no_obstacle,
    unreadable_cameras: frozenset[str] = frozenset(),
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
    if not unreadable_cameras and _is_unchanged(before, looked):
        return SettleState(before, now, previous.changed_at)
    files = {key: track for key, track in before.items() if key[0] in unreadable_cameras}
    for seen in looked:
        key = seen.key
        files[key] = _follow_file(before.get(key), seen, now)
    same_names = files.keys() == before.keys()
    restless = [
        track
        for key, track in files.items()
        if key[0] not in unreadable_cameras
        and not (same_names and track.status in _STABLE_STATUSES and track is before.get(key))
    ]
    moved = bool(unreadable_cameras) or not same_names or any(track.since == now for track in restless)
    stems = names.collect_clip_stems(key for key in files if key[0] not in unreadable_cameras)
    for track in restless:
        files[track.observation.key] = _judge_file(
            track, now, rules, stems.get(track.observation.camera, set()), find_obstacle
        )
    return SettleState(files, now, now if moved else previous.changed_at)


def _is_unchanged(before: Mapping[FileKey, FileTrack], observations: tuple[Observation, ...]) -> bool:
    """Tell whether a look brought the very objects of the last one, in its order, and all of them rest.

    A folder that nobody touches is listed in the same order; one that is not costs a closer look.
    """
    return len(before) == len(observations) and all(
        track.observation is seen and track.status in _STABLE_STATUSES
        for track, seen in zip(before.values(), observations, strict=True)
    )


def _follow_file(before: FileTrack | None, observation: Observation, now: float) -> FileTrack:
    """Carry a file's track on: the same, changed, or a new file under the name."""
    if before is not None and before.observation is observation:
        return before
    if before is None or (before.observation.dev, before.observation.inode) != (
        observation.dev,
        observation.inode,
    ):
        return FileTrack(observation, now)
    if (
        before.observation.identity != observation.identity
        or before.observation.refusal != observation.refusal
    ):
        return FileTrack(observation, now, max(before.longest_gap_s, now - before.since))
    return before


def _judge_file(
    track: FileTrack,
    now: float,
    rules: SettleRules,
    stems: set[str],
    find_obstacle: Callable[[Observation], Obstacle | None],
) -> FileTrack:
    """Say where a file stands. One that has settled is not asked about again while it is the same."""
    standing, note = _judge_by_name(track.observation, stems)
    if standing == "settling" and track.status == "settled":
        return track
    if standing == "settling":
        standing, note = _judge_by_time(track, now, rules, find_obstacle)
    return replace(track, status=standing, note=note)


def _judge_by_name(observation: Observation, stems: set[str]) -> tuple[FileStatus, str]:
    if refusal := observation.refusal or names.find_name_fault(observation.name):
        return "refused", refusal
    role = names.classify_name(observation.name)
    if role in (names.FileRole.TEMPORARY, names.FileRole.SYSTEM):
        return "ignored", "temporary name: taken when it has its real one"
    if role is names.FileRole.BESIDE and not names.is_sidecar(observation.name, stems):
        return "ignored", "not a clip's suffix, and no clip of that name beside it"
    return "settling", ""


def _judge_by_time(
    track: FileTrack, now: float, rules: SettleRules, find_obstacle: Callable[[Observation], Obstacle | None]
) -> tuple[FileStatus, str]:
    empty = track.observation.size == 0
    quiet, patience = now - track.since, _compute_patience_s(track, rules)
    if now <= track.since or quiet < patience:
        standing: FileStatus = "waiting" if empty else "settling"
        what = "empty, " if empty else ""
        return standing, f"{what}unchanged for {max(0.0, quiet):.0f} of {patience:.0f} s"
    return find_obstacle(track.observation) or ("settled", "empty" if empty else "")


def _compute_patience_s(track: FileTrack, rules: SettleRules) -> float:
    """Seconds without a change that this file needs.

    Three times the longest pause is the rule by which Episode's watch folders learn the rhythm
    of a slow share. An empty file gets six times the quiet time: it is most often a copy that
    has not begun, and if it never does it must not hold up the shoot for ever.
    """
    quiet = rules.compute_quiet_s(track.observation.camera)
    if track.observation.size == 0:
        return quiet * _EMPTY_FILE_FACTOR
    return max(quiet, min(_PAUSE_FACTOR * track.longest_gap_s, MAX_PATIENCE_S))
