"""From an approved session to its uploads: which objects, and the manifest that names them."""

from __future__ import annotations

from dataclasses import dataclass

from mcsyncd import __version__
from mcsyncd.daemon.places import Places
from mcsyncd.integrity.hashing import digest
from mcsyncd.model.clip import Digest
from mcsyncd.model.due import conformed_now, manifest_job
from mcsyncd.model.jobs import Job, Put
from mcsyncd.model.session import Session, State
from mcsyncd.publish import manifest
from mcsyncd.publish.plan import plan
from mcsyncd.store.chain import Entry


@dataclass(frozen=True, slots=True)
class Publishing:
    """The uploads of one revision, in order; the manifest comes when all of them are stored."""

    revision: int
    puts: tuple[Put, ...]

    def open(self, session: Session) -> tuple[Job, ...]:
        """Return the uploads that are still missing; the manifest when none is."""
        if session.state is not State.PUBLISHING or session.revision != self.revision:
            return ()
        stored = {kept.key for kept in session.stored}
        missing = tuple(put for put in self.puts if put.key not in stored)
        last = manifest_job(session, tuple(put.key for put in self.puts))
        return missing if missing or last is None else (last,)


def prepare(session: Session, places: Places, began: Entry) -> Publishing:
    """Plan the uploads of a session and write its manifest into the work folder.

    `began` is the event that began publishing: the manifest's time and the chain's head are
    taken from it, so that the same revision gives the same manifest after any restart.
    Reads the peaks files to hash them; call it off the event loop.
    """
    conformed = conformed_now(session)
    peaks = _peaks(session, places)
    planned = plan(session, conformed=conformed, peaks=peaks)
    puts = tuple(
        Put(session.id, one.key, one.kind, one.path, one.bytes, one.sha256, one.clip, one.facts)
        for one in planned
    )
    versions = dict(version for made in conformed.values() for version in made.versions)
    document = manifest.build(
        session,
        conformed=conformed,
        peaks=peaks,
        chain_head=began.hash,
        versions={"mcsyncd": __version__, **versions},
        generated_at=began.at,
    )
    path = places.manifest(session.id, session.revision)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    fresh.write_bytes(manifest.canonical(document))
    fresh.replace(path)
    return Publishing(session.revision, puts)


def _peaks(session: Session, places: Places) -> dict[str, Digest]:
    return {
        clip.key: digest(places.file(clip.sound.peaks))
        for clip in session.clips
        if clip.sound is not None and clip.sound.peaks
    }
