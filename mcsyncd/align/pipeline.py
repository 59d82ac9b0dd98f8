"""The pipeline of `mcsyncd align`: analyse all files, solve, and explain what could not be read.

It does in one process tree what the daemon does in jobs, with the same stages and the same limits for
its workers, but keeps nothing: no ledger, no work folder. It prints nothing; the caller decides what
of the progress and the findings people see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from mcsyncd.align.files import AngleFile
from mcsyncd.align.listen import FileAnalysis, analyse_files
from mcsyncd.errors import BadMedia, McsyncError
from mcsyncd.listen.samples import map_samples
from mcsyncd.model.alignment import Alignment
from mcsyncd.model.clip import Clip
from mcsyncd.model.parallels import find_parallels, place_parallels
from mcsyncd.model.placed_spans import place_spans
from mcsyncd.model.reason import ReasonCode, build_reason
from mcsyncd.model.spans import find_continuations
from mcsyncd.sync.parallel_recordings import merge_parallels
from mcsyncd.sync.recording import ANALYSIS_RATE_HZ, Recording, build_recording

_Outcome = tuple[AngleFile, FileAnalysis | McsyncError]


class AlignReporter(Protocol):
    """Where the pipeline says what it is doing."""

    def show_progress(self, text: str) -> None:
        """Show a step that the next one replaces."""

    def show_finding(self, text: str) -> None:
        """Show what a person should read: a file that cannot be used, or a warning about one."""


@dataclass(frozen=True, slots=True)
class AlignResult:
    """The alignment, the solver's view of each file, and the reference's frame rate where it has video."""

    alignment: Alignment
    recordings: tuple[Recording, ...]
    frames_per_s: float | None


def align_files(files: Sequence[AngleFile], scratch: Path, reporter: AlignReporter) -> AlignResult:
    """Place every file on the clock of the first file's angle.

    Analysis audio goes into the folder `scratch` (60 MB per channel and hour), and the recordings of
    the result are mapped from there. An unreadable file has no offset, and its error is among the
    reasons. Raises BadMedia when the reference or all other angles are unreadable, and McsyncError
    when `scratch` cannot be written.
    """
    analyses = analyse_files(
        [file.path for file in files],
        scratch,
        lambda done: reporter.show_progress(f"analysing audio: {done} of {len(files)} files"),
    )
    outcomes = list(zip(files, analyses, strict=True))
    _report_findings(outcomes, reporter)
    _require_two_angles(outcomes)
    # Not at the top: it was imported while the workers decoded.
    from mcsyncd.sync.solve import solve_alignment  # noqa: PLC0415  # see above

    reporter.show_progress("aligning")
    recordings, clips = _build_recordings(outcomes), _list_clips(outcomes)
    leaders = _find_leaders(clips)
    alignment = solve_alignment(
        merge_parallels(recordings, leaders),
        files[0].angle,
        lambda done: reporter.show_progress(f"aligning {done:.0%}"),
    )
    reporter.show_progress("")  # what is printed now begins a line
    alignment = _place_spans(place_parallels(alignment, leaders), clips)
    return AlignResult(
        _add_unreadable_reasons(alignment, outcomes), tuple(recordings), _find_frame_rate(outcomes)
    )


def _report_findings(outcomes: Sequence[_Outcome], reporter: AlignReporter) -> None:
    for file, result in outcomes:
        if isinstance(result, McsyncError):
            reporter.show_finding(f"{file.angle}: {result.message}")
            reporter.show_finding(f"  → {result.hint}")
            continue
        for warning in result.audio.notes:
            reporter.show_finding(f"{file.angle}: {file.path.name}: {warning}")


def _require_two_angles(outcomes: Sequence[_Outcome]) -> None:
    readable = {file.angle for file, result in outcomes if not isinstance(result, McsyncError)}
    reference = outcomes[0][0].angle
    if reference not in readable:
        raise BadMedia(
            f"{reference} cannot be read, and all offsets would be relative to its clock",
            "replace its files, or name another angle first",
        )
    if len(readable) < 2:
        raise BadMedia(f"only {reference} can be read: nothing to align it with", "fix the files named above")


def _build_recordings(outcomes: Sequence[_Outcome]) -> list[Recording]:
    """Return the solver's view of all files; an unreadable one becomes a recording without audio.

    Within an angle, recordings with audio come first: the reference's first clip is the session
    clock, and no clip can be placed against silence.
    """
    names = _name_files([file for file, _ in outcomes])
    recordings = []
    for file, result in outcomes:
        name = names[file]
        if isinstance(result, McsyncError):
            recordings.append(Recording(file.angle, name, ANALYSIS_RATE_HZ, 0, (), 0))
            continue
        audio = result.audio
        channels = [map_samples(channel.path) for channel in audio.channels if audio.samples]
        recordings.append(build_recording(file.angle, name, result.media, audio, channels))
    angles = list(dict.fromkeys(file.angle for file, _ in outcomes))
    return sorted(
        recordings,
        key=lambda recording: (
            angles.index(recording.angle),
            not recording.channels,
            recording.duration_us == 0,
        ),
    )


def _name_files(files: Sequence[AngleFile]) -> dict[AngleFile, str]:
    """Return what each file is called: two cards of one camera may hold files of the same name."""
    counts = Counter((file.angle, file.path.name) for file in files)
    return {
        file: file.path.name if counts[file.angle, file.path.name] == 1 else str(file.path) for file in files
    }


def _list_clips(outcomes: Sequence[_Outcome]) -> dict[str, Clip]:
    """Return the readable files as clips under their whole paths, by `angle/name` as people read it.

    What belongs together is told by folders, too: P2 keeps picture and sound in two.
    """
    names = _name_files([file for file, _ in outcomes])
    return {
        f"{file.angle}/{names[file]}": Clip(
            file.angle, str(file.path.absolute()), file.path.stat().st_size, 0, media=result.media
        )
        for file, result in outcomes
        if not isinstance(result, McsyncError)
    }


def _find_leaders(clips: Mapping[str, Clip]) -> dict[str, str]:
    """Return the leader of every file that was recorded beside one, as `angle/name` of both."""
    called = {clip.key: name for name, clip in clips.items()}
    return {called[key]: called[leader] for key, leader in find_parallels(list(clips.values())).items()}


def _place_spans(alignment: Alignment, clips: Mapping[str, Clip]) -> Alignment:
    """Return the alignment with chapters and split files behind each other."""
    called = {clip.key: name for name, clip in clips.items()}
    found = {
        called[key]: replace(one, clip=called[one.clip], follows=called[one.follows])
        for key, one in find_continuations(list(clips.values())).items()
    }
    named = {key: replace(clip, name=key.partition("/")[2]) for key, clip in clips.items()}
    return place_spans(alignment, named, found)


def _add_unreadable_reasons(alignment: Alignment, outcomes: Sequence[_Outcome]) -> Alignment:
    """Put the error of each unreadable file first among the reasons, of its angle and of the alignment."""
    for file, result in outcomes:
        if isinstance(result, McsyncError):
            unreadable = build_reason(ReasonCode.UNREADABLE, file.angle, message=result.message)
            angles = tuple(
                replace(angle, reasons=(unreadable, *angle.reasons)) if angle.camera == file.angle else angle
                for angle in alignment.angles
            )
            alignment = replace(alignment, angles=angles, reasons=(unreadable, *alignment.reasons))
    return alignment


def _find_frame_rate(outcomes: Sequence[_Outcome]) -> float | None:
    """Return the frames per second of the first readable file, or None if it has no video."""
    media = next(result.media for _, result in outcomes if not isinstance(result, McsyncError))
    return float(media.video.rate.fraction) if media.video else None
