from __future__ import annotations

import dataclasses

from publish.sessions import material, session

from mcsyncd.publish.plan import plan_objects


def test_what_an_editor_can_use_first_goes_first():
    planned = plan_objects(session(), **material())
    kinds = [one.kind for one in planned]
    assert kinds == (
        ["proxy", "sidecar"] * 3
        + ["sprites"] * 9
        + ["peaks"] * 4
        + ["original"] * 4
        + ["mezzanine", "sidecar"] * 3
    )
    assert len({one.key for one in planned}) == len(planned)


def test_every_object_says_what_it_is_and_names_no_file():
    for one in plan_objects(session(), **material()):
        facts = dict(one.metadata)
        assert facts["mcs-kind"] == one.kind
        assert facts["mcs-src"] in one.key or one.kind == "original"
        assert all(value.isascii() for value in facts.values())
        assert "MOV" not in str((one.key, one.metadata))
        assert sum(map(len, facts.values())) < 1024


def test_paths_sizes_and_hashes_are_those_of_the_files():
    given = material()
    planned = {(one.clip, one.kind): one for one in plan_objects(session(), **given)}
    proxy = given["conformed"]["cam_a/A001.MOV"].get_rendition("proxy")
    found = planned["cam_a/A001.MOV", "proxy"]
    assert (found.path, found.bytes, found.sha256) == (proxy.path, proxy.bytes, proxy.sha256)
    original = planned["cam_a/A001.MOV", "original"]
    assert (original.path, original.sha256) == (
        "sessions/s/original/cam_a/A001.MOV",
        session().find_clip("cam_a/A001.MOV").digest.sha256,
    )


def test_a_sidecar_lies_beside_its_file():
    given = material()
    planned = {one.key: one for one in plan_objects(session(), **given)}
    for made in given["conformed"]["cam_b/B001.MP4"].renditions:
        (key,) = [key for key, one in planned.items() if one.sha256 == made.sha256]
        beside = planned[f"{key.removesuffix('.mp4')}.{made.proof.sidecar.sha256[:16]}.json"]
        assert beside.kind == "sidecar"
        assert (beside.path, beside.bytes) == (made.proof.sidecar.path, made.proof.sidecar.bytes)


def test_the_same_recording_twice_is_stored_once():
    one = session()
    twin = dataclasses.replace(one.find_clip("cam_a/A001.MOV"), name="COPY.MOV")
    planned = plan_objects(dataclasses.replace(one, clips=(*one.clips, twin)), **material())
    assert [p.key for p in planned] == [p.key for p in plan_objects(one, **material())]


def test_nothing_without_a_hash_is_planned():
    one = session()
    bare = tuple(dataclasses.replace(clip, digest=None) for clip in one.clips)
    assert plan_objects(dataclasses.replace(one, clips=bare), **material()) == ()
