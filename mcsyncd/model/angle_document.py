"""The JSON of one angle's evidence, the same in `align --json` and in the daemon's API.

Plain dictionaries rather than the API's body classes, because a short `align` run must not pay for
importing pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcsyncd.model.alignment import AngleMatch, Piece, Vote
from mcsyncd.model.reason import build_reason_document

AngleDocument = dict[str, object]


def build_angle_document(angle: AngleMatch, labels: Mapping[str, str]) -> AngleDocument:
    """Return the evidence behind one angle's offset: offsets in ms, times in s, drift in ppm.

    `labels` are names of cameras by key, for the texts of the reasons.
    The confidence is not rounded; a caller that shows it rounds down.
    """
    return {
        "confidence": angle.confidence,
        "reasons": [build_reason_document(reason, labels) for reason in angle.reasons],
        "candidates": [
            {"offset_ms": ms_from_us(candidate.offset_us), "score": candidate.score}
            for candidate in angle.candidates
        ],
        "witnesses": [_build_vote_document(vote) for vote in angle.votes],
        "overlap_s": angle.overlap_s,
        "residual_ms": angle.residual_ms,
        "error_ms": angle.error_ms,
        "drift_error_ppm": angle.drift_error_ppm,
        "pieces": [_build_piece_document(piece) for piece in angle.pieces],
    }


def ms_from_us(offset_us: int | None) -> float | None:
    """Return an offset in milliseconds, with microsecond digits; None where there is no offset."""
    return None if offset_us is None else offset_us / 1000


def _build_vote_document(vote: Vote) -> dict[str, object]:
    return {
        "kind": str(vote.witness),
        "clip": vote.clip,
        "beside": vote.beside,
        "offset_ms": ms_from_us(vote.offset_us),
        "error_ms": ms_from_us(vote.sigma_us),
        "stance": str(vote.stance),
    }


def _build_piece_document(piece: Piece) -> dict[str, object]:
    return {
        "clip": piece.clip,
        "begin_s": piece.begin_us / 1e6,
        "end_s": piece.end_us / 1e6,
        "offset_ms": ms_from_us(piece.offset_us),
        "drift_ppm": piece.drift_ppm,
    }
