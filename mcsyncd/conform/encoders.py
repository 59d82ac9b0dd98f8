"""Choose encoders and their options for a profile. Pure: names and numbers, no library.

The options are those of FFmpeg's libraries. Every option that affects the output bytes is set
explicitly, so that a new default in a library cannot silently change a rendition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcsyncd.conform.colour_tags import ColourTags
from mcsyncd.settings.profiles import H264, Aac, AudioCodec, DNxHD, Flac, ProRes, VideoCodec

_PRORES_PROFILES = {"proxy": "0", "lt": "1", "standard": "2", "hq": "3"}
"""ProRes 422 flavours, by the numbers that FFmpeg's ProRes encoders use."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """One encoder: its name, options and threads. `fmt` is the pixel or sample format of its input.

    `gop` is the number of frames from one key frame to the next.
    """

    name: str
    fmt: str
    options: tuple[tuple[str, str], ...] = ()
    threads: int = 1
    bit_rate: int | None = None
    gop: int = 1

    def with_tags(self, tags: ColourTags) -> Encoder:
        """Return the same encoder, set to write these colour tags."""
        return replace(self, options=(*self.options, *tags.options))


def choose_video_encoder(video: VideoCodec) -> Encoder:
    """Return the encoder of a profile's video."""
    match video:
        case H264():
            return _build_x264_encoder(video)
        case ProRes():
            # Measured per frame at equal VMAF: prores_aw 98 ms of CPU time, prores_ks 277 ms.
            options = (("profile", _PRORES_PROFILES[video.flavour]),)
            return Encoder("prores_aw", "yuv422p10le", options, video.threads)
        case DNxHD():
            return Encoder("dnxhd", "yuv422p", (("profile", video.flavour),), video.threads)


def _build_x264_encoder(video: H264) -> Encoder:
    options = [
        ("preset", video.preset),
        ("crf", str(video.crf)),
        ("g", str(video.gop)),
        ("bf", "0"),
        ("sc_threshold", "0"),  # a key frame at a scene cut would shift all later ones
        ("flags", "+cgop"),
    ]
    if video.fastdecode:
        options.append(("tune", "fastdecode"))
    return Encoder("libx264", "yuv420p", tuple(options), video.threads, gop=video.gop)


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
