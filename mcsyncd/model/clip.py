"""What a camera left us: cameras, clips, and what probe and listen found in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcsyncd.model.rate import Rate


@dataclass(frozen=True, slots=True)
class Camera:
    """One angle. `key` is the drop folder's name; the folder is the label, nothing is guessed."""

    key: str
    label: str
    reference: bool = False


@dataclass(frozen=True, slots=True)
class DropFile:
    """A settled file in a drop folder: `name` is its path below the camera's folder ("/" between).

    `head` and `sample` are hashes of its beginning and of blocks from all over it, by which a copy
    is recognised before it is hashed in full; empty for a file that was not sampled.
    """

    camera: str
    name: str
    bytes: int
    mtime_ns: int
    kind: Literal["clip", "sidecar"] = "clip"
    head: str = ""
    sample: str = ""

    @property
    def key(self) -> str:
        """Names the file within a session, like the key of its clip."""
        return f"{self.camera}/{self.name}"


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file in a drop folder that is not ready and holds the seal, and why."""

    camera: str
    name: str
    bytes: int
    reason: str

    @property
    def key(self) -> str:
        """Names the file within a session, like the key of a clip."""
        return f"{self.camera}/{self.name}"


@dataclass(frozen=True, slots=True)
class Digest:
    """Both hashes of one read: sha256 is the identity and the evidence, xxh128 is for quick re-checks."""

    sha256: str
    xxh128: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Colour:
    """Colour tags as the stream carries them (ffmpeg's names); None where it carries none."""

    primaries: str | None = None
    transfer: str | None = None
    matrix: str | None = None
    full_range: bool = False


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The video stream of a clip. Times are microseconds of presentation time in the file.

    `rate` is the true rate: measured from the frame intervals, snapped to a standard rate.
    `rotation` is the clockwise turn that makes a frame upright: 0, 90, 180 or 270 degrees.
    `mirrored` frames must also be flipped, which `rotation` cannot express. `width` and `height`
    are those of the coded frame, before rotation.
    """

    index: int
    codec: str
    width: int
    height: int
    rate: Rate
    pix_fmt: str
    start_us: int
    duration_us: int
    frames: int | None = None
    variable_rate: bool = False
    rotation: int = 0
    interlaced: bool = False
    pixel_aspect: tuple[int, int] = (1, 1)
    colour: Colour = Colour()
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One audio track of a clip. Times are microseconds of presentation time in the file."""

    index: int
    codec: str
    sample_rate: int
    channels: int
    layout: str
    start_us: int
    duration_us: int


@dataclass(frozen=True, slots=True)
class Media:
    """What probe found. `warnings` are plain sentences for the operator."""

    container: str
    duration_us: int
    video: VideoStream | None
    audio: tuple[AudioStream, ...] = ()
    timecode: str | None = None
    recorded_at: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def origin_us(self) -> int:
        """Presentation time, in the file, of the clip's t = 0.

        The first frame; the first audio sample where there is no video.
        """
        if self.video is not None:
            return self.video.start_us
        return min((track.start_us for track in self.audio), default=0)


@dataclass(frozen=True, slots=True)
class AnalysisChannel:
    """One channel worth listening to: `path` is raw little-endian int16 at the Sound's rate."""

    path: str
    stream: int
    channel: int


@dataclass(frozen=True, slots=True)
class AnalysisAudio:
    """The analysis audio and the peaks of a clip, placed on the clip's own clock.

    Sample 0 of every channel is at clip time `start_us` (0 is the clip's t = 0, see
    `Media.origin_us`; negative when audio begins before the first frame). Gaps are silent.
    `channels` is empty when the clip has no usable audio; `notes` says why.
    """

    rate: int
    start_us: int
    samples: int
    channels: tuple[AnalysisChannel, ...]
    peaks: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of one camera, and how far it has come.

    `name` is the path below the camera's folder, as dropped. `path` is where the original is
    now, relative to the work folder.
    """

    camera: str
    name: str
    bytes: int
    mtime_ns: int
    path: str = ""
    digest: Digest | None = None
    media: Media | None = None
    analysis_audio: AnalysisAudio | None = None

    @property
    def key(self) -> str:
        """Names the clip within its session."""
        return f"{self.camera}/{self.name}"
