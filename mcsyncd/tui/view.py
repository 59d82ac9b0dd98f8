"""How things are said: numbers, times, states and buttons as text. Pure; no widget, no colour.

A state is always a glyph and a word; its tone names a colour that only repeats them. Text from
outside has passed `visible` when it leaves here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mcsyncd.api import ProgressBody, SessionBody
from mcsyncd.model.alignment import floor_percent
from mcsyncd.model.rate import Rate
from mcsyncd.model.text import escape_invisible

ANGLE_GLYPHS = "●▲■◆"
ANGLE_COLOURS = ("#E69F00", "#56B4E9", "#CC79A7", "#009E73")
"""Okabe and Ito's colours, told apart by colour-blind eyes; the glyph tells it to all others."""

LOOKS_GOOD = "Looks Good"
REVIEW_SYNC = "Review Sync"

_BUTTON_LABELS = {"looks_good": LOOKS_GOOD, "review_sync": REVIEW_SYNC}
MINUS = "−"  # noqa: RUF001  # a minus as wide as its plus, so that offsets stand in line
NO_VALUE = "–"  # noqa: RUF001  # a dash where a figure would be


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


def label_state(session: SessionBody) -> StateLabel:
    """Say how a session stands; a running step gives its own name (`conform`)."""
    if session.state == "in_review":
        return _READY_LABEL if session.call_to_action == "looks_good" else _REVIEW_LABEL
    if session.state == "working" and session.progress is not None:
        return StateLabel("…", escape_invisible(session.progress.stage, 11), "primary")
    return _STATE_LABELS.get(session.state, StateLabel("?", escape_invisible(session.state, 11), "muted"))


def label_button(session: SessionBody) -> str | None:
    """The one thing to press, or None where no decision is due."""
    return _BUTTON_LABELS.get(session.call_to_action or "")


def format_percent(confidence: float | None) -> str:
    """A confidence, floored: 0.8499 is `84%`."""
    return NO_VALUE if confidence is None else f"{floor_percent(confidence)}%"


def format_bar(fraction: float, width: int) -> str:
    """A bar of `width` cells; full only when it is full."""
    filled = int(max(0.0, min(1.0, fraction)) * width)
    return "█" * filled + "░" * (width - filled)


def format_offset(ms: float | None) -> str:
    """An offset with its sign: `+87 ms`, `+83.412 s` from ten seconds on, `not placed`."""
    if ms is None:
        return "not placed"
    sign = MINUS if round(ms) < 0 else "+"
    if abs(ms) >= 10_000:
        return f"{sign}{abs(ms) / 1000:.3f} s"
    return f"{sign}{abs(round(ms))} ms"


def format_duration(seconds: float | None) -> str:
    """A length of time: `03:10`, `1:02:03`."""
    if seconds is None:
        return NO_VALUE
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"


def format_size(count: float) -> str:
    """Bytes in the powers of ten that card makers and shops use."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def format_time(at: str | None, now: datetime) -> str:
    """A recorded time on the clock of the one who looks: `14:02`, or `21 Nov 14:02` on other days."""
    try:
        moment = datetime.fromisoformat(at or "").astimezone(now.tzinfo)
    except ValueError:
        return escape_invisible(at or "", 32)
    return moment.strftime("%H:%M" if moment.date() == now.date() else "%d %b %H:%M")


def format_rate(text: str | None) -> str:
    """A picture rate as people say it: `29.97 fps` for `30000/1001`."""
    try:
        exact = Rate.parse(text or "")
    except (ValueError, ZeroDivisionError):
        return ""
    return f"{round(float(exact.fraction), 3):g} fps"


def compute_frame_us(text: str | None) -> int:
    """The length of a picture in microseconds; that of 25 a second where no rate is known."""
    try:
        return round(Rate.parse(text or "").tick_us)
    except (ValueError, ZeroDivisionError):
        return 40_000


def format_progress(step: ProgressBody, width: int = 80) -> str:
    """A running step: how much is done, when it ends, how fast it goes. What does not fit is left out."""
    told = [f"{int(step.done * 100)}%"]
    if step.eta_s is not None:
        told.append(f"ETA {format_duration(step.eta_s)}")
    in_bytes = step.unit in {"B", "bytes"}
    if step.rate:
        told.append(
            f"{format_size(step.rate)}/s"
            if in_bytes
            else f"{step.rate:.0f} {escape_invisible(step.unit, 12)}/s"
        )
    if in_bytes and step.total:
        told.append(f"{format_size(step.count)} of {format_size(step.total)}")
    while len(told) > 1 and len(" · ".join(told)) > width:
        told.pop()
    return " · ".join(told)


def format_reasons(session: SessionBody) -> str:
    """Why the machine is not more sure, in one line."""
    found = [*session.reasons]
    found += [said for angle in session.angles.values() for said in angle.reasons if said not in found]
    return escape_invisible("; ".join(found), 400)


def order_angles(session: SessionBody) -> list[str]:
    """The cameras' keys, the reference first, the others as the settings have them."""
    return sorted(session.cameras, key=lambda key: key != session.reference)


def get_camera_label(session: SessionBody, camera: str) -> str:
    """What people call a camera."""
    body = session.cameras.get(camera)
    return escape_invisible(body.label if body is not None and body.label else camera, 40)


def get_angle_glyph(index: int) -> str:
    """The sign of the angle at this place."""
    return ANGLE_GLYPHS[index % len(ANGLE_GLYPHS)]


def get_angle_colour(index: int) -> str:
    """The colour that repeats the sign."""
    return ANGLE_COLOURS[index % len(ANGLE_COLOURS)]


def format_facts(session: SessionBody) -> str:
    """A few quiet facts: angles, length, rate, clock drift, and how it was found."""
    told = [f"{len(session.cameras)} angles"]
    if session.duration_s is not None:
        told.append(format_duration(session.duration_s))
    told.append(format_rate(session.rate))
    drift = max((abs(ppm) for ppm in session.drift_ppm.values()), default=0.0)
    told.append(f"drift ≤ {drift:.1f} ppm" if drift else "")
    methods = {
        "audio-corr": "found by sound",
        "fallback": "by timecode or clock only",
        "manual": "set by hand",
    }
    told.append(methods.get(session.sync_method or "", ""))
    return " · ".join(part for part in told if part)
