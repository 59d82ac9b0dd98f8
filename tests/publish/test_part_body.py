from __future__ import annotations

import os

import pytest

from mcsyncd.errors import SourceChanged
from mcsyncd.integrity.part_sums import CRC64NVME
from mcsyncd.model.part_sums import FilePart
from mcsyncd.publish.part_body import PartBody

DIGITS = b"0123456789"


@pytest.fixture
def descriptor(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(DIGITS)
    opened = os.open(path, os.O_RDWR)
    yield opened
    os.close(opened)


def part(start: int, length: int, content: bytes = DIGITS) -> FilePart:
    return FilePart(1, start, length, "", CRC64NVME.calc(content[start : start + length]))


def test_it_reads_its_window_and_can_be_rewound(descriptor):
    with PartBody(descriptor, part(3, 4)) as body:
        assert (body.read(2), body.read(), body.read()) == (b"34", b"56", b"")
        assert body.seek(0, os.SEEK_END) == 4
        body.seek(1)
        assert body.read(100) == b"456"
        body.seek(0)
        assert body.read() == b"3456"
        assert body.fault is None


@pytest.mark.parametrize("step", [1, 3, 4, 100])
def test_a_part_that_was_modified_is_never_read_to_its_end(descriptor, step):
    os.pwrite(descriptor, b"x", 4)
    sent: list[bytes] = []
    with PartBody(descriptor, part(3, 4)) as body:
        with pytest.raises(SourceChanged):
            sent.extend(iter(lambda: body.read(step), b""))
        assert isinstance(body.fault, SourceChanged)
    assert len(b"".join(sent)) < 4


def test_a_rewind_checks_again(descriptor):
    with PartBody(descriptor, part(0, 10)) as body:
        body.read(5)
        body.seek(0)
        os.pwrite(descriptor, b"x", 0)
        with pytest.raises(SourceChanged):
            body.read()


def test_a_file_that_became_shorter_does_not_hang(descriptor):
    os.ftruncate(descriptor, 4)
    with PartBody(descriptor, part(3, 4)) as body:
        assert body.read() == b"3"
        with pytest.raises(SourceChanged):
            body.read()


def test_two_parts_share_a_descriptor(descriptor):
    with PartBody(descriptor, part(0, 5)) as one, PartBody(descriptor, part(5, 5)) as other:
        assert (one.read(2), other.read(2), one.read(), other.read()) == (b"01", b"56", b"234", b"789")
