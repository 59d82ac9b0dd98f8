"""What cases are made of: the analysis audio of the files, and which files are proven to belong together."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.listen.samples import map_samples
from mcsyncd.model.alignment import Alignment
from mcsyncd.model.clip import AnalysisAudio, Media
from mcsyncd.model.named_doubts import list_named_doubts
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording
from mcsyncd.sync.solve import solve_alignment

X, Y = "x", "y"
"""The two angles of every case: the reference and the one that is placed on its clock."""
_MIN_PROOF = 0.95
"""Confidence from which whole files prove where excerpts of them lie. Judgement: well above the button, for
cases only ask whether a part agrees with the whole. Lower, what is called wrong may be right; higher, few
pairs of cameras are left."""


@dataclass(frozen=True, slots=True)
class Material:
    """The analysis audio of one file. `channels` are the paths of its int16 samples, sample 0 at `start_us`.

    `is_other_event` where the user says that it was recorded at another event than the other files.
    """

    name: str
    channels: tuple[str, ...]
    start_us: int
    samples: int
    duration_us: int
    is_other_event: bool = False

    @property
    def begin_s(self) -> float:
        """Clip time of the first sample, in seconds."""
        return self.start_us / 1e6

    @property
    def end_s(self) -> float:
        """Clip time of the end of the sound, in seconds."""
        return self.begin_s + self.samples / ANALYSIS_RATE_HZ

    def read_recording(self, angle: str) -> Recording:
        """Return the whole file as the solver sees it, by its sound alone: without any clock."""
        channels = tuple(map_samples(path) for path in self.channels)
        return Recording(angle, self.name, ANALYSIS_RATE_HZ, self.start_us, channels, self.duration_us)


@dataclass(frozen=True, slots=True)
class ProvenPair:
    """Two files of one event, and where `y` lies on the clock of `x`. A file and itself is one, too."""

    x: Material
    y: Material
    offset_us: float = 0.0
    drift_ppm: float = 0.0
    confidence: float = 1.0

    @property
    def common_s(self) -> tuple[float, float]:
        """From when to when both have sound, in seconds on the clock of `x`; empty if the end comes first."""
        return (
            max(self.x.begin_s, self.map_time(self.y.begin_s)),
            min(self.x.end_s, self.map_time(self.y.end_s)),
        )

    def map_time(self, y_s: float) -> float:
        """Return where a clip time of `y` lies on the clock of `x`, both in seconds."""
        return self.offset_us / 1e6 + y_s * (1.0 + self.drift_ppm * 1e-6)

    def unmap_time(self, x_s: float) -> float:
        """Return the clip time of `y` at a time on the clock of `x`, both in seconds."""
        return (x_s - self.offset_us / 1e6) / (1.0 + self.drift_ppm * 1e-6)


def build_material(name: str, media: Media, audio: AnalysisAudio, *, is_other_event: bool) -> Material:
    """Return a file's analysis audio as material."""
    channels = tuple(channel.path for channel in audio.channels) if audio.samples else ()
    return Material(name, channels, audio.start_us, audio.samples, media.duration_us, is_other_event)


def prove_pair(x: Material, y: Material) -> ProvenPair | None:
    """Solve two whole files; None unless the answer is beyond doubt."""
    alignment = solve_alignment([x.read_recording(X), y.read_recording(Y)], X)
    angle = alignment.find_angle(Y)
    if angle is None or angle.offset_us is None or not is_acceptable(alignment, _MIN_PROOF):
        return None
    return ProvenPair(x, y, angle.offset_us, angle.drift_ppm, alignment.confidence)


def is_acceptable(alignment: Alignment, review_below: float) -> bool:
    """Tell whether an answer by sound gets the button *Looks Good*; see `model.due.is_confident`."""
    return alignment.confidence >= review_below and not list_named_doubts(alignment)
