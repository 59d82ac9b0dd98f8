"""What sound recorders write beside the sound, in each of their containers."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.containers.recorder_chunks import read_recorder_chunks
from mcsyncd.model.recorder_notes import RecorderNotes, TrackName
from mcsyncd.probe.probe import probe_clip

RATE = 48_000
REFERENCE = 2_345_328_000  # 13:34:21 at 48 kHz
GUID_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
IXML = b"""<?xml version="1.0" encoding="UTF-8"?><BWFXML><IXML_VERSION>1.61</IXML_VERSION>
<PROJECT>Gig &amp; Co</PROJECT><SCENE>12A</SCENE><TAKE>3</TAKE><TAPE>R1</TAPE><NOTE/>
<FILE_SET><TOTAL_FILES>2</TOTAL_FILES><FAMILY_UID>F00D</FAMILY_UID><FILE_SET_INDEX>B</FILE_SET_INDEX></FILE_SET>
<SPEED><FILE_SAMPLE_RATE>48000</FILE_SAMPLE_RATE><TIMESTAMP_SAMPLE_RATE>48000</TIMESTAMP_SAMPLE_RATE>
<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>0</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>
<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>2345328000</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></SPEED>
<TRACK_LIST><TRACK_COUNT>1</TRACK_COUNT><TRACK><CHANNEL_INDEX>2</CHANNEL_INDEX><NAME>Anna lav</NAME></TRACK>
</TRACK_LIST></BWFXML>"""
NOTES = RecorderNotes("Gig & Co", "12A", "3", "R1", "", "F00D", "B", 2, (TrackName(2, "Anna lav"),))


def broadcast(reference: int = REFERENCE) -> bytes:
    texts = b"".join(text.ljust(size, b"\0") for text, size in ((b"take", 256), (b"Zoom", 32), (b"", 32)))
    return texts + b"2018-12-11" + b"13:34:21" + struct.pack("<Q", reference) + bytes(256)


def write_wave(kind: str, *chunks: tuple[bytes, bytes], after: bool = False) -> bytes:
    """A second of a 48 kHz mono WAV with these chunks, in front of the sound or behind it."""
    sound = (b"data", b"\x01\x10" * RATE)
    form = (b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))
    order = [form, sound, *chunks] if after else [form, *chunks, sound]
    if kind == "w64":
        body = b"".join(
            (name + GUID_TAIL + struct.pack("<Q", 24 + len(content)) + content).ljust(
                24 + -(-len(content) // 8) * 8, b"\0"
            )
            for name, content in order
        )
        riff = bytes.fromhex("726966662e91cf11a5d628db04c10000")
        wave = bytes.fromhex("77617665f3acd3118cd100c04f8edb8a")
        return riff + struct.pack("<Q", 40 + len(body)) + wave + body
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in order
    )
    if kind == "rf64":
        sizes = struct.pack("<QQQI", 4 + 36 + len(body), len(sound[1]), RATE, 0)
        body = b"ds64" + struct.pack("<I", len(sizes)) + sizes + body
        body = body.replace(b"data" + struct.pack("<I", len(sound[1])), b"data\xff\xff\xff\xff")
        return b"RF64\xff\xff\xff\xffWAVE" + body
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


@pytest.mark.parametrize("kind", ["riff", "rf64", "w64"])
def test_time_and_notes_are_read_in_every_container(tmp_path, kind):
    path = tmp_path / "take.wav"
    path.write_bytes(write_wave(kind, (b"bext", broadcast()), (b"iXML", IXML)))
    media = probe_clip(path)
    assert media.time_reference_us == REFERENCE * 1_000_000 // RATE
    assert media.recorded_at == "2018-12-11T13:34:21.000000+00:00"
    assert media.notes == NOTES


@pytest.mark.parametrize("kind", ["riff", "rf64"])
def test_notes_behind_the_sound_are_read_and_give_the_time_where_nothing_else_does(tmp_path, kind):
    path = tmp_path / "take.wav"
    path.write_bytes(write_wave(kind, (b"iXML", IXML), after=True))
    media = probe_clip(path)
    assert media.time_reference_us == REFERENCE * 1_000_000 // RATE
    assert media.notes == NOTES


def test_the_time_reference_of_the_broadcast_chunk_is_the_one_that_counts():
    content = write_wave("riff", (b"bext", broadcast(7 * RATE)), (b"iXML", IXML))
    assert read_recorder_chunks(io.BytesIO(content))[0]["time_reference"] == str(7 * RATE)


def test_a_timestamp_at_another_rate_is_not_taken_for_samples():
    other = IXML.replace(b"<TIMESTAMP_SAMPLE_RATE>48000", b"<TIMESTAMP_SAMPLE_RATE>48048")
    assert "time_reference" not in read_recorder_chunks(io.BytesIO(write_wave("riff", (b"iXML", other))))[0]


def test_what_has_no_such_chunks_has_no_notes(tmp_path):
    path = tmp_path / "take.wav"
    path.write_bytes(write_wave("riff"))
    assert probe_clip(path).notes is None


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(noise):
    for content in (
        noise,
        write_wave("riff")[:44] + noise,
        write_wave("riff", (b"bext", noise), (b"iXML", noise)),
    ):
        tags, _ = read_recorder_chunks(io.BytesIO(content))
        assert set(tags) <= {"date", "creation_time", "time_reference"}
