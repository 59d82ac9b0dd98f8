from __future__ import annotations

import dataclasses

from publish.sessions import material, session

from mcsyncd.model.rendition import WrittenFile
from mcsyncd.publish.plan import build_plan


def plan(of, **given):
    return build_plan(of.id, of.clips, **given)


def test_what_an_editor_can_use_first_goes_first():
    planned = plan(session(), **material()).objects
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
    for one in plan(session(), **material()).objects:
        metadata = dict(one.metadata)
        assert metadata["mcs-kind"] == one.kind
        assert metadata["mcs-src"] in one.key or one.kind == "original"
        assert all(value.isascii() for value in metadata.values())
        assert "MOV" not in str((one.key, one.metadata))
        assert sum(map(len, metadata.values())) < 1024


def test_paths_sizes_and_hashes_are_those_of_the_files():
    given = material()
    planned = {(one.clip, one.kind): one for one in plan(session(), **given).objects}
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
    planned = {one.key: one for one in plan(session(), **given).objects}
    for made in given["conformed"]["cam_b/B001.MP4"].renditions:
        (key,) = [key for key, one in planned.items() if one.sha256 == made.sha256]
        beside = planned[f"{key.removesuffix('.mp4')}.{made.proof.sidecar.sha256[:16]}.json"]
        assert beside.kind == "sidecar"
        assert (beside.path, beside.bytes) == (made.proof.sidecar.path, made.proof.sidecar.bytes)


def test_the_same_recording_twice_is_planned_for_both_clips_and_uploaded_once():
    one = session()
    twin = dataclasses.replace(one.find_clip("cam_a/A001.MOV"), name="COPY.MOV", path="copy.mov")
    planned = plan(dataclasses.replace(one, clips=(*one.clips, twin)), **material())
    assert planned.uploads == plan(one, **material()).uploads
    both = [found for found in planned.objects if found.sha256 == twin.digest.sha256]
    assert [(found.clip, found.path) for found in both] == [
        ("cam_a/A001.MOV", "sessions/s/original/cam_a/A001.MOV"),
        ("cam_a/COPY.MOV", "copy.mov"),
    ]
    assert len({found.key for found in both}) == 1


def test_nothing_without_a_hash_is_planned():
    one = session()
    bare = tuple(dataclasses.replace(clip, digest=None) for clip in one.clips)
    assert plan(dataclasses.replace(one, clips=bare), **material()).objects == ()


def test_what_belongs_to_a_clip_follows_the_originals_and_names_no_file():
    files = tuple(
        WrittenFile(f"sessions/s/original/cam_a/{name}", size, digest * 64)
        for name, size, digest in (("A001.XML", 5, "a"), ("SUB/A001S03.MP4", 500, "b"))
    )
    planned = plan(
        session(), **material(), attached={"cam_a/A001.MOV": files, "cam_a/gone.MOV": files}
    ).objects
    found = [one for one in planned if one.kind == "attached"]
    assert [(one.clip, one.path, one.bytes, one.sha256) for one in found] == [
        ("cam_a/A001.MOV", file.path, file.bytes, file.sha256) for file in files
    ]
    assert [one.key.rpartition("/")[2] for one in found] == ["a" * 64 + ".xml", "b" * 64 + ".mp4"]
    assert all(one.key.startswith(f"v1/orig/{session().id}/cam_a/") for one in found), (
        "kept for as long as the originals"
    )
    before = planned.index(found[0]) - 1
    assert planned[before].kind == "original"
    assert all("A001" not in str((one.key, one.metadata)) for one in found)
