"""What conform produced from a clip, and what the object store holds of a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mcsyncd.model.colour import Colour
from mcsyncd.model.drift_curve import DriftCurve
from mcsyncd.model.job_inputs import INPUT_IF_SET
from mcsyncd.model.rate import Rate

ObjectKind = Literal["original", "attached", "mezzanine", "proxy", "sidecar", "peaks", "sprites"]
PLAYED_KINDS: tuple[ObjectKind, ...] = ("proxy", "sprites", "peaks")
"""What a page needs to play and scrub, and no more."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written and hashed: `path` is relative to the work folder once it is recorded.

    `sha256` is empty where an earlier version recorded none.
    """

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RenditionProof:
    """What a rendition must decode to, recorded while it was encoded (docs/adr/0007).

    Digests are SHA-256 in hex. `tick_map_sha256` covers which source frame each tick shows.
    `frames_sha256` covers the decoded frames of every `group_interval`-th group of pictures, ""
    without video. `samples` is the length of each audio track at 48 kHz; the digest of each lossless
    track is in `AudioTrack.pcm_sha256`. The `sidecar` file holds all of this in full, with encoder options
    and library versions.
    """

    sidecar: WrittenFile
    tick_map_sha256: str
    group_interval: int
    frames_sha256: str
    samples: int


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """How the frames of a rendition are stored.

    `pixel_format` is ffmpeg's name, `bit_depth` the bits of each of its samples. `colour` are the tags as
    written, all of them set.
    """

    pixel_format: str
    bit_depth: int
    colour: Colour


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One audio track of a rendition, in the file's order.

    `layout` is the channel layout, by ffmpeg's name. `source_channels` are the channels of the clip
    that the track is made from, as (track, channel) from 0. There are more of them than `channels`
    where they are mixed down. `pcm_sha256` is the digest of the samples, "" if the codec is lossy.
    `sample_rate` is in Hz, `bit_depth` the bits of each sample, None if the codec is lossy.
    """

    layout: str
    channels: int
    source_channels: tuple[tuple[int, int], ...]
    pcm_sha256: str = ""
    sample_rate: int = 48_000
    bit_depth: int | None = None


@dataclass(frozen=True, slots=True)
class Rendition:
    """One file that conform wrote: `path` is relative to the work folder.

    Its frames are on the session grid. `phase_us` (the part of the offset smaller than a tick) and
    `drift_applied_ppm`, with `curve_applied`, are baked into video and audio. The whole ticks of the offset
    are metadata (`model.rate.split_offset`), so moving a clip by a frame requires no new encode. `frames`,
    `width` and `height` are 0 for a clip without video. `timecode` is the timecode of the first frame, and is
    also written into the file. `duplicated` and `dropped` count the source frames that were
    repeated or left out to reach the session's rate. `picture` is None for a clip without video, and where
    an earlier version recorded none.
    """

    kind: Literal["mezzanine", "proxy"]
    path: str
    bytes: int
    sha256: str
    profile: str
    profile_hash: str
    rate: Rate
    frames: int
    width: int
    height: int
    phase_us: int
    drift_applied_ppm: float
    proof: RenditionProof
    duplicated: int = 0
    dropped: int = 0
    notes: tuple[str, ...] = ()
    timecode: str | None = None
    tracks: tuple[AudioTrack, ...] = ()
    picture: PictureFormat | None = None
    curve_applied: DriftCurve = field(default=(), metadata=INPUT_IF_SET)


@dataclass(frozen=True, slots=True)
class Sprites:
    """Thumbnails on the grid of the renditions: thumbnail n shows tick `n * step_ticks`.

    They fill sheets of `columns` by `rows`, row by row, each `width` by `height` pixels, `count`
    in all; the last sheet is cut after the last thumbnail. `webvtt` is a WebVTT file that refers to the
    sheets by their file names.
    """

    webvtt: WrittenFile
    sheets: tuple[WrittenFile, ...]
    width: int
    height: int
    columns: int
    rows: int
    count: int
    step_ticks: int

    @property
    def files(self) -> tuple[WrittenFile, ...]:
        """The sheets, then the WebVTT file: once a reader has that, every sheet it refers to exists."""
        return (*self.sheets, self.webvtt)


@dataclass(frozen=True, slots=True)
class ConformReport:
    """What conform found in a clip.

    `damaged_ranges` are the first ranges of ticks, as (first, number), that repeat a good frame
    because the source's own is damaged; `damaged_ticks` counts all such ticks.
    `frame_interval_us` is the shortest and the longest time between two good frames.
    `missing_audio_us` is the total length of all gaps in the audio, over all tracks.
    `damaged_audio_packets` counts the audio packets that could not be decoded.

    `warnings` are sentences that a person must read before approving the clip: sync does not
    detect these faults, and conform cannot repair them.
    """

    damaged_ranges: tuple[tuple[int, int], ...] = ()
    damaged_ticks: int = 0
    frame_interval_us: tuple[int, int] | None = None
    missing_audio_us: int = 0
    damaged_audio_packets: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConformResult:
    """Everything that one conform job produced from one clip. `sprites` is None for a clip without video."""

    renditions: tuple[Rendition, ...]
    versions: tuple[tuple[str, str], ...] = ()
    sprites: Sprites | None = None
    report: ConformReport = ConformReport()

    @property
    def files(self) -> tuple[WrittenFile, ...]:
        """Every file of it: the renditions with their sidecars, and the thumbnails."""
        made = (
            file
            for one in self.renditions
            for file in (WrittenFile(one.path, one.bytes, one.sha256), one.proof.sidecar)
        )
        return (*made, *(self.sprites.files if self.sprites else ()))

    def get_rendition(self, kind: Literal["mezzanine", "proxy"]) -> Rendition | None:
        """Return the rendition of that kind, or None."""
        return next((rendition for rendition in self.renditions if rendition.kind == kind), None)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in the store that was compared with its file after the upload.

    `tag` is what the store calls this version (its ETag). `crc64nvme` is that of the file, in hex. Both are
    empty where an earlier version stored the object.
    """

    key: str
    kind: ObjectKind
    bytes: int
    sha256: str
    clip: str = ""
    tag: str = ""
    crc64nvme: str = ""
