"""A made-up session from a short description, for the examples of the manifest's documents.

The product's own code weighs its confidences, plans its objects and splits its offsets.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition, Placement, SyncMethod, weigh_alignment
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
from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.model.due import list_conform_jobs
from mcsyncd.model.hash_check import HashCheck
from mcsyncd.model.jobs import Conform
from mcsyncd.model.publishing import Publication, Publishing
from mcsyncd.model.rate import Rate
from mcsyncd.model.reason import Reason
from mcsyncd.model.recorder_notes import RecorderNotes
from mcsyncd.model.rendition import (
    AudioTrack,
    ConformReport,
    ConformResult,
    PictureFormat,
    Rendition,
    RenditionProof,
    Sprites,
    StoredObject,
    WrittenFile,
)
from mcsyncd.model.session import Actor, Approval, ConformedClip, Ruling, Session, State, Terms
from mcsyncd.publish.plan import build_plan
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile

_BT709 = Colour("bt709", "bt709", "bt709")
_FAULTLESS = ConformReport()
_KIM = Actor("kim", 1001)
_MTIME_NS = 1_795_776_315_000_000_000


@dataclass(frozen=True)
class ExampleClip:
    """A recording and where it lies: `rate` is None for sound alone, `offset_us` off the timeline."""

    key: str
    offset_us: int | None
    seconds: float
    rate: Rate | None = None
    disposition: Disposition = Disposition.SYNCED
    confidence: float | None = 1.0
    drift_ppm: float = 0.0
    curve: DriftCurve = ()
    timecode: str | None = None
    channels: int = 2
    continues: str = ""
    parallel_to: str = ""
    notes: RecorderNotes | None = None
    hidden_picture: str = ""
    checks: tuple[HashCheck, ...] = ()
    report: ConformReport = _FAULTLESS
    attached: tuple[str, ...] = ()

    @property
    def camera(self) -> str:
        return self.key.partition("/")[0]

    @property
    def name(self) -> str:
        return self.key.partition("/")[2]


@dataclass(frozen=True)
class Example:
    """A session in one state that a reader can meet."""

    id: str
    cameras: tuple[Camera, ...]
    clips: tuple[ExampleClip, ...]
    rate: Rate
    revision: int = 1
    reasons: tuple[Reason, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    left_out: tuple[HeldFile, ...] = ()
    taken_as_is: tuple[HeldFile, ...] = ()
    previous: Publication | None = None
    approved_by: Actor = _KIM
    reviewed_min: int = 32
    """Minutes from its first clip to its approval."""
    has_tags: bool = True
    """Whether its store has tags: a bucket does, a folder does not."""

    @property
    def opened_at(self) -> datetime:
        return datetime.strptime(self.id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)

    @property
    def approved_at(self) -> datetime:
        return self.opened_at + timedelta(minutes=self.reviewed_min)

    @cached_property
    def session(self) -> Session:
        """The session, approved and with all of its objects stored."""
        mezzanine, proxy = (
            load_profile(find_shipped_profiles(), name).build_ref(name)
            for name in ("mezz-h264", "proxy-540p")
        )
        bare = Session(
            self.id,
            _format_time(self.opened_at),
            State.PUBLISHING,
            self.revision,
            terms=Terms(self.cameras, mezzanine, proxy, None, "confident"),
            clips=tuple(_build_clip(clip) for clip in self.clips),
            rate=self.rate,
            alignment=self._align(),
            approval=Approval(self.approved_by, _format_time(self.approved_at), self.revision),
            published=self.previous,
            left_out=self.left_out,
            taken_as_is=self.taken_as_is,
            rulings=self.rulings,
        )
        return self._add_objects(bare)

    def _align(self) -> Alignment:
        angles = tuple(
            AngleMatch(
                camera.key,
                tuple(_place_clip(clip) for clip in self.clips if clip.camera == camera.key),
                0.0,
                tuple(one for one in self.reasons if one.subject.partition("/")[0] == camera.key),
                overlap_s=0.0 if camera.reference else 58.25,
                residual_ms=None if camera.reference else 0.21,
            )
            for camera in self.cameras
        )
        reference = next(camera.key for camera in self.cameras if camera.reference)
        return weigh_alignment(Alignment(reference, angles, 0.0, SyncMethod.AUDIO_CORR, self.reasons))

    def _add_objects(self, bare: Session) -> Session:
        described = {clip.key: clip for clip in self.clips}
        jobs = {job.clip.key: job for job in list_conform_jobs(bare)}
        conformed = {key: _conform_clip(described[key], job) for key, job in jobs.items()}
        wanted = [clip for clip in bare.clips if described[clip.key].disposition is not Disposition.LEFT_OUT]
        heard = [clip.key for clip in wanted if described[clip.key].channels]
        plan = build_plan(
            self.id,
            wanted,
            conformed=conformed,
            peaks={key: _write_file(f"sessions/{self.id}/{key}.dat", 28_152) for key in heard},
            attached={
                clip.key: tuple(
                    _write_file(clip.path.removesuffix(clip.name) + name, 2_911)
                    for name in described[clip.key].attached
                )
                for clip in wanted
            },
        )
        stored = tuple(
            StoredObject(
                one.key,
                one.kind,
                one.bytes,
                one.sha256,
                one.clip,
                tag=_hash_text(one.key)[:32] if self.has_tags else "",
                crc64nvme=_hash_text(one.key)[32:48],
            )
            for one in plan.uploads
        )
        return replace(
            bare,
            conformed=tuple(ConformedClip(job.id, key, conformed[key]) for key, job in jobs.items()),
            stored=stored,
            publishing=Publishing(
                self.revision,
                _format_time(self.approved_at + timedelta(seconds=2)),
                plan,
                _hash_text(f"head {self.id}"),
            ),
        )


def _format_time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write_file(path: str, size: int) -> WrittenFile:
    return WrittenFile(path, size, _hash_text(path))


def _place_clip(clip: ExampleClip) -> Placement:
    return Placement(
        clip.name,
        clip.offset_us,
        clip.drift_ppm,
        clip.disposition,
        clip.confidence,
        continues=clip.continues,
        parallel_to=clip.parallel_to,
        curve=clip.curve,
    )


def _build_clip(clip: ExampleClip) -> Clip:
    duration_us = round(clip.seconds * 1_000_000)
    picture, sound = None, ()
    if clip.rate is not None:
        frames = round(clip.seconds * clip.rate.fraction)
        picture = VideoStream(
            0, "h264", 1920, 1080, clip.rate, "yuv420p", 0, duration_us, frames, colour=_BT709
        )
    if clip.channels:
        layout = "mono" if clip.channels == 1 else "stereo"
        codec = "aac" if picture else "pcm_s24le"
        sound = (AudioStream(1, codec, 48_000, clip.channels, layout, 0, duration_us),)
    media = Media(
        "mov" if picture else "wav",
        duration_us,
        picture,
        sound,
        clip.timecode,
        hidden_picture=clip.hidden_picture,
        notes=clip.notes,
    )
    heard = tuple(_hear_channel(clip, number) for number in range(clip.channels))
    size = round(clip.seconds * (12_500_000 if picture else 144_000 * clip.channels))
    path = f"sessions/example/original/{clip.key}"
    return Clip(
        clip.camera,
        clip.name,
        size,
        _MTIME_NS,
        path,
        Digest(_hash_text(clip.key), _hash_text(clip.key)[:32], size),
        media,
        AnalysisAudio(8000, 0, round(clip.seconds * 8000), heard, f"listen/{clip.key}/peaks"),
        checks=clip.checks,
    )


def _hear_channel(clip: ExampleClip, number: int) -> AnalysisChannel:
    return AnalysisChannel(f"listen/{clip.key}/{number}.s16", 1, number)


def _conform_clip(clip: ExampleClip, job: Conform) -> ConformResult:
    """Invent what conform would make: a frame for each tick of the clip, or sound alone."""
    frames = round(clip.seconds * job.rate.fraction) if clip.rate else 0
    samples = round(clip.seconds * 48_000)
    made = []
    for kind, width, height, per_second in (
        ("mezzanine", 1920, 1080, 3_600_000),
        ("proxy", 960, 540, 310_000),
    ):
        ref = job.mezzanine if kind == "mezzanine" else job.proxy
        path = f"sessions/{job.session}/conform/{clip.key}.{kind}.mp4"
        digest = _hash_text(f"{path} frames")
        sidecar = _write_file(f"{path}.json", 4_127)
        made.append(
            Rendition(
                kind,
                path,
                round(clip.seconds * (per_second if frames else 90_000)),
                _hash_text(path),
                ref.name,
                ref.hash,
                job.rate,
                frames,
                width if frames else 0,
                height if frames else 0,
                job.phase_us,
                job.drift_ppm,
                RenditionProof(sidecar, digest if frames else "", 16, digest if frames else "", samples),
                duplicated=max(0, frames - round(clip.seconds * clip.rate.fraction)) if clip.rate else 0,
                timecode=clip.timecode,
                tracks=_build_tracks(clip, kind),
                picture=PictureFormat("yuv420p", 8, _BT709) if frames else None,
                curve_applied=job.curve,
            )
        )
    return ConformResult(tuple(made), (("x264", "165"),), _draw_sprites(clip, frames), clip.report)


def _build_tracks(clip: ExampleClip, kind: str) -> tuple[AudioTrack, ...]:
    if not clip.channels:
        return ()
    layout = "mono" if clip.channels == 1 else "stereo"
    channels = tuple((0, number) for number in range(clip.channels))
    if kind == "proxy":
        return (AudioTrack(layout, clip.channels, channels),)
    return (AudioTrack(layout, clip.channels, channels, _hash_text(f"{clip.key} sound"), bit_depth=24),)


def _draw_sprites(clip: ExampleClip, frames: int) -> Sprites | None:
    if not frames:
        return None
    count = -(-frames // 30)
    sheet = _write_file(f"conform/{clip.key}.sprites/0.jpg", 191_412)
    return Sprites(
        _write_file(f"conform/{clip.key}.sprites/track.vtt", 6_022), (sheet,), 160, 90, 10, 10, count, 30
    )
