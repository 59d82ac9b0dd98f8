"""A session that is whole, as publish gets it."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition, Placement, SyncMethod
from mcsyncd.model.clip import (
    AnalysisAudio,
    AnalysisChannel,
    AudioStream,
    Camera,
    Clip,
    Digest,
    HeldFile,
    Media,
    VideoStream,
)
from mcsyncd.model.colour import Colour
from mcsyncd.model.due import list_conform_jobs
from mcsyncd.model.hash_check import HashCheck
from mcsyncd.model.part_sums import PartSums
from mcsyncd.model.publishing import Publication, Publishing
from mcsyncd.model.rate import Rate, split_offset
from mcsyncd.model.reason import ReasonCode, build_reason
from mcsyncd.model.rendition import (
    AudioTrack,
    ConformReport,
    ConformResult,
    PictureFormat,
    Rendition,
    RenditionProof,
    Sprites,
    WrittenFile,
)
from mcsyncd.model.session import Actor, Approval, ConformedClip, ProfileRef, Session, State, Terms
from mcsyncd.publish.plan import build_plan

RATE = Rate(30000, 1001)
BEGAN_AT = "2026-11-23T09:31:00.000000Z"
CHAIN_HEAD = "f" * 64
OFFSETS = {"cam_a/A001.MOV": 0, "cam_b/B001.MP4": -134_000, "cam_b/B002.MP4": 61_000_000, "cam_c/C.WAV": None}
LEFT_OUT = HeldFile("cam_b", "B/003.MP4", 50, "not readable: give the daemon's user access")
TAKEN_AS_IS = HeldFile("cam_b", "B002.MP4", 200, "its last packet is cut")
LISTED = "cam_b/B001.MP4"
CHECKS = (HashCheck("card.mhl", "xxh64", "verified"), HashCheck("B001.MP4.md5", "md5", "failed"))
HASH = hashlib.sha256(b"profile").hexdigest()
DOCUMENT = (
    '{"audio":{"codec":"flac"},"channels":"all","container":"mp4","kind":"mezzanine","short_side":null,'
    '"video":{"codec":"h264","crf":18,"fastdecode":false,"gop":15,"preset":"veryfast","threads":3}}'
)


def digest(text: str) -> Digest:
    return Digest(hashlib.sha256(text.encode()).hexdigest(), "0" * 32, len(text))


def clip(key: str) -> Clip:
    camera, _, name = key.partition("/")
    picture = VideoStream(
        0, "h264", 1920, 1080, RATE, "yuv420p", 0, 60_060_000, 1800, colour=Colour("bt709", "bt709", "bt709")
    )
    track = AudioStream(1, "aac", 48000, 2, "stereo", 0, 60_000_000)
    media = Media("mov", 60_060_000, None if name.endswith("WAV") else picture, (track,), "01:00:00:00")
    heard = AnalysisChannel(f"sessions/s/listen/{key}/track1-channel1.s16", 1, 1)
    sound = AnalysisAudio(8000, 0, 480_000, (heard,), f"sessions/s/listen/{key}/peaks.bin")
    found = Clip(camera, name, len(key), 7, f"sessions/s/original/{key}", digest(key), media, sound)
    return dataclasses.replace(found, checks=CHECKS if key == LISTED else ())


def conformed(key: str) -> ConformResult:
    _, phase = split_offset(OFFSETS[key] or 0, RATE)
    made = []
    for kind, name in (("mezzanine", "mezz-h264"), ("proxy", "proxy-540p")):
        path = f"sessions/s/conform/{key}.{kind}.mp4"
        found = digest(path)
        made.append(
            Rendition(
                kind,
                path,
                found.bytes,
                found.sha256,
                name,
                HASH,
                RATE,
                1800,
                1920,
                1080,
                phase,
                11.8,
                RenditionProof(written(f"{path}.json"), HASH, 8, HASH, 2_882_880),
                3,
                1,
                tracks=(AudioTrack("stereo", 2, ((0, 0), (0, 1)), HASH if kind == "mezzanine" else ""),),
                picture=PictureFormat("yuv420p", 8, Colour("bt709", "bt709", "bt709")),
            )
        )
    report = ConformReport(((48, 12),), 12, (33_367, 33_367), 20_000, 1, ("the video is damaged for 0.40 s",))
    return ConformResult(tuple(made), (("x264", "165"),), sprites(key), report)


def sprites(key: str) -> Sprites:
    folder = f"sessions/s/conform/{key}.sprites"
    sheets = tuple(written(f"{folder}/{number}.jpg") for number in range(2))
    return Sprites(written(f"{folder}/track.vtt"), sheets, 160, 90, 10, 10, 120, 30)


def written(path: str) -> WrittenFile:
    found = digest(path)
    return WrittenFile(path, found.bytes, found.sha256)


def session(approved: bool = True, published: Publication | None = None) -> Session:
    cameras = (Camera("cam_a", "Cam A", reference=True), Camera("cam_b", "Cam [b]"), Camera("cam_c", "Sound"))
    angles = tuple(
        AngleMatch(
            camera.key,
            tuple(
                Placement(
                    key.partition("/")[2],
                    offset,
                    11.8 if camera.key == "cam_b" else 0.0,
                    Disposition.SYNCED,
                    0.9,
                )
                for key, offset in OFFSETS.items()
                if key.startswith(camera.key)
            ),
            0.9,
            (build_reason(ReasonCode.SPREAD, "cam_b", "cam_a"),),
            overlap_s=58.25,
            residual_ms=0.21,
        )
        for camera in cameras
    )
    terms = Terms(
        cameras,
        ProfileRef("mezz-h264", HASH, DOCUMENT),
        ProfileRef("proxy-540p", HASH, DOCUMENT),
        None,
        "confident",
    )
    approval = Approval(Actor("okafor", 1001), "2026-11-23T09:30:00.000000Z", 3) if approved else None
    bare = Session(
        "20261123-091502-k7q",
        "2026-11-23T09:15:02.000000Z",
        State.PUBLISHING,
        3,
        terms=terms,
        clips=tuple(clip(key) for key in reversed(OFFSETS)),
        rate=RATE,
        alignment=Alignment(
            "cam_a", angles, 0.9, SyncMethod.AUDIO_CORR, (build_reason(ReasonCode.SPREAD, "cam_b", "cam_a"),)
        ),
        approval=approval,
        published=published,
    )
    return with_plan(bare, material()["conformed"])


def with_plan(session: Session, conformed: dict[str, ConformResult]) -> Session:
    """The session with these results of conform, and the plan to publish them."""
    jobs = {job.clip.key: job.id for job in list_conform_jobs(session)}
    plan = build_plan(session.id, session.clips, conformed=conformed, peaks=material()["peaks"])
    return dataclasses.replace(
        session,
        conformed=tuple(ConformedClip(jobs[key], key, result) for key, result in conformed.items()),
        publishing=Publishing(session.revision, BEGAN_AT, plan, CHAIN_HEAD),
    )


def material() -> dict[str, dict]:
    return {
        "conformed": {key: conformed(key) for key, offset in OFFSETS.items() if offset is not None},
        "peaks": {key: written(f"sessions/s/conform/{key}.proxy.dat") for key in OFFSETS},
    }


def sums_of(path: Path) -> PartSums:
    """What is recorded of a file before it is stored."""
    return compute_part_sums(path)[1]
