"""What people write in profiles of other tools and a profile here refuses, with the reason.

Keys are those of ffmpeg, HandBrake and tdarr. An entry is (what is wrong, what to write instead); one that is
missing is refused all the same, as a key that does not exist.
"""

from __future__ import annotations

Refusal = tuple[str, str]
"""What is wrong, and the next action ("" if there is none)."""

_EFFECTS = ("a rendition shows what the camera recorded", "filters and effects belong to the edit")
_BURN_IN = (
    "nothing is burnt into a picture, because it cannot be taken out again",
    "the timecode is written as a track; show it in the player",
)
_ONE_PASS = (
    "one pass at constant quality needs no second one",
    "write crf, and maxrate for a limit",
)
_BIT_RATE = ("the quality is constant, not the bit rate", "write crf, and maxrate for a limit")
_FIXED_GOP = (
    "all groups of pictures have one length, so that every seek costs the same",
    "write gop: frames from one key frame to the next",
)
_NO_B_FRAMES = ("there are no B-frames: they reorder frames and make seeks slow", "leave it out")
_NAMED_OPTIONS = (
    "only named options are allowed, because each is known to give the same bytes again",
    "see docs/profiles.md for all of them",
)
_SIZE = ("the size follows from the clip, and is never enlarged", "write short_side for a smaller one")
_RATE = ("the frame rate is the session's", "write profiles.rate in the settings")
_WHOLE_CLIP = ("a rendition is as long as its clip", "trim in the edit")
_FORMAT = ("the pixel format follows from the codec", "write bits: 10 for ten bits")
_LEVELS = ("sound keeps the level at which it was recorded", "leave it out")

REFUSED_KEYS: dict[Refusal, str] = {
    _EFFECTS: "vf af filter filters filter_complex video_filter denoise sharpen crop stabilize stabilise pad "
    "lut lut3d cube look grade",
    _BURN_IN: "burnin burn_in overlay watermark drawtext subtitles timecode_burnin",
    _ONE_PASS: "pass passes two_pass twopass 2pass multipass multi_pass",
    _BIT_RATE: "bitrate bit_rate video_bitrate b bv abr cbr vbr qp cq cqp global_quality minrate target_size",
    _FIXED_GOP: "keyint min_keyint scenecut scene_cut sc_threshold gop_size open_gop intra_refresh",
    _NO_B_FRAMES: "bf bframes b_frames b_pyramid",
    _NAMED_OPTIONS: "x264_params x265_params svtav1_params x264opts x265opts params options extra args "
    "arguments",
    _SIZE: "width height size scale resolution long_side",
    _RATE: "fps rate framerate frame_rate vsync",
    _WHOLE_CLIP: "start end trim ss to duration",
    _FORMAT: "pix_fmt pixel_format level bit_depth depth chroma",
    _LEVELS: "volume gain loudnorm normalize normalise loudness",
    ("interlaced clips are always deinterlaced", "leave it out"): "deinterlace yadif bwdif",
    ("all sound is 48 kHz", "leave it out"): "ar sample_rate samplerate",
}
"""Keys that exist elsewhere, by the reason why there is none of them here; separated by spaces."""

_OPUS = (
    "Opus in MP4 plays 6.5 ms early in Chromium (measured), so its sound is out of sync",
    "write codec: flac or codec: aac",
)
REFUSED_VALUES: dict[tuple[str, str], Refusal] = {
    ("preset", "placebo"): (
        "placebo takes several times as long as veryslow for nothing to be seen",
        "write preset: veryslow",
    ),
    ("tune", "zerolatency"): ("zerolatency makes the bytes depend on the number of threads", "leave it out"),
    ("tune", "psnr"): ("psnr is tuned for a figure, not for the eye", "leave it out"),
    ("tune", "ssim"): ("ssim is tuned for a figure, not for the eye", "leave it out"),
    ("codec", "opus"): _OPUS,
    ("codec", "libopus"): _OPUS,
    ("codec", "alac"): ("Chromium plays ALAC as silence, without an error", "write codec: flac"),
    ("codec", "vp9"): ("VP9 is not offered: what plays it plays H.264, too", "write codec: av1 or h264"),
    ("codec", "copy"): ("a copied picture does not lie on the session's grid", "name a codec"),
    ("threads", "auto"): ("the bytes depend on the number of threads", "write a number, such as 3"),
    ("threads", "0"): ("the bytes depend on the number of threads", "write a number, such as 3"),
    ("container", "mkv"): ("Matroska rounds times to milliseconds", "write container: mp4 or mov"),
    ("container", "webm"): ("WebM rounds times to milliseconds", "write container: mp4 or mov"),
    ("channels", "5.1"): ("channels are kept as recorded or mixed down", "write channels: all"),
}
"""Values of keys that exist, and why each is refused."""

_FAMILIAR_NAMES = {
    "codec": {
        "h264": "x264 libx264 avc h.264",
        "hevc": "h265 x265 libx265 h.265 hvc1",
        "av1": "svtav1 libsvtav1 svt-av1 libaom-av1 aom",
        "prores": "prores_ks prores_aw prores_lt proreslt",
        "dnxhd": "dnxhr dnx dnxhr_lb dnxhr_sq dnxhr_hq dnxhr_hqx",
        "pcm": "pcm_s16le pcm_s24le wav",
        "aac": "libfdk_aac fdk_aac aac_lc",
    },
    "flavour": {"standard": "422 std sq", "dnxhr_hqx": "hqx", "dnxhr_lb": "lb"},
    "container": {"mov": "qt quicktime", "mp4": "m4v"},
}
"""What other tools call a value, by key: the value here, and their names."""


def find_refusal(key: str, value: object = None) -> Refusal | None:
    """Return why a profile refuses this key, or this value of a key that exists; None if it does not say."""
    for refusal, keys in REFUSED_KEYS.items():
        if key in keys.split():
            return refusal
    written = str(value).lower()
    for ours, names in _FAMILIAR_NAMES.get(key, {}).items():
        if written in names.split():
            return f"{written} is another tool's name", f"did you mean {ours}?"
    return REFUSED_VALUES.get((key, written))
