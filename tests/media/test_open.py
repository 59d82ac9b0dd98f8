import ast
import errno
import struct
from pathlib import Path

import av
import pytest

from footage import Shot, film, steady
from mcsyncd.conform.audio_reader import AudioTrackReader
from mcsyncd.conform.audio_tracks import plan_source_track
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.video_reader import VideoReader
from mcsyncd.errors import BadMedia
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.listen.playback.comparison import ComparedClip, render_comparison_wav
from mcsyncd.media.open import open_media
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip

ROOT = Path(__file__).parents[2]
GRID = Grid.from_drift(Rate(30), 0, 0.0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A recording and, beside it, what probe says of it."""
    path = film(tmp_path_factory.mktemp("card") / "other.ts", Shot(steady(30, 2), (0, 2), sound_codec="aac"))
    return path, probe_clip(path)


def hls(clip: Path) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{clip.name}\n#EXT-X-ENDLIST\n"


def ffconcat(clip: Path) -> str:
    return f"ffconcat version 1.0\nfile {clip.name}\n"


@pytest.mark.parametrize(("text", "demuxer"), [(hls, "hls"), (ffconcat, "concat")])
class TestAPlaylistNamedMp4:
    """It would make FFmpeg open other files, so no stage may follow it, whatever it is believed to be."""

    @pytest.fixture
    def playlist(self, text, clip):
        path = clip[0].with_name("A001.mp4")
        path.write_text(text(clip[0]))
        return path

    def test_is_refused_by_probe(self, playlist, demuxer):
        with pytest.raises(BadMedia, match=r"A001\.mp4"):
            probe_clip(playlist)

    def test_is_refused_by_listen(self, playlist, demuxer, clip, tmp_path):
        with pytest.raises(BadMedia, match=r"A001\.mp4"):
            extract_analysis_audio(playlist, clip[1], tmp_path)

    def test_is_refused_by_playback(self, playlist, demuxer, clip):
        side = ComparedClip(playlist, clip[1])
        with pytest.raises(BadMedia, match=r"A001\.mp4"):
            render_comparison_wav(side, side, 0)

    def test_is_refused_by_conform(self, playlist, demuxer, clip):
        with pytest.raises(BadMedia, match=r"A001\.mp4"):
            next(iter(VideoReader(playlist, demuxer, clip[1].video)))
        track = AudioTrackReader(playlist, demuxer, plan_source_track(clip[1].audio[0]), GRID, 0)
        with pytest.raises(BadMedia, match=r"A001\.mp4"):
            track.read_until(48_000)


@pytest.mark.parametrize("expectation", [{"expected_format": "wav"}, {"streams": (7,)}])
def test_another_recording_than_the_one_that_was_probed_is_refused(expectation, clip):
    with (
        pytest.raises(BadMedia, match=r"other\.ts is not the file that was probed"),
        open_media(clip[0], **expectation),
    ):
        pass


def test_only_the_packets_of_the_wanted_streams_are_read(clip):
    wanted = clip[1].audio[0].index
    with open_media(clip[0], streams=(wanted,), expected_format="mpegts") as container:
        assert {packet.stream_index for packet in container.demux() if packet.size} == {wanted}


def test_what_fails_to_decode_is_bad_media_with_a_next_action(clip):
    with pytest.raises(BadMedia, match=r"other\.ts cannot be decoded") as refused, open_media(clip[0]):
        raise av.InvalidDataError(1, "invalid data")
    assert refused.value.hint


@pytest.mark.parametrize("number", [errno.EPERM, errno.EAGAIN, errno.EOPNOTSUPP, errno.ERANGE])
def test_a_codecs_own_error_number_is_bad_media_and_no_fault_of_the_system(clip, number):
    with pytest.raises(BadMedia, match=r"other\.ts"), open_media(clip[0]):
        av.error.err_check(-number)


def test_a_failing_disk_is_the_systems_error_and_not_the_clips(clip):
    with pytest.raises(OSError, match="Input/output error") as failed, open_media(clip[0]):
        raise av.OSError(errno.EIO, "Input/output error")
    assert failed.value.filename == str(clip[0])


def test_a_folder_and_an_empty_file_are_refused_by_name(tmp_path):
    empty = tmp_path / "A002.mov"
    empty.touch()
    for path in (tmp_path, empty):
        with pytest.raises(BadMedia, match=path.name), open_media(path):
            pass


def test_playback_of_a_missing_original_names_it(clip, tmp_path):
    side = ComparedClip(tmp_path / "gone.mov", clip[1])
    with pytest.raises(BadMedia, match=r"gone\.mov cannot be read: No such file"):
        render_comparison_wav(side, side, 0)


def test_only_one_module_opens_media_for_reading():
    reading = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "mcsyncd").rglob("*.py"))
        if path != ROOT / "mcsyncd" / "media" / "open.py"
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and _opens_media_for_reading(call)
    ]
    assert not reading


def _opens_media_for_reading(call: ast.Call) -> bool:
    """Whether it is `av.open(…)` or `av.container.open(…)`, and its mode is not "w"."""
    if ast.unparse(call.func) not in {"av.open", "av.container.open"}:
        return False
    modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return not any(isinstance(mode, ast.Constant) and mode.value == "w" for mode in modes)


def test_nobody_hides_the_opening_function_behind_another_name():
    hidden = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "mcsyncd").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and node.module in {"av", "av.container", "av.container.core"}
        and any(alias.name == "open" for alias in node.names)
    ]
    assert not hidden


def test_a_header_that_claims_a_bomb_of_pixels_is_refused_before_anything_is_decoded(tmp_path):
    path = tmp_path / "bomb.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 512, "yuv420p"
        frame = av.VideoFrame(320, 512, "yuv420p")
        file.mux([*stream.encode(frame), *stream.encode(None)])
    width, height = b"\xb0\x82\x01\x40", b"\xba\x82\x02\x00"
    content = path.read_bytes()
    assert content.count(width) == content.count(height) == 1
    path.write_bytes(content.replace(width, b"\xb0\x82\x3e\x80").replace(height, b"\xba\x82\x3e\x80"))
    with pytest.raises(BadMedia, match="16000 x 16000"), open_media(path):
        pytest.fail("it was opened")


def test_a_header_that_claims_years_is_refused(tmp_path):
    path = film(tmp_path / "long.mkv", Shot(pictures=steady(25, 1)))
    content = bytearray(path.read_bytes())
    at = content.index(b"\x44\x89\x88") + 3  # Matroska's duration: a double, in milliseconds
    content[at : at + 8] = struct.pack(">d", 3 * 365 * 24 * 3_600_000.0)
    path.write_bytes(content)
    with pytest.raises(BadMedia, match="h long"), open_media(path):
        pytest.fail("it was opened")
