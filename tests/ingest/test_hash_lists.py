"""Cards that come with hash lists: what is proven, what differs, what is missing."""

from __future__ import annotations

import hashlib
import os
import time

import pytest
import xxhash
from listed_drop import ListedDrop

from mcsyncd.integrity.c4 import compute_c4
from mcsyncd.model.hash_check import HashCheck
from recordings import record


@pytest.fixture
def drop(tmp_path):
    return ListedDrop(tmp_path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return record(tmp_path_factory.mktemp("clip"), "mov", 0.5).read_bytes()


def md5_line(name, content):
    return f"{hashlib.md5(content).hexdigest()}  {name}\n"


def mhl(*files, size=None):
    hashes = "".join(
        f"<hash><file>{name}</file><size>{len(content) if size is None else size}</size>"
        f"<xxhash64be>{xxhash.xxh64(content).hexdigest()}</xxhash64be></hash>"
        for name, content in files
    )
    return f'<?xml version="1.0"?><hashlist version="1.1">{hashes}</hashlist>'


def history(*generations):
    """The files of an `ascmhl` folder, by name: one generation for each list of (name, content)."""
    files, chain = {}, ""
    for number, listed in enumerate(generations, 1):
        hashes = "".join(
            f'<hash><path size="{len(content)}">{name}</path>'
            f"<md5>{hashlib.md5(content).hexdigest()}</md5></hash>"
            for name, content in listed
        )
        name = f"{number:04}_card_2026-11-27_100000Z.mhl"
        document = f'<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0"><hashes>{hashes}</hashes></hashlist>'
        files[name] = document.encode()
        c4 = f"<c4>{compute_c4(files[name])}</c4>"
        chain += f'<hashlist sequencenr="{number}"><path>{name}</path>{c4}</hashlist>'
    directory = f'<ascmhldirectory xmlns="urn:ASC:MHL:DIRECTORY:v2.0">{chain}</ascmhldirectory>'
    return files | {"ascmhl_chain.xml": directory.encode()}


def check(name, algorithm, verdict="verified"):
    return (HashCheck(name, algorithm, verdict),)


def test_a_file_that_is_what_its_list_says_settles_at_once(drop, clip):
    drop.write("A001.MOV", clip)
    drop.write("card.mhl", mhl(("A001.MOV", clip)))
    drop.write("A002.MOV", clip)
    drop.scan()
    assert set(drop.settled) == {"A001.MOV", "card.mhl"}
    assert drop.settled["A001.MOV"].checks == check("card.mhl", "xxh64")
    assert set(drop.held) == {"A002.MOV"}  # of which no list says anything


def test_lines_settle_by_time_because_more_may_follow(drop, clip):
    drop.write("A001.MOV", clip)
    drop.write("card.md5", md5_line("A001.MOV", clip))
    drop.scan()
    assert set(drop.settled) == {"A001.MOV"}
    assert set(drop.held) == {"card.md5"}


@pytest.mark.parametrize("name", ["card.md5", "REEL/card.md5", "REEL/A001.MOV.md5"])
def test_a_list_is_of_what_lies_below_its_own_folder(drop, clip, name):
    drop.write("REEL/A001.MOV", clip)
    drop.write(name, md5_line("A001.MOV" if "/" in name else "REEL/A001.MOV", clip))
    drop.scan()
    assert drop.settled["REEL/A001.MOV"].checks == check(name, "md5")


def test_a_file_that_differs_is_held_once_it_is_quiet(drop, clip):
    path = drop.write("A001.MOV", clip)
    drop.write("card.md5", md5_line("A001.MOV", clip[:-1] + b"!"))
    drop.scan()
    assert not drop.settled  # it may still be being copied
    drop.scan(settle_s=0.5)
    assert "A001.MOV" not in drop.settled
    assert drop.held["A001.MOV"].startswith("not what card.md5 says (md5)")
    assert path.read_bytes() == clip
    path.write_bytes(clip[:-1] + b"!")  # copied again
    assert drop.scan(settle_s=0.5).settled["A001.MOV"].checks == check("card.md5", "md5")


def test_a_file_of_another_size_is_not_even_read(drop, clip):
    drop.write("A001.MOV", clip)
    drop.write("card.mhl", mhl(("A001.MOV", clip), size=len(clip) + 1))
    drop.scan(settle_s=0.5)
    assert drop.held["A001.MOV"].startswith(f"{len(clip)} of {len(clip) + 1} bytes, says card.mhl")
    assert drop.read_bytes == 0


def test_an_absent_clip_of_a_list_holds_the_seal(drop, clip):
    drop.write("A001.MOV", clip)
    drop.write("card.md5", md5_line("A001.MOV", clip) + md5_line("A002.MOV", clip) + md5_line("x.txt", b""))
    drop.scan(settle_s=0.5)
    assert set(drop.settled) == {"A001.MOV", "card.md5"}
    assert set(drop.held) == {"A002.MOV"}
    assert not drop.state.is_proven
    drop.write("A002.MOV", clip)
    assert drop.scan().state.is_proven
    assert not drop.held


def test_a_list_whose_card_was_taken_in_before_asks_for_nothing(drop, clip):
    drop.write("card.md5", md5_line("A001.MOV", clip))
    drop.write("B001.MOV", clip)
    drop.scan(settle_s=0.5)
    assert not drop.held
    assert set(drop.settled) == {"B001.MOV", "card.md5"}


def test_a_list_that_comes_after_the_files_have_settled_still_counts(drop, clip):
    drop.write("A001.MOV", clip)
    assert set(drop.scan(settle_s=0.5).settled) == {"A001.MOV"}
    drop.write("card.md5", md5_line("A001.MOV", b"other"))
    drop.scan(settle_s=0.5)
    assert set(drop.held) == {"A001.MOV"}


def test_sidecars_are_compared_too(drop, clip):
    drop.write("A001.MOV", clip)
    drop.write("A001.XML", b"<a/>")
    drop.write("card.mhl", mhl(("A001.MOV", clip), ("A001.XML", b"<b/>")))
    drop.scan(settle_s=0.5)
    assert set(drop.held) == {"A001.XML"}


def test_every_list_must_agree(drop, clip):
    drop.write("A001.MOV", clip)
    drop.write("card.mhl", mhl(("A001.MOV", clip)))
    drop.write("card.md5", md5_line("A001.MOV", b"other"))
    drop.scan(settle_s=0.5)
    assert drop.held["A001.MOV"].startswith("not what card.md5 says")


def test_a_list_cannot_vouch_for_itself(drop, clip):
    """`md5sum * > card.md5` lists the list, as empty as it was then."""
    drop.write("A001.MOV", clip)
    drop.write("card.md5", md5_line("A001.MOV", clip) + md5_line("card.md5", b""))
    assert drop.scan(settle_s=0.5).state.is_proven
    assert not drop.held


def test_names_are_compared_in_one_form(drop, clip):
    drop.write("u\u0308.MOV", clip)  # as macOS decomposes it
    drop.write("card.md5", md5_line("\u00fc.MOV", clip))
    assert drop.scan().settled["u\u0308.MOV"].checks == check("card.md5", "md5")


def test_a_file_is_read_once_for_all_lists(drop, clip):
    drop.write("A001.MOV", clip)
    drop.write("card.mhl", mhl(("A001.MOV", clip)))
    drop.write("card.md5", md5_line("A001.MOV", clip))
    drop.scan(times=6)
    assert drop.settled["A001.MOV"].checks == check("card.md5", "md5") + check("card.mhl", "xxh64")
    assert drop.read_bytes == len(clip)


def test_a_list_that_is_still_being_copied_is_no_fault(drop, clip):
    drop.write("A001.MOV", clip)
    whole = mhl(("A001.MOV", clip))
    part = drop.write("card.mhl", whole[: len(whole) // 2])
    drop.scan()
    assert drop.held["card.mhl"].startswith("unchanged for")
    part.write_text(whole)
    assert drop.scan().settled["A001.MOV"].checks


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("card.md5", "../../etc/passwd is no checksum", "line 1 is no checksum"),
        ("card.md5", f"{'0' * 32}  ../../etc/passwd", "'../../etc/passwd', which is not below"),
        ("card.mhl", '<!DOCTYPE x [<!ENTITY a "b">]><hashlist/>', "document type"),
        ("card.mhl", "<hashlist", "no XML"),
        ("ascmhl/0001_card.mhl", "<hashlist/>", "ascmhl_chain.xml is missing"),
    ],
)
def test_a_damaged_list_holds_the_seal_and_says_why(drop, clip, name, content, why):
    drop.write("A001.MOV", clip)
    drop.write(name, content)
    drop.scan(settle_s=0.5)
    assert set(drop.held) == {name}
    assert why in drop.held[name]


def test_a_list_of_a_hundred_megabytes_is_not_read(drop, clip):
    drop.write("A001.MOV", clip)
    with drop.write("card.mhl", b"").open("r+b") as file:
        file.truncate(100 << 20)
    began = time.process_time()
    drop.scan(settle_s=0.5)
    assert "more than 32 MiB" in drop.held["card.mhl"]
    assert time.process_time() - began < 1.0


def test_a_history_is_compared_with_its_chain(drop, clip):
    drop.write("CLIP/A001.MOV", clip)
    files = history([("CLIP/A001.MOV", clip)], [("CLIP/A001.MOV", clip)])
    for name, content in files.items():
        drop.write(f"ascmhl/{name}", content)
    drop.scan()
    assert drop.settled["CLIP/A001.MOV"].checks == check("ascmhl/ascmhl_chain.xml", "md5")
    first = min(files)
    drop.write(f"ascmhl/{first}", files[first].replace(b'size="', b'size="1'))
    drop.scan(settle_s=0.5)
    assert f"its generation {first} is not what the chain says" in drop.held["ascmhl/ascmhl_chain.xml"]


def test_a_generation_that_is_missing_or_that_no_chain_names_is_a_fault(drop, clip):
    drop.write("A001.MOV", clip)
    files = history([("A001.MOV", clip)], [("A001.MOV", clip)])
    first, second = sorted(files)[:2]
    for name in (first, "ascmhl_chain.xml"):
        drop.write(f"ascmhl/{name}", files[name])
    drop.scan(settle_s=0.5)
    assert f"its generation {second} is missing" in drop.held["ascmhl/ascmhl_chain.xml"]
    for name in (second, "0003_card.mhl"):
        drop.write(f"ascmhl/{name}", files[second])
    drop.scan(settle_s=0.5)
    assert "ascmhl/0003_card.mhl is no generation" in drop.held["ascmhl/ascmhl_chain.xml"]


@pytest.mark.parametrize(
    ("name", "proves"), [("card.md5", True), ("A001.MOV.md5", False), ("A001.md5", False), ("card.mhl", True)]
)
def test_a_list_of_one_file_does_not_prove_a_card(drop, clip, name, proves):
    """A program that verifies each file before it copies the next one leaves such lists on the way."""
    drop.write("A001.MOV", clip)
    drop.write(name, mhl(("A001.MOV", clip)) if name.endswith("mhl") else md5_line("A001.MOV", clip))
    drop.scan(settle_s=0.5)
    assert set(drop.settled) == {"A001.MOV", name}
    assert drop.state.is_proven is proves


def test_lines_prove_a_card_only_once_they_have_settled(drop, clip):
    """A program may add a line after each file; XML is not readable before it is whole."""
    drop.write("A001.MOV", clip)
    drop.write("card.md5", md5_line("A001.MOV", clip))
    assert drop.scan().settled
    assert not drop.state.is_proven
    drop.write("card.mhl", mhl(("A001.MOV", clip)))
    assert drop.scan().state.is_proven


def test_a_clip_that_no_list_names_is_not_proven(drop, clip):
    drop.write("A001.MOV", clip)
    drop.write("A002.MOV", clip)
    drop.write("card.mhl", mhl(("A001.MOV", clip)))
    assert not drop.scan(settle_s=0.5).state.is_proven
    assert len(drop.settled) == 3


def test_a_clip_that_its_camera_left_incomplete_is_not_settled_by_its_list(drop, clip):
    """The list was made of what the card holds, and that lacks its end."""
    cut = clip[: len(clip) // 2]
    drop.write("A001.MOV", cut)
    drop.write("card.mhl", mhl(("A001.MOV", cut)))
    assert "A001.MOV" not in drop.scan().settled
    drop.scan(settle_s=0.5)
    assert "still being copied, or the copy broke off" in drop.held["A001.MOV"]


def test_a_file_that_is_open_for_writing_waits(drop, clip):
    path = drop.write("A001.MOV", clip)
    drop.write("card.mhl", mhl(("A001.MOV", clip)))
    with path.open("r+b"):
        assert not drop.scan().settled
    assert drop.scan().settled


def test_a_file_that_is_written_while_it_is_read_is_not_proven(drop, clip, monkeypatch):
    path = drop.write("A001.MOV", clip)
    drop.write("card.mhl", mhl(("A001.MOV", clip)))
    drop.scan(times=1)
    real = os.readv

    def write_meanwhile(descriptor, buffers):
        monkeypatch.setattr(os, "readv", real)
        path.write_bytes(clip)
        return real(descriptor, buffers)

    monkeypatch.setattr(os, "readv", write_meanwhile)
    drop.scan(times=1)
    assert not drop.hashed
    assert drop.scan().settled


def test_a_link_to_a_list_is_refused(drop, clip, tmp_path):
    (tmp_path / "elsewhere.md5").write_text(md5_line("A001.MOV", clip))
    drop.write("A001.MOV", clip)
    (drop.camera / "card.md5").symlink_to(tmp_path / "elsewhere.md5")
    drop.scan(settle_s=0.5)
    assert drop.held["card.md5"].startswith("a link")
    assert not drop.settled["A001.MOV"].checks
