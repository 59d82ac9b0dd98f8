"""What a profile may ask of each codec holds in the files: bytes, groups of pictures, bits, limits, sound."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from footage import Shot, film, steady
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.encoders import choose_video_encoder
from mcsyncd.conform.evidence import compute_frame_digest
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.proof_check import find_differences
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import Rendition
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.profiles import Profile

SIZE, FRAMES, GOP = (256, 144), 35, 10

PROXIES = {
    "h264 10 bit": {"codec": "h264", "crf": 20.5, "bits": 10, "gop": GOP, "threads": 3},
    "h264 slow film": {
        "codec": "h264", "crf": 20, "preset": "slow", "tune": "film", "fastdecode": True, "gop": GOP,
        "threads": 3,
    },
    "h264 capped": {"codec": "h264", "crf": 12, "maxrate": 900, "gop": GOP, "threads": 1},
    "hevc": {"codec": "hevc", "preset": "ultrafast", "crf": 24, "gop": GOP, "threads": 3},
    "hevc 10 bit capped": {
        "codec": "hevc", "preset": "ultrafast", "crf": 12, "bits": 10, "maxrate": 900, "gop": GOP,
        "threads": 3,
    },
    "av1": {"codec": "av1", "preset": 10, "crf": 34.5, "bits": 8, "gop": GOP, "threads": 3},
    "av1 10 bit fastdecode": {
        "codec": "av1", "preset": 10, "crf": 34, "fastdecode": True, "gop": GOP, "threads": 2,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def noisy(tmp_path_factory) -> Path:
    """A clip that is hard to encode, with a cut in the middle of a group: noise that moves."""
    path = tmp_path_factory.mktemp("noisy") / "clip.mkv"
    random = np.random.default_rng(11)
    coarse = random.integers(0, 255, (SIZE[1] // 8, SIZE[0] // 8))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(FRAMES):
            luma = np.kron(np.roll(coarse, number, 1) if number < 14 else 255 - coarse, np.ones((8, 8)))
            planes = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128.0)
            planes[: SIZE[1]] = luma
            planes += random.normal(0, 12, planes.shape)
            frame = av.VideoFrame.from_ndarray(np.clip(planes, 16, 235).astype(np.uint8), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def encoded(source: Path, folder: Path, video: dict, **others) -> Rendition:
    fields = {"kind": "proxy", "container": "mp4", "channels": "stereo", "audio": {"codec": "flac"}} | others
    profile = Profile.model_validate({**fields, "video": video})
    wanted = ((profile.kind, profile.build_ref("mine")),)
    made = conform_with_profiles(
        source, probe_clip(source), Grid(Rate(30)), wanted, folder=folder, stem=source.stem
    )
    return made.renditions[0]


def frames_of(path: str) -> tuple[list[str], list[str]]:
    """The frames decoded in one go, and each group of pictures by a decoder that saw nothing else."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        extradata, codec = stream.codec_context.extradata, stream.codec_context.codec.canonical_name
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert [packet.is_keyframe for packet in packets] == [n % GOP == 0 for n in range(len(packets))]
        assert all(packet.pts == packet.dts for packet in packets)
        alone: list[str] = []
        for first in range(0, len(packets), GOP):
            decoder = av.CodecContext.create("libdav1d" if codec == "av1" else codec, "r")
            decoder.extradata = extradata
            for packet in (*packets[first : first + GOP], None):
                alone += [compute_frame_digest(frame) for frame in decoder.decode(packet)]
    with av.open(path) as container:
        together = [compute_frame_digest(frame) for frame in container.decode(video=0)]
    return together, alone


@pytest.mark.parametrize("name", PROXIES)
def test_groups_are_closed_and_equally_long_and_the_bytes_do_not_depend_on_the_cores(name, noisy, tmp_path):
    cores = os.sched_getaffinity(0)
    first = encoded(noisy, tmp_path / "one", PROXIES[name])
    try:
        os.sched_setaffinity(0, {min(cores)})
        second = encoded(noisy, tmp_path / "two", PROXIES[name])
    finally:
        os.sched_setaffinity(0, cores)
    assert first.sha256 == second.sha256
    together, alone = frames_of(first.path)
    assert len(together) == FRAMES
    assert alone == together
    assert find_differences(Path(first.path), first) == ()


@pytest.mark.parametrize("name", PROXIES)
def test_every_instance_writes_the_same_header_and_the_bits_are_those_of_the_profile(name, noisy, tmp_path):
    other = film(tmp_path / "other.mp4", Shot(steady(30, 0.5), size=SIZE))
    headers = set()
    for source in (noisy, other):
        with av.open(encoded(source, tmp_path, PROXIES[name]).path) as container:
            context = container.streams.video[0].codec_context
            headers.add(context.extradata)
            assert context.pix_fmt == choose_video_encoder(
                Profile.model_validate(
                    {"kind": "proxy", "container": "mp4", "channels": "all", "audio": {"codec": "flac"},
                     "video": PROXIES[name]}
                ).video
            ).fmt  # fmt: skip
            assert ("10" in context.pix_fmt) == ("10 bit" in name)
    assert len(headers) == 1
    assert None not in headers


@pytest.mark.parametrize("name", ["h264 capped", "hevc 10 bit capped"])
def test_a_limit_holds_where_the_quality_alone_would_exceed_it(name, noisy, tmp_path):
    capped = encoded(noisy, tmp_path / "capped", PROXIES[name])
    free = encoded(noisy, tmp_path / "free", {**PROXIES[name], "maxrate": None})
    limit_bits = 900_000 * (FRAMES / 30) + 1_800_000  # what flows in, and a full buffer
    assert capped.bytes * 8 < limit_bits
    assert free.bytes * 8 > limit_bits


def test_apples_tag_for_hevc(noisy, tmp_path):
    with av.open(encoded(noisy, tmp_path, PROXIES["hevc"]).path) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_dnxhr_hqx_has_ten_bits(noisy, tmp_path):
    video = {"codec": "dnxhd", "flavour": "dnxhr_hqx", "threads": 2}
    made = encoded(
        noisy, tmp_path, video, kind="mezzanine", container="mov", audio={"codec": "pcm", "bits": 24}
    )
    with av.open(made.path) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv422p10le"
        assert container.streams.video[0].codec_context.profile == "DNXHR HQX"


@pytest.mark.parametrize("audio", [{"codec": "flac"}, {"codec": "aac", "kbps": 256}])
def test_mono_is_everything_in_one_channel_and_no_louder(audio, tmp_path):
    source = film(tmp_path / "clip.mov", Shot(steady(30, 2), (0, 2), events=(0.5, 1.2), layout="stereo"))
    video = {"codec": "h264", "preset": "ultrafast", "crf": 30, "gop": 10, "threads": 1}
    made = encoded(source, tmp_path, video, channels="mono", audio=audio)
    (track,) = made.tracks
    assert (track.layout, track.channels, track.source_channels) == ("mono", 1, ((0, 0), (0, 1)))

    def loudest(path: Path, channel: int) -> float:
        fitted = av.AudioResampler("fltp", None, 48_000)
        with av.open(str(path)) as container:
            blocks = [
                block.to_ndarray()[channel]
                for frame in container.decode(audio=0)
                for block in fitted.resample(frame)
            ]
        return float(np.abs(np.concatenate(blocks)).max())

    left, right = loudest(source, 0), loudest(source, 1)
    assert loudest(Path(made.path), 0) == pytest.approx((left + right) / 2, rel=0.05)


@pytest.mark.parametrize(
    "name", ["h264 10 bit", "hevc", "hevc 10 bit capped", "av1", "av1 10 bit fastdecode"]
)
@pytest.mark.parametrize("kind", ["full range", "HDR"])
def test_colour_tags_survive_in_every_codec(name, kind, tmp_path):
    hdr = {
        "color_primaries": "bt2020",
        "color_trc": "smpte2084",
        "colorspace": "bt2020nc",
        "color_range": "tv",
    }
    full = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "pc"}
    shot = Shot(steady(30, 0.4), size=SIZE, tags=hdr if kind == "HDR" else full)
    source = film(tmp_path / "clip.mp4", shot)
    # AV1 is for proxies, in which HDR is mapped to standard range
    is_proxy = name.startswith("av1")
    made = encoded(source, tmp_path, PROXIES[name], kind="proxy" if is_proxy else "mezzanine")
    found = probe_clip(Path(made.path)).video.colour
    assert (found.transfer, found.matrix) == (
        ("bt709", "bt709") if is_proxy or kind != "HDR" else ("smpte2084", "bt2020nc")
    )
    assert found.full_range == (kind == "full range")
