"""Every object that a session needs in the store, in the order in which they are worth having. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.clip import Clip
from mcsyncd.model.rendition import ConformResult, ObjectKind, Rendition, WrittenFile
from mcsyncd.model.session import Session
from mcsyncd.publish import keys

ObjectMetadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """One file and where it goes. `path` is relative to the work folder, `clip` a clip's key.

    `facts` are kept with the object, ASCII, a few hundred bytes: enough to tell what an object
    is when only the bucket is left. No name of a file is among them.
    """

    key: str
    kind: ObjectKind
    path: str
    bytes: int
    sha256: str
    clip: str
    metadata: ObjectMetadata


def plan_objects(
    session: Session, *, conformed: Mapping[str, ConformResult], peaks: Mapping[str, WrittenFile]
) -> tuple[PlannedObject, ...]:
    """Return the uploads of a session: proxies, sprites, peaks, originals, mezzanines.

    A sidecar follows its proxy or mezzanine.

    In this order because an editor can begin with the first three while the large files are still
    on their way, and a mezzanine can be made again from its original. `conformed` and `peaks` are
    by clip key: what conform made under the present answer, and the waveform to draw. A clip
    without a digest is not planned: its key would have no name.
    """
    hashed = [clip for clip in session.clips if clip.digest is not None]
    found = [
        *(one for clip in hashed for one in _plan_renditions(session.id, clip, conformed, "proxy")),
        *(one for clip in hashed for one in _plan_sprites(session.id, clip, conformed)),
        *(one for clip in hashed for one in _plan_peaks(session.id, clip, peaks)),
        *(one for clip in hashed for one in _plan_original(session.id, clip)),
        *(one for clip in hashed for one in _plan_renditions(session.id, clip, conformed, "mezzanine")),
    ]
    first: dict[str, PlannedObject] = {}
    for one in found:
        first.setdefault(one.key, one)  # the same recording twice on a card is stored once
    return tuple(first.values())


def build_original_key(session_id: str, clip: Clip) -> str | None:
    """Return the key of a clip's original, or None while it has no hash."""
    if clip.digest is None:
        return None
    return keys.build_original_key(session_id, clip.camera, clip.digest.sha256, clip.name)


def build_rendition_key(
    session_id: str, clip: Clip, made: ConformResult | None, kind: Literal["mezzanine", "proxy"]
) -> str | None:
    """Return the key of a clip's mezzanine or proxy, or None where there is none."""
    file = made.get_rendition(kind) if made is not None else None
    if file is None or clip.digest is None:
        return None
    return keys.build_rendition_key(
        kind,
        session_id,
        clip.camera,
        source=clip.digest.sha256,
        profile=file.profile,
        profile_hash=file.profile_hash,
        sha256=file.sha256,
        name=file.path,
    )


def build_sidecar_key(rendition: str, file: Rendition) -> str:
    """Return the key of the sidecar of a rendition whose own key is `rendition`."""
    return keys.build_sidecar_key(rendition, file.proof.sidecar.sha256)


def build_peaks_key(session_id: str, clip: Clip, found: WrittenFile | None) -> str | None:
    """Return the key of a clip's peaks, or None where there are none."""
    if clip.digest is None or found is None:
        return None
    return keys.build_peaks_key(session_id, clip.camera, source=clip.digest.sha256, sha256=found.sha256)


def build_sprite_key(session_id: str, camera: str, source: str, file: WrittenFile) -> str:
    """Return the key of one file of a clip's thumbnails; `source` is the original's sha256."""
    return keys.build_sprites_key(session_id, camera, source=source, sha256=file.sha256, name=file.path)


def _plan_renditions(
    session_id: str, clip: Clip, conformed: Mapping[str, ConformResult], kind: Literal["mezzanine", "proxy"]
) -> Iterator[PlannedObject]:
    made = conformed.get(clip.key)
    file = made.get_rendition(kind) if made is not None else None
    key = build_rendition_key(session_id, clip, made, kind)
    if file is None or key is None:
        return
    facts = (*_build_metadata(clip, kind), ("mcs-profile", f"{file.profile}-{file.profile_hash[:8]}"))
    yield PlannedObject(key, kind, file.path, file.bytes, file.sha256, clip.key, facts)
    sidecar, facts = file.proof.sidecar, _build_metadata(clip, "sidecar")
    sidecar_key = build_sidecar_key(key, file)
    yield PlannedObject(sidecar_key, "sidecar", sidecar.path, sidecar.bytes, sidecar.sha256, clip.key, facts)


def _plan_sprites(
    session_id: str, clip: Clip, conformed: Mapping[str, ConformResult]
) -> Iterator[PlannedObject]:
    made = conformed.get(clip.key)
    if made is None or made.sprites is None or clip.digest is None:
        return
    for file in made.sprites.files:
        key = build_sprite_key(session_id, clip.camera, clip.digest.sha256, file)
        facts = _build_metadata(clip, "sprites")
        yield PlannedObject(key, "sprites", file.path, file.bytes, file.sha256, clip.key, facts)


def _plan_peaks(session_id: str, clip: Clip, peaks: Mapping[str, WrittenFile]) -> Iterator[PlannedObject]:
    found = peaks.get(clip.key)
    key = build_peaks_key(session_id, clip, found)
    if key is None or found is None:
        return
    facts = _build_metadata(clip, "peaks")
    yield PlannedObject(key, "peaks", found.path, found.bytes, found.sha256, clip.key, facts)


def _plan_original(session_id: str, clip: Clip) -> Iterator[PlannedObject]:
    key = build_original_key(session_id, clip)
    if key is None or clip.digest is None:
        return
    facts = (*_build_metadata(clip, "original"), ("mcs-xxh128", clip.digest.xxh128))
    yield PlannedObject(key, "original", clip.path, clip.digest.bytes, clip.digest.sha256, clip.key, facts)


def _build_metadata(clip: Clip, kind: ObjectKind) -> ObjectMetadata:
    source = clip.digest.sha256[:16] if clip.digest is not None else ""
    return ("mcs-kind", kind), ("mcs-camera", clip.camera), ("mcs-src", source)
