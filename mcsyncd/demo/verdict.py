"""Compare the daemon's answer with the truth."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd.api import SessionBody
from mcsyncd.demo.truth import Shoot
from mcsyncd.model.rate import Rate
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_percent
from mcsyncd.present.session import label_action, label_method


@dataclass(frozen=True, slots=True)
class Verdict:
    """`table` has the lines to print, `failures` a sentence for everything that is wrong."""

    table: tuple[str, ...]
    failures: tuple[str, ...]


def judge_session(session: SessionBody, shoot: Shoot) -> Verdict:
    """Compare a session's offsets with the truth: right means within half a frame of the session's rate."""
    tick_ms = float(Rate.parse(session.rate or "30").tick_us) / 1000
    rows = [_build_row(session, shoot, camera, tick_ms) for camera in shoot.files]
    failures = [failure for _, failure in rows if failure]
    for key, path in shoot.broll.items():
        clips = session.cameras[key].clips if key in session.cameras else []
        if any(clip.name == path.name and clip.offset_ms is not None for clip in clips):
            failures.append(f"{path.name} of {key} is on the timeline, but it is of another scene")
    if session.sync_confidence is None:
        failures.append("the session has no confidence")
    header = f"{'camera':<10}{'offset':>14}{'truth':>14}{'error':>12}{'frames':>9}{'drift':>12}{'truth':>12}"
    return Verdict((_format_confidence(session), header, *(line for line, _ in rows)), tuple(failures))


def _format_confidence(session: SessionBody) -> str:
    """Return the confidence, rounded down as in the app and the CLI: 84.9% is not 85%."""
    if session.sync_confidence is None:
        return "Sync Confidence: unknown"
    action = label_action(session)
    shown = f"Sync Confidence: {format_percent(session.sync_confidence)}"
    return f"{shown} · {action} · {label_method(session)}" if action else shown


def _build_row(session: SessionBody, shoot: Shoot, camera: str, tick_ms: float) -> tuple[str, str]:
    """Return a camera's line of the table, and a sentence if it is wrong, otherwise an empty string."""
    truth_ms = shoot.offsets_us[camera] / 1000
    found_ms = session.offsets_ms.get(camera)
    name = escape_text(camera, 32)
    if found_ms is None:
        return f"{name:<10}{'not placed':>14}{truth_ms:>+11.3f} ms", f"{name} could not be placed"
    error_ms = found_ms - truth_ms
    line = (
        f"{name:<10}{found_ms:>+11.3f} ms{truth_ms:>+11.3f} ms{error_ms:>+9.3f} ms{error_ms / tick_ms:>+9.3f}"
        f"{session.drift_ppm.get(camera, 0.0):>+8.1f} ppm{shoot.drift_ppm[camera]:>+8.1f} ppm"
    )
    if abs(error_ms) <= tick_ms / 2:
        return line, ""
    return line, f"{name} is {error_ms:+.3f} ms off, more than half a frame ({tick_ms / 2:.3f} ms)"
