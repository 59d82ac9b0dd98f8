"""What a profile does, in words and gigabytes. Pure."""

from __future__ import annotations

from mcsyncd.conform.grid import SAMPLE_RATE
from mcsyncd.conform.plan import FilePlan, RenderPlan
from mcsyncd.conform.soundtracks import SoundPlan
from mcsyncd.model.clip import AudioStream, Colour, Media, VideoStream
from mcsyncd.model.rate import Rate
from mcsyncd.settings.profiles import H264, Aac, DNxHD, Flac, Pcm, Profile, ProRes

_HD = Colour("bt709", "bt709", "bt709")

TYPICAL = Media(
    container="mov,mp4,m4a,3gp,3g2,mj2",
    duration_us=3_600_000_000,
    video=VideoStream(0, "h264", 1920, 1080, Rate(30), "yuv420p", 0, 3_600_000_000, colour=_HD),
    audio=(AudioStream(1, "aac", SAMPLE_RATE, 2, "stereo", 0, 3_600_000_000),),
)
"""An hour of what most cameras record; stands in where no clip is named."""

# Bits a pixel, measured on grainy 1080p30 footage: clean footage takes less.
_X264_AT_18 = 0.47
_X264_INTRA_AT_18 = 0.65
_PRORES = {"proxy": 0.79, "lt": 1.88, "standard": 2.5, "hq": 3.75}
_DNXHR = {"dnxhr_lb": 0.72, "dnxhr_sq": 2.35, "dnxhr_hq": 3.5}
_FLAC_OF_PCM = 0.6


def gb_per_hour(profile: Profile, file: FilePlan, rate: Rate) -> float:
    """Return about how many gigabytes an hour of such a clip takes; an upper bound for most footage."""
    bits = sum(_sound_bits(profile, sound) for sound in file.sounds)
    if file.canvas:
        width, height = file.canvas.size
        bits += _bits_a_pixel(profile) * width * height * float(rate.fraction)
    return bits * 3600 / 8 / 1e9


def explained(profile: Profile, planned: RenderPlan) -> tuple[str, ...]:
    """Say what the first file of a plan is going to be, line by line."""
    file = planned.files[0]
    lines = [profile.description] if profile.description else []
    if file.canvas:
        lines += [_size(planned.video, file), _picture(profile), _constant(planned)]
    lines += [
        f"{f'Sound {number}' if len(file.sounds) > 1 else 'Sound'}: {_sound(profile, sound)}"
        for number, sound in enumerate(file.sounds, 1)
    ]
    lines += [f"Note: {note}." for note in file.notes]
    size = gb_per_hour(profile, file, planned.grid.rate)
    return (*lines, f"About {size:.1f} GB an hour for grainy footage; clean footage takes less.")


def _size(video: VideoStream | None, file: FilePlan) -> str:
    assert video is not None
    assert file.canvas is not None
    done = ["turned upright"] if video.rotation else []
    done += ["made of whole pictures (bwdif)"] if video.interlaced else []
    done += ["with square pixels"] if video.pixel_aspect != (1, 1) else []
    width, height = file.canvas.size
    return f"Picture: {', '.join((f'{width}x{height}', *done))}."


def _picture(profile: Profile) -> str:
    match profile.video:
        case H264(gop=1) as video:
            return f"H.264, 8 bit, every picture on its own, {video.preset}, crf {video.crf}."
        case H264() as video:
            return (
                f"H.264, 8 bit, a key picture every {video.gop}, no B pictures, "
                f"{video.preset}, crf {video.crf}."
            )
        case ProRes() as video:
            return f"Apple ProRes {video.flavour.upper()}, 10 bit 4:2:2, every picture on its own."
        case DNxHD() as video:
            return f"Avid {video.flavour.upper().replace('_', ' ')}, 8 bit 4:2:2, every picture on its own."


def _constant(planned: RenderPlan) -> str:
    rate, own = planned.grid.rate, planned.video.rate if planned.video else None
    if own == rate and planned.video and not planned.video.variable_rate:
        return f"Constant {rate} pictures a second, as recorded."
    return f"Constant {rate} pictures a second: each shows the source picture nearest in time."


def _sound(profile: Profile, sound: SoundPlan) -> str:
    channels, given = sound.channels, len(sound.taken)
    kept = {1: "one channel", 2: "two channels"}.get(channels, f"{channels} channels")
    which = kept if channels == given else f"{given} channels mixed to {channels}"
    match profile.audio:
        case Flac():
            how = "lossless (FLAC)"
        case Aac() as audio:
            how = f"AAC {audio.kbps * channels // 2} kbit/s"
        case Pcm() as audio:
            how = f"uncompressed, {audio.bits} bit"
    return f"{which}, 48 kHz, {how}; holes become silence."


def _bits_a_pixel(profile: Profile) -> float:
    match profile.video:
        case H264() as video:
            base = _X264_INTRA_AT_18 if video.gop == 1 else _X264_AT_18
            return base * float(2 ** ((18 - video.crf) / 6))
        case ProRes() as video:
            return _PRORES[video.flavour]
        case DNxHD() as video:
            return _DNXHR[video.flavour]


def _sound_bits(profile: Profile, sound: SoundPlan) -> float:
    if sound.encoder.bit_rate:
        return float(sound.encoder.bit_rate)
    bits = 24 if sound.encoder.fmt == "s32" else 16
    packed = _FLAC_OF_PCM if isinstance(profile.audio, Flac) else 1.0
    return bits * SAMPLE_RATE * sound.channels * packed
