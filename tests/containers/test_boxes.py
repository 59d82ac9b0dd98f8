import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage import Shot, film, steady
from mcsyncd.containers.boxes import count_index_bytes


@pytest.fixture(scope="module", params=[".mp4", ".mov", ".mkv"])
def whole(request, tmp_path_factory):
    path = film(
        tmp_path_factory.mktemp("boxes") / f"clip{request.param}",
        Shot(steady(30, 1), (0, 1), sound_codec="aac"),
    )
    return path.read_bytes()


def test_the_index_is_as_long_as_the_box_that_holds_it(whole):
    at = whole.find(b"moov") - 4
    expected = int.from_bytes(whole[at : at + 4], "big") if b"ftyp" in whole[:16] else 0
    assert count_index_bytes(io.BytesIO(whole)) == expected


def test_no_index_is_believed_to_be_longer_than_its_file():
    boast = b"\0\0\0\x08ftyp" + b"\xff\xff\xff\xffmoov" + bytes(20)
    assert count_index_bytes(io.BytesIO(boast)) == len(boast)


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(noise):
    for head in (b"", b"\0\0\0\x14ftyp", b"\x1a\x45\xdf\xa3\x84abcd\x18\x53\x80\x67"):
        assert 0 <= count_index_bytes(io.BytesIO(head + noise)) <= 10_000
