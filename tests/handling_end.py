"""How a trial of `handling.py` ends: people settle each session, and then everything is judged."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kills import hash_file
from mcsyncd.checks.verify import verify_log, verify_media, verify_store
from mcsyncd.model.alignment import Disposition
from mcsyncd.model.due import is_confident
from mcsyncd.model.session import Session, State
from mcsyncd.settings.load import load_settings
from mcsyncd.store.audit import read_recorded_sessions

if TYPE_CHECKING:
    from handling import Handling, Take

PATIENCE_S = 240.0
"""Seconds after which everything must have come to rest, on a machine that does other things, too."""
_LOOK_S = 0.4
"""Seconds between two looks at the sessions."""
_LOOKS_TO_SEAL = 20
"""Looks after which people seal what collects: longer than the quiet time, so that it seals itself before."""
_LOOKS_TO_RETRY = 8
"""Looks that a session which halted is given after each thing that people try with it."""
_APPROVALS = 3
"""Tries to approve a session before it is rejected: it may move on in the moment of one."""
_REMEDIES = 4
"""Things that people try with a session that halted, one after the other."""
_SAME_PLACE_US = 2_000
"""Microseconds by which a clip may lie off its true place. Judgement: a twentieth of a picture."""
_STARTS_S = {"cam_a": 0.5, "cam_b": 0.0, "cam_c": 1.25}
"""Where each camera's clip begins in its shoot, as `kills.film_clips` films it."""


class Supervisor:
    """Takes each session on until it is published or rejected, as the messages of the commands advise."""

    def __init__(self, trial: Handling) -> None:
        self._trial = trial
        self._looks: Counter[tuple[str, ...]] = Counter()

    def settle_everything(self) -> None:
        """Take all sessions to their end. Raises AssertionError if one does not come to rest."""
        line, end = self._trial.line, time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self._settle_sessions():
                return
            time.sleep(_LOOK_S)
        states = [(one["id"], one["state"], one["error"]) for one in line.sessions()]
        raise AssertionError(f"not at rest: {states}, {line.status()}")

    def _settle_sessions(self) -> bool:
        """Do what is next for each session; return whether nothing is left to do."""
        status, open_sessions = self._trial.line.status(), 0
        for session in self._trial.line.sessions():
            has_clips = any(one["clips"] for one in session["cameras"].values())
            if session["state"] in {"published", "rejected"} or not has_clips:
                continue
            open_sessions += 1
            self._settle_session(session, status["held"])
        settling = [
            one["name"]
            for folder in status["folders"].values()
            for one in folder["settling"]
            if one["state"] == "settling"
        ]
        return not (open_sessions or settling or status["workers"]) and self._are_all_finished()

    def _settle_session(self, session: dict, held: Sequence[str]) -> None:
        name, revision, state = session["id"], str(session["revision"]), session["state"]
        stage = (name, state, revision) if state == "in_review" else (name, state)
        looks = self._looks[stage]
        self._looks[stage] += 1
        if state == "collecting" and looks > _LOOKS_TO_SEAL:
            self._trial.command("seal", "--session", name, *(f"--without={one}" for one in held))
        elif state == "in_review" and looks < _APPROVALS:
            self._trial.command("approve", name, "--revision", revision)
        elif state == "in_review":
            self._trial.command("reject", name, "--reason", "it cannot be approved")
        elif state in {"failed", "stale", "quarantined"} and looks % _LOOKS_TO_RETRY == 0:
            self._try_remedy(session, looks // _LOOKS_TO_RETRY)

    def _try_remedy(self, session: dict, number: int) -> None:
        """Try it again, sync it again, leave out the clip that halted it, and at last reject it."""
        name, clip = session["id"], (session["error"] or {}).get("clip")
        if number == 0:
            self._trial.command("retry", name)
        elif number == 1:
            self._trial.command("resync", name, "--yes")
        elif number < _REMEDIES and clip:
            self._trial.command("clip", name, clip, "leave-out", "--reason", "nothing else helps")
        else:
            self._trial.command("reject", name, "--reason", "no remedy helps")

    def _are_all_finished(self) -> bool:
        return all(
            one.is_finished or one.state is State.COLLECTING or self._lacks_spoiled(one)
            for one in read_sessions(self._trial.home)
        )

    def _lacks_spoiled(self, session: Session) -> bool:
        """Whether a further store waits for a file that people spoiled, and says which."""
        troubles = [one.trouble.message for one in session.holdings if one.trouble is not None]
        spoiled = [str(path) for path in self._trial.spoiled_files]
        return session.state is State.PUBLISHED and any(path in said for path in spoiled for said in troubles)


def read_sessions(home: Path) -> tuple[Session, ...]:
    """Return all sessions of the trial's ledger."""
    return read_recorded_sessions(home / "var" / "state" / "ledger.db")


def find_faults(trial: Handling) -> Iterator[str]:
    """Judge a trial at rest, whose daemon still runs: yield what is wrong."""
    settings = load_settings(trial.line.config)
    reports = [verify_log(settings, None), verify_media(settings, None)]
    reports += [verify_store(settings, storage, None) for storage in settings.stores]
    for finding in [finding for report in reports for finding in report.findings]:
        if not any(str(path) in finding for path in trial.spoiled_files):
            yield finding
    yield from _find_lost_originals(trial)
    for session in read_sessions(trial.home):
        yield from _find_false_confidence(session, trial)
    status = trial.line.status()
    if status["free_slots"] != status["worker_slots"]:
        yield f"{status['free_slots']} of {status['worker_slots']} slots are free"


def _find_lost_originals(trial: Handling) -> Iterator[str]:
    """Each content that people copied must be somewhere, whole."""
    places = (trial.line.drop, trial.line.work / "sessions", trial.home / "returned")
    there = {hash_file(path) for place in places for path in place.rglob("*") if path.is_file()}
    for sha256, path in trial.owed.items():
        if sha256 not in there | trial.spoiled:
            yield f"lost: what was copied to {path.relative_to(trial.line.drop)}"


def _find_false_confidence(session: Session, trial: Handling) -> Iterator[str]:
    """What looks good must be right: the clips on the timeline are of one shoot, each in its place."""
    found = session.alignment
    if found is None or session.id in trial.nudged or not is_confident(session, 0.85):
        return
    takes = {take.sha256: take for take in trial.takes}
    placed: list[tuple[str, Take, int]] = []
    for clip in session.clips:
        place = found.find_placement(clip.camera, clip.name)
        take = takes.get(clip.digest.sha256) if clip.digest is not None else None
        if place is not None and place.disposition is Disposition.SYNCED and take is not None:
            placed.append((clip.key, take, place.offset_us or 0))
    for key, take, offset_us in placed:
        first, other, first_us = placed[0]
        off_us = offset_us - first_us - round((_STARTS_S[take.camera] - _STARTS_S[other.camera]) * 1e6)
        if take.shoot != other.shoot:
            yield f"{session.id} looks good, with {key} and {first} of two shoots"
        elif abs(off_us) > _SAME_PLACE_US:
            yield f"{session.id} looks good, and {key} lies {off_us} us off {first}"
