"""The stages for commands that need no daemon: each file in a process that can touch nothing else.

A person runs them on files of strangers, with all that the person may do. Where the system has no means to
contain a process, they run as any program does (`sandbox.support` says what is missing).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from mcsyncd.containers.camera_metadata import list_metadata_files
from mcsyncd.errors import BadMedia, IntegrityError
from mcsyncd.integrity.derived_file import make_folders
from mcsyncd.model.clip import AnalysisAudio, Media
from mcsyncd.workers.progress import ReportProgress
from mcsyncd.workers.sandbox.contained_call import ContainedProcessDied, run_contained
from mcsyncd.workers.sandbox.grant import ATTACK_HINT, LISTENER_CPU_S, OUTPUT_FACTOR, Grant
from mcsyncd.workers.sandbox.support import can_contain
from mcsyncd.workers.written_paths import find_foreign_file

# ruff: noqa: PLC0415  # a stage is imported when it runs

T = TypeVar("T")

ANALYSIS_TYPE = tuple[Media, AnalysisAudio]
"""What `analyse_file` returns."""

_MAX_AUDIO_BYTES = 10 * 10**9
"""Of one file of analysis audio. Judgement, as for the daemon's jobs: that of a day takes 6 GB."""


def probe_file(path: Path) -> Media:
    """Return what a file is; see `probe.probe_clip`, and `run_on_file` for what it raises besides."""

    def probe(_report: ReportProgress) -> Media:
        from mcsyncd.probe.probe import probe_clip

        return probe_clip(path)

    import_module("mcsyncd.probe.probe")
    return run_on_file(path, probe, Media, Grant(list_read_files(path)))


def analyse_file(path: Path, folder: Path) -> tuple[Media, AnalysisAudio]:
    """Return what a file is, and its analysis audio, which is written into `folder` and not flushed.

    Raises what `probe.probe_clip` and `listen.extract_analysis_audio` raise, and what `run_on_file` does.
    """

    def analyse(_report: ReportProgress) -> tuple[Media, AnalysisAudio]:
        from mcsyncd.listen.analysis import extract_analysis_audio
        from mcsyncd.probe.probe import probe_clip

        media = probe_clip(path)
        return media, extract_analysis_audio(path, media, folder, temporary=True)

    make_folders(folder)
    grant = Grant(
        list_read_files(path),
        (folder,),
        _MAX_AUDIO_BYTES,
        OUTPUT_FACTOR * _MAX_AUDIO_BYTES,
        cpu_s=LISTENER_CPU_S,
    )
    media, audio = run_on_file(path, analyse, ANALYSIS_TYPE, grant)
    require_own_files(path, (file.path for file in audio.files), folder)
    return media, audio


def list_read_files(path: Path) -> tuple[Path, ...]:
    """Return what the stages read for a file: itself, and its camera's metadata beside it."""
    return (path, *list_metadata_files(path))


def run_on_file(
    path: Path,
    call: Callable[[ReportProgress], T],
    result_type: Any,
    grant: Grant,
    report_progress: ReportProgress = lambda _count, _total: None,
) -> T:
    """Return what `call` returns, contained where the system can; see `run_contained`.

    Raises BadMedia, naming the file, if the process dies on it.
    """
    if not can_contain():
        return call(report_progress)
    try:
        return run_contained(call, result_type, grant, report_progress)
    except ContainedProcessDied as error:
        raise BadMedia(
            f"{path.name}: the decoder crashed on it: {error}",
            "copy the clip from the card again; if it crashes again, convert it",
        ) from error


def require_own_files(path: Path, written: Iterable[str], folder: Path) -> None:
    """Raise IntegrityError unless what a call on `path` says it wrote are plain files in its own folder."""
    if foreign := find_foreign_file(map(Path, written), folder):
        raise build_attack_error(path, f"it wrote {foreign}")


def build_attack_error(path: Path, claim: str) -> IntegrityError:
    """Return the error that the process of a file claims what is not its own."""
    return IntegrityError(f"{path.name}: its process says that {claim}, which is not its own", ATTACK_HINT)
