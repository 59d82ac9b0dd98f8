"""Files that were recorded at once by one device: the mono files of a take, P2's picture and sound. Pure.

They are one clip to the sync: one of them, the leader, is placed with the sound of all, and the
others lie beside it. Without this they would push each other out, as one camera cannot record twice at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from posixpath import splitext

from mcsyncd.model.alignment import Alignment, AngleMatch
from mcsyncd.model.clip import Clip, Media

_MAX_LENGTH_GAP_US = 1_000
"""Microseconds by which the lengths of such files may differ, and their clocks. Judgement: they are equal
to the sample; container times are rounded to a millisecond. Larger, takes pass for parallel files; smaller,
such rounding tears them apart."""

_TRACK_STEM = re.compile(r"(.+)[-_ .](tr\d{1,2}|trlr|trmic|lr|mic|ch\d{1,2}|[lr])(-\d{4})?")
"""Stem of a mono file: a take's own name, the track, and the number of a part (`ZOOM0001_Tr1-0002`). A bare
number is none: it counts takes and parts as well."""

_P2_SOUND = re.compile(r"(.*contents/)audio/([0-9a-z]{6})\d\d")
"""Stem of a Panasonic P2 sound file: `AUDIO/0001AB00.MXF` beside `VIDEO/0001AB.MXF`."""

_LENS = re.compile(r"(.*vid_.+)_(\d\d)_(\d{3})")
"""Stem of the files of Insta360's lenses: `VID_20261124_150000_00_001` and `…_10_001`."""


def find_parallels(clips: Sequence[Clip]) -> dict[str, str]:
    """Return the key of the leader of every clip that was recorded beside one, by the clip's key.

    The leader is the file with the picture, else the first by name; it is not in the mapping.
    """
    groups: dict[tuple[str, ...], list[Clip]] = {}
    for clip in sorted(clips, key=lambda one: (one.media is None or one.media.video is None, one.name)):
        for name in _list_group_names(clip):
            groups.setdefault(name, []).append(clip)
    leaders: dict[str, str] = {}
    for group in groups.values():
        for number, clip in enumerate(group):
            if clip.key in leaders:
                continue
            leader = next((one for one in group[:number] if _is_parallel(one, clip)), None)
            if leader is not None:
                leaders[clip.key] = leaders.get(leader.key, leader.key)
    return leaders


def _list_group_names(clip: Clip) -> list[tuple[str, ...]]:
    """Return the names under which a clip may be one of several files that were recorded at once."""
    media = clip.media
    if media is None:
        return []
    stem, suffix = splitext(clip.name.casefold())
    folder, _, base = stem.rpartition("/")
    names: list[tuple[str, ...]] = []
    if media.notes is not None and media.notes.family and media.notes.set_files != 1:
        names.append((clip.camera, "family", media.notes.family))
    if suffix == ".mxf":
        sound = _P2_SOUND.fullmatch(stem)
        names.append((clip.camera, "p2", f"{sound[1]}video/{sound[2]}" if sound else stem))
    if lens := _LENS.fullmatch(stem):
        names.append((clip.camera, "lens", lens[1], lens[3]))
    if media.video is None and (track := _TRACK_STEM.fullmatch(base)):
        names.append((clip.camera, suffix, folder, track[1], track[3] or ""))
    return names


def _is_parallel(leader: Clip, clip: Clip) -> bool:
    """Return whether two files of one group are equally long, and no clock of theirs contradicts."""
    one, other = leader.media, clip.media
    if one is None or other is None or abs(one.duration_us - other.duration_us) > _MAX_LENGTH_GAP_US:
        return False
    same_times = one.recorded_at == other.recorded_at or None in {one.recorded_at, other.recorded_at}
    return same_times and _has_same_reference(one, other)


def _has_same_reference(one: Media, other: Media) -> bool:
    ours, theirs = one.time_reference_us, other.time_reference_us
    return ours is None or theirs is None or abs(ours - theirs) <= _MAX_LENGTH_GAP_US


def place_parallels(alignment: Alignment, leaders: Mapping[str, str]) -> Alignment:
    """Return the alignment of the leaders with every other file beside its own."""
    return replace(alignment, angles=tuple(_place_beside(angle, leaders) for angle in alignment.angles))


def _place_beside(angle: AngleMatch, leaders: Mapping[str, str]) -> AngleMatch:
    beside = [(key, leader) for key, leader in leaders.items() if leader.partition("/")[0] == angle.camera]
    placements = list(angle.placements)
    for key, leader in beside:
        at = next((n for n, one in enumerate(placements) if f"{angle.camera}/{one.clip}" == leader), None)
        if at is not None:
            found = replace(placements[at], clip=key.partition("/")[2], parallel_to=placements[at].clip)
            placements.insert(at + 1, found)
    return replace(angle, placements=tuple(placements))
