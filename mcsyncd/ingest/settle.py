"""When a file counts as complete. Pure: scans go in, the state of every file comes out.

A file is settled when its identity (device, inode, size, mtime, ctime) was the same in two scans
at least `settle_s` seconds apart, no process on this machine has it open for writing, and its
content does not say that something is missing (`containers.inspection`). No quiet
time is proof, because a copy may stall for longer. Three rules make up for that: a file that has
stalled before must stay quiet for three times its longest pause; a writer that the kernel knows of
holds the file back for as long as it lives; and every later step checks again that the file has
not changed.

Times are on the monotonic clock of the scans. A file's mtime is never compared with "now": cameras
and `rsync -t` set it freely, and wall clocks jump.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mcsyncd.ingest import names
from mcsyncd.ingest.cards import NO_CLIPS, CardClips, collect_clips
from mcsyncd.ingest.names import CLIP_SUFFIXES
from mcsyncd.ingest.observation import FileKey, Observation
from mcsyncd.model.hash_check import HashCheck

FileStatus = Literal["settling", "settled", "waiting", "incomplete", "ignored", "refused"]
"""Not quiet for long enough; complete; empty and maybe still to be copied; quiet, but its content says that
something is missing; not a file of this product; cannot be taken."""

Obstacle = tuple[Literal["settling", "waiting", "incomplete", "refused"], str]
"""The status of a file that must not settle yet, and the reason as text."""

MAX_PATIENCE_S = 120.0
"""Seconds that a file which has stalled must stay quiet, at most. Judgement: without a limit, one pause
of minutes holds up the whole shoot; lower, a slow share that stalls again is taken as complete."""

_INSPECTED_STATUSES = frozenset({"settled", "incomplete"})
"""Statuses of files whose content was looked at. They last until the file changes."""

_STABLE_STATUSES = _INSPECTED_STATUSES | {"ignored"}
"""Statuses that last until the file or the names around it change; the others are judged in every scan."""

_PAUSE_FACTOR = 3
"""Multiple of a file's longest pause that it must stay quiet. From Episode's watch folders, which learn
the rhythm of a slow share this way; lower, the next pause of the same length ends the copy too early."""

_EMPTY_FILE_FACTOR = 6
"""Multiple of the quiet time that an empty file gets. Judgement: an empty file is most often a copy that
has not begun. Lower, such copies are taken empty; higher, a file that stays empty holds up the shoot."""

_CLIP_IS_ABSENT = "the clip that it was recorded with is not here: copy the clip, or delete this file"


@dataclass(frozen=True, slots=True)
class SettleRules:
    """How long a file must not have changed, in seconds, on local disks and on network shares.

    5 s is measured: with 2 s, three of seven ways of copying were taken half-finished; with 5 s none
    was (the longest stall lasted 4 s). 30 s on shares is a judgement: attributes are cached there.
    `suffixes` are those of clips.
    """

    settle_s: float = 5.0
    settle_network_s: float = 30.0
    network_cameras: frozenset[str] = frozenset()
    suffixes: frozenset[str] = CLIP_SUFFIXES

    def compute_quiet_s(self, camera: str) -> float:
        """Return the seconds without a change that a file of this camera needs at least."""
        return self.settle_network_s if camera in self.network_cameras else self.settle_s


@dataclass(frozen=True, slots=True)
class FileTrack:
    """One file across all scans: its latest observation, since when it is unchanged, and its status.

    `since` is on the clock of the scans; `longest_gap_s` is the longest time between two changes.
    `note` tells a person why the file is not taken yet. `checks` are what hash lists say of it.
    """

    observation: Observation
    since: float
    longest_gap_s: float = 0.0
    status: FileStatus = "settling"
    note: str = ""
    checks: tuple[HashCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class SettleState:
    """What is known of the drop folders after the latest scan; a value that the caller keeps.

    `scanned_at` and `changed_at` are seconds on the clock of the scans. `devices` holds the device of
    each camera's folder, as it was when its files were last seen. `suffixes` are those of clips, by which
    the files were judged. `is_proven` tells that every clip is what a hash list of its card says, and that
    none of those that the lists name is missing.
    """

    files: Mapping[FileKey, FileTrack] = field(default_factory=dict)
    scanned_at: float = 0.0
    changed_at: float = 0.0
    devices: Mapping[str, int] = field(default_factory=dict)
    suffixes: frozenset[str] = CLIP_SUFFIXES
    is_proven: bool = False

    @property
    def quiet_for_s(self) -> float:
        """Seconds from the latest change in any drop folder to the latest scan.

        Temporary names and files that disappeared count as changes: both mean that somebody is at work.
        """
        return max(0.0, self.scanned_at - self.changed_at)

    @property
    def awaits_time(self) -> bool:
        """Whether any file may become ready by staying as it is."""
        return any(track.status in ("settling", "waiting") for track in self.files.values())


def find_no_obstacle(_: Observation) -> Obstacle | None:
    """Report no obstacle: the default where files cannot be inspected."""
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
    """Fold one scan into the state and return the new state.

    `now` is the monotonic clock in seconds. `find_obstacle` is called only for a file that would
    otherwise settle, and returns its status and note if it must not. `unreadable_cameras` are cameras
    whose folder could not be read: what was known of their files is kept (a share that was
    disconnected has not lost its files), and while there is such a camera, nothing counts as quiet.

    A scan that finds nothing new costs almost nothing and returns the same `files` object, because
    20,000 settled files may be scanned every few seconds for as long as they stay there.
    """
    before, current = previous.files, tuple(observations)
    same_rules = previous.suffixes == rules.suffixes
    if not unreadable_cameras and same_rules and _is_unchanged(before, current):
        return SettleState(before, now, previous.changed_at, suffixes=rules.suffixes)
    files = {key: track for key, track in before.items() if key[0] in unreadable_cameras}
    for observation in current:
        key = observation.key
        files[key] = _follow_file(before.get(key), observation, now)
    same_names = same_rules and files.keys() == before.keys()
    unstable = [
        track
        for key, track in files.items()
        if key[0] not in unreadable_cameras
        and not (same_names and track.status in _STABLE_STATUSES and track is before.get(key))
    ]
    changed = bool(unreadable_cameras) or not same_names or any(track.since == now for track in unstable)
    clips = collect_clips((key for key in files if key[0] not in unreadable_cameras), rules.suffixes)
    for track in unstable:
        files[track.observation.key] = _judge_file(
            track, now, rules, clips.get(track.observation.camera, NO_CLIPS), find_obstacle
        )
    return SettleState(files, now, now if changed else previous.changed_at, suffixes=rules.suffixes)


def _is_unchanged(before: Mapping[FileKey, FileTrack], observations: tuple[Observation, ...]) -> bool:
    """Return whether a scan returned the same objects as the last one, in order, all with a stable status.

    An untouched folder is listed in the same order. If the order differs, the full comparison follows.
    """
    return len(before) == len(observations) and all(
        track.observation is observation and track.status in _STABLE_STATUSES
        for track, observation in zip(before.values(), observations, strict=True)
    )


def _follow_file(before: FileTrack | None, observation: Observation, now: float) -> FileTrack:
    """Return the track that continues `before`: of the same file, a changed file, or a new file."""
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
    clips: CardClips,
    find_obstacle: Callable[[Observation], Obstacle | None],
) -> FileTrack:
    """Return the track with its status and note. The content is not looked at again until it changes."""
    status, note = _judge_by_name(track.observation, clips)
    if status == "settling" and track.status in _INSPECTED_STATUSES:
        status, note = track.status, track.note
    elif status == "settling":
        status, note = _judge_by_time(track, now, rules, find_obstacle)
    if status == "settled" and clips.lacks_clip_of(track.observation.name):
        status, note = "refused", _CLIP_IS_ABSENT
    return replace(track, status=status, note=note)


def _judge_by_name(observation: Observation, clips: CardClips) -> tuple[FileStatus, str]:
    if refusal := observation.refusal or names.find_name_fault(observation.name):
        return "refused", refusal
    role = names.classify_name(observation.name, clips.suffixes)
    if role in (names.FileRole.TEMPORARY, names.FileRole.SYSTEM):
        return "ignored", "named like an unfinished copy: let it finish, or rename or delete it"
    if names.is_unsupported_recording(observation.name, clips.suffixes) and not clips.find_clip(
        observation.name
    ):
        return "refused", "a recording in a format that is not supported: put an MP4, MOV or WAV of it here"
    if role is names.FileRole.BESIDE and not clips.concerns_file(observation.name):
        return "ignored", "not a clip by its suffix, not a sidecar of one, and not on the card of one"
    return "settling", ""


def _judge_by_time(
    track: FileTrack, now: float, rules: SettleRules, find_obstacle: Callable[[Observation], Obstacle | None]
) -> tuple[FileStatus, str]:
    empty = track.observation.size == 0
    quiet_s, patience_s = now - track.since, _compute_patience_s(track, rules)
    if now <= track.since or quiet_s < patience_s:
        status: FileStatus = "waiting" if empty else "settling"
        prefix = "empty, " if empty else ""
        return status, f"{prefix}unchanged for {max(0.0, quiet_s):.0f} of {patience_s:.0f} s"
    return find_obstacle(track.observation) or ("settled", "empty" if empty else "")


def _compute_patience_s(track: FileTrack, rules: SettleRules) -> float:
    """Return the seconds without a change that this file needs before it can settle."""
    quiet_s = rules.compute_quiet_s(track.observation.camera)
    if track.observation.size == 0:
        return quiet_s * _EMPTY_FILE_FACTOR
    return max(quiet_s, min(_PAUSE_FACTOR * track.longest_gap_s, MAX_PATIENCE_S))
