"""What is garbage in a store, and what never is."""

from __future__ import annotations

import dataclasses

import pytest
from publish import sessions

from mcsyncd.model.publishing import Publication
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.session import Session, State
from mcsyncd.publish.garbage import find_garbage, list_superseded

OLD_PROXY = StoredObject("v1/proxy/s/cam_a/0/p-0/old.mp4", "proxy", 100, "a" * 64, "cam_a/A.mov")
OLD_ORIGINAL = StoredObject("v1/orig/s/cam_a/old.mov", "original", 100, "b" * 64, "cam_a/A.mov")
LATER, EARLIER = "2999-01-01T00:00:00Z", "2000-01-01T00:00:00Z"


@pytest.fixture
def session() -> Session:
    """A published session that has what an earlier revision stored, too."""
    made = sessions.session()
    published = Publication(made.publishing.revision, "v1/manifest/s/000001-0.json", "d" * 64)
    planned = tuple(
        StoredObject(one.key, one.kind, one.bytes, one.sha256, one.clip)
        for one in made.publishing.plan.uploads
    )
    return dataclasses.replace(
        made, state=State.PUBLISHED, published=published, stored=(*planned, OLD_PROXY, OLD_ORIGINAL)
    )


def keys(session: Session, before: str = LATER) -> list[str]:
    return [one.object.key for one in find_garbage([session], superseded_before=before)]


def test_what_an_earlier_revision_left_is_garbage_and_an_original_never_is(session):
    assert keys(session) == [OLD_PROXY.key]
    assert list_superseded(session) == (OLD_PROXY,)


def test_within_the_days_of_grace_nothing_is(session):
    assert keys(session, EARLIER) == []


@pytest.mark.parametrize("state", sorted(set(State) - {State.PUBLISHED, State.REJECTED}))
def test_a_session_under_way_is_left_alone(session, state):
    assert keys(dataclasses.replace(session, state=state)) == []


def test_what_is_planned_anew_is_no_garbage_before_its_manifest_is_out(session):
    newer = dataclasses.replace(session.publishing, revision=session.published.revision + 1)
    assert keys(dataclasses.replace(session, publishing=newer)) == []


def test_a_withdrawn_session_keeps_what_its_manifest_names(session):
    assert keys(dataclasses.replace(session, state=State.REJECTED)) == [OLD_PROXY.key]
