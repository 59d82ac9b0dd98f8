"""Where each object of a manifest goes: as on the card, and never out of the folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.checks.restore_plan import plan_restore
from mcsyncd.errors import McsyncError

SHA = "ab" * 32
FOLDER = Path("/srv/restored")
PART = st.one_of(
    st.sampled_from(["..", ".", "", "a", "A1.MOV", "A1.MOV.mov", "x\0y", "a.part", "\ud800", "..\\a", "é"]),
    st.text(max_size=6),
)
NAMES = st.lists(PART, min_size=1, max_size=4).map("/".join)


def describe(key: str = "v1/orig/s/c/1.mov", **more) -> dict:
    return {"key": key, "bytes": 3, "sha256": SHA} | more


def build_clip(name: str, **more) -> dict:
    bare = {
        "name": name,
        "original": describe(),
        "mezzanine": None,
        "proxy": None,
        "peaks": None,
        "sprites": None,
    }
    return bare | more


def build_manifest(*clips: dict, camera: str = "cam_b") -> dict:
    return {"cameras": [{"id": camera, "clips": list(clips)}]}


def test_originals_lie_as_on_the_card_and_the_rest_beside_their_names():
    sprites = describe("v1/sprite/s/c/0/t.vtt", sheets=[describe("v1/sprite/s/c/0/0a.jpg")])
    clip = build_clip(
        "CLIPS/A1.MOV",
        original=describe(mtime_ns=5),
        attached=[describe("v1/orig/s/c/2.xml", name="CLIPS/A1.XML")],
        mezzanine=describe("v1/mezz/s/c/m.mov", sidecar=describe("v1/mezz/s/c/m.1.json")),
        proxy=describe("v1/proxy/s/c/p.mp4", sidecar=None),
        peaks=describe("v1/wave/s/c/p.dat"),
        sprites=sprites,
    )
    plan = plan_restore(build_manifest(clip))
    assert plan.refused == ()
    assert [file.path for file in plan.files] == [
        "original/cam_b/CLIPS/A1.MOV",
        "original/cam_b/CLIPS/A1.XML",
        "mezzanine/cam_b/CLIPS/A1.MOV.mov",
        "mezzanine/cam_b/CLIPS/A1.MOV.mov.json",
        "proxy/cam_b/CLIPS/A1.MOV.mp4",
        "peaks/cam_b/CLIPS/A1.MOV.dat",
        "sprites/cam_b/CLIPS/A1.MOV/0a.jpg",
        "sprites/cam_b/CLIPS/A1.MOV/t.vtt",
    ]
    assert [file.mtime_ns for file in plan.files] == [5, *[None] * 7]
    only = plan_restore(build_manifest(clip), frozenset({"mezzanines", "peaks"}))
    assert only.files == (*plan.files[2:4], plan.files[5])


@given(camera=NAMES, names=st.lists(NAMES, max_size=6))
def test_no_name_leads_out_of_the_folder_or_stands_in_the_way_of_another(camera, names):
    plan = plan_restore(build_manifest(*map(build_clip, names), camera=camera))
    assert len(plan.files) + len(plan.refused) == len(names)
    paths = [PurePosixPath(file.path) for file in plan.files]
    for file, path in zip(plan.files, paths, strict=True):
        assert str(path) == file.path, "as the disk understands it"
        assert ".." not in path.parts
        assert (FOLDER / path).is_relative_to(FOLDER / "original")
        assert "\0" not in file.path
        assert not file.path.endswith(".part"), "it would be taken for an unfinished file"
        file.path.encode()
    assert len(set(paths)) == len(paths)
    assert not {folder for path in paths for folder in path.parents} & set(paths)


@pytest.mark.parametrize("names", [("A", "A/B"), ("A/B", "A"), ("A", "A")])
def test_of_two_names_that_cannot_be_together_the_first_is_taken(names):
    plan = plan_restore(build_manifest(*map(build_clip, names)))
    assert [file.path for file in plan.files] == [f"original/cam_b/{names[0]}"]
    assert len(plan.refused) == 1


@pytest.mark.parametrize("name", ["A1.MOV", "CARD/A1.MOV", "Ä 1 (2).mov", "-rf", "..A1.MOV", "a\nb.mov"])
def test_names_that_cameras_and_people_give_are_taken(name):
    (file,) = plan_restore(build_manifest(build_clip(name))).files
    assert file.path == f"original/cam_b/{name}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "../../etc/passwd"},
        {"key": "v1//x"},
        {"bytes": -1},
        {"bytes": True},
        {"bytes": "3"},
        {"sha256": ""},
    ],
)
def test_an_object_that_cannot_be_fetched_is_refused_alone(wrong):
    bad, good = build_clip("A1.MOV", original=describe() | wrong), build_clip("A2.MOV")
    plan = plan_restore(build_manifest(bad, good))
    assert [file.path for file in plan.files] == ["original/cam_b/A2.MOV"]
    (sentence,) = plan.refused
    assert sentence.startswith("original/cam_b/A1.MOV: ")


@pytest.mark.parametrize("document", [{}, {"cameras": 1}, {"cameras": [{"id": "a", "clips": [{}]}]}])
def test_what_is_no_manifest_is_refused(document):
    with pytest.raises(McsyncError, match="this is no manifest"):
        plan_restore(document)


@pytest.mark.parametrize("mtime_ns", [1 << 70, "yesterday", 1.5, True, None])
def test_a_time_that_is_none_is_left_out(mtime_ns):
    (file,) = plan_restore(build_manifest(build_clip("A1.MOV", original=describe(mtime_ns=mtime_ns)))).files
    assert file.mtime_ns is None
