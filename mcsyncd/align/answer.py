"""What `align` prints: the promised JSON document, and the same as a table for a person."""

from __future__ import annotations

from math import floor
from pathlib import Path

from mcsyncd.model.alignment import Alignment, AngleMatch, Piece, Placement
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import NO_VALUE, format_drift, format_frames, format_offset, format_percent


def build_answer(alignment: Alignment) -> dict[str, object]:
    """The promised JSON of an alignment."""
    others = [angle for angle in alignment.angles if angle.camera != alignment.reference]
    placed = [angle for angle in alignment.angles if angle.offset_us is not None]
    found: dict[str, object] = {
        "reference": alignment.reference,
        "offsets_ms": {angle.camera: _ms_from_us(angle.offset_us) for angle in alignment.angles},
        "drift_ppm": {angle.camera: angle.drift_ppm for angle in placed},
        "confidence": _floor_to_digits(alignment.confidence, 4),
        "method": str(alignment.method),
        "angles": {angle.camera: _build_angle(angle) for angle in others},
        "reasons": list(alignment.reasons),
    }
    if any(len(angle.placements) > 1 for angle in alignment.angles):
        found["clips"] = {
            angle.camera: [
                {"name": one.clip, "offset_ms": _ms_from_us(one.offset_us), "drift_ppm": one.drift_ppm}
                for one in angle.placements
            ]
            for angle in alignment.angles
        }
    return found


def format_answer(alignment: Alignment, frames_per_s: float | None) -> str:
    """The same for a person: offsets in ms and frames, confidence floored, reasons."""
    lines = [f"Sync Confidence: {format_percent(alignment.confidence)} ({alignment.method})", ""]
    lines.append(f"{'angle':<14}{'offset':>16}{'frames':>12}{'drift':>12}{'confidence':>13}")
    for angle in alignment.angles:
        lines += [_format_row(angle, place, alignment.reference, frames_per_s) for place in angle.placements]
    lines += (
        ["", *(f"- {escape_text(reason, 300)}" for reason in alignment.reasons)] if alignment.reasons else []
    )
    return "\n".join(lines)


def _format_row(angle: AngleMatch, placement: Placement, reference: str, frames_per_s: float | None) -> str:
    name = angle.camera if len(angle.placements) == 1 else f"{angle.camera} {Path(placement.clip).name}"
    sure = "reference" if angle.camera == reference else format_percent(angle.confidence)
    offset = format_offset(_ms_from_us(placement.offset_us))
    frames = drift = NO_VALUE
    if placement.offset_us is not None:
        drift = format_drift(placement.drift_ppm)
        frames = format_frames(placement.offset_us, frames_per_s) if frames_per_s else NO_VALUE
    return f"{escape_text(name, 40):<14}{offset:>16}{frames:>12}{drift:>12}{sure:>13}"


def _build_angle(angle: AngleMatch) -> dict[str, object]:
    return {
        "confidence": _floor_to_digits(angle.confidence, 4),
        "reasons": list(angle.reasons),
        "candidates": [
            {"offset_ms": _ms_from_us(one.offset_us), "score": one.score} for one in angle.candidates
        ],
        "overlap_s": angle.overlap_s,
        "residual_ms": angle.residual_ms,
        "error_ms": angle.error_ms,
        "drift_error_ppm": angle.drift_error_ppm,
        **({"pieces": [_build_piece(one) for one in angle.pieces]} if angle.pieces else {}),
    }


def _build_piece(piece: Piece) -> dict[str, object]:
    return {
        "clip": piece.clip,
        "begin_s": piece.begin_us / 1e6,
        "end_s": piece.end_us / 1e6,
        "offset_ms": _ms_from_us(piece.offset_us),
        "drift_ppm": piece.drift_ppm,
    }


def _ms_from_us(offset_us: int | None) -> float | None:
    return None if offset_us is None else offset_us / 1000


def _floor_to_digits(value: float, digits: int) -> float:
    # 0.8499 must never be read as 0.85.
    steps = float(10**digits)
    return floor(value * steps) / steps
