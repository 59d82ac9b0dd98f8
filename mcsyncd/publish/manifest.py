"""The one file that later phases read: what a session is, its files, and how they line up. Pure.

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
from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition, Placement
from mcsyncd.model.clip import Camera, Clip, HeldFile
from mcsyncd.model.drift_curve import build_curve_document
from mcsyncd.model.due import select_current_conforms
from mcsyncd.model.publishing import PlannedObject, PublishingPlan
from mcsyncd.model.rate import Rate, split_offset
from mcsyncd.model.reason import build_reason_document
from mcsyncd.model.rendition import ConformResult, Rendition, StoredObject
from mcsyncd.model.session import ProfileRef, Ruling, Session
from mcsyncd.publish import keys
from mcsyncd.publish.media_documents import (
    Document,
    build_media_document,
    build_rate_pair,
    build_rendition_document,
    build_report_document,
)

SCHEMA_VERSION = "1.6.0"
"""Version of the manifest's form (semantic versioning).

A reader accepts unknown fields and refuses a higher major version, so a changed or removed field
needs a new major version: with the same one, an old reader would misread it.
"""
PEAKS_FORMAT = "audiowaveform-2"
"""Format of the published waveforms: version 2 of the binary format of BBC audiowaveform.

A reader chooses its parser by this name.
"""


@dataclass(frozen=True, slots=True)
class _ManifestInputs:
    """What every part of the document may need, beside the thing it describes."""

    rate: Rate
    conformed: Mapping[str, ConformResult]
    plan: PublishingPlan
    stored: Mapping[str, StoredObject]
    profiles: Mapping[str, Document]
    labels: Mapping[str, str]
    dispositions: Mapping[str, Disposition | None]
    rulings: Mapping[str, Ruling]

    def find_object(self, clip: Clip, path: str) -> PlannedObject | None:
        """Return the planned object of one of the clip's files, by its path in the work folder."""
        planned = (found for found in self.plan.objects if (found.clip, found.path) == (clip.key, path))
        return next(planned, None)

    def find_peaks(self, clip: Clip) -> PlannedObject | None:
        planned = (found for found in self.plan.objects if (found.clip, found.kind) == (clip.key, "peaks"))
        return next(planned, None)


def build_manifest(session: Session, *, versions: Mapping[str, str]) -> Document:
    """Return the manifest of a session's present revision as a JSON document.

    Keys, sizes and hashes of all files are those of the session's publishing plan, and so are the
    time and the chain's head: equal arguments give equal bytes (see `serialize_canonical`), after
    any restart. `versions` are those of the tool and its encoders.

    Raises McsyncError for a session that has no offsets or no plan yet.
    """
    terms, alignment, rate, publishing = session.terms, session.alignment, session.rate, session.publishing
    if terms is None or alignment is None or rate is None:
        raise McsyncError(f"{session.id} has no offsets yet", "wait until it is synced and approved")
    if publishing is None or publishing.plan is None:
        raise McsyncError(f"{session.id}: its uploads are not planned yet", "wait until it is approved")
    profiles = {"mezzanine": _build_profile(terms.mezzanine), "proxy": _build_profile(terms.proxy)}
    labels = {camera.key: camera.label for camera in terms.cameras}
    rulings = {ruling.clip: ruling for ruling in session.rulings}
    dispositions = {clip.key: alignment.find_disposition(clip.camera, clip.name) for clip in session.clips}
    stored = {one.key: one for one in session.stored}
    inputs = _ManifestInputs(
        rate,
        select_current_conforms(session),
        publishing.plan,
        stored,
        profiles,
        labels,
        dispositions,
        rulings,
    )
    angles = {angle.camera: angle for angle in alignment.angles}
    return {
        "schema": SCHEMA_VERSION,
        "generated_at": publishing.began_at,
        "session": {"id": session.id, "opened_at": session.opened_at},
        "revision": session.revision,
        "previous": _build_previous(session),
        "rate": build_rate_pair(rate),
        "reference": alignment.reference,
        "origin": _build_origin(session, alignment),
        "cameras": [
            _build_camera(
                camera, session.clips, angles.get(camera.key, AngleMatch(camera.key, (), 0.0)), inputs
            )
            for camera in terms.cameras
        ],
        "left_out": [_build_held_file(file) for file in session.left_out],
        "taken_as_is": [_build_held_file(file) for file in session.taken_as_is],
        **_build_forensics(session, alignment, labels),
        "profiles": profiles,
        "versions": dict(versions),
        "chain_head": publishing.chain_head,
    }


def serialize_canonical(document: Document) -> bytes:
    """Return the one way to write a document: sorted keys, no whitespace, UTF-8.

    A tag in a media file may hold half of a surrogate pair; it is written as a JSON escape.
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def _build_previous(session: Session) -> Document | None:
    """The manifest that this one replaces: manifests form a chain of their own."""
    last = session.published
    if last is None or last.revision == session.revision:
        return None
    return {"revision": last.revision, "key": last.key, "sha256": last.sha256}


def _build_origin(session: Session, alignment: Alignment) -> Document:
    """Session time 0: the first frame of the reference's first clip."""
    angle = alignment.find_angle(alignment.reference)
    at_zero = [one.clip for one in angle.placements if one.offset_us == 0] if angle is not None else []
    name = at_zero[0] if at_zero else None
    clip = session.find_clip(f"{alignment.reference}/{name}")
    media = clip.media if clip is not None else None
    return {
        "camera": alignment.reference,
        "clip": clip.key if clip is not None else None,
        "timecode": media.timecode if media is not None else None,
        "recorded_at": media.recorded_at if media is not None else None,
    }


def _build_forensics(session: Session, alignment: Alignment, labels: Mapping[str, str]) -> Document:
    approval = session.approval
    return {
        "sync_confidence": alignment.confidence,
        "sync_method": str(alignment.method),
        "reasons": [build_reason_document(reason, labels) for reason in alignment.reasons],
        "approved_by": approval.by.name if approval is not None else None,
        "approved_uid": approval.by.uid if approval is not None else None,
        "approved_at": approval.at if approval is not None else None,
    }


def _build_held_file(file: HeldFile) -> Document:
    return {"id": file.key, "bytes": file.bytes, "reason": file.reason}


def _build_profile(ref: ProfileRef) -> Document:
    return {"name": ref.name, "hash": ref.hash, "document": json.loads(ref.document)}


def _build_camera(
    camera: Camera, clips: Sequence[Clip], angle: AngleMatch, inputs: _ManifestInputs
) -> Document:
    order = {placement.clip: index for index, placement in enumerate(angle.placements)}
    own = [clip for clip in clips if clip.camera == camera.key]
    own.sort(key=lambda clip: order.get(clip.name, len(order)))
    return {
        "id": camera.key,
        "label": camera.label,
        "kind": camera.kind,
        "offset_us": angle.offset_us,
        "drift_ppm": angle.drift_ppm,
        "confidence": angle.confidence,
        "reasons": [build_reason_document(reason, inputs.labels) for reason in angle.reasons],
        "overlap_us": round(angle.overlap_s * 1_000_000),
        "residual_us": None if angle.residual_ms is None else round(angle.residual_ms * 1000),
        "clips": [_build_clip(clip, angle, inputs) for clip in own],
    }


def _build_clip(clip: Clip, angle: AngleMatch, inputs: _ManifestInputs) -> Document:
    placement = next((one for one in angle.placements if one.clip == clip.name), Placement(clip.name, None))
    start_tick = None if placement.offset_us is None else split_offset(placement.offset_us, inputs.rate)[0]
    result = inputs.conformed.get(clip.key)
    return {
        "id": clip.key,
        "name": clip.name,
        **_build_disposition(inputs.dispositions[clip.key], inputs.rulings.get(clip.key)),
        "confidence": placement.confidence,
        "offset_us": placement.offset_us,
        "drift_ppm": placement.drift_ppm,
        "drift_curve": build_curve_document(placement.curve),
        "continues": f"{clip.camera}/{placement.continues}" if placement.continues else None,
        "parallel_to": f"{clip.camera}/{placement.parallel_to}" if placement.parallel_to else None,
        "original": _build_original(clip, inputs),
        "attached": _build_attached(clip, inputs),
        "mezzanine": _build_rendition(clip, "mezzanine", start_tick, inputs),
        "proxy": _build_rendition(clip, "proxy", start_tick, inputs),
        "peaks": _build_peaks(clip, inputs),
        "sprites": _build_sprites(clip, inputs),
        "report": build_report_document(result.report) if result is not None else None,
    }


def _build_disposition(disposition: Disposition | None, ruling: Ruling | None) -> Document:
    """What became of a clip, and who decided so where a person took it off the timeline."""
    return {
        "disposition": None if disposition is None else str(disposition),
        "disposition_by": ruling.by.name if ruling is not None else None,
        "disposition_at": ruling.at if ruling is not None else None,
        "disposition_reason": ruling.reason if ruling is not None else "",
    }


def _build_original(clip: Clip, inputs: _ManifestInputs) -> Document | None:
    planned = inputs.find_object(clip, clip.place)
    if planned is None or clip.digest is None:
        return None
    return _build_stored(planned, inputs) | {
        "xxh128": clip.digest.xxh128,
        "mtime_ns": clip.mtime_ns,
        "hash_checks": [
            {"hash_list": one.hash_list, "algorithm": one.algorithm, "verdict": one.verdict}
            for one in clip.checks
        ],
        "media": build_media_document(clip.media) if clip.media is not None else None,
    }


def _build_attached(clip: Clip, inputs: _ManifestInputs) -> list[Document]:
    """The sidecars and second copies, each under its path below the camera's folder, as the card had it."""
    folder = clip.path.removesuffix(clip.name)
    planned = (one for one in inputs.plan.objects if (one.clip, one.kind) == (clip.key, "attached"))
    return [{"name": one.path.removeprefix(folder)} | _build_stored(one, inputs) for one in planned]


def _build_rendition(
    clip: Clip, kind: Literal["mezzanine", "proxy"], start_tick: int | None, inputs: _ManifestInputs
) -> Document | None:
    result = inputs.conformed.get(clip.key)
    file = result.get_rendition(kind) if result is not None else None
    planned = inputs.find_object(clip, file.path) if file is not None else None
    if file is None or planned is None:
        return None
    codecs = _extract_codecs(inputs.profiles[kind], file)
    position = {"start_tick": start_tick, "sidecar": _build_sidecar(clip, file, inputs)}
    return _build_stored(planned, inputs) | codecs | build_rendition_document(file) | position


def _build_sidecar(clip: Clip, file: Rendition, inputs: _ManifestInputs) -> Document | None:
    planned = inputs.find_object(clip, file.proof.sidecar.path)
    return _build_stored(planned, inputs) if planned is not None else None


def _build_peaks(clip: Clip, inputs: _ManifestInputs) -> Document | None:
    planned = inputs.find_peaks(clip)
    if planned is None:
        return None
    return _build_stored(planned, inputs) | {"format": PEAKS_FORMAT, "channels": _list_channels(clip)}


def _list_channels(clip: Clip) -> list[list[int]]:
    """Which channel of the original each channel of the waveform shows: [audio track, channel], from 0."""
    if clip.media is None or clip.analysis_audio is None:
        return []
    tracks = {track.index: number for number, track in enumerate(clip.media.audio)}
    return [[tracks[channel.stream], channel.channel] for channel in clip.analysis_audio.channels]


def _build_sprites(clip: Clip, inputs: _ManifestInputs) -> Document | None:
    result = inputs.conformed.get(clip.key)
    sprites = result.sprites if result is not None else None
    track = inputs.find_object(clip, sprites.webvtt.path) if sprites is not None else None
    if sprites is None or track is None:
        return None
    sheets = [inputs.find_object(clip, sheet.path) for sheet in sprites.sheets]
    return _build_stored(track, inputs) | {
        "sheets": [_build_stored(sheet, inputs) for sheet in sheets if sheet is not None],
        "width": sprites.width,
        "height": sprites.height,
        "columns": sprites.columns,
        "rows": sprites.rows,
        "count": sprites.count,
        "step_ticks": sprites.step_ticks,
    }


def _build_stored(planned: PlannedObject, inputs: _ManifestInputs) -> Document:
    stored = inputs.stored.get(planned.key)
    return {
        "key": planned.key,
        "bytes": planned.bytes,
        "sha256": planned.sha256,
        "content_type": keys.get_content_type(planned.key),
        "etag": stored.tag or None if stored is not None else None,
        "crc64nvme": stored.crc64nvme or None if stored is not None else None,
    }


def _extract_codecs(profile: Document, file: Rendition) -> Document:
    """Return the codecs that the profile asks for, None for a stream that the rendition does not have."""
    document = profile["document"]
    asked = document if isinstance(document, dict) else {}
    has = {"video": file.frames > 0, "audio": bool(file.tracks)}
    return {
        f"{stream}_codec": asked[stream].get("codec")
        if has[stream] and isinstance(asked.get(stream), dict)
        else None
        for stream in ("video", "audio")
    }
