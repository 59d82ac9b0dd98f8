from __future__ import annotations

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.errors import SourceChanged
from mcsyncd.integrity.part_sums import (
    CRC64NVME,
    PartSummer,
    compute_part_sums,
    keep_part_sums,
    load_part_sums,
)
from mcsyncd.model.clip import Digest
from mcsyncd.model.part_sums import MAX_PARTS, MIN_PART_BYTES, PartSums, choose_part_bytes

CRC64NVME_OF_DIGITS = 0xAE8B14860A799888
"""The check value of CRC-64/NVME in the catalogue of parametrised CRC algorithms: of `123456789`."""
MIB = 1 << 20


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def test_the_checksum_is_the_one_of_the_specification():
    assert CRC64NVME.calc(b"123456789") == CRC64NVME_OF_DIGITS
    assert CRC64NVME.calc(b"6789", CRC64NVME.calc(b"12345")) == CRC64NVME_OF_DIGITS


@given(st.binary(max_size=200), st.integers(1, 50), st.lists(st.integers(1, 60), max_size=20))
def test_parts_do_not_depend_on_how_the_file_was_read(content, part_bytes, reads):
    summer = PartSummer(part_bytes)
    rest = memoryview(content)
    for count in (*reads, len(content)):
        summer.add(rest[:count])
        rest = rest[count:]
    sums = summer.finish(Digest("a" * 64, "b" * 32, len(content)))
    cut = [content[start : start + part_bytes] for start in range(0, len(content), part_bytes)] or [b""]
    assert sums.md5s == tuple(md5(part) for part in cut)
    assert sums.crcs == tuple(CRC64NVME.calc(part) for part in cut)
    assert sums.crc64nvme == CRC64NVME.calc(content)
    assert [(part.start, part.length) for part in sums.parts] == [
        (index * part_bytes, len(part)) for index, part in enumerate(cut)
    ]
    assert sums.is_sound


@pytest.mark.parametrize("size", [0, 1, 5 * MIB, 5 * MIB + 1, 13 * MIB])
def test_one_read_gives_the_digest_and_the_sums(tmp_path, size):
    path, content = tmp_path / "clip.mov", os.urandom(size)
    path.write_bytes(content)
    digest, sums = compute_part_sums(path, part_bytes=5 * MIB)
    assert (digest.sha256, digest.bytes) == (hashlib.sha256(content).hexdigest(), size)
    assert (sums.sha256, sums.bytes) == (digest.sha256, size)
    pieces = [content[at : at + 5 * MIB] for at in range(0, size, 5 * MIB)]
    if size > 5 * MIB:
        joined = b"".join(hashlib.md5(piece).digest() for piece in pieces)
        assert sums.tag == f"{md5(joined)}-{len(pieces)}"
    else:
        assert sums.tag == md5(content)


def test_a_file_that_is_missing_or_no_file_is_said(tmp_path):
    """It was a FileNotFoundError, which counted as a crash of the worker."""
    for path in (tmp_path / "none.mov", tmp_path):
        with pytest.raises(SourceChanged, match=path.name):
            compute_part_sums(path)


def test_kept_sums_come_back(tmp_path):
    path, kept = tmp_path / "clip.mov", tmp_path / "sums" / "a.json"
    path.write_bytes(os.urandom(MIN_PART_BYTES + 1))
    digest, sums = compute_part_sums(path)
    keep_part_sums(kept, sums)
    assert load_part_sums(kept, sha256=digest.sha256, size=digest.bytes) == sums


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: b"",
        lambda body: body[: len(body) // 2],
        lambda body: body.replace(b'"md5s":["', b'"md5s":[7,"'),
        lambda body: body.replace(b'"bytes":3', b'"bytes":4'),
        lambda body: b"[]",
        lambda body: b"\xff\xfe",
    ],
)
def test_sums_that_do_not_fit_are_no_sums(tmp_path, damage):
    path, kept = tmp_path / "clip.mov", tmp_path / "sums.json"
    path.write_bytes(b"abc")
    digest, sums = compute_part_sums(path)
    keep_part_sums(kept, sums)
    kept.write_bytes(damage(kept.read_bytes()))
    assert load_part_sums(kept, sha256=digest.sha256, size=3) is None


def test_sums_of_another_file_are_not_taken(tmp_path):
    path, kept = tmp_path / "clip.mov", tmp_path / "sums.json"
    path.write_bytes(b"abc")
    _, sums = compute_part_sums(path)
    keep_part_sums(kept, sums)
    assert load_part_sums(kept, sha256="0" * 64, size=3) is None
    assert load_part_sums(tmp_path / "none", sha256=sums.sha256, size=3) is None


@given(st.integers(0, 5 << 40))
def test_parts_are_equal_few_and_not_larger_than_they_must_be(size):
    part = choose_part_bytes(size)
    count = -(-size // part)
    assert count <= MAX_PARTS
    assert part == MIN_PART_BYTES or -(-size // (part // 2)) > MAX_PARTS


@given(st.integers(1, 99), st.integers(1, 9))
def test_too_few_parts_are_not_sound(size, part_bytes):
    count = -(-size // part_bytes)
    sums = PartSums("a", size, part_bytes, ("0",) * (count + 1), (0,) * (count + 1), 0)
    assert not sums.is_sound
