"""What the hash lists in the drop folders ask of the files beside them, and what becomes of these. Pure.

A file that is what its list says is complete, whatever the time: it settles at once. One that differs, one
that is missing, and a list that is damaged hold the seal, because no later step could tell.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from posixpath import basename, splitext
from types import MappingProxyType

from mcsyncd.ingest.names import FileRole, classify_name, is_unfinished_clip
from mcsyncd.ingest.observation import FileKey, Observation
from mcsyncd.ingest.settle import FileStatus, FileTrack, SettleState
from mcsyncd.integrity.hash_list import ListedFile, ListedHash
from mcsyncd.model.clip import Digest
from mcsyncd.model.hash_check import HashAlgorithm, HashCheck
from mcsyncd.model.text import escape_text, normalize_name

_NOT_HERE = "{} lists it, and it is not here: copy it from the card"
_NOT_RECORDED = (
    "{0} lists it, and it is not here: copy it from the card; if it is not there either, delete {0}"
)
_DIFFERS = "not what {} says ({}): copy it again from the card; if the list is of another card, remove that"
_SHORT = "{} of {} bytes, says {}: still being copied, or the copy broke off; copy it again"
_DAMAGED = "cannot be used as a hash list: {}; copy it again from the card"
_VERIFIED = "what {} says ({})"
_COMPARED = "being compared with {}"


@dataclass(frozen=True, slots=True)
class PlacedList:
    """A list in a drop folder: `name` is its path below the camera's folder, or its chain's.

    The names of its `files` are below the camera's folder, too. `fault` says why it cannot be used. `parts`
    are the names of its own files, which no list can vouch for. A `sealed_form` cannot be read before it is
    whole: XML. An `is_index` lists the clips of a card, oldest first, and no hashes.
    """

    camera: str
    name: str
    files: tuple[ListedFile, ...] = ()
    fault: str = ""
    parts: frozenset[str] = frozenset()
    sealed_form: bool = False
    is_index: bool = False

    @property
    def vouches_for_card(self) -> bool:
        """Whether it lists a card, and is not named after the one file that it lists."""
        stem = splitext(basename(self.name))[0].casefold()
        bases = {basename(file.name).casefold() for file in self.files}
        return not all(stem in {base, splitext(base)[0]} for base in bases)


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A file in a drop folder, hashed: what it was then, and its hashes by algorithm.

    `failure` says why it could not be read. `has_shortfall` tells that its container lacks something.
    """

    identity: tuple[int, int, int, int, int]
    digest: Digest | None = None
    hashes: Mapping[HashAlgorithm, str] = field(default_factory=lambda: MappingProxyType({}))
    has_shortfall: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one list says of one file."""

    hash_list: PlacedList
    bytes: int | None
    hash: ListedHash | None


_Named = tuple[FileKey, ListedFile]
"""A file of a list with its key, whose name is in one form."""


def collect_demands(files: Iterable[FileKey], lists: Iterable[PlacedList]) -> dict[FileKey, list[Demand]]:
    """Return what the lists say of files, by camera and name, also of those that are not there.

    A name is compared in one form (`normalize_name`); the key of one that is there is its own. A list none of
    whose files is there says nothing: its card was taken in before. An index asks only for what is not there.
    """
    here = {(camera, normalize_name(name)): (camera, name) for camera, name in files}
    demands: dict[FileKey, list[Demand]] = {}
    for one in lists:
        named = [
            ((one.camera, normalize_name(file.name)), file)
            for file in one.files
            if file.name not in one.parts
        ]
        for key, file in _list_missed(named, here) if one.is_index else _list_asked(named, here):
            demands.setdefault(here.get(key, key), []).append(Demand(one, file.bytes, file.best_hash))
    return demands


def _list_asked(named: list[_Named], here: Container[FileKey]) -> list[_Named]:
    return named if any(key in here for key, _ in named) else []


def _list_missed(named: list[_Named], here: Iterable[FileKey]) -> list[_Named]:
    """Return the clips of an index that are not here, from the first on that is.

    Those before it were taken in earlier: whoever records on and copies only what is new brings the index of
    all. The case of names is that of FAT: none.
    """
    known = {_fold_key(key) for key in here}
    is_here = [_fold_key(key) in known for key, _ in named]
    first = is_here.index(True) if True in is_here else len(named)
    return [one for one, found in zip(named[first:], is_here[first:], strict=True) if not found]


def _fold_key(key: FileKey) -> FileKey:
    return key[0], key[1].casefold()


def list_due_hashes(
    state: SettleState,
    demands: Mapping[FileKey, Iterable[Demand]],
    hashed: Mapping[FileKey, HashedFile],
) -> list[tuple[Observation, frozenset[HashAlgorithm]]]:
    """Return the files that have to be hashed for their lists, with the algorithms, in order of their names.

    Only what has not changed since the scan before, and has the size that its lists say: the rest is still
    being copied.
    """
    due = []
    for key in sorted(demands.keys() & state.files.keys()):
        track, wanted = state.files[key], tuple(demands[key])
        if track.status in ("ignored", "refused") or track.since >= state.scanned_at:
            continue
        sizes = {demand.bytes for demand in wanted if demand.bytes is not None}
        algorithms = frozenset(demand.hash.algorithm for demand in wanted if demand.hash is not None)
        if sizes <= {track.observation.size} and not _is_hashed(
            track.observation, algorithms, hashed.get(key)
        ):
            due.append((track.observation, algorithms))
    return due


def _is_hashed(file: Observation, algorithms: frozenset[HashAlgorithm], known: HashedFile | None) -> bool:
    if known is None or known.identity != file.identity:
        return False
    return bool(known.failure) or algorithms <= known.hashes.keys()


def apply_hash_lists(
    state: SettleState,
    lists: Iterable[PlacedList],
    demands: Mapping[FileKey, Iterable[Demand]],
    hashed: Mapping[FileKey, HashedFile],
) -> SettleState:
    """Return the state with what the hash lists say of the files.

    `state` is as time alone has it, and stays the one that the next scan goes on from.
    """
    lists = tuple(lists)
    if not lists:
        return state
    files, busy = dict(state.files), _list_busy_cameras(state)
    for one in lists:
        _judge_list(files, one)
    for key, wanted in demands.items():
        track = files.get(key)
        if track is None:
            _note_absent_file(files, key, tuple(wanted), state, busy)
        elif track.status not in ("ignored", "refused"):
            files[key] = _judge_listed_file(track, tuple(wanted), hashed.get(key))
    return replace(state, files=files, is_proven=_is_proven(files, state, demands))


def _judge_list(files: dict[FileKey, FileTrack], one: PlacedList) -> None:
    """Hold a list that is damaged; settle at once one that could not have been read before it was whole."""
    for name in {one.name} if one.fault else one.parts:
        key = (one.camera, name)
        track = files.get(key)
        if track is None:
            continue
        if one.fault:
            files[key] = _hold_if_quiet(track, "incomplete", _DAMAGED.format(one.fault))
        elif one.sealed_form and track.status == "settling":
            files[key] = replace(track, status="settled", note="")


def _list_busy_cameras(state: SettleState) -> frozenset[str]:
    """Return the cameras to whose folder something is still being copied."""
    return frozenset(
        camera
        for (camera, name), track in state.files.items()
        if track.status in ("settling", "waiting") or is_unfinished_clip(name, state.suffixes)
    )


def _note_absent_file(
    files: dict[FileKey, FileTrack],
    key: FileKey,
    wanted: tuple[Demand, ...],
    state: SettleState,
    busy: Container[str],
) -> None:
    """Let a clip that is not here hold the seal, as if it lay there and could not be taken.

    Another file that is not here holds nothing: lists name what systems hide, and what a copy leaves behind.
    Nor does what an index alone lists, as long as files arrive: it is copied in the middle of its card.
    """
    by_index = all(demand.hash_list.is_index for demand in wanted)
    if classify_name(key[1], state.suffixes) is FileRole.CLIP and not (by_index and key[0] in busy):
        why = (_NOT_RECORDED if by_index else _NOT_HERE).format(escape_text(wanted[0].hash_list.name))
        absent = Observation(key[0], key[1], 0, 0, 0, 0, 0, refusal=why)
        files[key] = FileTrack(absent, state.scanned_at, status="incomplete", note=why)


def _judge_listed_file(track: FileTrack, wanted: tuple[Demand, ...], known: HashedFile | None) -> FileTrack:
    size = track.observation.size
    for demand in wanted:
        if demand.bytes not in (None, size):
            note = _SHORT.format(size, demand.bytes, escape_text(demand.hash_list.name))
            return _hold_if_quiet(track, "incomplete", note)
    if known is not None and known.identity == track.observation.identity:
        if known.failure:
            return _hold_if_quiet(track, "incomplete", known.failure)
        if (checks := _compare_hashes(wanted, known)) is not None:
            return _apply_checks(replace(track, checks=checks), known)
    return _hold_if_quiet(track, "settling", _COMPARED.format(escape_text(wanted[0].hash_list.name)))


def _apply_checks(track: FileTrack, known: HashedFile) -> FileTrack:
    failed = next((one for one in track.checks if one.verdict == "failed"), None)
    if failed is not None:
        note = _DIFFERS.format(escape_text(failed.hash_list), failed.algorithm)
        return _hold_if_quiet(track, "incomplete", note)
    if track.checks and track.status in ("settling", "waiting") and not known.has_shortfall:
        track = replace(track, status="settled")
    if track.checks and track.status == "settled":
        first = track.checks[0]
        track = replace(track, note=_VERIFIED.format(escape_text(first.hash_list), first.algorithm))
    return track


def _hold_if_quiet(track: FileTrack, status: FileStatus, note: str) -> FileTrack:
    """Return the track with a status that keeps it from settling; one that is still changing has its own."""
    return replace(track, status=status, note=note) if track.status == "settled" else track


def _compare_hashes(wanted: tuple[Demand, ...], known: HashedFile) -> tuple[HashCheck, ...] | None:
    """Return what comes of each list; None while a hash that one gives has not been taken."""
    asked = [(demand.hash_list.name, demand.hash) for demand in wanted if demand.hash is not None]
    if any(one.algorithm not in known.hashes for _, one in asked):
        return None
    return tuple(
        HashCheck(name, one.algorithm, "verified" if known.hashes[one.algorithm] in one.values else "failed")
        for name, one in asked
    )


def _is_proven(
    files: Mapping[FileKey, FileTrack], state: SettleState, demands: Mapping[FileKey, Iterable[Demand]]
) -> bool:
    """Tell whether every clip is there and proven by a list of its card that is itself whole."""
    if any(classify_name(key[1], state.suffixes) is FileRole.CLIP for key in demands.keys() - files.keys()):
        return False  # an index lists more than has come yet
    clips = [track for key, track in files.items() if classify_name(key[1], state.suffixes) is FileRole.CLIP]
    return bool(clips) and all(
        track.status == "settled"
        and any(_is_whole(demand.hash_list, state) for demand in demands.get(track.observation.key, ()))
        for track in clips
    )


def _is_whole(one: PlacedList, state: SettleState) -> bool:
    """Tell whether a list of a card is all there: it could not be read before, or it has settled."""
    track = state.files.get((one.camera, one.name))
    return one.vouches_for_card and (one.sealed_form or (track is not None and track.status == "settled"))
