"""Doubts about whether everything that was recorded is here, as reasons for a review. Pure."""

from __future__ import annotations

from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.model.session import Session


def list_intake_doubts(session: Session) -> tuple[Reason, ...]:
    """Return a reason for every clip that grew again, was left out, or was taken although incomplete."""
    return (
        *(
            build_reason(ReasonCode.CLIP_GREW, recall.clip, bytes=float(recall.bytes))
            for recall in session.recalls
        ),
        *(
            build_reason(ReasonCode.LEFT_OUT, file.camera, file=file.name, why=file.reason)
            for file in session.left_out
        ),
        *(
            build_reason(ReasonCode.TAKEN_INCOMPLETE, file.key, why=file.reason)
            for file in session.taken_as_is
        ),
    )
