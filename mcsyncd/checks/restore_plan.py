"""From a published manifest to the files of its session: which object goes where. Pure.

The names in a manifest come from cameras, and the manifest from a store: neither leads out of the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from mcsyncd.ingest.names import find_name_fault
from mcsyncd.publish.keys import is_valid_key
from mcsyncd.publish.manifest_reader import translate_manifest_error

RestoredKind = Literal["originals", "mezzanines", "proxies", "peaks", "sprites"]
KINDS: tuple[RestoredKind, ...] = ("originals", "mezzanines", "proxies", "peaks", "sprites")
"""What can be restored by itself. Attached files belong to the originals, sidecars to their renditions."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_MTIME_NS = 1 << 62
"""Largest time of a file that is set, in nanoseconds from 1970: about the year 2116. Judgement: the system
refuses what does not fit 64 bits, and no camera was there."""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """An object and its place, relative to the folder. `mtime_ns` is None where nobody recorded it."""

    path: str
    key: str
    bytes: int
    sha256: str
    mtime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """The files, in the order of the manifest, and a sentence for each that has no safe place."""

    files: tuple[PlannedFile, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _NamedObject:
    """Part of a manifest that describes an object, and the path that its clip's name gives it."""

    kind: RestoredKind
    path: str
    document: Mapping[str, Any]


def plan_restore(manifest: Mapping[str, Any], only: frozenset[RestoredKind] = frozenset()) -> RestorePlan:
    """Return where each object of a manifest goes; `only` limits it to these kinds.

    Originals and what is attached to them lie as in the work folder (`original/CAMERA/NAME`), everything
    else by the name of its clip. Raises McsyncError for a document that is no manifest.
    """
    places = _Places()
    files, refused = [], []
    with translate_manifest_error():
        for one in _iterate_objects(manifest):
            if only and one.kind not in only:
                continue
            fault = places.find_fault(one.path) or _find_object_fault(one.document)
            if fault:
                refused.append(f"{one.path}: {fault}")
            else:
                places.take(one.path)
                files.append(_build_file(one))
    return RestorePlan(tuple(files), tuple(refused))


class _Places:
    """The names that are taken so far, of files and of the folders above them."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def find_fault(self, path: str) -> str:
        """Return why a file cannot have this path; empty if it can."""
        if fault := find_name_fault(path):
            return fault
        if path.endswith(".part"):
            return "the name is that of an unfinished file"
        if path in self._files:
            return "another file of the session has the same name"
        if path in self._folders or any(folder in self._files for folder in _list_folders(path)):
            return "another file of the session has the name of its folder"
        return ""

    def take(self, path: str) -> None:
        """Remember a file's path."""
        self._files.add(path)
        self._folders.update(_list_folders(path))


def _list_folders(path: str) -> list[str]:
    return [str(folder) for folder in PurePosixPath(path).parents]


def _iterate_objects(manifest: Mapping[str, Any]) -> Iterator[_NamedObject]:
    for camera in manifest["cameras"]:
        for clip in camera["clips"]:
            yield from _iterate_clip(str(camera["id"]), str(clip["name"]), clip)


def _iterate_clip(camera: str, name: str, clip: Mapping[str, Any]) -> Iterator[_NamedObject]:
    """Yield the objects of a clip. A derived file keeps the clip's whole name: A1.MOV and A1.MP4 are two."""
    if (original := clip["original"]) is not None:
        yield _NamedObject("originals", f"original/{camera}/{name}", original)
    for attached in clip.get("attached", ()):
        yield _NamedObject("originals", f"original/{camera}/{attached['name']}", attached)
    yield from _iterate_rendition("mezzanines", f"mezzanine/{camera}/{name}", clip["mezzanine"])
    yield from _iterate_rendition("proxies", f"proxy/{camera}/{name}", clip["proxy"])
    if (peaks := clip["peaks"]) is not None:
        yield _NamedObject("peaks", f"peaks/{camera}/{name}{_get_suffix(peaks)}", peaks)
    if (sprites := clip["sprites"]) is not None:
        for found in (
            *sprites["sheets"],
            sprites,
        ):  # the track names the sheets by the last part of their keys
            last = str(found["key"]).rpartition("/")[2]
            yield _NamedObject("sprites", f"sprites/{camera}/{name}/{last}", found)


def _iterate_rendition(
    kind: RestoredKind, stem: str, rendition: Mapping[str, Any] | None
) -> Iterator[_NamedObject]:
    if rendition is not None:
        path = f"{stem}{_get_suffix(rendition)}"
        yield _NamedObject(kind, path, rendition)
        if (sidecar := rendition["sidecar"]) is not None:
            yield _NamedObject(kind, f"{path}.json", sidecar)


def _get_suffix(document: Mapping[str, Any]) -> str:
    return PurePosixPath(str(document["key"])).suffix


def _find_object_fault(document: Mapping[str, Any]) -> str:
    """Return why no object can be fetched by what the manifest says of it; empty if one can."""
    key, size, sha256 = document["key"], document["bytes"], document["sha256"]
    if not is_valid_key(str(key)):
        return "its key is none of ours"
    if type(size) is not int or size < 0 or not _SHA256.fullmatch(str(sha256)):
        return "its size or its sha256 is not recorded"
    return ""


def _build_file(one: _NamedObject) -> PlannedFile:
    found = one.document
    mtime_ns = found.get("mtime_ns")
    is_time = type(mtime_ns) is int and abs(mtime_ns) < _MAX_MTIME_NS
    return PlannedFile(
        one.path, str(found["key"]), found["bytes"], str(found["sha256"]), mtime_ns if is_time else None
    )
