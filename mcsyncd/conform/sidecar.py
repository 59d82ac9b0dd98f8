"""The sidecar of a rendition: how it was made and what it must decode to, as JSON beside it. Pure."""

from __future__ import annotations

import json

from mcsyncd.conform.encoders import Encoder
from mcsyncd.conform.evidence import HASHED_GROUP_INTERVAL, RenditionEvidence
from mcsyncd.conform.plan import FilePlan
from mcsyncd.model.rendition import Rendition

_FORMAT_VERSION = 2
"""Since 2 the sound is a list of tracks."""


def build_sidecar(
    rendition: Rendition,
    file: FilePlan,
    evidence: RenditionEvidence,
    tick_map_sha256: str,
    versions: tuple[tuple[str, str], ...],
) -> bytes:
    """Return the document: sorted keys, one line each, UTF-8.

    `tick_map` is the digest of which source picture each tick shows (`grid.TickMap.digest`).
    """
    document = {
        "form": _FORMAT_VERSION,
        "file": {"bytes": rendition.bytes, "sha256": rendition.sha256},
        "profile": json.loads(file.profile.document),
        "profile_hash": file.profile.hash,
        "grid": {
            "rate": [rendition.rate.num, rendition.rate.den],
            "frames": rendition.frames,
            "phase_us": rendition.phase_us,
            "drift_applied_ppm": rendition.drift_applied_ppm,
            "tick_map_sha256": tick_map_sha256,
            "timecode": file.timecode,
        },
        "picture": _build_video_body(file, evidence),
        "sound": _build_audio_body(file, evidence),
        "versions": dict(versions),
    }
    return (json.dumps(document, sort_keys=True, indent=1) + "\n").encode()


def _build_video_body(file: FilePlan, evidence: RenditionEvidence) -> dict[str, object] | None:
    if file.video_encoder is None:
        return None
    return {
        **_build_encoder_body(file.video_encoder),
        "signed": evidence.encoder_signature,
        "every": HASHED_GROUP_INTERVAL,
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
                **_build_encoder_body(sound.encoder),
                "layout": sound.layout,
                "taken": [list(channel) for channel in sound.source_channels],
                "pcm_sha256": pcm or None,
            }
            for sound, pcm in zip(file.audio_tracks, evidence.pcm_sha256s, strict=True)
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
