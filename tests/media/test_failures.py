"""Whatever a media library raises becomes a sentence with the file's name and the next action."""

import builtins
import errno
import inspect

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from mutants import iterate_mutants, make_seeds, run_jobs, use_apart, use_file

from mcsyncd.cli.main import main
from mcsyncd.errors import BadMedia, McsyncError
from mcsyncd.media.failures import translate_media_errors
from mcsyncd.media.open import open_media
from mcsyncd.probe.probe import probe_clip
from recordings import record

OF_FFMPEG = [
    one for _, one in inspect.getmembers(av.error, inspect.isclass) if issubclass(one, av.FFmpegError)
]
BUILT_IN = [
    ValueError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    AssertionError,
    MemoryError,
    KeyError,
    IndexError,
]


@pytest.mark.parametrize("error", [*OF_FFMPEG, *BUILT_IN], ids=lambda one: one.__name__)
def test_every_error_of_a_library_names_the_file_and_the_next_action(error, tmp_path):
    raised = error(22, "went wrong") if error in OF_FFMPEG else error("went wrong")
    with pytest.raises(BadMedia, match=r"A001\.MOV") as caught, translate_media_errors(tmp_path / "A001.MOV"):
        raise raised
    assert caught.value.hint


def test_text_that_is_none_is_bad_media(tmp_path):
    with pytest.raises(BadMedia, match="UnicodeDecodeError"), translate_media_errors(tmp_path / "A001.MOV"):
        b"\xff".decode()


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EACCES, errno.EFBIG])
def test_a_failing_disk_is_not_the_clips_fault(number, tmp_path):
    with pytest.raises(OSError, match=r"A001\.MOV") as caught, translate_media_errors(tmp_path / "A001.MOV"):
        raise av.error.OSError(number, "disk")
    assert caught.value.errno == number
    assert not isinstance(caught.value, McsyncError)


@pytest.mark.parametrize("error", [av.PatchWelcomeError, av.DecoderNotFoundError, NotImplementedError])
def test_what_cannot_be_done_is_not_supported_and_need_not_be_copied(error, tmp_path):
    raised = error() if error is NotImplementedError else error(22, "no")
    with (
        pytest.raises(BadMedia, match="not supported") as caught,
        translate_media_errors(tmp_path / "A001.MOV"),
    ):
        raise raised
    assert "convert" in caught.value.hint


def test_an_error_of_our_own_passes_unchanged(tmp_path):
    with pytest.raises(BadMedia, match=r"^as it was"), translate_media_errors(tmp_path / "A001.MOV"):
        raise BadMedia("as it was", "and its hint")


def test_an_error_while_a_file_is_open_is_translated(tmp_path):
    clip = record(tmp_path, "wav", 0.2)
    with pytest.raises(BadMedia, match=r"wav\.wav cannot be decoded: 29 is not a valid"), open_media(clip):
        raise ValueError("29 is not a valid Type")


def write_exif_movie(path):
    """Motion JPEG whose pictures carry EXIF, as cameras and old phones write it."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(5):
            picture = av.VideoFrame.from_ndarray(np.full((72, 64), 40 + number, np.uint8), "yuv420p")
            for packet in stream.encode(picture.reformat(format="yuvj420p")):
                content = bytes(packet)
                marked = av.Packet(content[:2] + segment + content[2:])
                marked.stream, marked.pts, marked.dts = stream, packet.pts, packet.dts
                marked.time_base = packet.time_base
                container.mux(marked)
    return path


def test_side_data_that_the_library_does_not_know_is_no_error(tmp_path):
    clip = write_exif_movie(tmp_path / "exif.mov")
    with av.open(str(clip)) as container:
        kinds = {side.type.value for side in next(container.decode(video=0)).side_data}
    assert max(kinds) > 27, "the decoder gives no side data of a new type: the test proves nothing"
    media = probe_clip(clip)
    assert (media.video.codec, media.video.mirrored) == ("mjpeg", False)


@pytest.mark.parametrize("number", [28, 29, 31, 99])
def test_a_type_of_side_data_that_is_not_listed_has_a_name(number):
    assert Type(number).value == number
    assert Type(number) is not Type.DISPLAYMATRIX


def test_mutants_never_show_a_traceback(tmp_path):
    """The short form of `python -m soak mutants`."""
    said = []
    for name, content in iterate_mutants(make_seeds(tmp_path), 40):
        path = tmp_path / f"{name}.bin"
        path.write_bytes(content)
        said.append(use_file(path, tmp_path))
    assert "used" in said
    assert len(set(said)) > 5


def test_mutants_in_the_jobs_of_a_clip_are_used_or_refused(tmp_path):
    """Contained, as in a worker: what a broken file says of itself must also come back from there."""
    said = []
    for name, content in iterate_mutants(make_seeds(tmp_path), 10):
        path = tmp_path / f"{name}.bin"
        path.write_bytes(content)
        said.append(use_apart(run_jobs, path, tmp_path))
    assert not [one for one in said if one.startswith("FAULT")]
    assert "used" in said
    assert len(set(said)) > 2


@pytest.mark.parametrize("command", ["probe", "conform", "align"])
def test_commands_say_which_file_is_bad(command, tmp_path, capsys, monkeypatch):
    clip = record(tmp_path, "mp4", 0.2)

    def fail(*_: object, **__: object):
        raise builtins.ValueError("29 is not a valid Type")

    monkeypatch.setattr("mcsyncd.probe.probe.read_first_frames", fail)
    arguments = {
        "probe": [str(clip)],
        "conform": [str(clip), "--profile", "proxy-540p", "--out", str(tmp_path / "out")],
        "align": [f"a={clip}", f"b={record(tmp_path, 'wav', 0.2)}"],
    }
    with pytest.raises(SystemExit) as left:
        main([command, *arguments[command]])
    assert left.value.code == 6
    said = capsys.readouterr().err
    assert "mp4.mp4 cannot be decoded" in said
    assert "→" in said
