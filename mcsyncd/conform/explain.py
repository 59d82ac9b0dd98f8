"""Explain what a profile produces, in words and gigabytes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mcsyncd.conform.audio_tracks import AudioTrackPlan
from mcsyncd.conform.encoders import choose_video_encoder
from mcsyncd.conform.grid import SAMPLE_RATE
from mcsyncd.conform.plan import FilePlan, RenderPlan
from mcsyncd.model.clip import AudioStream, Media, VideoStream
from mcsyncd.model.colour import Colour
from mcsyncd.model.rate import Rate
from mcsyncd.settings.codecs import AV1, H264, HEVC, Aac, CappedCodecPart, DNxHD, Flac, Pcm, ProRes
from mcsyncd.settings.profiles import Profile

_HD_COLOUR = Colour("bt709", "bt709", "bt709")

TYPICAL_CLIP = Media(
    container="mov,mp4,m4a,3gp,3g2,mj2",
    duration_us=3_600_000_000,
    video=VideoStream(0, "h264", 1920, 1080, Rate(30), "yuv420p", 0, 3_600_000_000, colour=_HD_COLOUR),
    audio=(AudioStream(1, "aac", SAMPLE_RATE, 2, "stereo", 0, 3_600_000_000),),
)
"""An hour of what most cameras record: used if no clip is given."""

# Bits per pixel, measured on grainy 1080p30 footage; clean footage takes less. They only feed the
# estimate of disk space that `mcsyncd profile explain` prints. Those of x264 and x265 are at CRF 18, those of
# SVT-AV1 at CRF 35; the last four follow from x264's by the ratio measured on a GoPro's clip with grain.
_X264_BITS_PER_PIXEL = 0.47
_X264_INTRA_BITS_PER_PIXEL = 0.65
_X265_BITS_PER_PIXEL = 0.7
_X265_INTRA_BITS_PER_PIXEL = 0.8
_SVT_AV1_BITS_PER_PIXEL = 0.3
_SVT_AV1_INTRA_BITS_PER_PIXEL = 0.55
_PRORES_BITS_PER_PIXEL = {"proxy": 0.79, "lt": 1.88, "standard": 2.5, "hq": 3.75}
_DNXHR_BITS_PER_PIXEL = {"dnxhr_lb": 0.72, "dnxhr_sq": 2.35, "dnxhr_hq": 3.5, "dnxhr_hqx": 3.5}
_FLAC_COMPRESSION = 0.6
"""Size of FLAC relative to PCM. Judgement: the usual ratio for speech and music at line level."""


def estimate_gb_per_hour(profile: Profile, file: FilePlan, rate: Rate) -> float:
    """Return roughly how many gigabytes an hour of such a clip takes, as an upper bound for most footage.

    `rate` is the session's. x264 and x265 halve their bits for every 6 steps of CRF, by their own rule of
    thumb, and SVT-AV1 for every 10 (measured).
    """
    bits = sum(_estimate_audio_bit_rate(profile, track) for track in file.audio_tracks)
    if file.conversion:
        width, height = file.conversion.size
        picture_bits = _estimate_bits_per_pixel(profile) * width * height * float(rate.fraction)
        cap = profile.video.cap if isinstance(profile.video, CappedCodecPart) else None
        bits += min(picture_bits, cap[0] * 1000) if cap else picture_bits
    return bits * 3600 / 8 / 1e9


def estimate_audio_gb_per_hour(profile: Profile, file: FilePlan) -> float:
    """Return how many gigabytes an hour of the file's sound takes; only FLAC's share is a guess."""
    return sum(_estimate_audio_bit_rate(profile, track) for track in file.audio_tracks) * 3600 / 8 / 1e9


def explain_plan(profile: Profile, planned: RenderPlan) -> tuple[str, ...]:
    """Return sentences that describe the first file of a plan."""
    file = planned.files[0]
    lines = [profile.description] if profile.description else []
    if file.conversion:
        lines += [
            _format_frame_size(planned.video, file),
            _format_video_codec(profile),
            _format_frame_rate(planned),
        ]
    lines += [
        f"{f'Audio {number}' if len(file.audio_tracks) > 1 else 'Audio'}: "
        f"{_format_audio_track(profile, track)}"
        for number, track in enumerate(file.audio_tracks, 1)
    ]
    lines += [f"Note: {note}." for note in file.notes]
    size = estimate_gb_per_hour(profile, file, planned.grid.rate)
    return (*lines, f"About {size:.1f} GB per hour for grainy footage; clean footage takes less.")


def _format_frame_size(video: VideoStream | None, file: FilePlan) -> str:
    assert video is not None
    assert file.conversion is not None
    steps = ["rotated upright"] if video.rotation else []
    steps += ["deinterlaced (bwdif)"] if video.interlaced else []
    steps += ["scaled to square pixels"] if video.pixel_aspect != (1, 1) else []
    width, height = file.conversion.size
    return f"Video: {', '.join((f'{width}x{height}', *steps))}."


def _format_video_codec(profile: Profile) -> str:
    video = profile.video
    match video:
        case ProRes():
            return f"Apple ProRes {video.flavour.upper()}, 10 bit 4:2:2, all-intra."
        case DNxHD():
            bits = choose_video_encoder(video).bits
            return f"Avid {video.flavour.upper().replace('_', ' ')}, {bits} bit 4:2:2, all-intra."
        case _:
            return f"{', '.join(_describe_constant_quality(video))}."


def _describe_constant_quality(video: H264 | HEVC | AV1) -> Iterator[str]:
    """Yield what matters of a codec of constant quality."""
    yield {"h264": "H.264", "hevc": "HEVC", "av1": "AV1"}[video.codec]
    yield f"{video.bits} bit"
    if video.gop == 1:
        yield "all-intra"
    else:
        yield f"a key frame every {video.gop} frames"
        if not isinstance(video, AV1):
            yield "no B-frames"
    yield f"preset {video.preset}" if isinstance(video, AV1) else video.preset
    if not isinstance(video, AV1) and video.tune:
        yield f"tuned for {video.tune}"
    if video.fastdecode:
        yield "tuned for fast decoding"
    yield f"CRF {video.crf}"
    if video.cap:
        yield f"at most {video.cap[0]} kbit/s over {video.cap[1]} kbit"


def _format_frame_rate(planned: RenderPlan) -> str:
    rate, own = planned.grid.rate, planned.video.rate if planned.video else None
    if own == rate and planned.video and not planned.video.variable_rate:
        return f"Constant {rate} fps, as recorded."
    return f"Constant {rate} fps: each frame shows the source frame nearest in time."


def _format_audio_track(profile: Profile, track: AudioTrackPlan) -> str:
    channels, source = track.channels, len(track.source_channels)
    kept = {1: "one channel", 2: "two channels"}.get(channels, f"{channels} channels")
    which = kept if channels == source else f"{source} channels mixed to {channels}"
    match profile.audio:
        case Flac():
            codec = "lossless (FLAC)"
        case Aac() as audio:
            codec = f"AAC {audio.kbps * channels // 2} kbit/s"
        case Pcm() as audio:
            codec = f"uncompressed, {audio.bits} bit"
    return f"{which}, 48 kHz, {codec}; gaps are filled with silence."


def _estimate_bits_per_pixel(profile: Profile) -> float:
    video = profile.video
    match video:
        case H264():
            base = _X264_INTRA_BITS_PER_PIXEL if video.gop == 1 else _X264_BITS_PER_PIXEL
            return base * float(2 ** ((18 - video.crf) / 6))
        case HEVC():
            base = _X265_INTRA_BITS_PER_PIXEL if video.gop == 1 else _X265_BITS_PER_PIXEL
            return base * float(2 ** ((18 - video.crf) / 6))
        case AV1():
            base = _SVT_AV1_INTRA_BITS_PER_PIXEL if video.gop == 1 else _SVT_AV1_BITS_PER_PIXEL
            return base * float(2 ** ((35 - video.crf) / 10))
        case ProRes():
            return _PRORES_BITS_PER_PIXEL[video.flavour]
        case DNxHD():
            return _DNXHR_BITS_PER_PIXEL[video.flavour]


def _estimate_audio_bit_rate(profile: Profile, track: AudioTrackPlan) -> float:
    if track.encoder.bit_rate:
        return float(track.encoder.bit_rate)
    bits = 24 if track.encoder.fmt == "s32" else 16
    ratio = _FLAC_COMPRESSION if isinstance(profile.audio, Flac) else 1.0
    return bits * SAMPLE_RATE * track.channels * ratio
