"""The one file that later phases read: what a session is, where its files are, how they lie. Pure.

Times are integers (microseconds, or ticks of the session's rate) and rates are pairs of
integers, never floats: 29.97 as a float is 3.6 ms off after an hour. Drift is a number, as it
is a property and not a time. docs/manifest.md says what each field is for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mcsyncd.errors import McsyncError
from mcsyncd.model.alignment import Alignment, AngleMatch, Placement
from mcsyncd.model.clip import Camera, Clip
from mcsyncd.model.rate import Rate, split_offset
from mcsyncd.model.reason import build_reason_document
from mcsyncd.model.rendition import ConformResult, Rendition, WrittenFile
from mcsyncd.model.session import ProfileRef, Session
from mcsyncd.publish import keys
from mcsyncd.publish.media_documents import (
    Document,
    build_media_document,
    build_rate_pair,
    build_rendition_document,
    build_report_document,
)
from mcsyncd.publish.plan import (
    build_original_key,
    build_peaks_key,
    build_rendition_key,
    build_sidecar_key,
    build_sprite_key,
)

SCHEMA_VERSION = "1.2.0"
"""Version of the manifest's form. A reader accepts unknown fields and refuses a higher major."""
PEAKS_FORMAT = "audiowaveform-2"
"""What a waveform is written in: the binary form of audiowaveform, version 2."""


@dataclass(frozen=True, slots=True)
class _ManifestInputs:
    """What every part of the document may need, beside the thing it describes."""

    session_id: str
    rate: Rate
    conformed: Mapping[str, ConformResult]
    peaks: Mapping[str, WrittenFile]
    profiles: Mapping[str, Document]
    labels: Mapping[str, str]


def build_manifest(
    session: Session,
    *,
    conformed: Mapping[str, ConformResult],
    peaks: Mapping[str, WrittenFile],
    chain_head: str,
    versions: Mapping[str, str],
    generated_at: str,
) -> Document:
    """Return the manifest of a session's present revision as a JSON document.

    `conformed` and `peaks` are by clip key, as for `plan`. `chain_head` is the hash of the last
    event that the manifest knows of, `versions` are those of the tool and its encoders,
    `generated_at` is UTC in ISO 8601. Equal arguments give equal bytes (see `canonical`).

    Raises McsyncError for a session that has no answer yet.
    """
    terms, found, rate = session.terms, session.alignment, session.rate
    if terms is None or found is None or rate is None:
        raise McsyncError(f"{session.id} has no offsets yet", "wait until it is synced and approved")
    profiles = {"mezzanine": _build_profile(terms.mezzanine), "proxy": _build_profile(terms.proxy)}
    labels = {camera.key: camera.label for camera in terms.cameras}
    material = _ManifestInputs(session.id, rate, conformed, peaks, profiles, labels)
    angles = {angle.camera: angle for angle in found.angles}
    return {
        "schema": SCHEMA_VERSION,
        "generated_at": generated_at,
        "session": {"id": session.id, "opened_at": session.opened_at},
        "revision": session.revision,
        "previous": _build_previous(session),
        "rate": build_rate_pair(rate),
        "reference": found.reference,
        "origin": _build_origin(session, found),
        "cameras": [
            _build_camera(
                camera, session.clips, angles.get(camera.key, AngleMatch(camera.key, (), 0.0)), material
            )
            for camera in terms.cameras
        ],
        **_build_forensics(session, found, labels),
        "profiles": profiles,
        "versions": dict(versions),
        "chain_head": chain_head,
    }


def serialize_canonical(document: Document) -> bytes:
    """Return the one way to write a document: sorted keys, no whitespace, UTF-8.

    What a file put into a tag may hold half of a character pair; it is written as a JSON escape.
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def _build_previous(session: Session) -> Document | None:
    """The manifest that this one takes the place of: manifests form a chain of their own."""
    last = session.published
    if last is None or last.revision == session.revision:
        return None
    return {"revision": last.revision, "key": last.key, "sha256": last.sha256}


def _build_origin(session: Session, found: Alignment) -> Document:
    """Session time 0: the first picture of the reference's first clip."""
    angle = found.find_angle(found.reference)
    name = angle.placements[0].clip if angle is not None and angle.placements else None
    clip = session.find_clip(f"{found.reference}/{name}")
    media = clip.media if clip is not None else None
    return {
        "camera": found.reference,
        "clip": clip.key if clip is not None else None,
        "timecode": media.timecode if media is not None else None,
        "recorded_at": media.recorded_at if media is not None else None,
    }


def _build_forensics(session: Session, found: Alignment, labels: Mapping[str, str]) -> Document:
    approval = session.approval
    return {
        "sync_confidence": found.confidence,
        "sync_method": str(found.method),
        "reasons": [build_reason_document(reason, labels) for reason in found.reasons],
        "approved_by": approval.by.name if approval is not None else None,
        "approved_uid": approval.by.uid if approval is not None else None,
        "approved_at": approval.at if approval is not None else None,
    }


def _build_profile(ref: ProfileRef) -> Document:
    return {"name": ref.name, "hash": ref.hash, "document": json.loads(ref.document)}


def _build_camera(
    camera: Camera, clips: Sequence[Clip], angle: AngleMatch, material: _ManifestInputs
) -> Document:
    order = {placed.clip: place for place, placed in enumerate(angle.placements)}
    own = [clip for clip in clips if clip.camera == camera.key]
    own.sort(key=lambda clip: order.get(clip.name, len(order)))
    return {
        "id": camera.key,
        "label": camera.label,
        "offset_us": angle.offset_us,
        "drift_ppm": angle.drift_ppm,
        "confidence": angle.confidence,
        "reasons": [build_reason_document(reason, material.labels) for reason in angle.reasons],
        "overlap_us": round(angle.overlap_s * 1_000_000),
        "residual_us": None if angle.residual_ms is None else round(angle.residual_ms * 1000),
        "clips": [_build_clip(clip, angle, material) for clip in own],
    }


def _build_clip(clip: Clip, angle: AngleMatch, material: _ManifestInputs) -> Document:
    placed = next((one for one in angle.placements if one.clip == clip.name), Placement(clip.name, None))
    start_tick = None if placed.offset_us is None else split_offset(placed.offset_us, material.rate)[0]
    return {
        "id": clip.key,
        "name": clip.name,
        "offset_us": placed.offset_us,
        "drift_ppm": placed.drift_ppm,
        "original": _build_original(clip, material),
        "mezzanine": _build_rendition(clip, "mezzanine", start_tick, material),
        "proxy": _build_rendition(clip, "proxy", start_tick, material),
        "peaks": _build_peaks(clip, material),
        "sprites": _build_sprites(clip, material),
        "report": build_report_document(material.conformed[clip.key].report)
        if clip.key in material.conformed
        else None,
    }


def _build_original(clip: Clip, material: _ManifestInputs) -> Document | None:
    key = build_original_key(material.session_id, clip)
    if key is None or clip.digest is None:
        return None
    return _build_stored(key, clip.digest.bytes, clip.digest.sha256) | {
        "xxh128": clip.digest.xxh128,
        "mtime_ns": clip.mtime_ns,
        "media": build_media_document(clip.media) if clip.media is not None else None,
    }


def _build_rendition(
    clip: Clip, kind: Literal["mezzanine", "proxy"], start_tick: int | None, material: _ManifestInputs
) -> Document | None:
    made = material.conformed.get(clip.key)
    file = made.get_rendition(kind) if made is not None else None
    key = build_rendition_key(material.session_id, clip, made, kind)
    if file is None or key is None:
        return None
    codecs = _extract_codecs(material.profiles[kind])
    placed = {"start_tick": start_tick, "sidecar": _build_sidecar(key, file)}
    return _build_stored(key, file.bytes, file.sha256) | codecs | build_rendition_document(file) | placed


def _build_sidecar(rendition: str, file: Rendition) -> Document:
    key = build_sidecar_key(rendition, file)
    return _build_stored(key, file.proof.sidecar.bytes, file.proof.sidecar.sha256)


def _build_peaks(clip: Clip, material: _ManifestInputs) -> Document | None:
    found = material.peaks.get(clip.key)
    key = build_peaks_key(material.session_id, clip, found)
    if key is None or found is None:
        return None
    drawn = {"format": PEAKS_FORMAT, "channels": _list_channels(clip)}
    return _build_stored(key, found.bytes, found.sha256) | drawn


def _list_channels(clip: Clip) -> list[list[int]]:
    """Which channel of the original each channel of the waveform shows: [audio track, channel], from 0."""
    if clip.media is None or clip.analysis_audio is None:
        return []
    places = {track.index: place for place, track in enumerate(clip.media.audio)}
    return [[places[one.stream], one.channel] for one in clip.analysis_audio.channels]


def _build_sprites(clip: Clip, material: _ManifestInputs) -> Document | None:
    made = material.conformed.get(clip.key)
    sprites = made.sprites if made is not None else None
    if sprites is None or clip.digest is None:
        return None
    source = clip.digest.sha256

    def build_sprite_file(file: WrittenFile) -> Document:
        return _build_stored(
            build_sprite_key(material.session_id, clip.camera, source, file), file.bytes, file.sha256
        )

    return build_sprite_file(sprites.webvtt) | {
        "sheets": [build_sprite_file(sheet) for sheet in sprites.sheets],
        "width": sprites.width,
        "height": sprites.height,
        "columns": sprites.columns,
        "rows": sprites.rows,
        "count": sprites.count,
        "step_ticks": sprites.step_ticks,
    }


def _build_stored(key: str, size: int, sha256: str) -> Document:
    return {"key": key, "bytes": size, "sha256": sha256, "content_type": keys.get_content_type(key)}


def _extract_codecs(profile: Document) -> Document:
    """Return the codecs that the profile asks for; a clip has only the streams that it had."""
    document = profile["document"]
    asked = document if isinstance(document, dict) else {}
    return {
        f"{stream}_codec": asked[stream].get("codec") if isinstance(asked.get(stream), dict) else None
        for stream in ("video", "audio")
    }
