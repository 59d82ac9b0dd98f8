"""Doubts about whether everything that was recorded is here, as reasons for a review. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from mcsyncd.model.clip import Clip
from mcsyncd.model.reason import Reason, ReasonCode, build_reason
from mcsyncd.model.session import Session

_EARLY_STOP_SHARE = 0.2
"""Share of what the other angles go on for, from an angle's beginning, that it must lack to be doubted.
Judgement: cameras that start together are stopped within minutes in an hour. Larger, a copy that lacks its
last part is not doubted; smaller, operators who stop first are."""

_MIN_EARLY_STOP_US = 5_000_000
"""Microseconds below which no early stop is doubted. Judgement: people stop cameras seconds apart. Larger,
a short half clip is not doubted; smaller, short takes are."""


def list_intake_doubts(session: Session) -> tuple[Reason, ...]:
    """Return a reason for every clip that may not be all there, and for a reference without one.

    Such a clip grew again, was dropped again with other content, was left out when the session was
    sealed, was taken although incomplete, is not what its card's hash list says,
    cannot be read or is a second copy of one that cannot, has no picture or one that nobody here can decode,
    looks cut by its container's bytes, or ends earlier than it declares, than its other stream or than every
    other angle. A clip that a person left out in the review is not doubted.
    """
    clips = tuple(clip for clip in session.clips if not session.is_left_out(clip.key))
    differing = {clip.key: failed for clip in clips if (failed := clip.failed_check) is not None}
    return (
        *(
            build_reason(
                ReasonCode.COPIES_DIFFER if recall.differs else ReasonCode.CLIP_GREW,
                recall.clip,
                bytes=float(recall.bytes),
            )
            for recall in session.recalls
        ),
        *(
            build_reason(ReasonCode.LEFT_OUT, file.camera, file=file.name, why=file.reason)
            for file in session.left_out
        ),
        *(
            build_reason(ReasonCode.TAKEN_INCOMPLETE, file.key, why=file.reason)
            for file in session.taken_as_is
            if file.key not in differing
        ),
        *(
            build_reason(ReasonCode.HASH_DIFFERS, key, hash_list=failed.hash_list, algorithm=failed.algorithm)
            for key, failed in differing.items()
        ),
        *(
            build_reason(ReasonCode.SECOND_COPY, one.clip, instead_of=one.instead_of, why=one.why)
            for one in session.substitutions
            if session.find_clip(one.clip) is not None
        ),
        *_list_absent_reference(session),
        *(
            build_reason(ReasonCode.HIDDEN_PICTURE, clip.key, codec=clip.media.hidden_picture)
            for clip in clips
            if clip.media is not None and clip.media.hidden_picture
        ),
        *(build_reason(ReasonCode.NO_PICTURE, clip.key) for clip in clips if _lacks_picture(session, clip)),
        *(build_reason(ReasonCode.UNREADABLE, clip.key, message=clip.fault) for clip in clips if clip.fault),
        *_list_shortfalls(session, clips),
        *chain.from_iterable(map(_list_early_ends, clips)),
        *_list_early_stops(session, clips),
    )


def _list_absent_reference(session: Session) -> Iterator[Reason]:
    """The reference camera has no clip, so another one gives the clock."""
    if session.terms is not None and session.reference not in {None, session.terms.reference}:
        yield build_reason(ReasonCode.REFERENCE_ABSENT, session.terms.reference, str(session.reference))


def _lacks_picture(session: Session, clip: Clip) -> bool:
    """Tell whether a clip of sound alone is of a camera that should have recorded a picture.

    Not one that lies beside a picture: P2 keeps the sound in files of their own.
    """
    media, terms = clip.media, session.terms
    if media is None or media.video is not None or media.hidden_picture or terms is None:
        return False
    placed = session.alignment.find_placement(clip.camera, clip.name) if session.alignment else None
    if placed is not None and placed.parallel_to:
        return False
    return any(camera.key == clip.camera and camera.kind == "picture" for camera in terms.cameras)


def _list_shortfalls(session: Session, clips: tuple[Clip, ...]) -> Iterator[Reason]:
    """What containers say, but not again of a clip that a person took although it is incomplete."""
    taken = {file.key for file in session.taken_as_is}
    for clip in clips:
        if clip.media is not None and clip.media.shortfall and clip.key not in taken:
            yield build_reason(ReasonCode.MAYBE_INCOMPLETE, clip.key, why=clip.media.shortfall)


def _list_early_ends(clip: Clip) -> Iterator[Reason]:
    for end in clip.analysis_audio.early_ends if clip.analysis_audio else ():
        other = "its sound" if end.stream == "picture" else "its picture"
        yield build_reason(
            ReasonCode.ENDS_EARLY,
            clip.key,
            stream=end.stream,
            early_s=(end.expected_us - end.end_us) / 1_000_000,
            expected="the end that the file declares" if end.measure == "declared" else other,
        )


def _list_early_stops(session: Session, clips: tuple[Clip, ...]) -> Iterator[Reason]:
    """Doubt a camera's only clip that ends long before every other angle and has no end mark.

    A camera with several clips was stopped on purpose between them, and so may have been here.
    """
    counts = Counter(clip.camera for clip in clips)
    suspects = [
        clip
        for clip in clips
        if clip.media is not None and clip.media.lacks_end_mark and counts[clip.camera] == 1
    ]
    spans = _list_spans(session) if suspects else {}
    for clip in suspects:
        others = [end for camera, (_, end) in spans.items() if camera != clip.camera]
        if clip.camera not in spans or not others:
            continue
        begin, end = spans[clip.camera]
        early_us = min(others) - end
        if early_us > max(_MIN_EARLY_STOP_US, _EARLY_STOP_SHARE * (min(others) - begin)):
            yield build_reason(ReasonCode.STOPS_EARLY, clip.key, early_s=early_us / 1_000_000)


def _list_spans(session: Session) -> dict[str, tuple[int, int]]:
    """Return where each placed camera begins and ends, in microseconds of the session clock."""
    spans: dict[str, tuple[int, int]] = {}
    for clip in session.clips:
        placed = session.alignment.find_placement(clip.camera, clip.name) if session.alignment else None
        if placed is None or placed.offset_us is None or clip.media is None:
            continue
        begin, end = placed.offset_us, placed.offset_us + clip.media.duration_us
        first, last = spans.get(clip.camera, (begin, end))
        spans[clip.camera] = (min(first, begin), max(last, end))
    return spans
