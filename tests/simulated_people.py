"""The people of the simulation: they drop clips, decide, write to files, and mend what is broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Disposition
from mcsyncd.model.clip import DropFile
from mcsyncd.model.events import SessionOpened
from mcsyncd.model.retention import RetentionTerms
from mcsyncd.model.session import HALTED, Session, State
from shoots import AT, DROPPED, OKAFOR, RUIZ, TERMS

if TYPE_CHECKING:
    from simulation import World

_OTHER = replace(TERMS, mezzanine=replace(TERMS.mezzanine, hash="d" * 64))
AGREED = (TERMS, replace(TERMS, conform_when="always"), _OTHER)
"""Terms that a session is sealed or synced again with: an operator changes them between two."""
LATER = "2027-01-01T00:00:00.000000Z"
"""A day on which everything that happens in a schedule, at `AT`, is long ago."""


class SimulatedPeople:
    """Everybody around a world, and the daemon's regular looks. Each method is a step of a schedule."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance

    def drop_shoot(self) -> None:
        """Files settle: of a new session, or more of the one that collects."""
        sessions = self._world.sessions
        if len(sessions) < self._world.most_sessions and not any(
            one.state is State.COLLECTING for one in sessions.values()
        ):
            name = f"session-{len(sessions)}"
            self._world.record(Session(name, AT), (SessionOpened(AT, name),), opening=True)
        for session in sessions.values():
            if session.state is State.COLLECTING:
                self._world.submit(session.id, fa.FilesSettled(AT, DROPPED[: self._chance.randint(0, 4)]))
                return

    def seal(self) -> None:
        """Every session that can be sealed is."""
        for session in list(self._world.sessions.values()):
            self._world.submit(session.id, fa.Seal(AT, self._chance.choice(AGREED)))

    def join_reel(self) -> None:
        """Somebody drops another clip of a camera, and gives it to a session."""
        session = self._world.pick_session()
        if session is not None:
            camera, number = self._chance.choice("ABC"), self._chance.randint(2, 4)
            size, mtime_ns = self._chance.randint(400, 500), self._chance.randint(10, 19)
            file = DropFile(f"cam_{camera.lower()}", f"{camera}{number:03}.MOV", size, mtime_ns)
            self._world.submit(session.id, fa.JoinReel(AT, RUIZ, session.revision, (file,), ()))

    def drop_again(self) -> None:
        """A clip comes again, as long as it was or longer."""
        session = self._world.pick_session()
        if session is None or not session.clips:
            return
        clip = self._chance.choice(session.clips)
        size = clip.bytes + self._chance.randint(0, 9)
        file = DropFile(clip.camera, clip.name, size, self._chance.randint(1, 9))
        relation = self._chance.choice(["fuller", "continued", "differing", "replacement"])
        self._world.submit(session.id, fa.ClipDroppedAgain(AT, clip.key, file, relation))

    def overwrite_original(self) -> None:
        """Somebody writes to a file in a session's folder."""
        originals = self._world.originals
        if originals:
            name = self._chance.choice(list(originals))
            originals[name] = self._chance.randint(90, 310), self._chance.randint(1, 9)

    def delete_original(self) -> None:
        """Somebody deletes a file in a session's folder."""
        originals = self._world.originals
        if originals:
            del originals[self._chance.choice(list(originals))]

    def decide_something(self) -> None:
        """Somebody gives any command, perhaps about a revision that has passed."""
        session = self._world.pick_session()
        if session is None:
            return
        revision = session.revision - self._chance.choice([0, 0, 0, 1])
        by = self._chance.choice([OKAFOR, RUIZ])
        originals = self._list_originals(session)
        camera = self._chance.choice(["cam_a", "cam_b", "cam_c"])
        clips = [clip for clip in session.clips if clip.camera == camera]
        clip = self._chance.choice(clips) if clips else None
        key, name = (clip.key, clip.name) if clip is not None else ("", "")
        place_us = self._chance.randint(-(10**6), 10**6)
        off = self._chance.choice([Disposition.SET_ASIDE, Disposition.LEFT_OUT, None])
        decisions: list[fa.Fact] = [
            *[fa.Approve(AT, by, revision)] * 2,
            fa.Reject(AT, by, revision, "the wrong shoot"),
            *[fa.Reopen(AT, by, revision, "again")] * 2,
            fa.Nudge(AT, by, revision, camera, place_us),
            fa.Nudge(AT, by, revision, camera, place_us, name),
            fa.SetDisposition(AT, by, revision, key, off, "not of this shoot"),
            fa.Retry(AT, by, *originals),
            fa.Resync(AT, by, revision, self._chance.choice(AGREED), *originals),
            fa.ReturnOriginals(AT, by),
        ]
        self._world.submit(session.id, self._chance.choice(decisions))

    def move_on(self) -> None:
        """What people want most: to retry what failed, and to approve what is there."""
        session = self._world.pick_session()
        if session is not None and session.state in HALTED:
            self._world.submit(session.id, fa.Retry(AT, RUIZ, *self._list_originals(session)))
        elif session is not None:
            self._world.submit(session.id, fa.Approve(AT, RUIZ, session.revision))

    def look_after_stores(self) -> None:
        """The store keeper looks at a session."""
        session = self._world.pick_session()
        if session is not None:
            further = self._chance.choice([self._world.further, self._world.further, ()])
            before = self._chance.choice([None, LATER])
            look = fa.LookAfterStores(AT, further, before, self._chance.choice([AT, LATER]))
            self._world.submit(session.id, look)

    def let_originals_go(self) -> None:
        """The retention looks at a session."""
        session = self._world.pick_session()
        if session is not None:
            terms = RetentionTerms(self._chance.choice([1, 2]), LATER, LATER, LATER, LATER)
            self._world.submit(session.id, fa.LookAfterOriginals(AT, terms))

    def settle_everything(self) -> None:
        """What people and the regular looks do when nothing fails any more."""
        for session in list(self._world.sessions.values()):
            if session.state is State.COLLECTING:
                self._world.submit(session.id, fa.FilesSettled(AT, DROPPED))
                self._world.submit(session.id, fa.Seal(AT, TERMS))
            elif session.state in HALTED:
                self._do_without_missing(session)
                now = self._world.sessions[session.id]
                self._world.submit(session.id, fa.Retry(AT, OKAFOR, *self._list_originals(now)))
            elif session.state is State.IN_REVIEW:
                self._leave_out_unreadable(session)
                now = self._world.sessions[session.id].revision
                self._world.submit(session.id, fa.Approve(AT, OKAFOR, now))
            elif session.state is State.PUBLISHED and not session.is_finished:
                self._world.stores.repair(session)
                self._world.originals |= self._list_recorded(session)  # `mcsyncd restore` has them
                self.look_at_everything(session)

    def look_at_everything(self, session: Session) -> None:
        """The store keeper looks at all stores, whatever they last told."""
        self._world.submit(session.id, fa.LookAfterStores(AT, self._world.further, None, LATER))

    def _leave_out_unreadable(self, session: Session) -> None:
        for clip in session.clips:
            if clip.fault:
                now = self._world.sessions[session.id].revision
                left_out = fa.SetDisposition(AT, OKAFOR, now, clip.key, Disposition.LEFT_OUT, "unreadable")
                self._world.submit(session.id, left_out)

    def _do_without_missing(self, session: Session) -> None:
        """Leave out the clips whose originals are gone; what a session cannot do without is put back."""
        for key in self._list_originals(session)[1]:
            now = self._world.sessions[session.id]
            left_out = fa.SetDisposition(AT, OKAFOR, now.revision, key, Disposition.LEFT_OUT, "it is gone")
            if not now.is_left_out(key):
                self._world.submit(session.id, left_out)
        there = self._world.originals
        self._world.originals = self._list_recorded(self._world.sessions[session.id]) | there

    def _list_recorded(self, session: Session) -> dict[tuple[str, str], tuple[int, int]]:
        """The originals that the session needs, as they were taken in."""
        needed = (clip for clip in session.clips if not session.is_left_out(clip.key))
        return {(session.id, clip.key): (clip.bytes, clip.mtime_ns) for clip in needed}

    def _list_originals(self, session: Session) -> tuple[tuple[fa.FileIdentity, ...], tuple[str, ...]]:
        """What lies in the session's folder now, and the clips that were taken in and do not lie there."""
        taken = (clip.key for clip in session.clips if clip.path)
        now = {key: self._world.originals.get((session.id, key)) for key in taken}
        found = tuple(
            fa.FileIdentity(key, *identity) for key, identity in now.items() if identity is not None
        )
        return found, tuple(key for key, identity in now.items() if identity is None)
