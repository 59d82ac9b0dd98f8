"""A session with an answer, and what a person does to it."""

from __future__ import annotations

from dataclasses import replace

from mcsyncd.model import facts as fa
from mcsyncd.model.alignment import Alignment, AngleMatch, Disposition, Placement, SyncMethod
from mcsyncd.model.clip import Clip, Media
from mcsyncd.model.decide import DecisionContext, decide
from mcsyncd.model.due import list_open_jobs
from mcsyncd.model.evolve import apply_event
from mcsyncd.model.jobs import Align
from mcsyncd.model.objection import find_objection
from mcsyncd.model.reason import ReasonCode, build_reason
from mcsyncd.model.session import Session, State
from shoots import AT, OKAFOR, TERMS

THRESHOLD = 0.85
RECORDERS = replace(TERMS, cameras=tuple(replace(camera, kind="sound") for camera in TERMS.cameras))
PLACES = {"cam_a": {"A1": 0}, "cam_b": {"B1": 10_000_000, "B2": 50_000_000}, "cam_c": {"C1": 87_000}}
ASIDE = build_reason(ReasonCode.MAYBE_INSIDE, "cam_b/B0", about_s=30.0)


def probed(camera: str, name: str) -> Clip:
    media = Media("mov", 20_000_000, None)
    return Clip(camera, name, 1, 2, f"sessions/x/{camera}/{name}", media=media)


def answer() -> Alignment:
    """The machine's answer: cam_b's clip B0 is set aside, the others lie where they are."""
    angles = []
    for camera, places in PLACES.items():
        sure = {name: 1.0 if name == "A1" else 0.95 for name in places}
        placed = [Placement(n, at, 0.0, Disposition.SYNCED, sure[n]) for n, at in places.items()]
        if camera == "cam_b":
            placed.append(Placement("B0", None, disposition=Disposition.SET_ASIDE))
        angles.append(AngleMatch(camera, tuple(placed), 0.0, (ASIDE,) if camera == "cam_b" else ()))
    return Alignment("cam_a", tuple(angles), 0.0, SyncMethod.AUDIO_CORR, (ASIDE,))


def sealed(**changes) -> Session:
    names = [(camera, name) for camera, places in PLACES.items() for name in places] + [("cam_b", "B0")]
    clips = tuple(probed(camera, name) for camera, name in names)
    session = Session("20261126-091502-k7q", AT, State.WORKING, terms=RECORDERS, offloaded=True, clips=clips)
    return replace(session, **changes)


def reviewed() -> Session:
    session = sealed()
    (job,) = [job for job in list_open_jobs(session, THRESHOLD) if isinstance(job, Align)]
    return tell(session, fa.JobFinished(AT, job.id, answer()))


def tell(session: Session, fact: fa.Fact) -> Session:
    for event in decide(session, fact, DecisionContext(THRESHOLD)):
        session = apply_event(session, event)
    return session


def dispose(session: Session, clip: str, disposition, reason: str = "") -> Session:
    fact = fa.SetDisposition(AT, OKAFOR, session.revision, clip, disposition, reason)
    assert find_objection(session, fact, frozenset()) is None
    return tell(session, fact)


def place(session: Session, clip: str, offset_us: int) -> Session:
    camera, _, name = clip.partition("/")
    return tell(session, fa.Nudge(AT, OKAFOR, session.revision, camera, offset_us, name))
