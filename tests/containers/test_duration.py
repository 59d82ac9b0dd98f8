"""How long a recording is by its container, on files of real muxers."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.containers.duration import measure_duration_us
from mcsyncd.probe.probe import probe_clip
from recordings import record

STATES_ITS_LENGTH = ("mp4", "mp4 for streaming", "mov", "m4a", "mxf", "wav", "rf64", "w64")
PRIMING_US = 25_000
"""What AAC adds to a movie in which the picture ends first: one packet at most."""


@pytest.mark.parametrize("name", STATES_ITS_LENGTH)
def test_the_duration_is_the_one_that_decoding_finds(tmp_path, name):
    path = record(tmp_path, name)
    media = probe_clip(path)
    with path.open("rb") as file:
        assert abs(measure_duration_us(file) - media.duration_us) <= PRIMING_US


@pytest.mark.parametrize("name", ["mp4 in fragments", "mts", "mkv", "aif"])
def test_no_duration_is_guessed(tmp_path, name):
    with record(tmp_path, name).open("rb") as file:
        assert measure_duration_us(file) is None


@given(st.binary(max_size=300))
def test_any_bytes_have_a_duration_or_none(noise):
    heads = ("", "00000008667479700000ffff6d6f6f76000000406d766864", "52494646ffffffff57415645666d7420100000")
    mxf = "060e2b34020501010d0102010102040083000078"
    for head in (*heads, mxf):
        found = measure_duration_us(io.BytesIO(bytes.fromhex(head) + noise))
        assert found is None or found > 0
