"""Whether a file is complete, on real recordings in every container: whole, cut, and pre-sized with zeros."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsyncd.containers.inspection import begins_container, find_shortfall
from mcsyncd.containers.reader import MAX_BYTES, MAX_READS
from mcsyncd.ingest.names import CLIP_SUFFIXES, OTHER_SUFFIXES
from recordings import RECIPES, record

BLOCK = 4096
SAMPLES = Path(__file__).parents[2].parent / "shared" / "media_samples"
CAMERA_FILES = sorted(path for path in SAMPLES.rglob("*") if path.is_file() and path.suffix != ".md")


@pytest.fixture(scope="session")
def recordings(tmp_path_factory) -> Callable[[str], bytes]:
    """The bytes of a recording by the name of its recipe, written when first asked for."""
    folder, made = tmp_path_factory.mktemp("recordings"), {}

    def read(name: str) -> bytes:
        if name not in made:
            made[name] = record(folder, name).read_bytes()
        return made[name]

    return read


def judge(content: bytes):
    return find_shortfall(io.BytesIO(content))


def is_incomplete(content: bytes) -> bool:
    found = judge(content)
    return found is not None and found.certain


def is_doubtful(content: bytes) -> bool:
    return judge(content) is not None


def test_the_recordings_cover_every_suffix_that_is_accepted():
    assert {OTHER_SUFFIXES.get(suffix, suffix) for suffix in CLIP_SUFFIXES} <= {
        r.suffix for r in RECIPES.values()
    }


@pytest.mark.parametrize("name", RECIPES)
def test_a_whole_recording_lacks_nothing_and_begins_one(recordings, name):
    assert judge(recordings(name)) is None
    assert begins_container(io.BytesIO(recordings(name)))


@pytest.mark.parametrize("path", CAMERA_FILES, ids=lambda path: path.name)
def test_the_files_of_real_cameras_lack_nothing_and_begin_a_recording(path):
    with path.open("rb") as file:
        assert find_shortfall(file) is None
        assert begins_container(file)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", RECIPES)
def test_a_recording_that_was_cut_is_incomplete(recordings, name, part):
    whole = recordings(name)
    odd = int(len(whole) * part) | 1  # never between two packets of a stream
    assert is_incomplete(whole[:odd])


@pytest.mark.parametrize("name", RECIPES)
def test_a_recording_without_its_last_byte_is_incomplete(recordings, name):
    assert is_incomplete(recordings(name)[:-1])


@pytest.mark.parametrize("path", CAMERA_FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.999])
def test_the_files_of_real_cameras_are_incomplete_when_cut(path, part):
    whole = path.read_bytes()
    assert is_incomplete(whole[: int(len(whole) * part)])
    assert is_incomplete(whole[:-1])


@pytest.mark.parametrize("name", RECIPES)
def test_a_recording_that_was_cut_between_two_blocks_is_found(recordings, name):
    """A copy stops at a whole block. In a program stream that is always a whole packet, too."""
    whole = recordings(name)
    cuts = [
        cut // BLOCK * BLOCK
        for cut in np.linspace(
            len(whole) // 4, len(whole), min(40, len(whole) // BLOCK), endpoint=False, dtype=int
        )
    ]
    missed = [cut for cut in cuts if not is_doubtful(whole[:cut])]
    assert len(missed) <= len(cuts) // 10


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("name", RECIPES)
def test_a_copy_that_stopped_in_a_file_of_full_length_is_incomplete(recordings, name, part, tmp_path):
    whole, path = recordings(name), tmp_path / "clip"
    kept = int(len(whole) * part) // BLOCK * BLOCK
    if len(whole) < 1 << 17 and RECIPES[name].format in {"wav", "aiff", "w64"}:
        pytest.skip("less silence than is looked into")
    with path.open("wb") as file:
        file.write(whole[:kept])
        file.truncate(len(whole))
        if os.lseek(file.fileno(), kept, os.SEEK_HOLE) != kept:
            pytest.skip("this filesystem does not say what was never written")
    with path.open("rb") as file:
        found = find_shortfall(file)
    assert found is not None
    assert found.certain
    assert "zeros" in found.detail or "missing" in found.detail or "declares" in found.detail


@pytest.mark.parametrize("name", RECIPES)
def test_a_file_of_which_nothing_was_written_is_incomplete(recordings, name):
    assert is_incomplete(bytes(len(recordings(name))))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recording_whose_head_is_written_last_is_incomplete_until_then(recordings, name):
    whole = recordings(name)
    head = min(1 << 16, len(whole) // 2 // BLOCK * BLOCK)
    assert is_incomplete(bytes(head) + whole[head:])


def write_with_hole(path: Path, whole: bytes, begin: int, end: int) -> None:
    """Write a file in which one part was never written; skip where the filesystem does not tell."""
    with path.open("wb") as file:
        file.write(whole[:begin])
        file.seek(end)
        file.write(whole[end:])
        file.flush()
        if os.lseek(file.fileno(), begin, os.SEEK_HOLE) >= end:
            pytest.skip("this filesystem does not say what was never written")


@pytest.mark.parametrize("name", RECIPES)
def test_a_part_that_was_never_written_is_missed(recordings, name, tmp_path):
    """A copy in several parts, out of order, of which one is still to come."""
    whole, path = recordings(name), tmp_path / "clip"
    begin = len(whole) // 2 // BLOCK * BLOCK
    write_with_hole(path, whole, begin, begin + max(BLOCK, len(whole) // 8 // BLOCK * BLOCK))
    with path.open("rb") as file:
        assert find_shortfall(file).certain


@pytest.mark.parametrize("sixteenth", [1, 4, 8, 14])
def test_zeros_that_a_copy_has_not_filled_yet_are_a_doubt_wherever_they_are(sixteenth):
    whole = sound(loud(1 << 19))
    part = len(whole) // 16 // BLOCK * BLOCK
    begin = sixteenth * part
    found = judge(whole[:begin] + bytes(part) + whole[begin + part :])
    assert found is not None
    assert not found.certain
    assert f"{begin:,}" in found.detail


def test_silence_in_the_middle_is_whole():
    assert judge(sound(loud(200_000), silence(200_000), loud(200_000))) is None


def test_silence_in_the_middle_that_a_program_did_not_store_is_no_proof(tmp_path):
    path, whole = tmp_path / "sparse.wav", sound(loud(200_000), silence(200_000), loud(200_000))
    begin, end = -(-(44 + 800_000) // BLOCK) * BLOCK, (44 + 1_600_000) // BLOCK * BLOCK
    write_with_hole(path, whole, begin, end)
    with path.open("rb") as file:
        assert not find_shortfall(file).certain


def test_a_short_stretch_that_was_not_stored_is_no_doubt(tmp_path):
    """A box of zeros in the head, which some recorders reserve."""
    path, whole = tmp_path / "sparse.wav", sound(loud(200_000), silence(8000), loud(200_000))
    begin, end = -(-(44 + 800_000) // BLOCK) * BLOCK, (44 + 832_000) // BLOCK * BLOCK
    write_with_hole(path, whole, begin, end)
    with path.open("rb") as file:
        assert find_shortfall(file) is None


@pytest.mark.parametrize("name", RECIPES)
def test_the_second_half_of_a_recording_begins_none(recordings, name):
    whole = recordings(name)
    cuts = {int(len(whole) * part) for part in (0.3, 0.5, 0.9)}
    cuts |= {cut // step * step for cut in cuts for step in (BLOCK, 188, 192, 2048)}
    assert not [cut for cut in cuts if begins_container(io.BytesIO(whole[cut:]))]


class CountingFile(io.BytesIO):
    """Counts what is read of it."""

    reads = read_bytes = 0

    def read(self, size: int | None = -1) -> bytes:
        got = super().read(size)
        self.reads, self.read_bytes = self.reads + 1, self.read_bytes + len(got)
        return got


def inspect_within_limits(content: bytes) -> None:
    file = CountingFile(content)
    find_shortfall(file)
    begins_container(file)
    assert file.reads <= 2 * MAX_READS
    assert file.read_bytes <= 2 * MAX_BYTES


@pytest.mark.parametrize("name", RECIPES)
def test_any_change_of_a_recording_is_survived(recordings, name):
    whole = recordings(name)
    head, tail = whole[:6000], whole[-6000:]

    @settings(max_examples=15, deadline=None, database=None)
    @given(st.data())
    def change(data):
        content = bytearray(head + tail if data.draw(st.booleans()) else head)
        places = st.integers(0, len(content) - 1) | st.integers(0, 200)
        for place in data.draw(st.lists(places, max_size=8)):
            content[place : place + 4] = data.draw(
                st.binary(min_size=1, max_size=8)
                | st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"])
            )
        inspect_within_limits(bytes(content[: data.draw(st.integers(0, len(content)))]))

    change()


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_any_bytes_are_survived(noise):
    for head in (
        b"",
        b"\0\0\0\x14ftyp",
        b"\x1a\x45\xdf\xa3",
        b"RIFF\0\0\0\0AVI ",
        b"OggS\0",
        b"fLaC",
        b"ID3",
    ):
        inspect_within_limits(head + noise)


def test_a_file_of_countless_boxes_is_left_unjudged():
    inspect_within_limits(b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * 200_000)


# Sound: silence is zeros, too.


def sound(
    *parts: np.ndarray, stated: int | None = None, form: int | None = None, behind: bytes = b""
) -> bytes:
    """A WAV of 16-bit stereo: its header is 44 bytes, so sound at byte 4096 is its 1013th sample."""
    body = np.concatenate(parts).astype("<i2").tobytes()
    size = len(body) if stated is None else stated
    chunks = b"WAVEfmt " + bytes.fromhex("10000000010002008 0bb000000ee0200 04001000".replace(" ", ""))
    chunks += b"data" + size.to_bytes(4, "little") + body + behind
    return b"RIFF" + (len(chunks) if form is None else form).to_bytes(4, "little") + chunks


def loud(samples: int) -> np.ndarray:
    return np.random.default_rng(2).integers(1, 30_000, 2 * samples)


def silence(samples: int) -> np.ndarray:
    return np.zeros(2 * samples, np.int16)


IN_BLOCK = (BLOCK - 44) // 4


def test_sound_that_ends_in_silence_is_whole():
    assert judge(sound(loud(100_000), silence(400_000))) is None


def test_nothing_but_silence_is_whole():
    assert judge(sound(silence(400_000))) is None


def test_silence_that_begins_with_a_block_is_a_doubt():
    assert not is_incomplete(sound(loud(IN_BLOCK + 50 * 1024), silence(400_000)))
    assert is_doubtful(sound(loud(IN_BLOCK + 50 * 1024), silence(400_000)))


def test_a_block_of_silence_is_too_little_for_a_doubt():
    assert judge(sound(loud(IN_BLOCK + 50 * 1024), silence(2000))) is None


def test_silence_that_a_program_did_not_store_is_no_proof(tmp_path):
    path = tmp_path / "sparse.wav"
    content = sound(loud(100_000), silence(400_000))
    kept = -(-(44 + 400_000) // BLOCK) * BLOCK
    with path.open("wb") as file:
        file.write(content[:kept])
        file.truncate(len(content))
    with path.open("rb") as file:
        found = find_shortfall(file)
    assert found is None or not found.certain


@pytest.mark.parametrize("unstated", [0, 0xFFFFFFFF])
def test_a_recorder_that_states_no_length_is_believed(unstated):
    assert judge(sound(loud(5000), stated=unstated, form=unstated)) is None


def test_a_length_that_counts_its_own_head_or_a_missing_pad_is_no_fault():
    whole = len(sound(loud(5000)))
    assert judge(sound(loud(5000), form=whole)) is None
    assert judge(sound(loud(5000), form=whole - 7)) is None


def test_an_odd_chunk_needs_no_pad_at_the_end():
    odd = b"iXML" + (5).to_bytes(4, "little") + b"<a/> "
    assert judge(sound(loud(5000), behind=odd)) is None
    assert judge(sound(loud(5000), behind=odd + b"\0")) is None


def test_a_chunk_behind_the_sound_that_is_cut_is_found():
    note = b"iXML" + (64).to_bytes(4, "little") + b"x" * 64
    content = sound(loud(5000), behind=note)
    assert is_incomplete(content[:-1])
    assert is_incomplete(content[: -len(note)])


def test_an_rf64_is_judged_by_its_64_bits(tmp_path):
    """Six gigabytes that take no space."""
    body = 6 << 30
    head = b"RF64\xff\xff\xff\xffWAVEds64" + (28).to_bytes(4, "little")
    head += (body + 72).to_bytes(8, "little") + body.to_bytes(8, "little") + bytes(12)
    head += b"fmt " + bytes.fromhex("100000000100020080bb000000ee020004001000") + b"data\xff\xff\xff\xff"
    path = tmp_path / "long.wav"
    for size, expected in ((len(head) + body, None), (len(head) + body // 2, body - body // 2)):
        with path.open("wb") as file:
            file.write(head + b"\x01" * 8000)
            file.seek(size - 8000)
            file.write(b"\x01" * 8000)
        with path.open("rb") as file:
            found = find_shortfall(file)
        assert (found.missing_bytes if found and found.certain else None) == expected


# Containers that are written in more than one piece.


def avi_of_two_riffs() -> tuple[bytes, int]:
    """An OpenDML AVI in two RIFFs, and where the second begins. Its index refers to both."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + len(body).to_bytes(4, "little") + body

    def index(first: int, second: int) -> bytes:
        entries = b"".join(
            at.to_bytes(8, "little") + (32).to_bytes(4, "little") + bytes(4) for at in (first, second)
        )
        return chunk(b"indx", b"\x04\0\0\0" + (2).to_bytes(4, "little") + b"00dc" + bytes(12) + entries)

    def build(first: int, second: int) -> tuple[bytes, bytes]:
        header = chunk(b"LIST", b"hdrl" + chunk(b"LIST", b"strl" + index(first, second)))
        media = chunk(b"LIST", b"movi" + chunk(b"00dc", b"\x11" * 900) + chunk(b"ix00", b"\x22" * 24))
        more = chunk(b"RIFF", b"AVIX" + media)
        return chunk(b"RIFF", b"AVI " + header + media), more

    first, second = build(0, 0)
    at_first, at_second = len(first) - 32, len(first) + len(second) - 32
    first, second = build(at_first, at_second)
    return first + second, len(first)


def test_a_long_avi_that_lacks_its_second_part_is_incomplete():
    whole, second = avi_of_two_riffs()
    assert judge(whole) is None
    assert is_incomplete(whole[:second])
    assert is_incomplete(whole[:-1])


def test_an_mxf_whose_writer_could_not_come_back_is_judged_by_its_end(recordings):
    """Written into a pipe, the header does not say where the footer lies; the random index pack does."""
    whole = bytearray(recordings("mxf"))
    at = whole.find(bytes.fromhex("060e2b34020501010d0102010102"))
    whole[at + 14] = 1  # open and incomplete
    whole[at + 20 + 24 : at + 20 + 32] = bytes(8)
    assert judge(bytes(whole)) is None
    assert is_incomplete(bytes(whole[: len(whole) // 2 + 1]))


def test_a_live_matroska_that_was_not_closed_is_a_doubt_and_cut_it_is_incomplete(tmp_path):
    live = record(tmp_path, "mkv", live="1").read_bytes()
    assert not is_incomplete(live)
    assert is_doubtful(live)
    assert is_incomplete(live[: len(live) // 2])


def test_what_a_camera_appends_behind_the_last_box_is_no_fault(recordings):
    assert judge(recordings("mp4") + b"\x12\x34\x56\x78\x9a\xbc\xde\xf0" * 4) is None


@pytest.mark.parametrize("excess", [8, 16, 100_000])
def test_media_data_whose_length_is_too_long_is_whole_if_no_sample_lacks_a_byte(recordings, excess):
    whole = recordings("mp4 for streaming")
    at = whole.index(b"mdat") - 4
    wrong = (
        whole[:at] + (int.from_bytes(whole[at : at + 4], "big") + excess).to_bytes(4, "big") + whole[at + 4 :]
    )
    assert judge(wrong) is None
    for missing in (1, 8, 1000):
        assert judge(wrong[:-missing]) is not None, missing


def test_a_last_chunk_that_holds_fewer_samples_than_its_run_says_is_whole(recordings):
    """Some muxers write one run of samples for all chunks, and the last chunk is shorter."""
    whole = bytearray(recordings("mov for streaming"))
    table = whole.find(b"stsc", whole.find(b"vmhd")) + 4
    runs = int.from_bytes(whole[table + 4 : table + 8], "big")
    last = table + 8 + 12 * (runs - 1)
    more = int.from_bytes(whole[last + 4 : last + 8], "big") + 7
    whole[last + 4 : last + 8] = more.to_bytes(4, "big")
    assert judge(bytes(whole)) is None


def test_an_mp3_that_counts_its_tags_too_is_whole(recordings):
    whole = bytearray(recordings("mp3"))
    at = whole.find(b"Info") if b"Info" in whole[:4000] else whole.find(b"Xing")
    whole[at + 12 : at + 16] = len(whole).to_bytes(4, "big")
    assert judge(bytes(whole)) is None


def test_padding_behind_a_whole_file_is_no_fault(recordings):
    for name in ("mp4", "mov", "mkv", "mxf", "avi", "ogg", "flac", "ts", "mpg"):
        assert judge(recordings(name) + bytes(4096)) is None, name


@pytest.mark.parametrize("name", ["ts", "mts", "m2ts"])
def test_a_transport_stream_cut_between_two_packets_is_found_where_its_bytes_tell(recordings, name):
    """Only where all streams end with a whole unit can it not be told: a few places of a hundred."""
    whole, step = recordings(name), 188 if name == "ts" else 192
    cuts = range(len(whole) // step // 2 * step, len(whole) - 40 * step, 53 * step)
    missed = [cut for cut in cuts if not is_doubtful(whole[:cut])]
    assert len(missed) <= len(cuts) // 10


def test_a_recording_interleaved_frame_by_frame_lacks_nothing_however_long_it_is(tmp_path):
    """Its index has more runs of chunks than are read: the end of the last one is then not known."""
    clip, rate, heard = tmp_path / "clip.mp4", 48_000, 0
    with av.open(str(clip), "w") as container:
        video = container.add_stream("mpeg4", rate=30, width=16, height=16, pix_fmt="yuv420p")
        sound = container.add_stream("aac", rate=rate, layout="mono")
        noise = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 1024)).astype(np.float32)
        picture = av.VideoFrame(16, 16, "yuv420p")
        for plane in picture.planes:
            plane.update(bytes(plane.buffer_size))
            block = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
        block.sample_rate = rate
        for number in range(6000):
            picture.pts = number
            container.mux(video.encode(picture))
            # One or two blocks a picture, so that nearly every chunk of sound differs from the one before.
            while heard < (number + 1) * rate // 30:
                block.pts = heard
                container.mux(sound.encode(block))
                heard += 1024
        container.mux([*video.encode(None), *sound.encode(None)])
    content = clip.read_bytes()
    runs = max(int.from_bytes(content[at + 8 : at + 12], "big") for at in find_all(content, b"stsc"))
    assert runs > 4096
    assert judge(content) is None
    assert is_incomplete(content[:-1])


def find_all(content: bytes, name: bytes) -> list[int]:
    places, at = [], content.find(name)
    while at >= 0:
        places.append(at)
        at = content.find(name, at + 1)
    return places
