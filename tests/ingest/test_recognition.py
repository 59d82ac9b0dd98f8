"""What a dropped file is to a clip that was taken in before."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from footage import Shot, film, steady
from mcsyncd.ingest.fingerprint import HEAD_BYTES, compute_fingerprint, sample_files
from mcsyncd.ingest.recognition import CONTINUED_WITHIN_S, relate_file
from mcsyncd.model.clip import DropFile
from mcsyncd.model.session import HALTED, State
from mcsyncd.model.taken_file import TakenFile

OLD = DropFile("cam_b", "B001.MTS", 1000, 1, head="head", sample="sample")
SAME = replace(OLD, mtime_ns=2)
LONGER = replace(OLD, bytes=2000, mtime_ns=2, sample="other")
SHORTER = replace(OLD, bytes=500, mtime_ns=2, sample="other")
NEXT_CARD = replace(OLD, bytes=900, mtime_ns=2, head="another", sample="other")
OTHER_CONTENT = replace(OLD, mtime_ns=2, sample="other")
RENAMED = replace(SAME, name="copy of B001.MTS")


def relate(
    file: DropFile,
    state: State = State.PUBLISHED,
    *,
    left=False,
    begins=True,
    needed=False,
    doubtful=False,
    age_s=60.0,
):
    taken = TakenFile("s", state, "2026-11-23T09:15:02.000000Z", OLD, left)
    found = relate_file(
        file,
        [taken],
        has_beginning=begins,
        is_replaceable=lambda _: needed,
        is_doubtful=lambda _: doubtful,
        compute_age_s=lambda _: age_s,
    )
    return found.kind if found is not None else None


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (SAME, "taken"),
        (RENAMED, "taken"),
        (LONGER, "fuller"),
        (SHORTER, "shorter"),
        (OTHER_CONTENT, "differing"),
        (NEXT_CARD, None),
        (replace(NEXT_CARD, name="B002.MTS"), None),
    ],
)
def test_a_copy_is_recognised_and_the_next_card_is_not_taken_for_one(file, expected):
    assert relate(file) == expected


def test_a_copy_as_long_as_one_with_a_part_missing_is_fuller():
    """What a program leaves that reserves the whole length first, and stops."""
    assert relate(OTHER_CONTENT, doubtful=True) == "fuller"
    assert relate(SAME, doubtful=True) == "taken"
    assert relate(SHORTER, doubtful=True) == "shorter"


def test_the_rest_of_a_clip_is_recognised_by_its_lack_of_a_beginning_and_only_for_a_day():
    assert relate(NEXT_CARD, begins=False) == "continued"
    assert relate(NEXT_CARD, begins=False, age_s=CONTINUED_WITHIN_S + 1) is None


@pytest.mark.parametrize("state", sorted(HALTED))
@pytest.mark.parametrize("file", [SAME, RENAMED, LONGER, NEXT_CARD])
def test_a_halted_session_gets_the_clip_that_it_needs(state, file):
    assert relate(file, state, needed=True) == "replacement"
    assert relate(file, state) == relate(file)


@pytest.mark.parametrize("file", [SAME, LONGER, NEXT_CARD])
def test_what_was_rejected_may_be_dropped_again(file):
    assert relate(file, State.REJECTED) is None


@pytest.mark.parametrize("state", list(State))
def test_a_file_that_could_not_be_removed_is_never_taken_twice(state):
    assert relate(OLD, state, left=True) == "taken"


def test_the_latest_session_counts():
    older = TakenFile("older", State.PUBLISHED, "2026-11-22T09:15:02.000000Z", OLD, False)
    newer = TakenFile("newer", State.PUBLISHED, "2026-11-23T09:15:02.000000Z", OLD, False)
    for order in ((older, newer), (newer, older)):
        found = relate_file(
            SAME,
            order,
            has_beginning=True,
            is_replaceable=lambda _: False,
            is_doubtful=lambda _: False,
            compute_age_s=lambda _: 0.0,
        )
        assert found.session == "newer"


def write_file(path, content: bytes) -> tuple[str, str]:
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return compute_fingerprint(descriptor, len(content))
    finally:
        os.close(descriptor)


def test_a_longer_file_shares_the_head_and_not_the_sample(tmp_path):
    content = os.urandom(4 * HEAD_BYTES)
    whole, half = write_file(tmp_path / "a", content), write_file(tmp_path / "b", content[: 2 * HEAD_BYTES])
    assert whole[0] == half[0] != ""
    assert whole[1] != half[1]


@pytest.mark.parametrize("eighth", range(8))
def test_a_hole_of_an_eighth_is_seen_wherever_it_is(tmp_path, eighth):
    size = 8 << 20
    content = os.urandom(size)
    part = size // 8
    holed = content[: eighth * part] + bytes(part) + content[(eighth + 1) * part :]
    assert write_file(tmp_path / "a", content)[1] != write_file(tmp_path / "b", holed)[1]


def test_a_file_that_lacks_a_part_is_told_from_a_whole_one(tmp_path):
    (tmp_path / "cam_a").mkdir()
    whole = film(tmp_path / "cam_a" / "whole.mp4", Shot(pictures=steady(25, 2)))
    zeros = whole.with_name("zeros.mp4")
    content = whole.read_bytes()
    zeros.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    files = [DropFile("cam_a", path.name, path.stat().st_size, 1) for path in (whole, zeros)]
    assert [one.has_shortfall for one in sample_files(tmp_path, files)] == [False, True]


def test_the_last_byte_counts(tmp_path):
    content = os.urandom(1 << 20)
    changed = content[:-1] + bytes([content[-1] ^ 1])
    assert write_file(tmp_path / "a", content)[1] != write_file(tmp_path / "b", changed)[1]


def test_a_short_file_has_no_head_and_a_file_that_is_gone_no_fingerprint(tmp_path):
    assert write_file(tmp_path / "a", b"short")[0] == ""
    (gone,) = sample_files(tmp_path, [DropFile("cam_a", "gone.mov", 1, 1)])
    assert (gone.file.head, gone.file.sample) == ("", "")


def test_a_name_in_the_other_form_of_its_accents_is_the_same_name():
    """A Mac writes decomposed accents where others compose them."""
    old = replace(OLD, name="caf\N{LATIN SMALL LETTER E WITH ACUTE}.MTS")
    longer = replace(LONGER, name="cafe\N{COMBINING ACUTE ACCENT}.MTS")
    taken = TakenFile("s", State.PUBLISHED, "2026-11-23T09:15:02.000000Z", old, False)
    found = relate_file(
        longer,
        [taken],
        has_beginning=True,
        is_replaceable=lambda _: False,
        is_doubtful=lambda _: False,
        compute_age_s=lambda _: 60.0,
    )
    assert found is not None
    assert found.kind == "fuller"
