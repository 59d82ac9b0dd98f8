"""A session's own ASC MHL histories, judged by the reference implementation; and that one's, read by ours."""

from __future__ import annotations

import os
import shutil

import pytest
from workers.reference_mhl import prepare_reference, run_reference

from mcsyncd.ingest.list_reader import ListReader
from mcsyncd.ingest.observe import observe_drop_folders
from mcsyncd.ingest.settle import SettleState
from mcsyncd.integrity.hashing import compute_digest
from mcsyncd.integrity.listed_hasher import ListedHasher
from mcsyncd.integrity.mhl_reader import parse_chain
from mcsyncd.integrity.part_sums import load_part_sums
from mcsyncd.model.publishing import PlannedObject
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.hash_history import CHAIN_NAME, write_conform_history, write_original_history

SESSION = "20261127-100000-k7q"
NAMES = ("cam_a/A001.MOV", "cam_b/PRIVATE/CLIP/a & <b> 'ü'.MP4", "cam_c/line\nbreak.WAV", "cam_c/empty.XML")


@pytest.fixture(scope="module")
def reference(request):
    return prepare_reference(request.config)


@pytest.fixture
def layout(tmp_path):
    return WorkLayout(
        tmp_path / "drop", tmp_path / "work", LocalStorage(kind="local", path=tmp_path / "bucket")
    )


def write(root, name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def take_in(layout, *names):
    root = layout.locate_originals(SESSION)
    return {
        name: compute_digest(write(root, name, b"" if "empty" in name else name.encode())) for name in names
    }


def list_history(root):
    return sorted(path.name for path in (root / "ascmhl").iterdir())


def verify(reference, root):
    return run_reference(reference, "ascmhl-debug", "verify", root)


def test_the_reference_finds_nothing_wrong_with_a_history_of_ours(layout, reference):
    root = layout.locate_originals(SESSION)
    write_original_history(layout, SESSION, take_in(layout, *NAMES[:2], NAMES[3]))
    assert verify(reference, root).returncode == 0, verify(reference, root).stderr
    write_original_history(layout, SESSION, take_in(layout, *NAMES[:2], NAMES[3], "cam_b/B002.MP4"))
    first, second, chain = list_history(root)
    assert (first[:14], second[:14], chain) == ("0001_original_", "0002_original_", "ascmhl_chain.xml")
    assert verify(reference, root).returncode == 0
    told = run_reference(reference, "ascmhl", "create", root)
    assert told.returncode == 0, told.stderr
    (root / NAMES[0]).write_bytes(b"X" * (root / NAMES[0]).stat().st_size)
    assert verify(reference, root).returncode != 0


def test_the_reference_finds_a_changed_generation_of_ours(layout, reference):
    root = layout.locate_originals(SESSION)
    write_original_history(layout, SESSION, take_in(layout, *NAMES[:2]))
    (generation,) = (root / "ascmhl").glob("*.mhl")
    generation.write_bytes(generation.read_bytes().replace(b"transfer", b"in-place"))
    assert verify(reference, root).returncode != 0


def test_a_history_grows_only_by_what_is_new_and_begins_anew_after_a_replacement(layout):
    root = layout.locate_originals(SESSION)
    digests = take_in(layout, *NAMES)
    write_original_history(layout, SESSION, digests)
    kept = list_history(root)
    write_original_history(layout, SESSION, digests)
    assert list_history(root) == kept
    digests |= {NAMES[0]: compute_digest(write(root, NAMES[0], b"another"))}
    write_original_history(layout, SESSION, digests)
    generation, _ = list_history(root)
    listed = (root / "ascmhl" / generation).read_text()
    assert listed.count("<hash>") == len(NAMES)
    assert digests[NAMES[0]].xxh128 in listed


def test_nothing_that_a_killed_writer_left_comes_into_a_history(layout):
    root, digests = layout.locate_originals(SESSION), take_in(layout, "cam_a/A001.MOV")
    part = root / "ascmhl.part"
    part.mkdir()
    for name in ("0001_old.mhl.482d91f2.part", "0001_one_second_earlier.mhl"):
        (part / name).write_bytes(b"left behind")
    write_original_history(layout, SESSION, digests)
    (generation,) = parse_chain((root / "ascmhl" / CHAIN_NAME).read_bytes())
    assert list_history(root) == sorted([generation.file, CHAIN_NAME])


def test_what_the_card_brought_is_left_alone(layout):
    root = layout.locate_originals(SESSION)
    of_card = write(root, "cam_a/ascmhl/0001_card.mhl", b"<hashlist/>")
    digests = take_in(layout, NAMES[0]) | {"cam_a/ascmhl/0001_card.mhl": compute_digest(of_card)}
    write_original_history(layout, SESSION, digests)
    assert of_card.read_bytes() == b"<hashlist/>"
    assert "0001_card" not in (root / "ascmhl" / list_history(root)[0]).read_text()
    assert list((root / "cam_a" / "ascmhl").iterdir()) == [of_card]


def test_a_name_that_xml_cannot_hold_is_left_out(layout):
    digests = take_in(layout, NAMES[0], "cam_a/\x1b[31m.MOV")
    write_original_history(layout, SESSION, digests)
    root = layout.locate_originals(SESSION)
    assert (root / "ascmhl" / list_history(root)[0]).read_text().count("<hash>") == 1


def plan_object(layout, name, content):
    path = write(layout.locate_conform_root(SESSION), name, content)
    found = compute_digest(path)
    return PlannedObject(
        f"v1/x/{name}", "mezzanine", layout.make_relative(path), found.bytes, found.sha256, "c"
    )


def test_what_conform_made_has_a_history_of_its_own_and_is_read_once(layout, reference, monkeypatch):
    root = layout.locate_conform_root(SESSION)
    large = plan_object(layout, "cam_a/A001-1.mp4", os.urandom(17 << 20))  # an upload in two parts
    wrong = plan_object(layout, "cam_b/B001-1.mp4", b"as planned")
    write(root, "cam_b/B001-1.mp4", b"not so")
    elsewhere = PlannedObject("v1/y", "original", f"sessions/{SESSION}/original/x", 1, "0" * 64, "c")
    write_conform_history(layout, SESSION, [large, wrong, elsewhere])
    told = verify(reference, root)
    assert "B001-1.mp4" in told.stdout + told.stderr  # a file that the history does not list
    (root / "cam_b/B001-1.mp4").unlink()
    assert verify(reference, root).returncode == 0
    sums = layout.locate_part_sums(SESSION, large.sha256)
    assert load_part_sums(sums, sha256=large.sha256, size=large.bytes)
    monkeypatch.setattr("mcsyncd.workers.hash_history.compute_part_sums", None)  # nothing is read again
    write_conform_history(layout, SESSION, [large, elsewhere])
    assert len(list_history(root)) == 2


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "xxh64", "xxh3", "xxh128", "c4"])
def test_a_history_of_the_reference_is_read(tmp_path, reference, algorithm):
    card = tmp_path / "drop" / "cam_a" / "REEL"
    files = [write(card, name, os.urandom(100)) for name in ("CLIP/A & B.MOV", "ü.MOV")]
    for name in ("", "late.MOV"):
        if name:
            files.append(write(card, name, os.urandom(100)))
        told = run_reference(reference, "ascmhl", "create", card, "-h", algorithm)
        assert told.returncode == 0, told.stderr
    shutil.rmtree(card / "__pycache__", ignore_errors=True)
    state, now = SettleState(), iter((0.0, 1.0))
    for _ in range(2):
        at = next(now)
        _, state = observe_drop_folders(
            tmp_path / "drop", ["cam_a"], state, settle_s=60, settle_network_s=60, clock=lambda at=at: at
        )
    (found,) = ListReader().read_lists(tmp_path / "drop", state)
    assert not found.fault
    assert {file.name for file in found.files} == {
        path.relative_to(tmp_path / "drop" / "cam_a").as_posix() for path in files
    }
    for file in found.files:
        hasher = ListedHasher([algorithm])
        hasher.add(memoryview((tmp_path / "drop" / "cam_a" / file.name).read_bytes()))
        assert file.best_hash.values == (hasher.finish()[algorithm],)
