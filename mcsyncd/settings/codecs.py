"""The codecs of a profile: what may be chosen for picture and sound, and within which bounds."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from mcsyncd.settings.part import SettingsPart

EncoderThreads = Annotated[
    int, Field(ge=1, le=16, description="Encoder threads: a fixed number, because the bytes depend on it.")
]
"""Never "auto": x264's output depends on it, and so would the hash of a rendition on the machine that
made it."""

Preset = Literal[
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
]
"""The presets that x264 and x265 share, fastest first; `placebo` is left out (settings.refusals)."""


def _drop_zero_fraction(value: float) -> float:
    """Return 18.0 as the integer 18: they are the same profile, and must have the same hash."""
    return int(value) if value.is_integer() else value


_FractionalCrf = Annotated[float, AfterValidator(_drop_zero_fraction)]
KilobitsPerSecond = Annotated[int, Field(ge=100, le=400_000)]
GopFrames = Annotated[int, Field(ge=1, le=250)]


class CodecPart(SettingsPart):
    """Base of the codecs. A field that a later release added is canonical only where it is set.

    The canonical form of an older profile must never change: sessions, sidecars and manifests name its hash.
    """

    later_fields: ClassVar[frozenset[str]] = frozenset()
    """The fields that were added after the codec's first release; each has a default."""

    @model_serializer(mode="wrap")
    def _leave_out_later_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        document: dict[str, object] = serialize(self)
        fields = type(self).model_fields
        return {
            key: _drop_zero_fraction(value) if isinstance(value, float) else value
            for key, value in document.items()
            if key not in self.later_fields or value != fields[key].default
        }


class CappedCodecPart(CodecPart):
    """A codec of constant quality, whose bit rate may be limited."""

    maxrate: KilobitsPerSecond | None = None
    """Limit of the bit rate, in kbit/s. The quality stays constant below it."""
    bufsize: KilobitsPerSecond | None = None
    """Size of the decoder's buffer that the limit is kept over, in kbit; without it, two seconds' worth."""

    @model_validator(mode="after")
    def _check_buffer_has_limit(self) -> CappedCodecPart:
        if self.bufsize is not None and self.maxrate is None:
            raise ValueError("bufsize limits nothing without maxrate: write both")
        return self

    @property
    def cap(self) -> tuple[int, int] | None:
        """The limit in kbit/s and the buffer in kbit, or None without a limit."""
        return None if self.maxrate is None else (self.maxrate, self.bufsize or 2 * self.maxrate)


class HardwareCodecPart(CappedCodecPart):
    """A codec that a graphics card may encode, where the profile asks for it."""

    hardware: Literal["nvenc", "vaapi", "qsv", "amf"] | None = None
    """Encode in hardware: NVIDIA's, VA-API's, Intel's or AMD's. Fast, and other bytes on each device."""
    fallback: bool = True
    """Whether to encode in software where the hardware does not work; otherwise the job fails."""

    later_fields = frozenset({"hardware", "fallback"})

    @model_validator(mode="after")
    def _check_fallback_has_hardware(self) -> HardwareCodecPart:
        if not self.fallback and self.hardware is None:
            raise ValueError("fallback is about hardware: write hardware, or leave fallback out")
        return self


def _read_fastdecode_tune(document: object) -> object:
    """Read `tune: fastdecode` as `fastdecode: true`: one meaning, one hash."""
    if isinstance(document, dict) and document.get("tune") == "fastdecode":
        return {key: value for key, value in document.items() if key != "tune"} | {"fastdecode": True}
    return document


class H264(HardwareCodecPart):
    """H.264 High, 4:2:0, closed GOPs of equal length, no B-frames: seeks are exact and fast."""

    later_fields = HardwareCodecPart.later_fields | {"tune", "bits", "maxrate", "bufsize"}

    codec: Literal["h264"]
    preset: Preset = "veryfast"
    """x264's preset: slower ones compress better."""
    tune: Literal["film", "animation", "grain", "stillimage", "fastdecode"] | None = None
    """x264's tuning to what is filmed; `fastdecode` is another way to write `fastdecode: true`."""
    crf: _FractionalCrf = Field(ge=0, le=40)
    """x264's constant rate factor: lower is better and larger; 18 is hard to tell from the source."""
    bits: Literal[8, 10] = 8
    """Bits per sample. Ten (High 10) keep gradients smooth, and few browsers and decoder chips play them."""
    gop: GopFrames
    """Frames from one keyframe to the next; 1 is all-intra."""
    fastdecode: bool = False
    """x264's fastdecode tuning: half the decoding work for about a tenth more bits."""
    threads: EncoderThreads

    _read_tune = model_validator(mode="before")(_read_fastdecode_tune)

    @model_validator(mode="after")
    def _check_hardware_has_bits(self) -> H264:
        if self.hardware and self.bits == 10:
            raise ValueError("hardware makes no H.264 in ten bits: use codec: hevc, or leave hardware out")
        return self

    @model_validator(mode="after")
    def _check_cap_is_reproducible(self) -> H264:
        if self.maxrate is not None and self.threads > 1:
            raise ValueError(
                "with maxrate, x264 gives the same bytes again only on one thread: write threads: 1"
            )
        return self


class HEVC(HardwareCodecPart):
    """HEVC (H.265) Main, 4:2:0, closed GOPs of equal length, no B-frames."""

    codec: Literal["hevc"]
    preset: Preset = "veryfast"
    """x265's preset: slower ones compress better, and take far longer than x264's of the same name."""
    tune: Literal["animation", "grain", "fastdecode"] | None = None
    """x265's tuning to what is filmed; `fastdecode` is another way to write `fastdecode: true`."""
    crf: _FractionalCrf = Field(ge=0, le=51)
    """x265's constant rate factor: lower is better and larger; 22 looks about like 18 of x264."""
    bits: Literal[8, 10] = 8
    """Bits per sample: Main or Main 10. Ten keep the gradients of HDR smooth."""
    gop: GopFrames
    """Frames from one keyframe to the next; 1 is all-intra."""
    fastdecode: bool = False
    """x265's fastdecode tuning: less decoding work for more bits."""
    threads: EncoderThreads

    _read_tune = model_validator(mode="before")(_read_fastdecode_tune)

    @model_validator(mode="after")
    def _check_one_tuning(self) -> HEVC:
        if self.tune is not None and self.fastdecode:
            raise ValueError("x265 takes one tuning: leave out tune or fastdecode")
        return self


class AV1(HardwareCodecPart):
    """AV1, 4:2:0, closed GOPs of equal length, for proxies."""

    codec: Literal["av1"]
    preset: int = Field(default=8, ge=4, le=10)
    """SVT-AV1's preset: lower ones compress better and take longer."""
    crf: _FractionalCrf = Field(ge=1, le=63, multiple_of=0.5)
    """SVT-AV1's constant rate factor, in halves: lower is better and larger; 35 suits a proxy."""
    bits: Literal[8, 10] = 10
    """Bits per sample. Ten cost next to nothing in AV1, and every player of AV1 plays them."""
    gop: GopFrames
    """Frames from one keyframe to the next; 1 is all-intra."""
    fastdecode: bool = False
    """SVT-AV1's fast-decode mode: less decoding work for more bits."""
    threads: EncoderThreads


class ProRes(CodecPart):
    """Apple ProRes 4:2:2, 10 bit, all-intra."""

    codec: Literal["prores"]
    flavour: Literal["proxy", "lt", "standard", "hq"]
    """The member of the family, smallest first."""
    threads: EncoderThreads


class DNxHD(CodecPart):
    """Avid DNxHR, all-intra."""

    codec: Literal["dnxhd"]
    flavour: Literal["dnxhr_lb", "dnxhr_sq", "dnxhr_hq", "dnxhr_hqx"]
    """The member of the family, smallest first; all are 4:2:2, HQX in 10 bits and the others in 8."""
    threads: EncoderThreads


class Flac(CodecPart):
    """Lossless; 16 bit, or 24 bit where the camera recorded more than 16."""

    codec: Literal["flac"]


class Aac(CodecPart):
    """AAC-LC, for players that support nothing else."""

    codec: Literal["aac"]
    kbps: int = Field(ge=48, le=512)
    """Kilobits per second for two channels."""


class Pcm(CodecPart):
    """Uncompressed PCM, which editing systems prefer."""

    codec: Literal["pcm"]
    bits: Literal[16, 24]
    """Bits per sample."""


VideoCodec = Annotated[H264 | HEVC | AV1 | ProRes | DNxHD, Field(discriminator="codec")]
AudioCodec = Annotated[Flac | Aac | Pcm, Field(discriminator="codec")]
