"""From a published manifest back to the events of its session, for a ledger that was lost. Pure.

What a manifest does not say is found out again when somebody reopens the session: what each clip is,
its analysis audio, and which file in the work folder is which rendition.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mcsyncd.errors import McsyncError
from mcsyncd.model import events as ev
from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition, Placement, SyncMethod
from mcsyncd.model.clip import Camera, Clip, Digest, HeldFile
from mcsyncd.model.drift_curve import read_curve_document
from mcsyncd.model.hash_check import HashCheck
from mcsyncd.model.publishing import HeadState, PlannedObject, Publication, PublishingPlan, StoreHead
from mcsyncd.model.rate import Rate
from mcsyncd.model.reason import Reason, ReasonCode
from mcsyncd.model.rendition import ObjectKind, StoredObject
from mcsyncd.model.session import Actor, ProfileRef, Terms
from mcsyncd.model.store_events import HeadPointed
from mcsyncd.publish import keys

_MAJOR_VERSION = "1"
"""Major version of the manifests that this can read (`manifest.SCHEMA_VERSION`)."""


_UNKNOWN = Actor("unknown", -1)
"""Who rejected a session, as far as the store tells: its pointer has the reason and no name."""


def read_published_events(body: bytes, head: StoreHead | None = None) -> tuple[ev.Event, ...]:
    """Return the events of the session that this manifest (its bytes) was published for, oldest first.

    `head` is what its pointer says of it. Times are those that they name. Raises McsyncError for bytes that
    are no manifest.
    """
    document = parse_manifest(body)
    with translate_manifest_error():
        published = _iterate_events(document, hashlib.sha256(body).hexdigest())
        return (*published, *_iterate_later_events(document, head))


def parse_manifest(body: bytes) -> dict[str, Any]:
    """Return the document that these bytes are. Raises McsyncError for any but a manifest of this version."""
    with translate_manifest_error():
        document: dict[str, Any] = json.loads(body)
        if document["schema"].partition(".")[0] != _MAJOR_VERSION:
            raise McsyncError(f"a manifest of version {document['schema']}", "use a newer mcsyncd")
        return document


def find_previous(body: bytes) -> Publication | None:
    """Return the manifest that came before this one; None for the first. Raises McsyncError."""
    with translate_manifest_error():
        document = parse_manifest(body)
        previous = document.get("previous")
        if previous is None:
            return None
        return Publication(int(previous["revision"]), str(previous["key"]), str(previous["sha256"]))


@contextmanager
def translate_manifest_error() -> Iterator[None]:
    """Turn what a field raises that is missing or of another type into a McsyncError."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise McsyncError(
            f"this is no manifest: {type(error).__name__}: {error}", "look at the file by hand"
        ) from error


def _iterate_events(document: dict[str, Any], sha256: str) -> Iterator[ev.Event]:
    session_id, opened_at = document["session"]["id"], document["session"]["opened_at"]
    at, revision = document["generated_at"], document["revision"]
    clips = [clip for camera in document["cameras"] for clip in camera["clips"]]
    originals = [(clip, clip["original"]) for clip in clips if clip["original"] is not None]
    yield ev.SessionOpened(opened_at, session_id)
    yield ev.SessionSealed(
        opened_at,
        _read_terms(document),
        tuple(_read_clip(clip, original) for clip, original in originals),
        left_out=_read_held_files(document, "left_out"),
        taken_as_is=_read_held_files(document, "taken_as_is"),
    )
    paths = tuple((clip["id"], f"sessions/{session_id}/original/{clip['id']}") for clip, _ in originals)
    yield ev.ClipsOffloaded(opened_at, paths)
    for clip, original in originals:
        digest = Digest(original["sha256"], original["xxh128"], original["bytes"])
        yield ev.ClipHashed(at, clip["id"], digest)
    yield ev.SessionAligned(at, revision, _read_alignment(document), Rate(*document["rate"]))
    if document["approved_by"] is not None:
        by = Actor(document["approved_by"], document["approved_uid"])
        yield ev.SessionApproved(document["approved_at"], by, revision)
    yield ev.PublishingBegan(at, revision)
    objects = [(clip, kind, found) for clip in clips for kind, found in list_clip_objects(clip)]
    plan = PublishingPlan(tuple(_read_planned(*one, dict(paths)) for one in objects))
    yield ev.PublishingPlanned(at, plan, document["chain_head"])
    stored = {found["key"]: _read_stored(clip, kind, found) for clip, kind, found in objects}
    for planned in plan.uploads:
        yield ev.ObjectStored(at, stored[planned.key])
    key = keys.build_manifest_key(session_id, revision, sha256)
    yield ev.SessionPublished(at, Publication(revision, key, sha256))


def _iterate_later_events(document: dict[str, Any], head: StoreHead | None) -> Iterator[ev.Event]:
    """Yield what became of the session after it was published. An older pointer tells nothing of it."""
    revision = document["revision"]
    if head is None or head.state is HeadState.CURRENT or head.revision != revision:
        return
    at = head.at or document["generated_at"]
    yield ev.SessionReopened(at, None, revision + 1, head.reason)
    if head.state is HeadState.WITHDRAWN:
        yield ev.SessionRejected(at, _UNKNOWN, revision + 1, head.reason)
    yield HeadPointed(at, head)


def _read_held_files(document: dict[str, Any], field: str) -> tuple[HeldFile, ...]:
    """Return a list of files; none in a manifest before 1.1.0."""
    found = []
    for file in document.get(field, []):
        camera, _, name = file["id"].partition("/")
        found.append(HeldFile(camera, name, file["bytes"], file["reason"]))
    return tuple(found)


def _read_terms(document: dict[str, Any]) -> Terms:
    cameras = tuple(
        Camera(
            camera["id"],
            camera["label"],
            camera["id"] == document["reference"],
            camera.get("kind", "picture"),
        )
        for camera in document["cameras"]
    )
    profiles = document["profiles"]
    mezzanine, proxy = _read_profile(profiles["mezzanine"]), _read_profile(profiles["proxy"])
    return Terms(cameras, mezzanine, proxy, Rate(*document["rate"]), "confident")


def _read_profile(profile: dict[str, Any]) -> ProfileRef:
    text = json.dumps(profile["document"], sort_keys=True, separators=(",", ":"))
    return ProfileRef(profile["name"], profile["hash"], text)


def _read_clip(clip: dict[str, Any], original: dict[str, Any]) -> Clip:
    camera, _, _ = clip["id"].partition("/")
    checks = tuple(
        HashCheck(one["hash_list"], one["algorithm"], one["verdict"])
        for one in original.get("hash_checks", [])  # since 1.5.0
    )
    return Clip(camera, clip["name"], original["bytes"], original["mtime_ns"], checks=checks)


def _read_alignment(document: dict[str, Any]) -> Alignment:
    return Alignment(
        document["reference"],
        tuple(_read_angle(camera) for camera in document["cameras"]),
        document["sync_confidence"],
        SyncMethod(document["sync_method"]),
        tuple(_read_reason(reason) for reason in document["reasons"]),
    )


def _read_angle(camera: dict[str, Any]) -> AngleMatch:
    residual_us = camera["residual_us"]
    return AngleMatch(
        camera["id"],
        tuple(_read_placement(clip) for clip in camera["clips"]),
        camera["confidence"],
        tuple(_read_reason(reason) for reason in camera["reasons"]),
        overlap_s=camera["overlap_us"] / 1_000_000,
        residual_ms=None if residual_us is None else residual_us / 1000,
    )


def _read_placement(clip: dict[str, Any]) -> Placement:
    """Return a clip's placement; a manifest before 1.2.0 names no disposition."""
    kind = clip.get("disposition")
    continues, parallel_to = (
        (clip.get(field) or "").partition("/")[2] for field in ("continues", "parallel_to")
    )
    return Placement(
        clip["name"],
        clip["offset_us"],
        clip["drift_ppm"],
        None if kind is None else Disposition(kind),
        clip.get("confidence"),
        continues=continues,
        parallel_to=parallel_to,
        curve=read_curve_document(clip.get("drift_curve", ())),  # since 1.6.0
    )


def _read_reason(reason: dict[str, Any]) -> Reason:
    return Reason(
        ReasonCode(reason["code"]),
        reason["subject"],
        tuple(reason.get("others", ())),
        tuple(reason.get("values", {}).items()),
    )


def list_clip_objects(clip: dict[str, Any]) -> Iterator[tuple[ObjectKind, dict[str, Any]]]:
    """Yield the objects of a clip in a manifest: kind, and what the manifest says of it."""
    stored: list[tuple[ObjectKind, dict[str, Any] | None]] = []
    for kind in ("proxy", "mezzanine"):
        rendition = clip[kind]
        stored += [(kind, rendition), ("sidecar", rendition["sidecar"] if rendition else None)]
    sprites = clip["sprites"]
    stored += [("sprites", sheet) for sheet in (sprites["sheets"] if sprites else ())]
    stored += [("sprites", sprites), ("peaks", clip["peaks"]), ("original", clip["original"])]
    stored += [("attached", file) for file in clip.get("attached", ())]
    yield from ((kind, found) for kind, found in stored if found is not None)


def _read_planned(
    clip: dict[str, Any], kind: ObjectKind, found: dict[str, Any], paths: dict[str, str]
) -> PlannedObject:
    """Return an object as it was planned. Of the files they were made from, only the originals' are known."""
    path = paths[clip["id"]] if kind == "original" else ""
    return PlannedObject(found["key"], kind, path, found["bytes"], found["sha256"], clip["id"])


def _read_stored(clip: dict[str, Any], kind: ObjectKind, found: dict[str, Any]) -> StoredObject:
    """Return an object as it was stored; a manifest before 1.3.0 has neither tags nor checksums."""
    return StoredObject(
        found["key"],
        kind,
        found["bytes"],
        found["sha256"],
        clip["id"],
        tag=found.get("etag") or "",
        crc64nvme=found.get("crc64nvme") or "",
    )
