"""What `align` prints: the JSON document that scripts rely on, and a table for people."""

from __future__ import annotations

from math import floor
from pathlib import Path

from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition, Placement
from mcsyncd.model.angle_document import AngleDocument, build_angle_document, ms_from_us
from mcsyncd.model.drift_curve import build_curve_document
from mcsyncd.model.reason import build_reason_document, format_reason
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import NO_VALUE, format_drift, format_frames, format_offset, format_percent

_CONFIDENCE_DIGITS = 4
"""Decimals of a confidence in the document. Judgement: calibration does not resolve more, and 1e-4 is
finer than any threshold that people set."""


def build_answer(alignment: Alignment) -> dict[str, object]:
    """Return the JSON document of `align --json`; tests/contracts hold its promised fields.

    Offsets in ms (None where a clip is not placed), drift in ppm, confidences floored. `clips` is
    there only where an angle has several.
    """
    non_reference = [angle for angle in alignment.angles if angle.camera != alignment.reference]
    placed = [angle for angle in alignment.angles if angle.offset_us is not None]
    document: dict[str, object] = {
        "reference": alignment.reference,
        "offsets_ms": {angle.camera: ms_from_us(angle.offset_us) for angle in alignment.angles},
        "drift_ppm": {angle.camera: angle.drift_ppm for angle in placed},
        "drift_curve": {angle.camera: build_curve_document(angle.placements[0].curve) for angle in placed},
        "confidence": _floor_to_digits(alignment.confidence, _CONFIDENCE_DIGITS),
        "method": str(alignment.method),
        "angles": {angle.camera: _build_angle(angle) for angle in non_reference},
        "reasons": [build_reason_document(reason, {}) for reason in alignment.reasons],
    }
    if any(len(angle.placements) > 1 for angle in alignment.angles):
        document["clips"] = {
            angle.camera: [
                {
                    "name": placement.clip,
                    "offset_ms": ms_from_us(placement.offset_us),
                    "drift_ppm": placement.drift_ppm,
                    "drift_curve": build_curve_document(placement.curve),
                    "disposition": alignment.find_disposition(angle.camera, placement.clip),
                }
                for placement in angle.placements
            ]
            for angle in alignment.angles
        }
    return document


def format_answer(alignment: Alignment, frames_per_s: float | None) -> str:
    """Return the answer as a table for people: offset, drift and confidence of each clip, then the reasons.

    `frames_per_s` converts offsets to frames; None leaves them out.
    """
    lines = [f"Sync Confidence: {format_percent(alignment.confidence)} ({alignment.method})", ""]
    lines.append(f"{'angle':<14}{'offset':>16}{'frames':>12}{'drift':>12}{'confidence':>13}")
    for angle in alignment.angles:
        lines += [_format_row(angle, place, alignment.reference, frames_per_s) for place in angle.placements]
    if alignment.reasons:
        lines += ["", *(f"- {escape_text(format_reason(reason, {}), 300)}" for reason in alignment.reasons)]
    return "\n".join(lines)


def _format_row(angle: AngleMatch, placement: Placement, reference: str, frames_per_s: float | None) -> str:
    name = angle.camera if len(angle.placements) == 1 else f"{angle.camera} {Path(placement.clip).name}"
    confidence = "reference" if angle.camera == reference else format_percent(placement.confidence or 0.0)
    if placement.disposition is Disposition.SET_ASIDE:
        confidence = "set aside"
    offset = format_offset(ms_from_us(placement.offset_us))
    frames = drift = NO_VALUE
    if placement.offset_us is not None:
        drift = format_drift(placement.drift_ppm)
        frames = format_frames(placement.offset_us, frames_per_s) if frames_per_s else NO_VALUE
    return f"{escape_text(name, 40):<14}{offset:>16}{frames:>12}{drift:>12}{confidence:>13}"


def _build_angle(angle: AngleMatch) -> AngleDocument:
    document = build_angle_document(angle, {})
    document["confidence"] = _floor_to_digits(angle.confidence, _CONFIDENCE_DIGITS)
    if not angle.pieces:
        del document["pieces"]  # there only where a clip was cut
    return document


def _floor_to_digits(value: float, digits: int) -> float:
    """Round down: 0.84999 must never be read as 0.85, which is a common threshold."""
    steps = float(10**digits)
    return floor(value * steps) / steps
