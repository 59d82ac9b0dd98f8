"""From an approved session to its uploads: which objects, and the manifest that names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcsyncd import __version__
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.listen.peaks.waveform import FileClock, write_waveform
from mcsyncd.model.clip import AnalysisAudio
from mcsyncd.model.due import build_manifest_job, select_current_conforms
from mcsyncd.model.jobs import Job, Upload
from mcsyncd.model.rendition import ConformResult, Rendition, WrittenFile
from mcsyncd.model.session import Session, State
from mcsyncd.publish import manifest
from mcsyncd.publish.plan import plan_objects
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.store.chain import LogEntry


@dataclass(frozen=True, slots=True)
class PublishingPlan:
    """The uploads of one revision, in order; the manifest comes when all of them are stored."""

    revision: int
    uploads: tuple[Upload, ...]

    def list_open_jobs(self, session: Session) -> tuple[Job, ...]:
        """Return the uploads that are still missing; the manifest when none is."""
        if session.state is not State.PUBLISHING or session.revision != self.revision:
            return ()
        stored = {kept.key for kept in session.stored}
        missing = tuple(put for put in self.uploads if put.key not in stored)
        last = build_manifest_job(session, tuple(put.key for put in self.uploads))
        return missing if missing or last is None else (last,)


def prepare_publishing(session: Session, layout: WorkLayout, began: LogEntry) -> PublishingPlan:
    """Plan the uploads of a session and write its waveforms and its manifest into the work folder.

    `began` is the event that began publishing: the manifest's time and the chain's head are
    taken from it, so that the same revision gives the same manifest after any restart.
    Reads the analysis audio, 0.2 s of CPU for an hour of each channel; call it off the event loop.

    Raises McsyncError and OSError.
    """
    conformed = select_current_conforms(session)
    peaks = _write_waveforms(session, layout, conformed)
    planned = plan_objects(session, conformed=conformed, peaks=peaks)
    puts = tuple(
        Upload(session.id, one.key, one.kind, one.path, one.bytes, one.sha256, one.clip, one.metadata)
        for one in planned
    )
    versions = dict(version for made in conformed.values() for version in made.versions)
    document = manifest.build_manifest(
        session,
        conformed=conformed,
        peaks=peaks,
        chain_head=began.hash,
        versions={"mcsyncd": __version__, **versions},
        generated_at=began.at,
    )
    path = layout.locate_manifest(session.id, session.revision)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    fresh.write_bytes(manifest.serialize_canonical(document))
    fresh.replace(path)
    return PublishingPlan(session.revision, puts)


def _write_waveforms(
    session: Session, layout: WorkLayout, conformed: Mapping[str, ConformResult]
) -> dict[str, WrittenFile]:
    """Draw the sound of every clip that was heard, by clip key.

    Here and not when the clip is heard, because a player lays a waveform along the file that it plays:
    the proxy's phase and the drift taken out of it are known only with the answer.
    """
    drawn = {}
    for clip in session.clips:
        if clip.analysis_audio is not None and clip.analysis_audio.peaks:
            made = conformed.get(clip.key)
            drawn[clip.key] = _write_clip_waveform(
                clip.analysis_audio, made.get_rendition("proxy") if made else None, layout
            )
    return drawn


def _write_clip_waveform(sound: AnalysisAudio, proxy: Rendition | None, layout: WorkLayout) -> WrittenFile:
    """Draw one clip along its proxy; along its own clock where it has no place and so no proxy."""
    clock = FileClock(proxy.phase_us, proxy.drift_applied_ppm) if proxy else FileClock()
    path = layout.resolve_path(proxy.path if proxy else sound.peaks).with_suffix(".dat")
    write_waveform(
        path,
        [layout.resolve_path(channel.path) for channel in sound.channels],
        start_us=sound.start_us,
        clock=clock,
        duration_us=_compute_duration_us(sound, proxy, clock),
    )
    found = compute_digest(path)
    return WrittenFile(layout.make_relative(path), found.bytes, found.sha256)


def _compute_duration_us(sound: AnalysisAudio, proxy: Rendition | None, clock: FileClock) -> int:
    """How long the file lasts: as its pictures, or to the end of its sound."""
    if proxy is not None and proxy.frames:
        return round(proxy.frames * proxy.rate.tick_us)
    return clock.file_us_from_clip_us(sound.start_us + round(sound.samples * 1_000_000 / sound.rate))
