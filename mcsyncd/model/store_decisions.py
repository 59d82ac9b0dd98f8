"""What the state machine decides about the stores of a session: results, failures, the regular look. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from mcsyncd.model import events as ev
from mcsyncd.model import facts as fa
from mcsyncd.model import retention_events as re
from mcsyncd.model import store_events as se
from mcsyncd.model.holding import Evidence, Holding, HoldingTrouble
from mcsyncd.model.jobs import Job, PointHead, ReadBack, RemovalJob, find_store_name
from mcsyncd.model.publishing import Publication, StoreHead
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.session import Attempt, Failure, Session, State
from mcsyncd.model.store_jobs import list_published_keys

StoreResult = StoredObject | Publication | StoreHead | Evidence
"""What a job that talked to a store returns."""


def choose_stores(session: Session, at: str, further: tuple[str, ...]) -> tuple[ev.Event, ...]:
    """Return the event that gives a session these further stores; none if it has them."""
    if tuple(one.store for one in session.copies) == further:
        return ()
    return (se.StoresChosen(at, further),)


def record_store_result(
    session: Session, result: StoreResult, at: str, store: str, *, reads_back: bool
) -> tuple[ev.Event, ...]:
    """Return the events of a job's result; what was published is read back, if that is wanted."""
    match result:
        case StoredObject():
            return (ev.ObjectStored(at, result, store),)
        case StoreHead():
            return (se.HeadPointed(at, result, store),)
        case Evidence():
            return (_record_evidence(session, replace(result, at=at), store),)
        case Publication():
            published = se.CopyPublished(at, store, result) if store else ev.SessionPublished(at, result)
            return (published, *(_want_read_back(session, at, store) if reads_back else ()))
        case _:
            assert_never(result)


def _record_evidence(session: Session, evidence: Evidence, store: str) -> ev.Event:
    holding = session.find_holding(store) or Holding(store)
    stored = next((one for one in holding.stored if one.key == evidence.key), None)
    clip, kind = (stored.clip, stored.kind) if stored is not None else ("", "")
    return se.ObjectReadBack(evidence.at, evidence, store, clip, kind)


def _want_read_back(session: Session, at: str, store: str) -> Iterator[ev.Event]:
    """Yield what has a session's objects read back from a store, but for those that were."""
    holding = session.find_holding(store)
    plan = session.publishing.plan if session.publishing is not None else None
    if holding is None or plan is None:
        return
    proven = {one.key for one in holding.evidence if one.is_right}
    keys = tuple(planned.key for planned in plan.uploads if planned.key not in proven)
    if keys:
        yield se.ReadBackWanted(at, keys, store)


def halt_follow_up(job: Job, fact: fa.JobFailed, attempt: Attempt, failure: Failure) -> ev.Event:
    """Return what becomes of a job that nobody waits for, and whose failure does not pass by itself.

    What was decided holds, whatever a store makes of its pointer: that is tried again for good.
    """
    if isinstance(job, ReadBack):
        stored = job.object
        evidence = Evidence(stored.key, fact.at, is_right=False, is_due=False, message=fact.message)
        return se.ObjectReadBack(fact.at, evidence, job.store, stored.clip, stored.kind)
    if isinstance(job, RemovalJob):
        return re.RemovalRefused(fact.at, fact.message)
    store = find_store_name(job)
    if not store or isinstance(job, PointHead):
        return ev.JobPostponed(fact.at, attempt, failure)
    return se.CopyHalted(fact.at, store, HoldingTrouble(fact.at, fact.message, fact.hint))


def look_after_stores(session: Session, fact: fa.LookAfterStores) -> tuple[ev.Event, ...]:
    """Return what a regular look at a session leads to that was published.

    One that does not hold any more is not read back, but the readers of each store are to know it.
    """
    if session.state is not State.PUBLISHED:
        return choose_stores(session, fact.at, fact.further)
    known = set(fact.further) | {""}
    holdings = [one for one in session.holdings if one.store in known]
    return (
        *choose_stores(session, fact.at, fact.further),
        *(event for one in holdings for event in _look_after_holding(session, one, fact)),
    )


def _look_after_holding(session: Session, holding: Holding, fact: fa.LookAfterStores) -> Iterator[ev.Event]:
    if holding.trouble is not None and holding.trouble.at < fact.failed_before:
        yield se.CopyResumed(fact.at, holding.store)
    evidence = {one.key: one for one in holding.evidence}
    stored = {one.key for one in holding.stored}
    published = [key for key in list_published_keys(session) if key in stored]
    keys = tuple(key for key in published if _is_old(evidence.get(key) or Evidence(key, is_due=False), fact))
    if keys:
        yield se.ReadBackWanted(fact.at, keys, holding.store)


def _is_old(evidence: Evidence, fact: fa.LookAfterStores) -> bool:
    if evidence.is_due:
        return False
    if evidence.is_damage:
        return evidence.at < fact.failed_before
    return fact.read_before is not None and evidence.at < fact.read_before
