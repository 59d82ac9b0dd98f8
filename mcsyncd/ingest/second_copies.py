"""Which of a camera's clips are second copies of others: proxies, backups and mirrored slots. Pure.

A second copy is no second take: taken as one, it would sync with its clip, perfectly and uselessly, or
push it out. But a take must never pass for a copy. So a name alone decides only where a maker's own
folder or suffix says it; where both durations are known they must agree, and what is the same by its
name only must prove it by its duration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from posixpath import splitext

from mcsyncd.ingest.cards import compute_stem
from mcsyncd.ingest.fingerprint import SampledFile
from mcsyncd.ingest.names import AUDIO_SUFFIXES
from mcsyncd.model.clip import DropFile

MAX_DURATION_GAP_US = 1_000_000
"""Microseconds by which the durations of a clip and its second copy may differ. Judgement: a proxy has the
frames of its clip, a backup recorder starts and stops within half a second. Larger, a take of nearly the
same length passes for a copy; smaller, backups are taken as takes."""

_COPY_FOLDER = re.compile(r"sub|prox(y|ies)\d*")
"""Folders in which cameras keep proxies, in lower case: Sony's `SUB` (beside `CLIP`) and the `Proxy`
folders of others, within the folder of the clips or beside it. `SUB` may also be somebody's own folder."""

_SUB_STEM = re.compile(r"(.+)s\d\d")
"""Stem of Sony's proxy: `SUB/C0001S03.MP4` of `CLIP/C0001.MP4`."""

_COPY_STEM = re.compile(r"(.+)[ _.-](proxy|lrv|lrf|bu)")
"""Stem of a copy in the folder of its clip: `A001_Proxy.MOV` of `A001.MOV`, and Zoom's backup
`ZOOM0001_BU.WAV`."""

_INSTA360_STEM = re.compile(r"lrv_(.+)_\d\d_(\d{3})")
"""Stem of Insta360's proxy: `LRV_20261124_150000_11_001.insv` of `VID_20261124_150000_00_001.insv`."""


def attach_copies(files: Iterable[SampledFile]) -> tuple[DropFile, ...]:
    """Return the files, in their order, with every second copy attached to its clip.

    What is attached to a copy is attached to its clip, too.
    """
    files = tuple(files)
    by_camera: dict[str, list[SampledFile]] = {}
    for one in files:
        if one.file.kind == "clip":
            by_camera.setdefault(one.file.camera, []).append(one)
    mains = {camera: _find_mains(clips) for camera, clips in by_camera.items()}
    return tuple(_attach_file(one.file, mains.get(one.file.camera, {})) for one in files)


def _attach_file(file: DropFile, mains: Mapping[str, str]) -> DropFile:
    if file.kind == "clip":
        main = mains.get(file.name)
        return file if main is None else replace(file, kind="copy", attached_to=main)
    main = mains.get(file.attached_to)
    return file if main is None else replace(file, attached_to=main)


def _find_mains(clips: Sequence[SampledFile]) -> dict[str, str]:
    """Return the clip of each second copy among one camera's clips, by name."""
    ordered = sorted(clips, key=lambda one: one.file.name)
    by_base: dict[str, list[SampledFile]] = {}
    for one in ordered:
        by_base.setdefault(_split_stem(one.file.name)[1], []).append(one)
    direct = {one.file.name: main for one in ordered if (main := _find_main(one, by_base)) is not None}
    return {name: _follow_chain(name, direct) for name in direct}


def _follow_chain(name: str, direct: Mapping[str, str]) -> str:
    """Return the clip at the end of a chain of copies of copies. It ends: every step is to another rank."""
    seen = {name}
    while name in direct and direct[name] not in seen:
        name = direct[name]
        seen.add(name)
    return name


def _find_main(one: SampledFile, by_base: Mapping[str, Sequence[SampledFile]]) -> str | None:
    found = sorted(_list_mains(one, by_base), key=lambda main: _rank_file(main.file))
    folders = {_split_stem(main.file.name)[0] for main in found}
    return found[-1].file.name if len(folders) == 1 else _find_mirrored(one, by_base)


def _list_mains(one: SampledFile, by_base: Mapping[str, Sequence[SampledFile]]) -> Iterator[SampledFile]:
    """Yield the clips of which this one is a proxy or a backup."""
    folder, base = _split_stem(one.file.name)
    for main_base in _list_main_bases(folder, base):
        for main in by_base.get(main_base, ()):
            if main is not one and _is_copy_of(one, main, certain_name=main_base != base):
                yield main


def _list_main_bases(folder: str, base: str) -> list[str]:
    bases = [base]
    if _is_copy_folder(folder) and (sub := _SUB_STEM.fullmatch(base)):
        bases.append(sub[1])
    if copy := _COPY_STEM.fullmatch(base):
        bases.append(copy[1])
    if insta360 := _INSTA360_STEM.fullmatch(base):
        bases.append(f"vid_{insta360[1]}_00_{insta360[2]}")
    return bases


def _is_copy_of(one: SampledFile, main: SampledFile, *, certain_name: bool) -> bool:
    """Return whether a file is a proxy or a backup of another, whose name allows it."""
    folder, main_folder = _split_stem(one.file.name)[0], _split_stem(main.file.name)[0]
    if _is_copy_folder(folder):
        root = folder.rpartition("/")[0]
        near = main_folder == root or main_folder.rpartition("/")[0] == root
        certain = certain_name or not folder.endswith("sub")
        return near and not _is_copy_folder(main_folder) and _has_same_duration(one, main, unknown=certain)
    if folder != main_folder:
        return False
    if certain_name:
        return _has_same_duration(one, main, unknown=True)
    ranks_below = _rank_file(one.file) < _rank_file(main.file)
    # Two files of one name and suffix differ in case or in the form of an accent: two takes.
    return ranks_below and not _has_same_suffix(one, main) and _has_same_duration(one, main, unknown=False)


def _find_mirrored(one: SampledFile, by_base: Mapping[str, Sequence[SampledFile]]) -> str | None:
    """Return the first file with the same name and content in another folder: the other slot's."""
    folder, base = _split_stem(one.file.name)
    for other in by_base.get(base, ()):
        if other is one:
            return None
        elsewhere = _split_stem(other.file.name)[0] != folder and _has_same_suffix(one, other)
        if elsewhere and _has_same_content(one.file, other.file):
            return other.file.name
    return None


def _has_same_content(one: DropFile, other: DropFile) -> bool:
    """Return whether the samples say so; nothing is said of empty files and of those that were not read."""
    return one.bytes == other.bytes > 0 and one.sample == other.sample != ""


def _rank_file(file: DropFile) -> tuple[bool, int, str]:
    """Return a key by which a clip comes after its copies: it has a picture, and is the largest."""
    return _has_picture(file), file.bytes, file.name


def _has_same_suffix(one: SampledFile, other: SampledFile) -> bool:
    return splitext(one.file.name)[1].lower() == splitext(other.file.name)[1].lower()


def _has_picture(file: DropFile) -> bool:
    return splitext(file.name)[1].lower() not in AUDIO_SUFFIXES


def _has_same_duration(one: SampledFile, main: SampledFile, *, unknown: bool) -> bool:
    """Return whether two files are equally long; `unknown` where one does not say how long it is."""
    if one.duration_us is None or main.duration_us is None:
        return unknown
    return abs(one.duration_us - main.duration_us) <= MAX_DURATION_GAP_US


def _is_copy_folder(folder: str) -> bool:
    return _COPY_FOLDER.fullmatch(folder.rpartition("/")[2]) is not None


def _split_stem(name: str) -> tuple[str, str]:
    """Return the folder and the base of a file's stem."""
    folder, _, base = compute_stem(name).rpartition("/")
    return folder, base
