"""What conform made of a clip, and what the store holds of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.rate import Rate

ObjectKind = Literal["original", "mezzanine", "proxy", "sidecar", "peaks", "sprites"]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that conform wrote beside a rendition: `path` is relative to the work folder."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RenditionProof:
    """What a rendition must decode to, picked up while it was made; digests are sha256 in hex.

    `tick_map` is of which source picture each tick shows. `pictures` is of the decoded pictures
    of every `every`-th group ("" without picture), `pcm` of the `samples` of the first audio track
    ("" where it is not lossless). The `sidecar` says all this at length, with encoder options and versions.
    """

    sidecar: WrittenFile
    tick_map_sha256: str
    group_interval: int
    frames_sha256: str
    samples: int
    pcm: str


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One audio track of a rendition, in the file's order.

    `layout` is of its channels (ffmpeg's name). `taken` says of which channels of the clip it is
    made, as (track, channel) from 0; there are more of them than `channels` where they are mixed.
    `pcm` is the sha256 of its samples, "" where it is not lossless.
    """

    layout: str
    channels: int
    source_channels: tuple[tuple[int, int], ...]
    pcm_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One file that conform wrote: `path` is relative to the work folder.

    It lies on the session grid. `phase_us` (the part of the offset smaller than a tick) and
    `drift_applied_ppm` are baked into its pictures and sound; the whole ticks of the offset are
    metadata (`model.rate.on_grid`), so that moving a clip by a frame makes nothing anew.
    `frames`, `width`, `height` are 0 for a clip without picture. `timecode` is the label of its
    first picture, written into the file, too. `layout` is that of the first of the audio `tracks`,
    which a rendition of an older release does not list.
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
    duplicated: int = 0
    dropped: int = 0
    notes: tuple[str, ...] = ()
    timecode: str | None = None
    layout: str | None = None
    proof: RenditionProof | None = None
    tracks: tuple[AudioTrack, ...] = ()


@dataclass(frozen=True, slots=True)
class Sprites:
    """Thumbnails on the grid of the renditions: thumbnail n shows tick `n * step_ticks`.

    They fill sheets of `columns` by `rows`, row by row, each `width` by `height` pixels, `count`
    in all; the last sheet ends with them. `track` is a WebVTT file that names the sheets by the
    names they have beside it.
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
        """The sheets, then the track: who has the track can have what it names."""
        return (*self.sheets, self.webvtt)


@dataclass(frozen=True, slots=True)
class ConformReport:
    """What conform met in a clip, counted.

    `damaged` are the first stretches of ticks, (first, number), that show a held picture because the
    camera's own is damaged; `damaged_ticks` counts all such ticks. `step_us` is the shortest and
    the longest time between two good pictures. `silent_us` is how long all holes in the sound are
    together, `damaged_sound` counts its packets that could not be decoded.

    `look` are sentences on what a person has to know before saying that the clip is good: sync
    cannot see it, and conform cannot mend it.
    """

    damaged_ranges: tuple[tuple[int, int], ...] = ()
    damaged_ticks: int = 0
    frame_interval_us: tuple[int, int] | None = None
    missing_audio_us: int = 0
    damaged_audio_packets: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConformResult:
    """Everything one conform job made of one clip. `sprites` is None for a clip without picture."""

    renditions: tuple[Rendition, ...]
    versions: tuple[tuple[str, str], ...] = ()
    sprites: Sprites | None = None
    report: ConformReport = ConformReport()

    def get_rendition(self, kind: Literal["mezzanine", "proxy"]) -> Rendition | None:
        """Return the rendition of that kind, if there is one."""
        return next((made for made in self.renditions if made.kind == kind), None)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that the store holds and whose size and hash were checked after the upload."""

    key: str
    kind: ObjectKind
    bytes: int
    sha256: str
    clip: str = ""
