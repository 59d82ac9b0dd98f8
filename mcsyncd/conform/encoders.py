"""Choose encoders and their options for a profile. Pure: names and numbers, no library.

The options are those of FFmpeg's libraries. Every option that affects the output bytes is set
explicitly, so that a new default in a library cannot silently change a rendition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mcsyncd.conform.colour_tags import ColourTags
from mcsyncd.settings.codecs import (
    AV1,
    H264,
    HEVC,
    Aac,
    AudioCodec,
    CappedCodecPart,
    DNxHD,
    Flac,
    ProRes,
    VideoCodec,
)

_PRORES_PROFILES = {"proxy": "0", "lt": "1", "standard": "2", "hq": "3"}
"""ProRes 422 flavours, by the numbers that FFmpeg's ProRes encoders use."""
_PIXEL_FORMATS = {8: "yuv420p", 10: "yuv420p10le"}
"""Pixel format, by bits per sample."""
CAP_OPTIONS = ("maxrate", "bufsize")
"""FFmpeg's options for a limit of the bit rate and for the buffer over which it holds, of every encoder."""
_MAX_SVT_PARALLELISM = 6
"""SVT-AV1's highest level of parallelism (its documentation); it refuses more."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """One encoder: its name, options and threads. `fmt` is the pixel or sample format of its input.

    `gop` is the number of frames from one key frame to the next.
    `tag` is the code that the container names the codec by, "" for the muxer's own choice. `hardware` names
    the device's interface, "" for software, which alone gives the same bytes again.
    """

    name: str
    fmt: str
    options: tuple[tuple[str, str], ...] = ()
    threads: int = 1
    bit_rate: int | None = None
    gop: int = 1
    tag: str = ""
    hardware: str = ""

    @property
    def bits(self) -> int:
        """Bits per sample of the pictures."""
        return 10 if "10" in self.fmt else 8

    def with_tags(self, tags: ColourTags) -> Encoder:
        """Return the same encoder, set to write these colour tags."""
        return replace(self, options=(*self.options, *tags.options))


def choose_video_encoder(video: VideoCodec) -> Encoder:
    """Return the encoder of a profile's video."""
    match video:
        case H264():
            return _build_x264_encoder(video)
        case HEVC():
            return _build_x265_encoder(video)
        case AV1():
            return _build_svt_av1_encoder(video)
        case ProRes():
            # Measured per frame at equal VMAF: prores_aw 98 ms of CPU time, prores_ks 277 ms.
            options = (("profile", _PRORES_PROFILES[video.flavour]),)
            return Encoder("prores_aw", "yuv422p10le", options, video.threads)
        case DNxHD():
            fmt = "yuv422p10le" if video.flavour == "dnxhr_hqx" else "yuv422p"
            return Encoder("dnxhd", fmt, (("profile", video.flavour),), video.threads)


def _build_x264_encoder(video: H264) -> Encoder:
    options = [
        ("preset", video.preset),
        ("crf", str(video.crf)),
        ("g", str(video.gop)),
        ("bf", "0"),
        ("sc_threshold", "0"),  # a key frame at a scene cut would shift all later ones
        ("flags", "+cgop"),
    ]
    tunings = [*([video.tune] if video.tune else []), *(["fastdecode"] if video.fastdecode else [])]
    if tunings:
        options.append(("tune", ",".join(tunings)))
    return Encoder(
        "libx264", _PIXEL_FORMATS[video.bits], (*options, *_build_cap(video)), video.threads, gop=video.gop
    )


def _build_x265_encoder(video: HEVC) -> Encoder:
    """Return x265's options for equal bytes on any machine.

    Measured: the output depends on the number of frame threads, not on the size of the pool; with a cap and
    without const-vbv, it also depends on chance. Without info=0, x265 would write the processor's features
    into the file.
    """
    parameters: dict[str, int | str] = {
        "keyint": video.gop,
        "min-keyint": video.gop,
        "scenecut": 0,
        "open-gop": 0,
        "bframes": 0,
        "frame-threads": 1,
        "pools": video.threads,
        "wpp": 1,
        "lookahead-slices": 0,
        "const-vbv": 1,
        "info": 0,
        "log-level": "error",
    }
    options = [("preset", video.preset), ("crf", str(video.crf))]
    if tuning := video.tune or ("fastdecode" if video.fastdecode else ""):
        options.append(("tune", tuning))
    options.append(("x265-params", _join_parameters(parameters)))
    # Apple's players take HEVC only by the tag hvc1; the muxer would write hev1.
    fmt = _PIXEL_FORMATS[video.bits]
    return Encoder("libx265", fmt, (*options, *_build_cap(video)), video.threads, gop=video.gop, tag="hvc1")


def _build_svt_av1_encoder(video: AV1) -> Encoder:
    """Return SVT-AV1's options for closed GOPs and equal bytes on any machine.

    Measured: the low-delay structure (pred-struct=1) takes twice the bits or more at the same quality, so
    the hierarchical one is used; its frames are reordered within a packet only. Bytes do not depend on lp.
    """
    parameters: dict[str, int | str] = {
        "irefresh-type": 2,  # a key frame begins a closed GOP
        "scd": 0,
        "pred-struct": 2,
        "lp": min(video.threads, _MAX_SVT_PARALLELISM),
        "fast-decode": int(video.fastdecode),
    }
    options = (
        ("preset", str(video.preset)),
        ("crf", str(video.crf)),
        ("g", str(video.gop)),
        ("svtav1-params", _join_parameters(parameters)),
    )
    fmt = _PIXEL_FORMATS[video.bits]
    return Encoder("libsvtav1", fmt, (*options, *_build_cap(video)), video.threads, gop=video.gop)


def _build_cap(video: CappedCodecPart) -> tuple[tuple[str, str], ...]:
    if video.cap is None:
        return ()
    return tuple((key, f"{value}k") for key, value in zip(CAP_OPTIONS, video.cap, strict=True))


def _join_parameters(parameters: Mapping[str, int | str]) -> str:
    return ":".join(f"{key}={value}" for key, value in parameters.items())


def choose_audio_encoder(audio: AudioCodec, channels: int, *, over_16_bits: bool) -> Encoder:
    """Return the encoder of a profile's audio; `over_16_bits` if the source may have more than 16 bits."""
    match audio:
        case Aac():
            return Encoder("aac", "fltp", bit_rate=audio.kbps * 1000 * channels // 2)
        case Flac():
            return Encoder("flac", "s32" if over_16_bits else "s16")
        case _ if audio.bits == 24:
            return Encoder("pcm_s24le", "s32")
        case _:
            return Encoder("pcm_s16le", "s16")


def get_sample_bits(encoder: Encoder) -> int | None:
    """Return the bits that an audio encoder keeps of each sample, None if it is lossy."""
    return {"s16": 16, "s32": 24}.get(encoder.fmt)
