"""A manifest has what a lost ledger needs: read back, it is the session that was published."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest
from publish.sessions import CHAIN_HEAD, LEFT_OUT, TAKEN_AS_IS, session

from mcsyncd.errors import McsyncError
from mcsyncd.model.evolve import replay_events
from mcsyncd.model.publishing import PlannedObject, PublishingPlan
from mcsyncd.model.session import State
from mcsyncd.publish.manifest import build_manifest, serialize_canonical
from mcsyncd.publish.manifest_reader import read_published_events

BODY = serialize_canonical(build_manifest(session(), versions={"mcsyncd": "0.1.0"}))


def test_a_session_read_back_from_its_manifest_is_the_one_that_was_published():
    published, found = session(), replay_events(read_published_events(BODY))
    assert found.state is State.PUBLISHED
    for field in ("id", "opened_at", "revision", "rate", "approval"):
        assert getattr(found, field) == getattr(published, field), field
    assert found.terms.cameras == published.terms.cameras
    assert found.terms.mezzanine == published.terms.mezzanine
    assert found.alignment == published.alignment
    assert {clip.key: clip.digest for clip in found.clips} == {
        clip.key: clip.digest for clip in published.clips
    }
    assert {clip.key: clip.checks for clip in found.clips} == {
        clip.key: clip.checks for clip in published.clips
    }
    assert any(clip.checks for clip in found.clips)
    assert found.publishing.chain_head == CHAIN_HEAD
    assert found.published.sha256 == hashlib.sha256(BODY).hexdigest()


def test_what_was_left_out_is_read_back_and_an_older_manifest_names_nothing():
    of = dataclasses.replace(session(), left_out=(LEFT_OUT,), taken_as_is=(TAKEN_AS_IS,))
    document = build_manifest(of, versions={"mcsyncd": "0.1.0"})
    found = replay_events(read_published_events(serialize_canonical(document)))
    assert (found.left_out, found.taken_as_is) == (of.left_out, of.taken_as_is)
    old = {key: value for key, value in document.items() if key not in ("left_out", "taken_as_is")}
    found = replay_events(read_published_events(serialize_canonical(old | {"schema": "1.0.0"})))
    assert (found.left_out, found.taken_as_is) == ((), ())


def test_every_object_of_the_manifest_is_known_to_be_stored():
    planned = session().publishing.plan.uploads
    found = replay_events(read_published_events(BODY))
    assert {(one.key, one.kind, one.bytes, one.sha256) for one in found.stored} == {
        (one.key, one.kind, one.bytes, one.sha256) for one in planned
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        BODY[:-9],
        serialize_canonical(json.loads(BODY) | {"schema": "2.0.0"}),
        serialize_canonical(json.loads(BODY) | {"cameras": None}),
        serialize_canonical(json.loads(BODY) | {"sync_method": "guess"}),
    ],
)
def test_what_is_no_manifest_is_an_error_and_no_session(body):
    with pytest.raises(McsyncError, match="manifest"):
        read_published_events(body)


def test_what_belongs_to_a_clip_and_what_it_continues_are_read_back():
    of = session()
    owner = of.clips[0]
    key = f"v1/orig/s/{owner.camera}/{'a' * 64}.xml"
    beside = PlannedObject(key, "attached", owner.path + ".xmp", 5, "a" * 64, owner.key)
    plan = PublishingPlan((*of.publishing.plan.objects, beside))
    angles = tuple(
        dataclasses.replace(
            angle,
            placements=tuple(
                dataclasses.replace(one, continues="A.MP4", parallel_to="B.WAV") for one in angle.placements
            ),
        )
        for angle in of.alignment.angles
    )
    of = dataclasses.replace(
        of,
        publishing=dataclasses.replace(of.publishing, plan=plan),
        alignment=dataclasses.replace(of.alignment, angles=angles),
    )
    document = build_manifest(of, versions={"mcsyncd": "0.1.0"})
    found = replay_events(read_published_events(serialize_canonical(document)))
    assert found.alignment == of.alignment
    assert key in {stored.key for stored in found.stored}
