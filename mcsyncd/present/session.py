"""What people call the state of a session, its cameras and its button. Pure.

A state is a glyph and a word; its tone only repeats them, so nothing is lost without colour.
Text from outside is made safe to print before it leaves here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mcsyncd.api import ClipBody, SessionBody
from mcsyncd.model.publishing import OBJECT_WORDS
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_drift, format_duration, format_frame_rate, format_offset

LOOKS_GOOD = "Looks Good"
REVIEW_SYNC = "Review Sync"

_ACTION_LABELS = {"looks_good": LOOKS_GOOD, "review_sync": REVIEW_SYNC}

_MAX_NAMED_CLIPS = 2
"""Clips named in one line before the rest is only counted. Judgement: two names fill 80 cells."""

_METHOD_LABELS = {
    "audio-corr": "synced by sound",
    "fallback": "placed by timecode or clock",
    "manual": "set by hand",
}


@dataclass(frozen=True)
class StateLabel:
    """What stands for a state: `glyph`, `word`, and the `tone` that repeats them."""

    glyph: str
    word: str
    tone: str

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


_STATE_LABELS = {
    "collecting": StateLabel("…", "collecting", "muted"),
    "working": StateLabel("…", "working", "primary"),
    "in_review": StateLabel("◐", "in review", "warning"),
    "approved": StateLabel("✔", "approved", "success"),
    "publishing": StateLabel("↑", "publishing", "primary"),
    "published": StateLabel("✔", "published", "muted"),
    "failed": StateLabel("✖", "failed", "error"),
    "rejected": StateLabel("⊘", "rejected", "muted"),
    "stale": StateLabel("◌", "stale", "warning"),
    "quarantined": StateLabel("✖", "quarantined", "error"),
}
_READY_LABEL = StateLabel("●", "ready", "success")
_REVIEW_LABEL = StateLabel("◐", "review", "warning")


def label_state(state: str) -> StateLabel:
    """Return the label of a state by its API name; one this version does not know keeps its name."""
    return _STATE_LABELS.get(state) or StateLabel("?", escape_text(state, 11), "muted")


def label_session(session: SessionBody) -> StateLabel:
    """Return what a session is doing: its state, or more closely the step it is at (`conform`).

    In review it is `ready` when the daemon calls it good, else `review`.
    """
    if session.state == "in_review":
        return _READY_LABEL if session.call_to_action == "looks_good" else _REVIEW_LABEL
    if session.state == "working" and session.progress is not None:
        return StateLabel("…", escape_text(session.progress.stage, 11), "primary")
    return label_state(session.state)


def label_action(session: SessionBody) -> str | None:
    """Return the name of the decision that is due, or None where none is."""
    return _ACTION_LABELS.get(session.call_to_action or "")


def label_method(session: SessionBody) -> str:
    """Return how the offsets were found; empty before they are."""
    return describe_method(session.sync_method or "")


def describe_method(method: str) -> str:
    """Return in words what a sync method, as the API and the manifest name it, means."""
    return _METHOD_LABELS.get(method, escape_text(method, 40))


def list_reasons(session: SessionBody) -> list[str]:
    """Return the doubts about a session and its angles, each once."""
    reasons = [*session.reasons, *(reason for angle in session.angles.values() for reason in angle.reasons)]
    return [escape_text(text, 400) for text in dict.fromkeys(reason.text for reason in reasons)]


def format_reasons(session: SessionBody) -> str:
    """Return in one line why the confidence is low; empty if there is nothing to say."""
    return "; ".join(list_reasons(session))


_DISPOSITION_LABELS = {
    "synced": "",
    "fallback": "placed by a clock",
    "manual": "set by hand",
    "set_aside": "set aside",
    "left_out": "left out",
}


def label_disposition(session: SessionBody, clip: ClipBody) -> str:
    """Return what became of a clip, where that is not the ordinary; empty for one that sound placed."""
    if clip.fault:
        return "left out, cannot be read" if clip.disposition == "left_out" else "cannot be read"
    if clip.disposition is None:
        return "no place yet" if session.angles and clip.offset_ms is None else ""
    return _DISPOSITION_LABELS.get(clip.disposition, escape_text(clip.disposition, 20))


def list_off_timeline(session: SessionBody) -> list[tuple[str, ClipBody]]:
    """Return the clips that are not on the timeline, each with its camera's key."""
    if not session.angles:
        return []
    return [
        (key, clip)
        for key, camera in session.cameras.items()
        for clip in camera.clips
        if clip.offset_ms is None
    ]


def format_off_timeline(session: SessionBody) -> str:
    """Return in one line what is not on the timeline; empty if everything is."""
    off = list_off_timeline(session)
    labels = list_camera_labels(session)
    named = [
        f"{format_clip(f'{key}/{clip.name}', labels)} {label_disposition(session, clip)}"
        for key, clip in off[:_MAX_NAMED_CLIPS]
    ]
    more = [f"{len(off) - _MAX_NAMED_CLIPS} more"] if len(off) > _MAX_NAMED_CLIPS else []
    return f"not on the timeline: {', '.join([*named, *more])}" if named else ""


_WITNESS_NAMES = {
    "sound": "sound",
    "onsets": "claps",
    "linear_timecode": "timecode as sound",
    "timecode": "timecode",
    "time_reference": "recorder's time",
    "recording_time": "recording time",
}
_STANCE_GLYPHS = {"agrees": "✔", "contradicts": "✖", "undecided": "·"}


def format_witnesses(session: SessionBody, camera: str) -> list[str]:
    """Return what each witness says of an angle, one after the other: `✔ sound −134 ms ± 0.1 ms`."""  # noqa: RUF002  # the sign that is shown
    evidence = session.angles.get(camera)
    several = len({vote.clip for vote in evidence.witnesses}) > 1 if evidence is not None else False
    return [
        f"{_STANCE_GLYPHS.get(vote.stance, '·')} {_WITNESS_NAMES.get(vote.kind, escape_text(vote.kind, 20))}"
        f"{f' of {escape_text(vote.clip, 30)}' if several else ''}"
        f" with {get_camera_label(session, vote.beside)}: {format_offset(vote.offset_ms)}"
        f" ± {_format_error(vote.error_ms)}"
        for vote in (evidence.witnesses if evidence is not None else ())
    ]


def _format_error(error_ms: float) -> str:
    return f"{error_ms:.2g} ms" if error_ms < 1000 else f"{error_ms / 1000:.0f} s"


def order_cameras(session: SessionBody) -> list[str]:
    """Return the camera keys: the reference first, the others in the order of the settings."""
    return sorted(session.cameras, key=lambda key: key != session.reference)


def get_camera_label(session: SessionBody, camera: str) -> str:
    """Return what people call a camera (`Cam B`); its key where it has no label."""
    body = session.cameras.get(camera)
    return escape_text(body.label if body is not None and body.label else camera, 40)


def list_camera_labels(session: SessionBody) -> dict[str, str]:
    """Return what people call each camera of a session, by key."""
    return {key: get_camera_label(session, key) for key in session.cameras}


def format_clip(key: str, labels: Mapping[str, str]) -> str:
    """Return a clip as people name it: `A001.MOV (Cam A)` for the key `cam_a/A001.MOV`.

    `labels` are what people call the cameras, by key. What is not such a key is returned as it is.
    """
    camera, slash, name = key.partition("/")
    return (
        f"{escape_text(name)} ({escape_text(labels.get(camera, camera), 40)})" if slash else escape_text(key)
    )


_OBJECT_SUBJECT = re.compile(rf"(.+), ((?:{'|'.join(OBJECT_WORDS.values())})(?: to [^/]+|, read back)?)")
"""What a job about an object is about: the clip's key, what the object is, and what is done with it."""


def format_subject(subject: str, labels: Mapping[str, str]) -> str:
    """Return what a job is about: `A001.MOV (Cam A)`, or one object of it, `A001.MOV (Cam A), proxy`."""
    found = _OBJECT_SUBJECT.fullmatch(subject)
    if found is None:
        return format_clip(subject, labels)
    return f"{format_clip(found[1], labels)}, {escape_text(found[2])}"


def format_facts(session: SessionBody) -> str:
    """Return a few facts in one line: angles, duration, frame rate, clock drift, sync method."""
    facts = [f"{len(session.cameras)} angles"]
    if session.duration_s is not None:
        facts.append(format_duration(session.duration_s))
    facts.append(format_frame_rate(session.rate))
    drift_ppm = max((abs(ppm) for ppm in session.drift_ppm.values()), default=0.0)
    facts.append(f"drift ≤ {format_drift(drift_ppm).lstrip('+')}" if drift_ppm else "")
    facts.append(label_method(session))
    return " · ".join(fact for fact in facts if fact)
