"""Every colour code point, from the frame to the file: what is written, what is said, and what is shown."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from mcsyncd.conform.explain import TYPICAL_CLIP
from mcsyncd.conform.filter_graphs import FrameConverter
from mcsyncd.conform.frame_conversion import plan_boxed_conversion, plan_thumbnail_conversion
from mcsyncd.conform.frame_reader import read_frame
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.plan import plan_renditions
from mcsyncd.conform.rendition_writer import RenditionWriter
from mcsyncd.conform.segment_writer import SegmentWriter
from mcsyncd.conform.segments import Segment
from mcsyncd.media.colour import MATRICES, PRIMARIES, TRANSFERS, get_colour_numbers
from mcsyncd.media.frames import list_reserved_tags, read_colour
from mcsyncd.model.clip import Media
from mcsyncd.model.colour import Colour
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import Profile, list_profile_names, load_profile

PROFILES = list_profile_names(find_shipped_profiles())
FURTHER_CODECS = {
    "h264 10 bit": {"codec": "h264", "preset": "ultrafast", "crf": 20, "bits": 10, "gop": 1, "threads": 1},
    "hevc": {"codec": "hevc", "preset": "ultrafast", "crf": 20, "gop": 1, "threads": 1},
    "hevc 10 bit": {"codec": "hevc", "preset": "ultrafast", "crf": 20, "bits": 10, "gop": 1, "threads": 1},
    "av1": {"codec": "av1", "preset": 10, "crf": 30, "gop": 10, "threads": 1},
    "dnxhr_hqx": {"codec": "dnxhd", "flavour": "dnxhr_hqx", "threads": 1},
}
SIZE = (256, 128)
RESERVED = (0, 2, 3, 19, 100, 255, 257)
SWEEP = [
    *(("color_primaries", number) for number in (*PRIMARIES, *RESERVED)),
    *(("color_trc", number) for number in (*TRANSFERS, *RESERVED)),
    *(("colorspace", number) for number in (*MATRICES, *RESERVED)),
]
# The shares of red and blue in luma (ITU-R BT.709 and BT.601).
LUMA = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114)}


def make_frame(pix_fmt: str = "yuv420p", **tags: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.full((SIZE[1] * 3 // 2, SIZE[0]), 110, np.uint8), "yuv420p")
    frame = frame.reformat(format=pix_fmt)
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    for name, number in tags.items():
        setattr(frame, name, number)
    return frame


def describe(frame: av.VideoFrame) -> Media:
    video = replace(
        TYPICAL_CLIP.video,
        width=frame.width,
        height=frame.height,
        pix_fmt=frame.format.name,
        colour=read_colour(frame),
        rate=Rate(25),
    )
    return replace(TYPICAL_CLIP, video=video, audio=())


def plan(media: Media, name: str):
    if name in FURTHER_CODECS:
        video = FURTHER_CODECS[name]
        container = "mov" if video["codec"] == "dnxhd" else "mp4"
        sound = {"codec": "pcm", "bits": 16} if container == "mov" else {"codec": "flac"}
        fields = {"kind": "proxy", "container": container, "channels": "stereo", "audio": sound}
        profile = Profile.model_validate({**fields, "video": video})
    else:
        profile = load_profile(find_shipped_profiles(), name)
    return plan_renditions(media, Grid(Rate(25)), ((profile.kind, profile.build_ref(name), profile),))


def write(path: Path, frame: av.VideoFrame, name: str):
    """Write a frame with a profile, and return its plan and what a decoder says of the file."""
    made = plan(describe(frame), name).files[0]
    part = path.with_name(f"segment.{made.container}")
    converter = FrameConverter(made.conversion)
    with SegmentWriter(part, made, Rate(25), Segment(0, 0, None), converter) as segment:
        segment.write_frame(frame, 2)
        segment.flush()
    with RenditionWriter(path, replace(made, audio_tracks=()), Rate(25)) as writer:
        assert list(writer.copy_segment(part, 0)) == [1, 2]
    with av.open(str(path)) as container:
        return made, next(container.decode(video=0))


@pytest.mark.parametrize("name", [*PROFILES, *FURTHER_CODECS])
def test_every_code_point_is_written_as_planned_by_every_profile(name, tmp_path):
    for tag, number in SWEEP if name in PROFILES else SWEEP[::3]:
        made, seen = write(tmp_path / "made.mov", make_frame(**{tag: number}), name)
        tags = made.conversion.tags
        wanted = get_colour_numbers(tags.primaries, tags.transfer, tags.matrix)
        found = (int(seen.color_primaries), int(seen.color_trc), int(seen.colorspace))
        assert found == (wanted.primaries, wanted.transfer, wanted.matrix), (tag, number)


@pytest.mark.parametrize("name", ["mezz-h264", "mezz-prores-lt", "mezz-dnxhr-lb"])
def test_a_tag_is_kept_or_its_replacement_is_told(name):
    known = {"color_primaries": PRIMARIES, "color_trc": TRANSFERS, "colorspace": MATRICES}
    fields = {"color_primaries": "primaries", "color_trc": "transfer", "colorspace": "matrix"}
    same = {"bt470bg", "smpte170m", "bt2020-10", "bt2020-12"}  # by another name the same function or matrix
    for tag, number in SWEEP if name in PROFILES else SWEEP[::3]:
        made = plan(describe(make_frame(**{tag: number})), name)
        own = known[tag].get(number)
        written, notes = getattr(made.files[0].conversion.tags, fields[tag]), " ".join(made.files[0].notes)
        if own is None or own == "gbr":
            assert "assumed" in notes, (tag, number)
        elif written != own and not (own in same and tag != "color_primaries"):
            assert f"cannot carry the colour {fields[tag]} {own}" in notes, (tag, number)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj422p", "yuv422p10le", "gbrp", "rgb24", "gray"])
def test_every_code_point_can_be_looked_at_whatever_the_pixels(pix_fmt):
    for tag, number in SWEEP:
        frame = make_frame(pix_fmt, **{tag: number})
        video = describe(frame).video
        for conversion in (
            plan_boxed_conversion(video, (40, 40)),
            plan_thumbnail_conversion(video, (40, 40)),
            plan(describe(frame), "mezz-h264").files[0].conversion,
        ):
            shown = FrameConverter(conversion).convert_frame(frame)
            assert (shown.width, shown.height) == conversion.size, (tag, number)


def test_rgb_is_rgb_whatever_its_tags_say():
    assert read_colour(make_frame("gbrp", colorspace=1)).matrix == "gbr"
    assert read_colour(make_frame(colorspace=0)).matrix is None
    assert list(list_reserved_tags(make_frame(colorspace=0, color_trc=3))) == [("transfer", 3), ("matrix", 0)]
    assert list(list_reserved_tags(make_frame(colorspace=9, color_trc=18))) == []


def mix(rgb: np.ndarray, matrix: str) -> list[int]:
    """Y, Cb and Cr of a colour in 8 bits, limited range, by the standards' own formula."""
    red, blue = LUMA[matrix]
    luma = red * rgb[0] + (1 - red - blue) * rgb[1] + blue * rgb[2]
    cb, cr = (rgb[2] - luma) / (2 - 2 * blue), (rgb[0] - luma) / (2 - 2 * red)
    return [round(16 + 219 * luma), round(128 + 224 * cb), round(128 + 224 * cr)]


def paint(rgb: np.ndarray, matrix: str) -> np.ndarray:
    """A picture of one colour as yuv420p."""
    luma, cb, cr = mix(rgb, matrix)
    width, height = SIZE
    planes = [np.full((height, width), luma), *(np.full((height // 4, width), one) for one in (cb, cr))]
    return np.concatenate(planes).astype(np.uint8)


GREEN = np.array([0.1, 0.9, 0.1])


def test_a_matrix_that_cannot_be_written_is_converted(tmp_path):
    frame = av.VideoFrame.from_ndarray(paint(GREEN, "bt601"), "yuv420p")
    frame.pts, frame.time_base, frame.colorspace = 0, Fraction(1, 25), 6
    made, seen = write(tmp_path / "made.mov", frame, "mezz-dnxhr-lb")
    raw = seen.reformat(format="yuv444p").to_ndarray()[:, 64, 128]
    assert made.conversion.tags.matrix == "bt709"
    assert np.abs(raw - np.array(mix(GREEN, "bt709"))).max() <= 2
    assert np.abs(np.array(mix(GREEN, "bt709")) - mix(GREEN, "bt601")).max() > 5


def film_segments(path: Path, segments, codec: str = "libx264", pix_fmt: str = "yuv420p") -> Path:
    """Write five frames for each segment: (picture, encoder options, bit stream filter)."""
    with av.open(str(path), "w") as container:
        first = container.add_stream(codec, rate=25, options=segments[0][1])
        first.width, first.height, first.pix_fmt = *SIZE, pix_fmt
        for number, (pixels, options, rewrite) in enumerate(segments):
            encoder = av.CodecContext.create(codec, "w")
            encoder.width, encoder.height, encoder.pix_fmt = *SIZE, pix_fmt
            encoder.time_base, encoder.framerate, encoder.options = Fraction(1, 25), Fraction(25), options
            packets = []
            for at in range(5):
                frame = av.VideoFrame.from_ndarray(pixels, "yuv420p").reformat(format=pix_fmt)
                frame.pts, frame.time_base = 5 * number + at, Fraction(1, 25)
                packets += encoder.encode(frame)
            packets += encoder.encode(None)
            if rewrite:
                rewriter = BitStreamFilterContext(rewrite, first)
                packets = [one for packet in packets for one in rewriter.filter(packet)]
            for packet in packets:
                packet.stream = first
                container.mux(packet)
    return path


X264 = {"preset": "ultrafast", "bf": "0", "crf": "5"}


def test_pals_own_tags_are_conformed_by_every_profile(run, tmp_path):
    tags = {"color_primaries": "bt470bg", "color_trc": "gamma28", "colorspace": "bt470bg", "bf": "0"}
    clip = film_segments(tmp_path / "clip.mpg", [(paint(GREEN, "bt601"), tags, None)], "mpeg2video")
    media = probe_clip(clip)
    assert media.video.colour == Colour("bt470bg", "gamma28", "bt470bg")
    for name in (one for one in PROFILES if one.startswith("mezz")):
        made = run(clip, media=media, mezzanine=name)
        assert [one.frames for one in made.renditions] == [5, 5]
        assert made.sprites is not None
    assert read_frame(clip, media.video, Fraction(0), (64, 64)).pixels is not None


def test_reserved_numbers_in_a_stream_are_named_by_probe_and_conformed(run, tmp_path):
    rewrite = "prores_metadata=color_primaries=0:color_trc=0:colorspace=0"
    segments = [(paint(GREEN, "bt709"), {}, rewrite)]
    clip = film_segments(tmp_path / "clip.mov", segments, "prores_aw", "yuv422p10le")
    media = probe_clip(clip)
    assert any("transfer is 0, a reserved number" in warning for warning in media.warnings)
    made = run(clip, media=media)
    assert any("no colour tags" in note for note in made.renditions[0].notes)


def test_tags_that_change_midway_are_told_and_the_colour_stays(run, tmp_path):
    segments = [
        (paint(GREEN, "bt709"), {**X264, "colorspace": "bt709", "color_trc": "bt709"}, None),
        (paint(GREEN, "bt601"), {**X264, "colorspace": "smpte170m", "color_trc": "gamma28"}, None),
    ]
    made = run(film_segments(tmp_path / "clip.ts", segments)).renditions[0]
    assert any("colour tags change" in note and "gamma28" in note for note in made.notes)
    with av.open(made.path) as container:
        seen = [
            frame.reformat(format="yuv444p").to_ndarray()[:, 64, 128] for frame in container.decode(video=0)
        ]
    assert len(seen) == 10
    assert np.abs(np.array(seen) - np.array(mix(GREEN, "bt709"))).max() <= 2


def test_a_clip_that_becomes_hdr_midway_is_mapped_from_there_on():
    tags = {"color_primaries": 9, "color_trc": 18, "colorspace": 9}
    bright = np.full((SIZE[1] * 3 // 2, SIZE[0]), 200, np.uint8)
    sdr = describe(make_frame(color_primaries=1, color_trc=1, colorspace=1))
    converter = FrameConverter(plan(sdr, "mezz-h264").files[0].conversion)
    shown = []
    for wanted in ({}, tags):
        frame = av.VideoFrame.from_ndarray(bright, "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        for name, number in wanted.items():
            setattr(frame, name, number)
        shown.append(converter.convert_frame(frame))
    assert [int(one.color_trc) for one in shown] == [1, 1]
    assert abs(int(shown[0].to_ndarray()[64, 128]) - int(shown[1].to_ndarray()[64, 128])) > 5
