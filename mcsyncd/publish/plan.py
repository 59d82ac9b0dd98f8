"""Every object that a session needs in the store, in the order in which they are worth having. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from mcsyncd.model.clip import Clip
from mcsyncd.model.publishing import ObjectMetadata, PlannedObject, PublishingPlan
from mcsyncd.model.rendition import ConformResult, ObjectKind, WrittenFile
from mcsyncd.publish import keys


def build_plan(
    session_id: str,
    clips: Iterable[Clip],
    *,
    conformed: Mapping[str, ConformResult],
    peaks: Mapping[str, WrittenFile],
    attached: Mapping[str, tuple[WrittenFile, ...]] = MappingProxyType({}),
) -> PublishingPlan:
    """Return the uploads of a session: proxies, sprites, peaks, originals with their files, mezzanines.

    A sidecar follows its proxy or mezzanine. In this order because an editor can begin with the
    first three while the large files are still uploading, and a mezzanine can be made again from
    its original.

    `conformed`, `peaks` and `attached` are by clip key: what conform made for the present alignment, the
    waveform to draw, and the sidecars and second copies of the clip. A clip without a digest is not
    planned: its keys would have no name.
    """
    hashed = [clip for clip in clips if clip.digest is not None]
    return PublishingPlan(
        (
            *(
                planned
                for clip in hashed
                for planned in _plan_rendition(session_id, clip, conformed, "proxy")
            ),
            *(planned for clip in hashed for planned in _plan_sprites(session_id, clip, conformed)),
            *(planned for clip in hashed for planned in _plan_peaks(session_id, clip, peaks)),
            *(planned for clip in hashed for planned in _plan_original(session_id, clip)),
            *(planned for clip in hashed for planned in _plan_attached(session_id, clip, attached)),
            *(
                planned
                for clip in hashed
                for planned in _plan_rendition(session_id, clip, conformed, "mezzanine")
            ),
        )
    )


def _plan_rendition(
    session_id: str,
    clip: Clip,
    conformed: Mapping[str, ConformResult],
    kind: Literal["mezzanine", "proxy"],
) -> Iterator[PlannedObject]:
    result = conformed.get(clip.key)
    file = result.get_rendition(kind) if result is not None else None
    if file is None or clip.digest is None:
        return
    key = keys.build_rendition_key(
        kind,
        session_id,
        clip.camera,
        source=clip.digest.sha256,
        profile=file.profile,
        profile_hash=file.profile_hash,
        sha256=file.sha256,
        name=file.path,
    )
    metadata = (*_build_metadata(clip, kind), ("mcs-profile", f"{file.profile}-{file.profile_hash[:8]}"))
    yield PlannedObject(key, kind, file.path, file.bytes, file.sha256, clip.key, metadata)
    sidecar = file.proof.sidecar
    yield _plan_file(keys.build_sidecar_key(key, sidecar.sha256), "sidecar", sidecar, clip)


def _plan_sprites(
    session_id: str, clip: Clip, conformed: Mapping[str, ConformResult]
) -> Iterator[PlannedObject]:
    result = conformed.get(clip.key)
    if result is None or result.sprites is None or clip.digest is None:
        return
    for file in result.sprites.files:
        key = keys.build_sprites_key(
            session_id, clip.camera, source=clip.digest.sha256, sha256=file.sha256, name=file.path
        )
        yield _plan_file(key, "sprites", file, clip)


def _plan_peaks(session_id: str, clip: Clip, peaks: Mapping[str, WrittenFile]) -> Iterator[PlannedObject]:
    file = peaks.get(clip.key)
    if file is None or clip.digest is None:
        return
    key = keys.build_peaks_key(session_id, clip.camera, source=clip.digest.sha256, sha256=file.sha256)
    yield _plan_file(key, "peaks", file, clip)


def _plan_original(session_id: str, clip: Clip) -> Iterator[PlannedObject]:
    if clip.digest is None:
        return
    key = keys.build_original_key(session_id, clip.camera, clip.digest.sha256, clip.name)
    metadata = (*_build_metadata(clip, "original"), ("mcs-xxh128", clip.digest.xxh128))
    yield PlannedObject(
        key, "original", clip.place, clip.digest.bytes, clip.digest.sha256, clip.key, metadata
    )


def _plan_attached(
    session_id: str, clip: Clip, attached: Mapping[str, tuple[WrittenFile, ...]]
) -> Iterator[PlannedObject]:
    for file in attached.get(clip.key, ()):
        key = keys.build_original_key(session_id, clip.camera, file.sha256, file.path)
        yield _plan_file(key, "attached", file, clip)


def _plan_file(key: str, kind: ObjectKind, file: WrittenFile, clip: Clip) -> PlannedObject:
    return PlannedObject(key, kind, file.path, file.bytes, file.sha256, clip.key, _build_metadata(clip, kind))


def _build_metadata(clip: Clip, kind: ObjectKind) -> ObjectMetadata:
    source = clip.digest.sha256[:16] if clip.digest is not None else ""
    return ("mcs-kind", kind), ("mcs-camera", clip.camera), ("mcs-src", source)
