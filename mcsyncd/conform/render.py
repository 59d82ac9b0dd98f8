"""Does what a plan says: one decode of the source, every file of the plan fed from it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from av.video.frame import VideoFrame

from mcsyncd.conform.evidence import Evidence
from mcsyncd.conform.findings import Findings, SoundFindings
from mcsyncd.conform.grid import TickMap
from mcsyncd.conform.lane import Lane, Part
from mcsyncd.conform.pictures import Pictures
from mcsyncd.conform.plan import RenderPlan
from mcsyncd.conform.sheets import Sheets
from mcsyncd.conform.sound import Sound
from mcsyncd.conform.soundtracks import named
from mcsyncd.errors import BadMedia
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import Report, Sprites

Progress = Callable[[int, int], None]

_STEP_TICKS = 12
"""Sound follows the picture in steps of this many ticks, so that the muxer need not hold either back."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of it: ticks written, pictures repeated and left out, and what was met, in words.

    `tick_map` is the digest of which picture each tick shows; `evidence` has one part a file.
    """

    ticks: int
    report: Report
    duplicated: int = 0
    dropped: int = 0
    notes: tuple[str, ...] = ()
    tick_map: str = ""
    sprites: Sprites | None = None
    evidence: tuple[Evidence, ...] = ()


def render(
    source: Path, plan: RenderPlan, targets: tuple[Path, ...], sprites: Path, progress: Progress
) -> Rendered:
    """Write the plan's files to `targets`, in the plan's order, and thumbnails into the folder `sprites`.

    `progress` is called with ticks done and expected, in this thread. Raises BadMedia where the
    source cannot be decoded, OSError where it cannot be read or a file not be written; then
    no target is left behind.
    """
    with ExitStack() as undo:
        lanes = []
        for target, file in zip(targets, plan.files, strict=True):
            lane = Lane(target, file, plan.grid.rate)
            undo.callback(lane.abandon)
            lanes.append(lane)
        sheets = Sheets(sprites, plan.sprites) if plan.sprites else None
        if sheets is not None:
            undo.callback(sheets.abandon)
        rendered = _Drive(source, plan, lanes, sheets, progress).run()
        evidence = tuple(lane.finish() for lane in lanes)
        made = sheets.finish() if sheets else None
        undo.pop_all()
    return replace(rendered, sprites=made, evidence=evidence)


class _Drive:
    """Walks the source once and deals its pictures and its sound to the lanes."""

    def __init__(
        self, source: Path, plan: RenderPlan, lanes: list[Lane], sheets: Sheets | None, progress: Progress
    ) -> None:
        self._source, self._plan, self._progress = source, plan, progress
        self._lanes, self._sheets = lanes, sheets
        self._sounds = tuple(
            Sound(source, plan.container, track, plan.grid, plan.origin_us) for track in plan.tracks
        )
        usual = plan.video.rate if plan.video else Rate(25)
        self._findings = Findings(plan.grid, 1 / usual.fraction)
        self._done = self._heard = 0

    def run(self) -> Rendered:
        try:
            if self._plan.video is None:
                self._advance(self._plan.ticks)
                self._follow()
                return Rendered(self._plan.ticks, self._report(()), notes=self._about_sound())
            return self._show(Pictures(self._source, self._plan.container, self._plan.video))
        finally:
            for sound in self._sounds:
                sound.close()

    def _show(self, pictures: Pictures) -> Rendered:
        ticks = TickMap(self._plan.grid)
        held: VideoFrame | None = None
        for picture in pictures:
            self._findings.picture(picture.time, torn=picture.torn)
            self._hold(held, ticks.arrives(picture.time))
            held = picture.frame
        if held is None:
            raise BadMedia(
                f"{self._source.name}: not one of its pictures can be decoded",
                "copy it again from the card; if that does not help, the recording is damaged",
            )
        self._hold(held, ticks.ends(self._plan.grid.ticks_of(pictures.end)))
        self._follow()
        self._findings.ends(pictures.end, torn=pictures.torn)
        return Rendered(
            ticks=ticks.ticks,
            duplicated=ticks.duplicated,
            dropped=ticks.dropped,
            notes=(*_about_pictures(pictures), *self._about_sound()),
            tick_map=ticks.digest,
            report=self._report(_odd(pictures)),
        )

    def _hold(self, picture: VideoFrame | None, ticks: int) -> None:
        """Show a picture on the next `ticks` ticks."""
        if picture is None or not ticks:
            return
        self._deal((picture, ticks))
        if self._sheets is not None:
            self._sheets.picture(picture, ticks)
        self._advance(ticks)

    def _advance(self, ticks: int) -> None:
        """Let the sound follow, and tell how far we are."""
        end = self._done + ticks
        while self._done < end:
            self._done = min(end, self._done + _STEP_TICKS)
            if self._done - self._heard >= _STEP_TICKS:
                self._follow()
            self._progress(self._done, max(self._done, self._plan.ticks))

    def _follow(self) -> None:
        """Deal the sound up to the present tick."""
        if self._sounds:
            end = self._plan.grid.samples_of(self._done)
            self._deal([sound.until(end) for sound in self._sounds])
        self._heard = self._done

    def _deal(self, part: Part) -> None:
        for lane in self._lanes:
            lane.put(part)

    def _report(self, odd: tuple[str, ...]) -> Report:
        sounds = [SoundFindings(sound.missing, sound.longest, sound.damaged) for sound in self._sounds]
        return self._findings.report(sounds, odd)

    def _about_sound(self) -> tuple[str, ...]:
        said = []
        for number, sound in enumerate(self._sounds):
            begin = named(number, len(self._sounds))
            if sound.holes:
                said.append(f"{begin}holes in the sound: {sound.holes}, silent in the rendition")
            if sound.damaged:
                said.append(f"{begin}damaged packets of sound: {sound.damaged}, silent there")
        return tuple(said)


def _about_pictures(pictures: Pictures) -> tuple[str, ...]:
    damaged = f"damaged pictures: {pictures.damaged}; the nearest good one is held there"
    return (*((damaged,) if pictures.damaged else ()), *_odd(pictures))


def _odd(pictures: Pictures) -> tuple[str, ...]:
    """Say what is unusual about the pictures and not their damage."""
    said = []
    if pictures.misplaced:
        said.append(f"pictures without a time of their own: {pictures.misplaced}, left out")
    if len(pictures.sizes) > 1:
        sizes = ", ".join(f"{width}x{height}" for width, height in pictures.sizes)
        said.append(f"the picture changes its size ({sizes}): all are fitted into that of the first")
    return tuple(said)
