"""What is left of a card is named; only litter and what was taken in are removed."""

from __future__ import annotations

import os

import pytest

from mcsyncd.ingest.leftovers import clean_folders

CARD = "cam_a/CARD"
FILES = [("cam_a", "CARD/CLIP/A1.MOV"), ("cam_a", "FLAT.MOV")]


@pytest.fixture
def card(tmp_path):
    """A card's folder of which A1 was taken in, and what lies there besides."""
    drop, originals = tmp_path / "drop", tmp_path / "originals"
    for folder in (drop / CARD / "CLIP", drop / CARD / "EMPTY", originals / CARD / "CLIP"):
        folder.mkdir(parents=True)
    for name, content in {
        "CLIP/A1.MOV": b"taken",
        "CLIP/.DS_Store": b"litter",
        "CLIP/Thumbs.db": b"litter",
    }.items():
        (drop / CARD / name).write_bytes(content)
    (originals / CARD / "CLIP" / "A1.MOV").write_bytes(b"taken")
    return drop, originals


def clean(card, *, apply=True) -> dict[str, str]:
    drop, originals = card
    for folder, _, _ in os.walk(drop):
        os.utime(folder, (1, 1))
    found = clean_folders(drop, originals, FILES, apply=apply)
    return {one.name.removeprefix(f"{CARD}/"): one.kind for one in found}


def test_without_apply_all_is_named_and_nothing_is_removed(card):
    before = sorted(card[0].rglob("*"))
    assert clean(card, apply=False) == {
        "CLIP/A1.MOV": "taken",
        "CLIP/.DS_Store": "litter",
        "CLIP/Thumbs.db": "litter",
        "CLIP": "folder",
        "EMPTY": "folder",
        CARD: "folder",
    }
    assert sorted(card[0].rglob("*")) == before


def test_litter_and_what_was_taken_go_and_the_camera_folder_stays(card):
    clean(card)
    assert [path.name for path in card[0].rglob("*")] == ["cam_a"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("CLIP/A2.MOV", b"new"), ("CLIP/A1.MOV", b"other"), ("CLIP/A1.MOV", b"longer"), (".Trashes/x", b"old")],
)
def test_anything_else_is_kept_with_its_folders(card, name, content):
    path = card[0] / CARD / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    assert clean(card)[name] == "kept"
    assert path.read_bytes() == content
    assert not (card[0] / CARD / "EMPTY").exists()


def test_a_link_is_neither_followed_nor_removed(card, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".DS_Store").write_bytes(b"mine")
    (card[0] / CARD / "LINK").symlink_to(elsewhere)
    assert clean(card)["LINK"] == "kept"
    assert (elsewhere / ".DS_Store").exists()
    assert (card[0] / CARD / "LINK").is_symlink()


def test_a_folder_that_a_copy_has_just_made_stays(card):
    drop, originals = card
    found = clean_folders(drop, originals, FILES, apply=True)
    assert (drop / CARD / "EMPTY").is_dir()
    assert "a copy may be under way" in {one.name: one.why for one in found}[f"{CARD}/EMPTY"]


def test_a_file_without_a_folder_goes_if_it_was_taken_and_its_neighbours_stay(card):
    drop, originals = card
    (originals / "cam_a" / "FLAT.MOV").write_bytes(b"flat")
    for name in ("FLAT.MOV", "NEXT.MOV"):
        (drop / "cam_a" / name).write_bytes(b"flat")
    assert clean(card)["cam_a/FLAT.MOV"] == "taken"
    assert [path.name for path in drop.rglob("*.MOV")] == ["NEXT.MOV"]
