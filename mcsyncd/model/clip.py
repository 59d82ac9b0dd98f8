"""What a camera left us: cameras, clips, and what probe and listen found in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mcsyncd.model.colour import UNTAGGED, Colour
from mcsyncd.model.hash_check import HashCheck
from mcsyncd.model.job_inputs import NOT_AN_INPUT
from mcsyncd.model.linear_timecode import LtcRun
from mcsyncd.model.rate import Rate
from mcsyncd.model.recorder_notes import RecorderNotes
from mcsyncd.model.rendition import WrittenFile

CameraKind = Literal["picture", "sound"]
"""What a camera records: picture, mostly with sound, or sound alone."""


@dataclass(frozen=True, slots=True)
class Camera:
    """One angle. `key` is the drop folder's name; the folder is the label, nothing is guessed.

    No picture is expected of a camera of kind `sound`: it is a recorder.
    """

    key: str
    label: str
    reference: bool = False
    kind: CameraKind = "picture"


DropKind = Literal["clip", "sidecar", "copy", "card"]
"""What a file in a drop folder is; only a `clip` is a recording of its own."""

DropIdentity = tuple[str, str, int, int]
"""Camera, name, size and modification time of a file in a drop folder."""


@dataclass(frozen=True, slots=True)
class DropFile:
    """A settled file in a drop folder: `name` is its path below the camera's folder ("/" between).

    `head` and `sample` are hashes of its beginning and of blocks from all over it, by which a copy
    is recognised before it is hashed in full; empty for a file that was not sampled.

    A `sidecar` describes a clip and a `copy` is a second copy of one: `attached_to` is the name of that
    clip. `card` is what else lies on a card. `checks` are what its card's hash lists say of it; there are
    none for a file that no list names.
    """

    camera: str
    name: str
    bytes: int
    mtime_ns: int
    kind: DropKind = "clip"
    head: str = ""
    sample: str = ""
    attached_to: str = field(default="", metadata=NOT_AN_INPUT)
    checks: tuple[HashCheck, ...] = field(default=(), metadata=NOT_AN_INPUT)

    @property
    def key(self) -> str:
        """Names the file within a session, like the key of its clip."""
        return f"{self.camera}/{self.name}"

    @property
    def identity(self) -> DropIdentity:
        """Tells the file from another of its name, before and after it was sampled."""
        return self.camera, self.name, self.bytes, self.mtime_ns


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
class VideoStream:
    """The video stream of a clip. Times are microseconds of presentation time in the file.

    `rate` is the true rate, which need not be a standard one: measured from the frame intervals
    (`model.rate.recognise_rate`).
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
    colour: Colour = UNTAGGED
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
    """What probe found. `warnings` are plain sentences for the operator.

    `shortfall` says why the file may lack something, by its container's bytes; "" where nothing says so.
    `lacks_end_mark` is set where its container has no end by which a cut could be told.
    `time_reference_us` is the time of day of the first sample, in microseconds since midnight, where a
    recorder wrote it. `hidden_picture` names the codec of a picture that cannot be decoded, where there
    is no other. `notes` are a sound recorder's own. None of these is an input of any job.
    """

    container: str
    duration_us: int
    video: VideoStream | None
    audio: tuple[AudioStream, ...] = ()
    timecode: str | None = None
    recorded_at: str | None = None
    warnings: tuple[str, ...] = ()
    shortfall: str = field(default="", metadata=NOT_AN_INPUT)
    lacks_end_mark: bool = field(default=False, metadata=NOT_AN_INPUT)
    time_reference_us: int | None = field(default=None, metadata=NOT_AN_INPUT)
    hidden_picture: str = field(default="", metadata=NOT_AN_INPUT)
    notes: RecorderNotes | None = field(default=None, metadata=NOT_AN_INPUT)

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
    """One channel worth listening to: `path` is raw little-endian int16 at the Sound's rate.

    `sha256` is empty in events of versions that recorded none: such a file is not proven.
    """

    path: str
    stream: int
    channel: int
    bytes: int = 0
    sha256: str = ""


MAX_END_GAP_US = 500_000
"""Microseconds by which sound or picture may end before it should. Judgement: recorders stop both within
half a second; the largest gap of the real camera files that were measured is 91 ms. Higher, sound that
broke off is not noticed; lower, recorders that stop their streams apart need a review."""


@dataclass(frozen=True, slots=True)
class EarlyEnd:
    """Decoded sound or picture that ends before it should. Times are microseconds of clip time.

    `expected_us` is the end that the file declares for it, or (`measure` is `other`) the end of the
    clip's other stream.
    """

    stream: Literal["sound", "picture"]
    measure: Literal["declared", "other"]
    end_us: int
    expected_us: int


@dataclass(frozen=True, slots=True)
class AnalysisAudio:
    """The analysis audio and the peaks of a clip, placed on the clip's own clock.

    Sample 0 of every channel is at clip time `start_us` (0 is the clip's t = 0, see
    `Media.origin_us`; negative when audio begins before the first frame). Gaps are silent.
    `channels` is empty when the clip has no usable audio; `notes` says why. `early_ends` are what ends
    too early, now that the sound was decoded to its end. `ltc` is what a channel of linear timecode
    says; such a channel is no sound and not among the channels. `peaks` is empty where none were wanted.
    `peaks_sha256` is empty where a channel's digest is, too.
    """

    rate: int
    start_us: int
    samples: int
    channels: tuple[AnalysisChannel, ...]
    peaks: str
    notes: tuple[str, ...] = ()
    peaks_bytes: int = 0
    peaks_sha256: str = ""
    early_ends: tuple[EarlyEnd, ...] = field(default=(), metadata=NOT_AN_INPUT)
    ltc: tuple[LtcRun, ...] = field(default=(), metadata=NOT_AN_INPUT)

    @property
    def channel_files(self) -> tuple[WrittenFile, ...]:
        """The files of the channels, in their order."""
        return tuple(WrittenFile(one.path, one.bytes, one.sha256) for one in self.channels)

    @property
    def files(self) -> tuple[WrittenFile, ...]:
        """Every file: the channels and the peaks."""
        peaks = (WrittenFile(self.peaks, self.peaks_bytes, self.peaks_sha256),) if self.peaks else ()
        return (*self.channel_files, *peaks)


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of one camera, and how far it has come.

    `name` is the path below the camera's folder, as dropped. `path` is where the original was taken in to,
    relative to the work folder; `moved_to` is where it was moved from there, which no job depends on.
    `fault` says why it cannot be read, and `fault_hint` what to do about it; both are empty for a clip that
    can be read. `former_sha256` is the hash that was recorded before a person took a changed file for the
    right one. `checks` are what the card's hash lists say of it.
    """

    camera: str
    name: str
    bytes: int
    mtime_ns: int
    path: str = ""
    digest: Digest | None = None
    media: Media | None = None
    analysis_audio: AnalysisAudio | None = None
    fault: str = field(default="", metadata=NOT_AN_INPUT)
    fault_hint: str = field(default="", metadata=NOT_AN_INPUT)
    former_sha256: str = field(default="", metadata=NOT_AN_INPUT)
    moved_to: str = field(default="", metadata=NOT_AN_INPUT)
    checks: tuple[HashCheck, ...] = field(default=(), metadata=NOT_AN_INPUT)

    @classmethod
    def from_drop_file(cls, file: DropFile) -> Clip:
        """Return the clip that a file in a drop folder is, of which nothing else is known yet."""
        return cls(file.camera, file.name, file.bytes, file.mtime_ns, checks=file.checks)

    @property
    def place(self) -> str:
        """Where the original is now, relative to the work folder."""
        return self.moved_to or self.path

    @property
    def key(self) -> str:
        """Names the clip within its session."""
        return f"{self.camera}/{self.name}"

    @property
    def failed_check(self) -> HashCheck | None:
        """The first check against a hash list that found another content; None if there is none."""
        return next((one for one in self.checks if one.verdict == "failed"), None)

    @property
    def is_doubtful(self) -> bool:
        """Whether its container's bytes say that a part of it may be missing."""
        return self.media is not None and self.media.shortfall != ""
