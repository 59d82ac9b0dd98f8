"""Which decoders may run, and what becomes of a clip that asks for another one."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mcsyncd.errors import BadMedia
from mcsyncd.listen.analysis import extract_analysis_audio
from mcsyncd.media.decoders import ALLOWED_DECODERS
from mcsyncd.media.open import open_media
from mcsyncd.probe.probe import probe_clip


def write(path: Path, video: str = "", *sounds: str, size: tuple[int, int] = (64, 48)) -> Path:
    """Write half a second with these codecs."""
    random = np.random.default_rng(3)
    with av.open(str(path), "w") as container:
        picture = container.add_stream(video, rate=25) if video else None
        tracks = [container.add_stream(name, rate=48_000, layout="stereo") for name in sounds]
        if picture is not None:
            picture.width, picture.height = size
            picture.pix_fmt = picture.codec_context.codec.video_formats[0].name
        for number in range(12 if picture is not None else 0):
            gray = random.integers(0, 255, (size[1], size[0]), np.uint8)
            frame = av.VideoFrame.from_ndarray(gray, format="gray8").reformat(format=picture.pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(picture.encode(frame))
        for track in tracks:
            wanted = track.codec_context.format.name
            for start in range(0, 24_000, step := track.codec_context.frame_size or 1024):
                loud = random.integers(-9_000, 9_000, (1, 2 * step)).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(loud, format="s16", layout="stereo")
                frame.sample_rate = 48_000
                for made in av.AudioResampler(wanted, "stereo", 48_000).resample(frame):
                    made.pts, made.time_base = start, Fraction(1, 48_000)
                    container.mux(track.encode(made))
        for stream in (picture, *tracks):
            if stream is not None:
                container.mux(stream.encode(None))
    return path


def test_every_allowed_decoder_is_one_that_this_ffmpeg_has():
    assert all(av.Codec(name, "r").is_decoder for name in ALLOWED_DECODERS)


def test_a_picture_whose_codec_is_not_allowed_is_named_and_its_sound_is_used(tmp_path):
    media = probe_clip(write(tmp_path / "a.mov", "qtrle", "pcm_s16le"))
    assert (media.video, media.hidden_picture) == (None, "qtrle")
    assert len(media.audio) == 1
    assert "its picture (qtrle) cannot be decoded: only its sound is used" in media.warnings


def test_sound_whose_codec_is_not_allowed_is_refused_by_its_name(tmp_path):
    with pytest.raises(BadMedia, match=r"a\.mkv is not supported: its sound \(tta\)") as refused:
        probe_clip(write(tmp_path / "a.mkv", "", "tta"))
    assert "convert" in refused.value.hint


def test_sound_that_ffmpeg_cannot_decode_is_named_by_its_four_letters(tmp_path):
    path = write(tmp_path / "a.mov", "", "pcm_s16le")
    path.write_bytes(path.read_bytes().replace(b"sowt", b"ac-9"))
    with pytest.raises(BadMedia, match=r"not supported: its sound \(ac-9\)"):
        probe_clip(path)


def test_of_two_tracks_the_one_that_is_not_allowed_is_left_out_and_named(tmp_path):
    path = write(tmp_path / "a.mkv", "libx264", "wavpack", "pcm_s16le")
    media = probe_clip(path)
    assert [track.codec for track in media.audio] == ["pcm_s16le"]
    assert "audio track 1 of the file is wavpack" in media.warnings
    assert extract_analysis_audio(path, media, tmp_path / "out").samples


@pytest.mark.parametrize(("suffix", "video", "sound"), [("mov", "qtrle", ""), ("mkv", "", "tta")])
def test_ffmpeg_itself_refuses_to_open_a_decoder_that_is_not_allowed(suffix, video, sound, tmp_path):
    """Whatever a stage forgets to ask."""
    path = write(tmp_path / f"a.{suffix}", video, *filter(None, [sound]))
    with pytest.raises(BadMedia, match=rf"a\.{suffix} cannot be decoded"), open_media(path) as container:
        next(container.decode(container.streams[0]))


def test_a_cover_is_no_hidden_picture(tmp_path):
    """PNG is not allowed; a cover is never decoded."""
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        track = container.add_stream("aac", rate=48_000, layout="mono")
        cover = container.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame(64, 48, "rgb24")))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        container.mux([*track.encode(frame), *track.encode(None)])
    with open_media(path) as container:
        assert [stream.codec_context.name for stream in container.streams.video] == ["png"]
    media = probe_clip(path)
    assert (media.video, media.hidden_picture, len(media.audio)) == (None, "", 1)


def test_a_picture_that_is_larger_than_its_header_says_is_not_begun(tmp_path):
    path = write(tmp_path / "a.webm", "libvpx")
    content = path.read_bytes()
    size = b"\x9d\x01\x2a\x40\x00\x30\x00"  # in a key frame of VP8: the start code, 64 wide, 48 high
    later = content.index(size) + 1
    bomb = b"\x9d\x01\x2a\xe0\x2e\xe0\x2e"  # 12,000 x 12,000
    assert size in content[later:]
    path.write_bytes(content[:later] + content[later:].replace(size, bomb))
    with open_media(path) as container:
        begun = set()
        for packet in container.demux(video=0):
            with suppress(av.InvalidDataError, av.ArgumentError):
                packet.decode()
            begun.add(packet.stream.codec_context.width)
    assert begun == {64, 0}
