"""A sync that somebody made, beside ours: where each file lies, and by how much the two differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mcsyncd.model.alignment import Alignment
from mcsyncd.model.angle_document import ms_from_us
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import NO_VALUE, format_offset, format_percent


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """A file in both syncs. Offsets are in microseconds from the reference file; None where we have none.

    `confidence` is ours, that our offset is right.
    """

    name: str
    theirs_us: int
    ours_us: int | None
    confidence: float

    @property
    def difference_us(self) -> int | None:
        """Theirs minus ours."""
        return None if self.ours_us is None else self.theirs_us - self.ours_us


def compare_offsets(
    theirs_s: Mapping[str, Fraction], alignment: Alignment, reference: str
) -> tuple[ComparedFile, ...]:
    """Compare every file but the reference one. `theirs_s` are times in seconds by name, as on a timeline."""
    placed = {
        placement.clip: (placement.offset_us, placement.confidence or 0.0)
        for angle in alignment.angles
        for placement in angle.placements
    }
    origin_us = placed.get(reference, (0, 0.0))[0] or 0
    rows = []
    for name, at_s in theirs_s.items():
        if name != reference:
            ours_us, confidence = placed.get(name, (None, 0.0))
            theirs_us = round((at_s - theirs_s[reference]) * 1_000_000)
            own = None if ours_us is None else ours_us - origin_us
            rows.append(ComparedFile(name, theirs_us, own, confidence))
    return tuple(rows)


def format_comparison(files: Sequence[ComparedFile], reference: str, tolerance_us: int) -> str:
    """Return the comparison as a table for people; what differs by more than `tolerance_us` is marked."""
    lines = [f"against {escape_text(reference)}", ""]
    lines.append(f"{'file':<24}{'theirs':>14}{'ours':>14}{'difference':>14}{'confidence':>12}")
    lines += [_format_row(file, tolerance_us) for file in files]
    differing = [file for file in files if is_differing(file, tolerance_us)]
    unknown = sum(file.ours_us is None for file in files)
    lines += ["", *_summarize(len(files), len(differing), unknown, tolerance_us)]
    return "\n".join(lines)


def is_differing(file: ComparedFile, tolerance_us: int) -> bool:
    """Tell whether the two differ by more than a tolerance; without an offset of ours, they do not."""
    return file.difference_us is not None and abs(file.difference_us) > tolerance_us


def _format_row(file: ComparedFile, tolerance_us: int) -> str:
    ours = difference = confidence = NO_VALUE
    if file.ours_us is not None:
        ours, confidence = format_offset(ms_from_us(file.ours_us)), format_percent(file.confidence)
        difference = format_offset(ms_from_us(file.difference_us))
    mark = "  <" if is_differing(file, tolerance_us) else ""
    theirs = format_offset(ms_from_us(file.theirs_us))
    return f"{escape_text(file.name, 24):<24}{theirs:>14}{ours:>14}{difference:>14}{confidence:>12}{mark}"


def _summarize(count: int, differing: int, unknown: int, tolerance_us: int) -> Iterator[str]:
    tolerance = format_offset(ms_from_us(tolerance_us)).lstrip("+")
    if differing:
        yield f"{differing} of {count} differ by more than {tolerance} (marked <): listen to those"
    elif count > unknown:
        yield f"no difference is larger than {tolerance}, half a frame"
    if unknown:
        yield f"{unknown} of {count} have no offset of ours: there is nothing to compare"
