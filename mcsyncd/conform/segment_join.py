"""Join what was found in the segments of a clip into what is said about the whole clip. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from mcsyncd.conform.colour_tags import describe_changing_tags
from mcsyncd.conform.grid import TickMapSummary
from mcsyncd.conform.plan import RenderPlan
from mcsyncd.conform.report import AudioTrackDamage, ConformReportBuilder
from mcsyncd.conform.segments import Segment, SegmentFindings
from mcsyncd.model.clip import MAX_END_GAP_US
from mcsyncd.model.colour import Colour
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import ConformReport


class SegmentsDisagree(Exception):
    """The segments are not together what one pass over the clip would have found."""


@dataclass(frozen=True, slots=True)
class ClipFindings:
    """What was found in a clip: `tick_map_sha256` is the digest of its tick map, "" without video."""

    ticks: int
    report: ConformReport
    duplicated: int = 0
    dropped: int = 0
    notes: tuple[str, ...] = ()
    tick_map_sha256: str = ""


class FindingsJoiner:
    """Takes the findings of the segments in order; its memory does not grow with their number."""

    def __init__(self, plan: RenderPlan) -> None:
        self._plan = plan
        rate = plan.video.rate if plan.video else Rate(25)  # without video no frame is ever compared to it
        self._report = ConformReportBuilder(plan.grid, 1 / rate.fraction)
        self._summary = TickMapSummary()
        self._last_time: Fraction | None = None
        self._end: Fraction | None = None
        self._ends_damaged = False
        self._damaged_frames = self._untimed_frames = 0
        self._frame_sizes: dict[tuple[int, int], None] = {}  # an ordered set
        self._frame_colours: dict[Colour, None] = {}
        self.ticks = 0

    @property
    def is_ended(self) -> bool:
        """Whether the end of the source was among the findings."""
        return self._end is not None

    def add_findings(self, segment: Segment, found: SegmentFindings) -> None:
        """Add the findings of the next segment.

        Raises SegmentsDisagree if a container led a seek astray: if its timestamps begin again, or if its
        frames can't be found by their time. Such a clip has to be read in one pass.
        """
        if self.is_ended:
            if found.ticks:
                raise SegmentsDisagree
            return
        for frame in found.frames:
            if self._last_time is not None and frame.time <= self._last_time:
                raise SegmentsDisagree
            self._last_time = frame.time
            self._summary.add_frame(frame)
            self._report.add_frame(frame.time, after_damage=frame.after_damage)
        self.ticks += found.ticks
        self._damaged_frames += found.damaged_frames
        self._untimed_frames += found.untimed_frames
        self._frame_sizes.update(dict.fromkeys(found.frame_sizes))
        self._frame_colours.update(dict.fromkeys(found.frame_colours))
        if not segment.is_filled_by(found.ticks):
            if found.source_end is None:
                raise SegmentsDisagree
            self._end, self._ends_damaged = found.source_end, found.ends_damaged
            self._report.end_video(self._end, after_damage=self._ends_damaged)

    def join(
        self, audio_notes: tuple[str, ...] = (), audio_damage: tuple[AudioTrackDamage, ...] = ()
    ) -> ClipFindings:
        """Return the whole; `audio_damage` has an entry for each audio track.

        Raises SegmentsDisagree if the clip has video and its end was not among the findings.
        """
        if self._plan.video is None:
            report = self._report.build_report(audio_damage, ())
            return ClipFindings(self._plan.ticks, report, notes=audio_notes)
        if self._end is None:
            raise SegmentsDisagree
        irregularities = self._describe_irregularities()
        damage = f"damaged frames: {self._damaged_frames}, replaced by the nearest good frame"
        return ClipFindings(
            ticks=self.ticks,
            report=self._report.build_report(audio_damage, (*irregularities, *self._describe_end(self._end))),
            duplicated=self._summary.duplicated,
            dropped=self._summary.dropped,
            notes=(*((damage,) if self._damaged_frames else ()), *irregularities, *audio_notes),
            tick_map_sha256=self._summary.digest,
        )

    def _describe_irregularities(self) -> tuple[str, ...]:
        """Describe everything unusual about the video except damage."""
        notes = []
        if self._untimed_frames:
            notes.append(f"frames without a valid timestamp: {self._untimed_frames}, left out")
        if len(self._frame_sizes) > 1:
            sizes = ", ".join(f"{width}x{height}" for width, height in self._frame_sizes)
            notes.append(f"the frame size changes ({sizes}): all frames are fitted into the first size")
        notes += describe_changing_tags(tuple(self._frame_colours))
        return tuple(notes)

    def _describe_end(self, end: Fraction) -> tuple[str, ...]:
        """Compare the end of the decoded picture with the one that the file declares."""
        declared = Fraction(self._plan.video.duration_us if self._plan.video else 0, 1_000_000)
        early = declared - end
        if early * 1_000_000 <= MAX_END_GAP_US:
            return ()
        cut = ": the sound after it is cut" if self._plan.source_tracks else ""
        return (f"the picture ends {float(early):.1f} s before the end that the file declares{cut}",)
