"""The intake: what has settled in the drop folders becomes part of a session, or of an earlier one.

A file that was taken in before is recognised by its name and by samples of its content, so that a
second copy becomes no second session, and the rest of a copy that stalled recalls the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from mcsyncd.daemon.bounded_calls import run_in_thread
from mcsyncd.daemon.clock import utc_now
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.errors import Conflict, UsageError
from mcsyncd.ingest.cards import NO_CLIPS, attach_file, collect_clips
from mcsyncd.ingest.fingerprint import SampledFile, sample_files
from mcsyncd.ingest.names import extend_suffixes
from mcsyncd.ingest.observation import FileKey
from mcsyncd.ingest.recognition import Relation, is_same_length, relate_file
from mcsyncd.ingest.second_copies import attach_copies
from mcsyncd.model.clip import DropFile, DropIdentity, HeldFile
from mcsyncd.model.facts import ClipDroppedAgain, Fact, FilesSettled, JoinReel, Seal
from mcsyncd.model.objection_basis import suggest_next_step
from mcsyncd.model.session import HALTED, Actor, Session, State
from mcsyncd.model.taken_file import TakenFile
from mcsyncd.review.decisions import require_applicable

log = structlog.get_logger("mcsyncd.intake")


@dataclass(frozen=True, slots=True)
class FileNote:
    """What is said about a settled file that is not new. `holds_seal` if a person must look at it."""

    text: str
    holds_seal: bool


_UNREAD = FileNote("cannot be read: check the disk; it is tried again with each scan", holds_seal=True)
"""Of a clip that is listed but not readable. Without its sample, a second copy would be a second session."""


class Intake:
    """Takes in settled files. Used by the drop scanner alone."""

    def __init__(self, loop: SessionLoop, drop: Callable[[], Path]) -> None:
        self._loop = loop
        self._drop = drop
        self._samples: dict[DropIdentity, SampledFile] = {}
        self._relations: dict[DropIdentity, Relation | None] = {}
        self._related_at = (-1, -1)
        self._attached_from: tuple[tuple[DropFile, ...], frozenset[str]] = ((), frozenset())
        self._attached: tuple[DropFile, ...] = ()
        self.notes: dict[FileKey, FileNote] = {}
        """What is known about the settled files that belong to an earlier session."""

    async def take_settled_files(self, settled: tuple[DropFile, ...]) -> None:
        """Submit the files that are complete in the drop folders; the first new clip opens a session."""
        in_intake = self._list_files_in_intake()
        sampled = await self._sample(file for file in settled if file.identity not in in_intake)
        self._forget_samples(settled)
        candidates = tuple(file for file in sampled if file.kind != "clip" or file.sample)
        relations = await self._relate(candidates)
        await self._report_dropped_clips(candidates, relations)
        self.notes |= {(file.camera, file.name): _UNREAD for file in sampled if file not in candidates}
        new = self._attach_files(file for file in candidates if relations[file.identity] is None)
        session = self._loop.collecting_session
        if session is None and any(file.kind == "clip" for file in new):
            session = await self._loop.open_collecting_session()
        if session is not None and session.drop_files != new:
            await self._loop.submit_fact(session.id, FilesSettled(utc_now(), new))

    def _attach_files(self, files: Iterable[DropFile]) -> tuple[DropFile, ...]:
        """Return the files with what each belongs to, without those whose clip was taken in before."""
        files, suffixes = tuple(files), extend_suffixes(self._loop.config.settings.ingest.suffixes)
        if (files, suffixes) == self._attached_from:
            return self._attached  # nothing has changed: half a second for 20,000 files
        clips = collect_clips(((file.camera, file.name) for file in files if file.kind == "clip"), suffixes)
        owned = (attach_file(file, clips.get(file.camera, NO_CLIPS)) for file in files)
        self._attached = attach_copies(self._get_sample(file) for file in owned if file is not None)
        self._attached_from = (files, suffixes)
        return self._attached

    async def require_collecting(self, session: str) -> None:
        """Raise Conflict if `session` is sealed already, UnknownSession if there is none."""
        found = await self._loop.load_session(session)
        if found.state is not State.COLLECTING:
            raise Conflict(f"{session} is sealed already", suggest_next_step(found))

    async def seal_session(
        self,
        held: tuple[HeldFile, ...],
        by: Actor | None = None,
        *,
        without: tuple[str, ...] = (),
        as_is: tuple[DropFile, ...] = (),
    ) -> Session:
        """Seal the collecting session as it is. Raises UsageError if it has no clip, or a file holds it."""
        session = self._loop.collecting_session
        if session is None and as_is:
            session = await self._loop.open_collecting_session()
        if session is None:
            hint = f"{held[0].key} is not ready: {held[0].reason}" if held else "see `mcsyncd status`"
            raise UsageError("nothing to seal: no settled clip in any drop folder", hint)
        taken = await self._attach_as_is(session, as_is)

        def build_seal(now: Session) -> Fact:
            seal = Seal(utc_now(), self._loop.config.terms, by, held, without, taken)
            require_applicable(now, seal, frozenset())
            return seal

        return await self._loop.submit_fact_from(session.id, build_seal)

    async def _attach_as_is(self, session: Session, as_is: tuple[DropFile, ...]) -> tuple[DropFile, ...]:
        """Return the files that are taken as they are, with what each is; their copies are no takes."""
        if not as_is:
            return ()
        keys = {file.key for file in as_is}
        attached = self._attach_files((*session.drop_files, *await self._sample(as_is)))
        others = tuple(file for file in attached if file.key not in keys)
        if others != session.drop_files:
            await self._loop.submit_fact(session.id, FilesSettled(utc_now(), others))
        return tuple(file for file in attached if file.key in keys)

    async def join_reel(
        self, session: str, by: Actor, revision: int | None, held: tuple[HeldFile, ...]
    ) -> Session:
        """Give the collecting session's files to `session`. Raises UsageError, Conflict, UnknownSession.

        First they leave the one, then they join the other: between the two they only lie in their folders,
        and the next scan would find them again.
        """
        collecting = self._loop.collecting_session
        files = collecting.drop_files if collecting is not None else ()

        def build_join(now: Session) -> Fact:
            join = JoinReel(utc_now(), by, now.revision if revision is None else revision, files, held)
            require_applicable(now, join, frozenset())
            return join

        build_join(await self._loop.load_session(session))
        if collecting is not None:
            await self._loop.submit_fact(collecting.id, FilesSettled(utc_now(), ()))
        return await self._loop.submit_fact_from(session, build_join)

    def _list_files_in_intake(self) -> set[DropIdentity]:
        """Files of sealed sessions that have not been moved out of the drop folders yet."""
        return {
            file.identity
            for session in self._loop.sessions.values()
            if session.terms is not None and session.state is not State.REJECTED
            for file in (session.incoming if session.offloaded else session.drop_files)
        }

    async def _sample(self, files: Iterable[DropFile]) -> tuple[DropFile, ...]:
        """Return the files with their fingerprints. Each is read once; sidecars are not read."""
        files = tuple(files)
        unread = [file for file in files if file.kind == "clip" and file.identity not in self._samples]
        if unread:
            sampled = await run_in_thread(partial(sample_files, self._drop(), unread))
            self._samples |= {one.file.identity: one for one in sampled if one.file.sample}
        return tuple(self._get_sample(file).file for file in files)

    def _forget_samples(self, settled: Iterable[DropFile]) -> None:
        present = {file.identity for file in settled}
        self._samples = {key: one for key, one in self._samples.items() if key in present}

    def _get_sample(self, file: DropFile) -> SampledFile:
        """Return the file with its fingerprint, and with what its hash lists say of it by now."""
        known = self._samples.get(file.identity)
        if known is None:
            return SampledFile(file)
        return replace(known, file=replace(known.file, checks=file.checks))

    async def _relate(self, files: tuple[DropFile, ...]) -> dict[DropIdentity, Relation | None]:
        """Return what each file is to the sessions. Asked again only after a session has changed."""
        version = (self._loop.intake_count, self._loop.state_changes)
        if version != self._related_at:
            self._relations, self._related_at = {}, version
        unknown = [file for file in files if file.identity not in self._relations]
        if unknown:
            ledger = self._loop.ledger
            taken = await ledger.call(ledger.ledger.find_taken_files, unknown)
            for file, found in zip(unknown, taken, strict=True):
                for one in found:
                    if is_same_length(file, one.file):
                        await self._loop.load_session(one.session)  # finished ones are not in memory
                self._relations[file.identity] = relate_file(
                    file,
                    found,
                    has_beginning=self._get_sample(file).has_beginning,
                    is_replaceable=self._is_replaceable,
                    is_doubtful=partial(self._is_doubtful, file),
                    compute_age_s=_compute_age_s,
                )
        return {file.identity: self._relations[file.identity] for file in files}

    def _is_replaceable(self, taken: TakenFile) -> bool:
        """Tell whether a session needs this clip again: it cannot read the one that it has.

        Or an error halted it, and not because of another clip.
        """
        session = self._loop.find_session(taken.session)
        clip = session.find_clip(taken.file.key) if session is not None else None
        if session is None or clip is None:
            return False
        if session.state not in HALTED:
            return bool(clip.fault) and session.state in (State.WORKING, State.IN_REVIEW)
        return session.error is None or session.error.clip in ("", taken.file.key)

    def _is_doubtful(self, file: DropFile, taken: TakenFile) -> bool:
        """Tell whether a part of the clip that was taken in may be missing, and none of the file."""
        if self._get_sample(file).has_shortfall:
            return False
        session = self._loop.find_session(taken.session)
        clip = session.find_clip(taken.file.key) if session is not None else None
        return clip is not None and clip.is_doubtful

    async def _report_dropped_clips(
        self, files: tuple[DropFile, ...], relations: dict[DropIdentity, Relation | None]
    ) -> None:
        notes: dict[FileKey, FileNote] = {}
        for file in files:
            relation = relations[file.identity]
            if relation is None:
                continue
            key = (file.camera, file.name)
            notes[key] = await self._report_dropped_clip(file, relation)
            if notes[key] != self.notes.get(key):
                log.info("dropped again", file=file.key, session=relation.session, what=relation.kind)
        self.notes = notes

    async def _report_dropped_clip(self, file: DropFile, relation: Relation) -> FileNote:
        """Tell the session what came for it, and return what is said about it in the drop folder."""
        if relation.kind in ("fuller", "continued", "differing", "replacement"):
            fact = ClipDroppedAgain(utc_now(), relation.clip, file, relation.kind)
            after = await self._loop.submit_fact(relation.session, fact)
            if after.are_originals_deleted:
                return _describe_refusal(relation)
        return _describe_relation(relation)


def _compute_age_s(taken: TakenFile) -> float:
    opened_at = datetime.fromisoformat(taken.opened_at)
    return abs((datetime.now(UTC) - opened_at).total_seconds())


def _describe_refusal(relation: Relation) -> FileNote:
    session = relation.session
    text = (
        f"another copy of a clip of session {session}, whose originals were deleted here: remove it, or "
        f"withdraw the session (mcsyncd reject {session} --reason TEXT) and drop all of it again"
    )
    return FileNote(text, holds_seal=True)


def _describe_relation(relation: Relation) -> FileNote:
    session = relation.session
    match relation.kind:
        case "taken" if relation.left_behind:
            text = f"taken in, session {session}; the daemon may not remove it here: remove it yourself"
            return FileNote(text, holds_seal=False)
        case "taken":
            return FileNote(f"already taken in, session {session}: it stays here until you remove it", False)
        case "shorter":
            text = f"only the beginning of what session {session} has already: remove it, or copy it again"
            return FileNote(text, holds_seal=True)
        case "continued":
            text = f"the rest of a clip of session {session}, which it may lack: copy the whole file again"
            return FileNote(text, holds_seal=True)
        case "differing":
            text = (
                f"as long as a clip of session {session}, but not the same: compare both with the card; "
                "remove this one, or reject the session and drop the card again"
            )
            return FileNote(text, holds_seal=True)
        case "fuller" | "replacement":
            return FileNote(f"takes the place of {relation.clip} in session {session}", holds_seal=False)
