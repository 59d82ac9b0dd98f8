"""Draws an alignment: the audio of every angle on one clock, and how clear its correlation peak is.

matplotlib is an optional dependency: only this plot needs it, and it is a third of the whole install.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsyncd.errors import UsageError
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.model.alignment import Alignment, AngleMatch, Placement
from mcsyncd.model.reason import format_reason
from mcsyncd.model.text import escape_text
from mcsyncd.present.numbers import format_drift, format_offset, format_percent
from mcsyncd.sync.recording import Recording

_ENVELOPE_COLUMNS = 2000
"""Levels per angle: about two per pixel of the plot. Judgement: fewer show steps, more only cost time."""
_SOFTWARE = "mcsyncd align"
"""The `Software` text of a plot, by which it is known again. Changed, earlier plots are not overwritten."""
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD_BYTES = 4096
"""Bytes of a file in which its texts are looked for; matplotlib writes them first."""
_ROW_INCHES = 1.6
_WIDTH_INCHES = 14
_DOTS_PER_INCH = 110
"""Judgement: 1540 pixels wide, which fits a laptop's screen, with rows high enough to read."""


def load_figure_class() -> Any:
    """Return matplotlib's Figure class, which needs no display. Raises UsageError if it is not installed."""
    try:
        return import_module("matplotlib.figure").Figure
    except ImportError as error:
        raise UsageError(
            "--plot needs matplotlib, which is not installed", "install it: pip install 'mcsyncd[plot]'"
        ) from error


def require_free_path(path: Path) -> None:
    """Raise UsageError if `path` is anything but free or an earlier plot: a slip must not cost a clip."""
    if not path.exists() and not path.is_symlink():
        return
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if head.startswith(_PNG_SIGNATURE) and _SOFTWARE.encode() in head:
            return
    raise UsageError(
        f"--plot would overwrite {path}, which is not a plot of mcsyncd", "name a file that is not there yet"
    )


def draw_alignment(path: Path, alignment: Alignment, recordings: Sequence[Recording]) -> None:
    """Write a PNG with a row for each angle: its audio on the left, the correlation on the right.

    `recordings` are what the alignment was computed from. Raises UsageError if matplotlib is not
    installed or `path` is no plot, and OSError if the file cannot be written.
    """
    rows = len(alignment.angles)
    figure = load_figure_class()(figsize=(_WIDTH_INCHES, 1 + _ROW_INCHES * rows), layout="constrained")
    figure.suptitle(f"Sync Confidence: {format_percent(alignment.confidence)} ({alignment.method})")
    axes = figure.subplots(rows, 2, squeeze=False, width_ratios=(4, 1))
    for angle, (audio, strip) in zip(alignment.angles, axes, strict=True):
        audio.sharex(axes[0][0])
        audio.set_title(_format_caption(angle, alignment.reference), loc="left", fontsize=9, parse_math=False)
        _draw_audio(audio, angle, recordings)
        _draw_strip(strip, angle)
    axes[-1][0].set_xlabel(f"seconds on the clock of {escape_text(alignment.reference)}", parse_math=False)
    write_figure(figure, path)


def write_figure(figure: Any, path: Path) -> None:
    """Write a matplotlib figure as a PNG that is known again as a plot of ours.

    Raises UsageError if `path` is neither free nor an earlier one.
    """
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": _SOFTWARE})
    require_free_path(path)  # again: somebody may have put a file there in the meantime
    write_derived_file(path, image.getvalue())


def compute_envelope(channel: NDArray[np.int16], columns: int = _ENVELOPE_COLUMNS) -> NDArray[np.float64]:
    """Return the peak level (0..1, relative to the loudest) of each of up to `columns` equal windows."""
    window = max(1, -(-channel.size // columns))
    levels = np.array(
        [
            int(np.abs(channel[at : at + window].astype(np.int32)).max())
            for at in range(0, channel.size, window)
        ],
        np.float64,
    )
    return levels / max(1.0, float(levels.max(initial=0.0)))


def _format_caption(angle: AngleMatch, reference: str) -> str:
    name = escape_text(angle.camera, 40)
    if angle.camera == reference:
        return f"{name}: reference"
    placed = "not placed"
    if angle.offset_us is not None:
        placed = f"{format_offset(angle.offset_us / 1e3)}, {format_drift(angle.drift_ppm)}"
    return f"{name}: {placed}, {format_percent(angle.confidence)}"


def _draw_audio(axes: Any, angle: AngleMatch, recordings: Sequence[Recording]) -> None:
    axes.set_yticks([])
    if angle.offset_us is None:
        why = escape_text(format_reason(angle.reasons[0], {}) if angle.reasons else "not placed", 120)
        axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center", parse_math=False)
        return
    placements = {placement.clip: placement for placement in angle.placements}
    for recording in recordings:
        placement = placements.get(recording.name)
        if recording.angle != angle.camera or not recording.channels:
            continue
        if placement is None or placement.offset_us is None:
            continue
        levels = compute_envelope(recording.channels[0])
        axes.fill_between(_compute_times_s(recording, placement, levels.size), -levels, levels, linewidth=0)


def _compute_times_s(recording: Recording, placement: Placement, count: int) -> NDArray[np.float64]:
    seconds = recording.channels[0].size / recording.rate
    clip_s = recording.start_us / 1e6 + np.linspace(0.0, seconds, count, endpoint=False)
    times_s: NDArray[np.float64] = (placement.offset_us or 0) / 1e6 + clip_s * (
        1.0 + placement.drift_ppm * 1e-6
    )
    return times_s


def _draw_strip(axes: Any, angle: AngleMatch) -> None:
    axes.set_yticks([])
    if not angle.correlation_strip:
        axes.set_axis_off()
        return
    lags_ms = (
        (np.arange(len(angle.correlation_strip)) - len(angle.correlation_strip) // 2)
        * angle.strip_step_us
        / 1e3
    )
    axes.plot(lags_ms, angle.correlation_strip)
    axes.set_ylim(0.0, 1.05)
    axes.set_xlabel("ms off the offset")
