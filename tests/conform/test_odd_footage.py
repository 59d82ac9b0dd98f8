"""Footage that few cameras write: lines that are no picture, and still pictures with sound."""

from fractions import Fraction

import av
import numpy as np
import pytest

from mcsyncd.conform.frame_reader import read_frame
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip


def write_imx(path, height: int, shape: str):
    """MPEG-2 as IMX stores it: signals in the lines above the picture, white on its first and last line."""
    lines = {608: 32, 512: 26}[height]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25, options={"g": "1", "qmin": "1", "qmax": "2"})
        stream.width, stream.height, stream.pix_fmt = 720, height, "yuv422p"
        stream.codec_context.sample_aspect_ratio = Fraction(shape) * Fraction(height, 720)
        for number in range(4):
            gray = np.full((height * 2, 720), 128, np.uint8)
            gray[:height] = 80
            gray[:lines:2] = 235  # timecode and teletext flicker there
            gray[[lines + 2, height - 3]] = 200
            frame = av.VideoFrame.from_ndarray(gray[:height], "gray8").reformat(format="yuv422p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("height", "shape", "picture"),
    [(608, "4/3", (768, 576)), (608, "16/9", (1024, 576)), (512, "4/3", (720, 540))],
)
def test_the_signals_above_an_imx_picture_are_cropped_and_told(height, shape, picture, run, tmp_path):
    clip = write_imx(tmp_path / "clip.mxf", height, shape)
    media = probe_clip(clip)
    assert (media.video.width, media.video.height) == (720, height)
    made = run(clip)
    mezzanine = made.get_rendition("mezzanine")
    assert (mezzanine.width, mezzanine.height) == picture
    lines = {608: 32, 512: 26}[height]
    assert any(f"top {lines} lines" in note for note in mezzanine.notes)
    with av.open(mezzanine.path) as container:
        gray = next(container.decode(video=0)).to_ndarray(format="gray8").astype(int)
    scale = picture[1] / (height - lines)
    assert abs(int(np.argmax(gray[:20, 300])) - 2.5 * scale) <= 1.5
    assert gray[:2].max() < 120, "the signals above the picture are visible"
    shown = read_frame(clip, media.video, Fraction(0), (320, 240)).pixels
    assert shown[0].max() < 120


def write_still(path, codec: str):
    """One picture, and five seconds of sound."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream(codec, rate=48_000, layout="mono")
        frame = av.VideoFrame.from_ndarray(np.full((72, 64), 90, np.uint8), "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux([*picture.encode(frame), *picture.encode(None)])
        fitted = av.AudioResampler(sound.format.name, "mono", 48_000)
        for number in range(5 * 48_000 // 1024):
            noise = np.random.default_rng(number).integers(-9000, 9000, (1, 1024)).astype(np.int16)
            block = av.AudioFrame.from_ndarray(noise, "s16", "mono")
            block.sample_rate, block.pts = 48_000, number * 1024
            for one in fitted.resample(block):
                container.mux(sound.encode(one))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "aac"), ("a.mov", "pcm_s16le")])
def test_a_still_picture_says_how_much_of_its_sound_is_cut(name, codec, run, tmp_path):
    media = probe_clip(write_still(tmp_path / name, codec))
    assert media.video.rate == Rate(25)
    assert any("sound ends 5.0 s after the picture" in warning for warning in media.warnings)
    made = run(tmp_path / name).get_rendition("mezzanine")
    assert made.frames == 1
    (note,) = [note for note in made.notes if "audio after the last frame cut" in note]
    assert 4900 < float(note.split(" ms")[0]) < 5000
