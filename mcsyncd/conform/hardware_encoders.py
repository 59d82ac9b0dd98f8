"""Encoders in hardware for a profile that asks for one: names and options. Pure.

The options are those that FFmpeg documents for constant quality in closed groups without B-frames. They have
not been run on hardware. What they give is not the same on two devices or drivers, so such a rendition
is marked as not reproducible, and its scale of quality is only near that of the software encoder.
"""

from __future__ import annotations

from mcsyncd.conform.encoders import CAP_OPTIONS, Encoder, choose_video_encoder
from mcsyncd.errors import McsyncError
from mcsyncd.settings.codecs import AV1, H264, HEVC, DNxHD, HardwareCodecPart, ProRes, VideoCodec

_X264_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
)  # fmt: skip
_NVENC_PRESETS = ("p1", "p2", "p3", "p4", "p4", "p5", "p6", "p7", "p7")
_QSV_PRESETS = (
    "veryfast", "veryfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
)  # fmt: skip
_AMF_QUALITIES = ("speed", "speed", "speed", "speed", "balanced", "balanced", "quality", "quality", "quality")
"""The vendors' presets, in the order of x264's. Judgement: as many steps from the middle."""

_FIRST_AV1_PRESET = 12
"""SVT-AV1's preset that would be x264's fastest: 10 becomes veryfast, 4 veryslow. Judgement."""
_AMF_AV1_QP_PER_CRF = 4
"""AMF's scale for AV1 ends at 255, SVT-AV1's at 63."""


def choose_usable_encoder(
    profile: str, video: VideoCodec, usable: frozenset[str]
) -> tuple[Encoder, tuple[str, ...]]:
    """Return the encoder for a profile's video where only these hardware encoders work, and notes for people.

    Raises McsyncError if the profile `profile` insists on hardware that does not work.
    """
    software, hardware = choose_video_encoder(video), build_hardware_encoder(video)
    if hardware is None:
        return software, ()
    if hardware.name in usable:
        return hardware, ()
    if isinstance(video, HardwareCodecPart) and not video.fallback:
        raise McsyncError(
            f"the profile {profile} insists on {hardware.name}, which does not work here",
            "run `mcsyncd doctor` for the reason, or leave out fallback: false",
        )
    return software, (f"{hardware.name} does not work here: encoded by {software.name} instead",)


def build_hardware_encoder(video: VideoCodec) -> Encoder | None:
    """Return the encoder in hardware that the profile asks for, or None if it asks for none."""
    if isinstance(video, ProRes | DNxHD) or video.hardware is None:
        return None
    speed = _rank_preset(video)
    options: tuple[tuple[str, str], ...] = (("g", str(video.gop)), ("bf", "0"))
    quality = f"{video.crf:g}"
    match video.hardware:
        case "nvenc":
            options += (
                ("preset", _NVENC_PRESETS[speed]),
                ("rc", "vbr"),
                ("cq", quality),
                ("b", "0"),
                ("no-scenecut", "1"),
                ("strict_gop", "1"),
                ("forced-idr", "1"),
            )
        case "qsv":
            whole = str(round(video.crf))
            options += (("preset", _QSV_PRESETS[speed]), ("global_quality", whole), ("adaptive_i", "0"))
            if isinstance(video, HEVC):  # plain P frames, and every I frame begins a closed group
                options += (("gpb", "0"), ("idr_interval", "1"))
        case "amf":
            qp = str(round(video.crf * (_AMF_AV1_QP_PER_CRF if isinstance(video, AV1) else 1)))
            options += (("quality", _AMF_QUALITIES[speed]), ("rc", "cqp"), ("qp_i", qp), ("qp_p", qp))
        case "vaapi":
            options += (("rc_mode", "CQP"), ("qp", str(round(video.crf))))
    if video.cap:
        options += tuple((key, f"{value}k") for key, value in zip(CAP_OPTIONS, video.cap, strict=True))
    return Encoder(
        f"{video.codec}_{video.hardware}",
        "p010le" if video.bits == 10 else "nv12",
        options,
        tag="hvc1" if video.codec == "hevc" else "",
        gop=video.gop,
        hardware=video.hardware,
    )


def _rank_preset(video: H264 | HEVC | AV1) -> int:
    """Return the place of a preset in the order of x264's, from 0 for the fastest."""
    if isinstance(video.preset, int):
        return min(len(_X264_PRESETS) - 1, _FIRST_AV1_PRESET - video.preset)
    return _X264_PRESETS.index(video.preset)
