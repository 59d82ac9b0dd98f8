"""The sidecar of a rendition: how it was made and what it must decode to, as JSON beside it. Pure."""

from __future__ import annotations

import json

from mcsyncd.conform.encoders import Encoder
from mcsyncd.conform.evidence import EVERY, Evidence
from mcsyncd.conform.plan import FilePlan
from mcsyncd.model.rendition import Rendition

_FORM = 2
"""Since 2 the sound is a list of tracks."""


def sidecar(
    made: Rendition, file: FilePlan, evidence: Evidence, tick_map: str, versions: tuple[tuple[str, str], ...]
) -> bytes:
    """Return the document: sorted keys, one line each, UTF-8.

    `tick_map` is the digest of which source picture each tick shows (`grid.TickMap.digest`).
    """
    document = {
        "form": _FORM,
        "file": {"bytes": made.bytes, "sha256": made.sha256},
        "profile": json.loads(file.profile.document),
        "profile_hash": file.profile.hash,
        "grid": {
            "rate": [made.rate.num, made.rate.den],
            "frames": made.frames,
            "phase_us": made.phase_us,
            "drift_applied_ppm": made.drift_applied_ppm,
            "tick_map_sha256": tick_map,
            "timecode": file.timecode,
        },
        "picture": _picture(file, evidence),
        "sound": _sound(file, evidence),
        "versions": dict(versions),
    }
    return (json.dumps(document, sort_keys=True, indent=1) + "\n").encode()


def _picture(file: FilePlan, evidence: Evidence) -> dict[str, object] | None:
    if file.picture is None:
        return None
    return {
        **_encoder(file.picture),
        "signed": evidence.signed,
        "every": EVERY,
        "groups": [[group.tick, group.pictures, group.sha256] for group in evidence.groups],
        "groups_sha256": evidence.pictures,
    }


def _sound(file: FilePlan, evidence: Evidence) -> dict[str, object] | None:
    if not file.sounds:
        return None
    return {
        "samples": evidence.samples,
        "tracks": [
            {
                **_encoder(sound.encoder),
                "layout": sound.layout,
                "taken": [list(channel) for channel in sound.taken],
                "pcm_sha256": pcm or None,
            }
            for sound, pcm in zip(file.sounds, evidence.pcm, strict=True)
        ],
    }


def _encoder(encoder: Encoder) -> dict[str, object]:
    return {
        "encoder": encoder.name,
        "format": encoder.fmt,
        "options": dict(encoder.options),
        "threads": encoder.threads,
        "bit_rate": encoder.bit_rate,
    }
