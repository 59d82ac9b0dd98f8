"""The sidecar of a rendition: how it was made and what it must decode to, as JSON. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from mcsyncd.conform.encoders import Encoder
from mcsyncd.conform.evidence import HASHED_GROUP_INTERVAL, RenditionEvidence
from mcsyncd.conform.plan import FilePlan
from mcsyncd.model.drift_curve import DriftCurve, build_curve_document
from mcsyncd.model.rate import Rate

_FORMAT_VERSION = 1
"""Version of the document. Readers compare it: raise it when a field changes its meaning."""


@dataclass(frozen=True, slots=True)
class SidecarContent:
    """What a sidecar says about its file: size and digest, and the grid that its frames are on.

    `tick_map_sha256` is the digest of which source frame each tick shows (`grid.TickMap.digest`).
    """

    bytes: int
    sha256: str
    rate: Rate
    frames: int
    phase_us: int
    drift_applied_ppm: float
    tick_map_sha256: str
    curve: DriftCurve = ()


def build_sidecar(
    content: SidecarContent,
    file: FilePlan,
    evidence: RenditionEvidence,
    versions: tuple[tuple[str, str], ...],
) -> bytes:
    """Return the document: UTF-8 JSON with sorted keys, indented by 1.

    `versions` are the libraries that made the file, as (name, version). `byte_deterministic` stands only in
    that of a file from a hardware encoder, and is false; `drift_curve` only in the grid of a clip that has
    one, as pairs of clip time and shift in microseconds.
    """
    document = {
        "format_version": _FORMAT_VERSION,
        "file": {"bytes": content.bytes, "sha256": content.sha256},
        "profile": json.loads(file.profile.document),
        "profile_hash": file.profile.hash,
        "grid": {
            "rate": [content.rate.num, content.rate.den],
            "frames": content.frames,
            "phase_us": content.phase_us,
            "drift_applied_ppm": content.drift_applied_ppm,
            **({"drift_curve": build_curve_document(content.curve)} if content.curve else {}),
            "tick_map_sha256": content.tick_map_sha256,
            "timecode": file.timecode,
        },
        "video": _build_video_body(file, evidence),
        "audio": _build_audio_body(file, evidence),
        "versions": dict(versions),
    }
    return (json.dumps(document, sort_keys=True, indent=1) + "\n").encode()


def _build_video_body(file: FilePlan, evidence: RenditionEvidence) -> dict[str, object] | None:
    if file.video_encoder is None:
        return None
    return {
        **_build_encoder_body(file.video_encoder),
        **({"byte_deterministic": False} if file.video_encoder.hardware else {}),
        "encoder_signature": evidence.encoder_signature,
        "group_interval": HASHED_GROUP_INTERVAL,
        "groups": [[group.tick, group.frames, group.sha256] for group in evidence.groups],
        "groups_sha256": evidence.frames_sha256,
    }


def _build_audio_body(file: FilePlan, evidence: RenditionEvidence) -> dict[str, object] | None:
    if not file.audio_tracks:
        return None
    return {
        "samples": evidence.samples,
        "tracks": [
            {
                **_build_encoder_body(track.encoder),
                "layout": track.layout,
                "source_channels": [list(channel) for channel in track.source_channels],
                "pcm_sha256": pcm or None,
            }
            for track, pcm in zip(file.audio_tracks, evidence.pcm_sha256s, strict=True)
        ],
    }


def _build_encoder_body(encoder: Encoder) -> dict[str, object]:
    return {
        "encoder": encoder.name,
        "format": encoder.fmt,
        "options": dict(encoder.options),
        "threads": encoder.threads,
        "bit_rate": encoder.bit_rate,
    }
