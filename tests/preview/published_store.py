"""A published session as a folder: three cameras whose frames are numbered, with waveforms made by hand."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from pathlib import Path

from playback.chromium import filmed

from mcsyncd.model.rate import Rate

SESSION = "20261127-103000-a1b"
RATE, FRAMES = Rate(30), 240
STARTS = {"cam_a": 0, "cam_b": -4, "cam_c": 33}
"""Frames of the session at which the cameras begin. The pictures of camera n are numbered from 1000 n on."""
LOUD_S = (2.0, 3.0)
"""Seconds of each clip in which its waveform is loud."""
PROXY_FOLDER, WAVE_FOLDER = f"v1/proxy/{SESSION}", f"v1/wave/{SESSION}"


def count_expected(frame: int) -> list[int | str]:
    """Return what each pane shows at a frame of the session."""
    return [
        1000 * camera + frame - start if start <= frame < start + FRAMES else "not recording"
        for camera, start in enumerate(STARTS.values())
    ]


def draw_waveform() -> bytes:
    """Return eight seconds in audiowaveform's format, loud in LOUD_S."""
    rate, step = 48_000, 256
    pixels = 8 * rate // step
    head = struct.pack("<iIiiIi", 2, 1, rate, step, pixels, 1)
    loud = range(int(LOUD_S[0] * rate / step), int(LOUD_S[1] * rate / step))
    levels = ((-100, 100) if pixel in loud else (-2, 2) for pixel in range(pixels))
    return head + b"".join(struct.pack("<bb", *pair) for pair in levels)


def describe_file(root: Path, key: str, content_type: str) -> dict:
    body = (root / key).read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    return {"key": key, "bytes": len(body), "sha256": sha256, "content_type": content_type}


def build_store(root: Path, footage: Path) -> Path:
    """Write the store into `root`; the proxies are made in `footage` once."""
    for camera in range(3):
        target = root / PROXY_FOLDER / f"{camera}.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        source = footage / f"{camera}.mp4"
        if not source.exists():
            footage.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(filmed(footage, RATE, camera), source)
        shutil.copyfile(source, target)
        wave = root / WAVE_FOLDER / f"{camera}.dat"
        wave.parent.mkdir(parents=True, exist_ok=True)
        wave.write_bytes(draw_waveform())
    write_manifest(root, build_manifest(root))
    return root


def build_manifest(root: Path) -> dict:
    return {
        "schema": "1.6.0", "session": {"id": SESSION}, "revision": 2, "previous": None,
        "rate": [RATE.num, RATE.den], "reference": "cam_a", "origin": {"timecode": "10:00:00:00"},
        "sync_confidence": 0.8499, "sync_method": "audio-corr", "reasons": [], "chain_head": "ab" * 32,
        "approved_by": "kim", "approved_at": "2026-11-27T11:00:00.123Z",
        "cameras": [
            build_camera(root, number, camera, start) for number, (camera, start) in enumerate(STARTS.items())
        ],
    }  # fmt: skip


def build_camera(root: Path, number: int, camera: str, start: int) -> dict:
    offset_us = start * 1_000_000 // 30
    proxy = describe_file(root, f"{PROXY_FOLDER}/{number}.mp4", "video/mp4") | {
        "start_tick": start, "frames": FRAMES, "duration_us": 8_000_000, "timecode": None,
        "width": 960, "height": 540, "audio_tracks": [{"channels": 2, "sample_rate": 48_000}],
        "proof": {"samples": 8 * 48_000},
        "sidecar": {"key": f"{PROXY_FOLDER}/{number}.json", "bytes": 2, "content_type": "application/json"},
    }  # fmt: skip
    clip = {
        "id": f"{camera}/C{number}.MP4", "name": f"C{number}.MP4", "offset_us": offset_us, "drift_ppm": 0.0,
        "confidence": 0.99, "disposition": "synced", "original": None, "mezzanine": None, "proxy": proxy,
        "peaks": describe_file(root, f"{WAVE_FOLDER}/{number}.dat", "application/octet-stream"),
        "sprites": None, "attached": [],
    }  # fmt: skip
    return {
        "id": camera, "label": f"Cam {camera[-1].upper()}", "kind": "picture", "offset_us": offset_us,
        "confidence": 0.99, "reasons": [], "clips": [clip],
    }  # fmt: skip


def write_manifest(root: Path, manifest: dict, **head: str) -> None:
    body = json.dumps(manifest).encode()
    sha256 = hashlib.sha256(body).hexdigest()
    key = f"v1/manifest/{SESSION}/000002-{sha256[:16]}.json"
    pointer = {
        "schema": "1.0.0", "revision": 2, "manifest_key": key, "manifest_sha256": sha256, "state": "current",
        "reason": "", "updated": "2026-11-27T11:00:01Z", **head,
    }  # fmt: skip
    for path, text in ((root / key, body), (root / f"head/{SESSION}.json", json.dumps(pointer).encode())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
