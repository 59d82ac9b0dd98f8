"""Small made-up values of the model, for every test that needs a session to talk about."""

from __future__ import annotations

from mcsyncd.model.alignment import Alignment, AngleMatch, Candidate, Disposition, Placement, SyncMethod
from mcsyncd.model.clip import (
    AnalysisAudio,
    AnalysisChannel,
    AudioStream,
    Camera,
    Digest,
    DropFile,
    Media,
    VideoStream,
)
from mcsyncd.model.facts import JobResult, OffloadResult, ReturnResult
from mcsyncd.model.holding import Evidence
from mcsyncd.model.jobs import (
    Align,
    Conform,
    Hash,
    Job,
    Listen,
    Offload,
    PlanPublishing,
    PointHead,
    Probe,
    PublishCopy,
    PublishManifest,
    ReadBack,
    Return,
    Upload,
)
from mcsyncd.model.publishing import PlannedObject, Publication, PublishingPlan
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import ConformResult, Rendition, RenditionProof, StoredObject, WrittenFile
from mcsyncd.model.session import Actor, ProfileRef, Terms

AT = "2026-11-23T09:15:02.000000Z"
OKAFOR = Actor("s.okafor", 1001)
RUIZ = Actor("a.ruiz", 1002)
CAMERAS = (Camera("cam_a", "Cam A", reference=True), Camera("cam_b", "Cam B"), Camera("cam_c", "Cam C"))
TERMS = Terms(
    CAMERAS,
    ProfileRef("mezz-h264", "a" * 64, "{}"),
    ProfileRef("proxy-540p", "b" * 64, "{}"),
    None,
    "confident",
)
DROPPED = (
    DropFile("cam_a", "A001.MOV", 100, 1),
    DropFile("cam_a", "A001.XML", 10, 1, "sidecar"),
    DropFile("cam_b", "B001.MOV", 200, 2),
    DropFile("cam_c", "DCIM/C001.MP4", 300, 3),
)
OFFSETS = {"cam_a": 0, "cam_b": -134_000, "cam_c": 87_000}


NTSC = Rate(30000, 1001)


def media(*, audio: bool = True, rate: Rate = NTSC) -> Media:
    picture = VideoStream(0, "h264", 1920, 1080, rate, "yuv420p", 0, 60_000_000, 1800)
    sound = (AudioStream(1, "aac", 48000, 2, "stereo", 0, 60_000_000),) if audio else ()
    return Media("mov", 60_000_000, picture, sound)


def alignment(
    confidence: float = 0.92, method: SyncMethod = SyncMethod.AUDIO_CORR, offsets: dict | None = None
) -> Alignment:
    """The answer to `DROPPED`; `offsets` in microseconds by camera, None for one without a place."""
    kinds = {
        SyncMethod.AUDIO_CORR: Disposition.SYNCED,
        SyncMethod.FALLBACK: Disposition.FALLBACK,
        SyncMethod.MANUAL: Disposition.MANUAL,
    }
    names = {file.camera: file.name for file in DROPPED if file.kind == "clip"}
    angles = tuple(
        AngleMatch(
            camera,
            (
                Placement(
                    names[camera],
                    offset,
                    0.0 if camera == "cam_a" else 11.8,
                    None if offset is None else kinds[method],
                    None if offset is None else 1.0 if camera == "cam_a" else confidence,
                ),
            ),
            1.0 if camera == "cam_a" else confidence,
            candidates=(Candidate(offset or 0, 0.9),),
            overlap_s=58.0,
            residual_ms=0.2,
            correlation_strip=(0.1, 0.9, 0.1),
            strip_step_us=1000,
        )
        for camera, offset in (offsets or OFFSETS).items()
    )
    return Alignment("cam_a", angles, confidence, method)


def rendition(kind: str, job: Conform) -> Rendition:
    ref = job.mezzanine if kind == "mezzanine" else job.proxy
    path = f"sessions/{job.session}/conform/{job.clip.camera}/{job.id[:8]}.{kind}.mp4"
    digest = "e" * 64
    return Rendition(
        kind,
        path,
        1000,
        f"{kind}{job.id}".encode().hex()[:64].ljust(64, "0"),
        ref.name,
        ref.hash,
        job.rate,
        1800,
        1920,
        1080,
        job.phase_us,
        job.drift_ppm,
        RenditionProof(WrittenFile(f"{path}.json", 100, digest), digest, 16, digest, 2_882_880),
    )


def result_of(job: Job, confidence: float = 0.92) -> JobResult:  # noqa: C901, PLR0911, PLR0912  # one for each kind
    """A plausible result of any job."""
    match job:
        case Offload():
            clips = [file for file in job.files if file.kind == "clip"]
            paths = {
                f"{file.camera}/{file.name}": f"sessions/{job.session}/original/{file.camera}/{file.name}"
                for file in clips
            }
            return OffloadResult(tuple(paths.items()))
        case Return():
            return ReturnResult()
        case Hash():
            return Digest(job.clip.key.encode().hex()[:64].ljust(64, "0"), "c" * 32, job.clip.bytes)
        case Probe():
            return media()
        case Listen():
            folder = f"sessions/{job.session}/listen/{job.clip.camera}"
            channel = AnalysisChannel(f"{folder}/0.s16", 1, 0, 960_000, "1" * 64)
            return AnalysisAudio(
                8000, 0, 480_000, (channel,), f"{folder}/peaks", peaks_bytes=24_000, peaks_sha256="2" * 64
            )
        case Align():
            return alignment(confidence)
        case Conform():
            return ConformResult(
                (rendition("mezzanine", job), rendition("proxy", job)), (("pyav", "18.1.0"),)
            )
        case PlanPublishing():
            renditions = tuple(
                PlannedObject(f"v1/{made.sha256}", made.kind, made.path, made.bytes, made.sha256, key)
                for key, result in job.conformed
                for made in result.renditions
            )
            waveforms = tuple(
                PlannedObject(f"v1/peaks/{clip.key}", "peaks", f"{clip.path}.dat", 100, "3" * 64, clip.key)
                for clip in job.clips
                if clip.analysis_audio is not None
            )
            return PublishingPlan((*renditions, *waveforms))
        case Upload(object=planned):
            return StoredObject(planned.key, planned.kind, planned.bytes, planned.sha256, planned.clip)
        case PublishManifest():
            revision = job.snapshot.revision
            return Publication(revision, f"v1/manifest/{job.session}/{revision:06d}-0.json", "d" * 64)
        case PointHead():
            return job.head
        case PublishCopy():
            return job.publication
        case ReadBack():
            return Evidence(job.object.key, is_right=True, is_due=False)
        case _:
            raise AssertionError(job)
