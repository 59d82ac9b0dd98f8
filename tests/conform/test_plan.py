from dataclasses import replace
from fractions import Fraction

import pytest

from mcsyncd.conform.encoder_check import find_missing_encoders
from mcsyncd.conform.explain import TYPICAL_CLIP, estimate_gb_per_hour, explain_plan
from mcsyncd.conform.frame_conversion import FrameFormat, plan_conversion
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.plan import plan_renditions
from mcsyncd.model.clip import AudioStream
from mcsyncd.model.colour import Colour
from mcsyncd.model.rate import Rate
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import Profile, list_profile_names, load_profile

VIDEO = TYPICAL_CLIP.video
R30 = Rate(30)


def planned(media=TYPICAL_CLIP, name="mezz-h264", rate=R30):
    profile = load_profile(find_shipped_profiles(), name)
    return plan_renditions(media, Grid(rate), ((profile.kind, profile.build_ref(name), profile),))


def track(channels: int, layout: str, codec: str = "aac") -> AudioStream:
    return AudioStream(1, codec, 48_000, channels, layout, 0, 1)


@pytest.mark.parametrize(
    ("size", "rotation", "aspect", "short_side", "encoded"),
    [
        ((1920, 1080), 0, (1, 1), None, (1920, 1080)),
        ((1920, 1080), 0, (1, 1), 540, (960, 540)),
        ((1920, 1080), 90, (1, 1), 540, (540, 960)),
        ((1080, 1920), 0, (1, 1), 540, (540, 960)),
        ((640, 360), 0, (1, 1), 540, (640, 360)),  # never enlarged
        ((720, 576), 0, (64, 45), None, (1024, 576)),  # PAL wide
        ((720, 480), 0, (8, 9), None, (720, 540)),  # NTSC 4:3
        ((853, 479), 0, (1, 1), None, (852, 480)),  # even sides
        ((4096, 2160), 270, (1, 1), 720, (720, 1366)),
    ],
)
def test_the_canvas_is_upright_square_even_and_never_larger(size, rotation, aspect, short_side, encoded):
    video = replace(VIDEO, width=size[0], height=size[1], rotation=rotation, pixel_aspect=aspect)
    assert plan_conversion(video, short_side, "yuv420p").size == encoded


def test_a_picture_that_fits_is_not_scaled():
    canvas = plan_conversion(VIDEO, None, "yuv420p")
    assert "scale" not in canvas.build_filter_chain(FrameFormat((1920, 1080), "yuv420p", full_range=False))
    assert "scale" in canvas.build_filter_chain(FrameFormat((1280, 720), "yuv420p", full_range=False))


def test_full_range_stays_in_h264_and_is_limited_for_editing_systems():
    full = replace(
        TYPICAL_CLIP, video=replace(VIDEO, colour=Colour("bt709", "bt709", "bt709", full_range=True))
    )
    assert planned(full, "mezz-h264").files[0].conversion.tags.full_range
    assert not planned(full, "mezz-prores-lt").files[0].conversion.tags.full_range


@pytest.mark.parametrize(
    ("stream", "layout"),
    [(track(2, "stereo"), "stereo"), (track(6, "6 channels"), "5.1"), (track(4, "4.0"), "4.0")],
)
def test_channels_keep_their_layout_and_get_the_usual_one_where_there_is_none(stream, layout):
    assert planned(replace(TYPICAL_CLIP, audio=(stream,))).files[0].audio_tracks[0].layout == layout


@pytest.mark.parametrize(
    ("name", "channels", "kept"),
    [
        ("mezz-h264", 16, ["7.1", "7.1"]),
        ("mezz-h264", 12, ["7.1", "quad"]),
        ("mezz-h264", 9, ["7.1", "mono"]),
        ("mezz-dnxhr-lb", 16, ["16 channels"]),
        ("mezz-dnxhr-lb", 64, ["64 channels"]),
        ("proxy-540p", 16, ["stereo"]),
    ],
)
def test_a_track_with_more_channels_than_the_codec_becomes_several(name, channels, kept):
    wide = track(channels, f"{channels} channels")
    sounds = planned(replace(TYPICAL_CLIP, audio=(wide,)), name).files[0].audio_tracks
    assert [sound.layout for sound in sounds] == kept
    if name != "proxy-540p":
        everything = [taken for sound in sounds for taken in sound.source_channels]
        assert everything == [(0, channel) for channel in range(channels)]


@pytest.mark.parametrize(
    ("layouts", "taken", "layout"),
    [
        (["mono"], [(0, 0)], "mono"),
        (["mono", "mono", "mono"], [(0, 0), (1, 0)], "stereo"),
        (["mono", "stereo"], [(0, 0)], "mono"),
        (["stereo", "mono"], [(0, 0), (0, 1)], "stereo"),
        (["5.1", "stereo"], [(0, channel) for channel in range(6)], "stereo"),
        (["ambisonic 1"], [(0, 0)], "mono"),
    ],
)
def test_what_a_proxy_lets_hear(layouts, taken, layout):
    many = {"mono": 1, "stereo": 2, "5.1": 6, "ambisonic 1": 4}
    tracks = tuple(track(many[name], name) for name in layouts)
    (sound,) = planned(replace(TYPICAL_CLIP, audio=tracks), "proxy-540p").files[0].audio_tracks
    assert (list(sound.source_channels), sound.layout) == (taken, layout)


@pytest.mark.parametrize(("codec", "fmt"), [("pcm_s16le", "s16"), ("aac", "s16"), ("pcm_s24le", "s32")])
def test_fine_sound_is_kept_fine(codec, fmt):
    assert (
        planned(replace(TYPICAL_CLIP, audio=(track(2, "stereo", codec),)))
        .files[0]
        .audio_tracks[0]
        .encoder.fmt
        == fmt
    )


def test_only_what_is_looked_at_is_brought_down_to_standard_range():
    hdr = replace(TYPICAL_CLIP, video=replace(VIDEO, colour=Colour("bt2020", "smpte2084", "bt2020nc")))
    kept, shown = planned(hdr).files[0], planned(hdr, "proxy-540p").files[0]
    assert kept.conversion.tone_mapped_from is None
    assert (kept.conversion.tags.transfer, shown.conversion.tags.transfer) == ("smpte2084", "bt709")
    assert any("mapped to standard range" in note for note in shown.notes)
    assert "lut3d" in shown.conversion.build_filter_chain(
        FrameFormat((960, 540), "yuv420p", full_range=False)
    )
    assert planned(hdr, "proxy-540p").sprites.conversion.tone_mapped_from is not None


def planned_mezzanine(video):
    fields = {
        "kind": "mezzanine",
        "container": "mov",
        "channels": "all",
        "audio": {"codec": "aac", "kbps": 96},
    }
    profile = Profile.model_validate({**fields, "video": video})
    hdr = replace(TYPICAL_CLIP, video=replace(VIDEO, colour=Colour("bt2020", "smpte2084", "bt2020nc")))
    return profile, plan_renditions(hdr, Grid(R30), ((profile.kind, profile.build_ref("mine"), profile),))


@pytest.mark.parametrize(
    ("video", "bits"),
    [
        ({"codec": "h264", "crf": 18, "gop": 1, "threads": 3}, 8),
        ({"codec": "h264", "crf": 18, "gop": 1, "threads": 3, "bits": 10}, 10),
        ({"codec": "hevc", "crf": 18, "gop": 15, "threads": 3}, 8),
        ({"codec": "hevc", "crf": 18, "gop": 15, "threads": 3, "bits": 10}, 10),
        ({"codec": "dnxhd", "flavour": "dnxhr_hq", "threads": 3}, 8),
        ({"codec": "dnxhd", "flavour": "dnxhr_hqx", "threads": 3}, 10),
        ({"codec": "prores", "flavour": "lt", "threads": 3}, 10),
    ],
)
def test_the_note_about_hdr_follows_the_bits_of_the_profile(video, bits):
    profile, plan = planned_mezzanine(video)
    assert any("HDR (PQ) kept, in 8 bits" in note for note in plan.files[0].notes) == (bits == 8)
    assert any(f"{bits} bit" in line for line in explain_plan(profile, plan))


@pytest.mark.parametrize("preset", ["slow", "slower", "veryslow"])
def test_slow_presets_tunings_and_limits_reach_the_encoder(preset):
    video = {
        "codec": "h264", "crf": 18.25, "gop": 15, "threads": 1, "preset": preset, "tune": "grain",
        "fastdecode": True, "maxrate": 20_000, "bufsize": 30_000,
    }  # fmt: skip
    profile, plan = planned_mezzanine(video)
    options = dict(plan.files[0].video_encoder.options)
    assert options["tune"] == "grain,fastdecode"
    assert (options["preset"], options["crf"]) == (preset, "18.25")
    assert (options["maxrate"], options["bufsize"]) == ("20000k", "30000k")
    said = " ".join(explain_plan(profile, plan))
    for part in (preset, "tuned for grain", "fast decoding", "CRF 18.25", "at most 20000 kbit/s"):
        assert part in said


def test_a_limit_of_the_bit_rate_limits_the_estimate():
    video = {"codec": "h264", "crf": 18, "gop": 15, "threads": 1}
    sizes = []
    for limit in (None, 50_000, 8_000):
        profile, plan = planned_mezzanine(video | {"maxrate": limit})
        sizes.append(estimate_gb_per_hour(profile, plan.files[0], R30))
    free, loose, tight = sizes
    assert free == loose
    assert tight == pytest.approx((8_000_000 + 96_000) * 3600 / 8 / 1e9)


def test_nothing_is_hidden():
    hdr = replace(VIDEO, colour=Colour("bt2020", "arib-std-b67", "bt2020nc"))
    tracks = (track(2, "stereo"), track(2, "stereo"))
    notes = planned(replace(TYPICAL_CLIP, video=hdr, audio=tracks), "proxy-540p").files[0].notes
    assert any("HLG" in note for note in notes)
    assert any("of 2 audio tracks" in note for note in notes)
    assert planned().files[0].notes == ()


def test_ticks_are_those_of_the_clip_at_the_sessions_rate():
    short = replace(TYPICAL_CLIP, duration_us=2_000_000)
    assert planned(short, rate=Rate(30)).ticks == 60
    assert planned(short, rate=Rate(30000, 1001)).ticks == round(2 * Fraction(30000, 1001))


@pytest.mark.parametrize("name", list_profile_names(find_shipped_profiles()))
def test_every_shipped_profile_can_be_encoded_and_explained(name):
    profile = load_profile(find_shipped_profiles(), name)
    assert find_missing_encoders(profile) == ()
    said = explain_plan(profile, planned(name=name))
    assert said[-1].startswith("About")


def test_gigabytes_are_near_what_was_measured():
    # 1080p30 with grain: 29.3 Mbit/s for H.264, 117 for ProRes LT, 45 for DNxHR LB
    for name, measured in (("mezz-h264", 13.2), ("mezz-prores-lt", 52.5), ("mezz-dnxhr-lb", 20.3)):
        profile = load_profile(find_shipped_profiles(), name)
        told = estimate_gb_per_hour(profile, planned(name=name).files[0], Rate(30))
        assert told == pytest.approx(measured, rel=0.1)


def test_sound_outside_the_picture_is_cut_and_told():
    early = replace(track(2, "stereo"), start_us=-200_000, duration_us=VIDEO.duration_us + 900_000)
    notes = planned(replace(TYPICAL_CLIP, audio=(early,))).files[0].notes
    assert "200.0 ms of audio before the first frame cut" in notes
    assert "700.0 ms of audio after the last frame cut" in notes
    notes = planned(replace(TYPICAL_CLIP, audio=(TYPICAL_CLIP.audio[0], early))).files[0].notes
    assert "audio track 2: 200.0 ms of audio before the first frame cut" in notes
