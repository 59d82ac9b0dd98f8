from fractions import Fraction
from pathlib import Path

import pytest

from footage import Shot, cut_off, film, phone, steady
from mcsyncd.errors import BadMedia
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from recordings import record

SAMPLES = Path(__file__).parents[2].parent / "shared" / "media_samples"
NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), NTSC, Fraction(30), NTSC * 2])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_the_true_rate_is_told(rate, suffix, tmp_path):
    media = probe_clip(film(tmp_path / f"clip{suffix}", Shot(steady(rate, 3))))
    assert media.video.rate == Rate(rate.numerator, rate.denominator)
    assert not media.video.variable_rate


def test_a_phones_rate_is_variable_and_still_the_one_it_means(tmp_path):
    media = probe_clip(film(tmp_path / "clip.mp4", Shot(phone(8))))
    assert media.video.variable_rate
    # Its own jitter (1.2 ms a picture) hides the 0.03 ms between the two.
    assert media.video.rate in {Rate(30000, 1001), Rate(30)}
    assert any("variable" in warning for warning in media.warnings)


def test_picture_and_sound_are_described(tmp_path):
    tags = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "pc"}
    shot = Shot(
        steady(25, 2, Fraction(1, 5)),
        (0.5, 2),
        layout="5.1",
        sample_rate=44_100,
        tags=tags,
        pixel_aspect=Fraction(4, 3),
        timecode="01:02:03:04",
    )
    media = probe_clip(film(tmp_path / "clip.mov", shot))
    video, track = media.video, media.audio[0]
    assert (video.width, video.height, video.pixel_aspect) == (160, 120, (4, 3))
    assert (video.colour.primaries, video.colour.transfer, video.colour.matrix) == ("bt709",) * 3
    assert video.colour.full_range
    assert abs(video.start_us - 200_000) <= 1
    assert abs(video.duration_us - 2_000_000) <= 40_000
    assert video.frames == 50
    assert (track.channels, track.layout, track.sample_rate) == (6, "5.1", 44_100)
    assert abs(track.start_us - 500_000) <= 25
    assert media.timecode == "01:02:03:04"
    assert media.origin_us == video.start_us
    assert "sound begins 300.0 ms after the picture" in media.warnings


@pytest.mark.parametrize(("anticlockwise", "clockwise"), [(0, 0), (90, 270), (180, 180), (270, 90)])
def test_rotation_is_what_makes_it_stand_upright(anticlockwise, clockwise, tmp_path):
    media = probe_clip(film(tmp_path / "clip.mp4", Shot(steady(30, 1), rotation=anticlockwise)))
    assert media.video.rotation == clockwise


@pytest.mark.parametrize("mirrored", [True, False])
def test_a_mirrored_picture_is_told(mirrored, tmp_path):
    media = probe_clip(film(tmp_path / "clip.mp4", Shot(steady(30, 1), rotation=90, mirrored=mirrored)))
    assert any("mirrored" in warning for warning in media.warnings) == mirrored


def test_without_sound_or_without_picture_it_is_still_a_clip(tmp_path):
    silent = probe_clip(film(tmp_path / "silent.mp4", Shot(steady(30, 1))))
    assert silent.audio == ()
    assert any("no sound" in warning for warning in silent.warnings)
    blind = probe_clip(film(tmp_path / "blind.wav", Shot((), (0, 3))))
    assert blind.video is None
    assert abs(blind.duration_us - 3_000_000) <= 1
    assert any("no picture" in warning for warning in blind.warnings)


def _text(path: Path) -> None:
    path.write_text("This is a list of shots and no clip.\n" * 50)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _ffconcat(path: Path) -> None:
    other = film(path.with_name("other.mp4"), Shot(steady(30, 1)))
    path.write_text(f"ffconcat version 1.0\nfile {other}\n")


def _playlist(path: Path) -> None:
    other = film(path.with_name("other.ts"), Shot(steady(30, 1)))
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{other}\n#EXT-X-ENDLIST\n")


def _without_index(path: Path) -> None:
    # The camera's battery fell out: pictures, but the index was never written.
    whole = film(path.with_name("whole.mp4"), Shot(steady(30, 2))).read_bytes()
    path.write_bytes(whole[: whole.index(b"moov") - 4] + whole[whole.index(b"mdat") - 4 :])


def _cut(path: Path) -> None:
    cut_off(film(path.with_name("whole.mp4"), Shot(steady(30, 2), (0, 2), sound_codec="aac")), path, 0.7)


@pytest.mark.parametrize(
    "name", ["mp4 for streaming", "mts", "mxf", "wav", "avi", "mpg", "flac", "ogg", "mp3"]
)
def test_half_a_recording_is_refused_unless_a_person_takes_it_as_it_is(tmp_path, name):
    whole = record(tmp_path, name)
    half = cut_off(whole, tmp_path / f"half{whole.suffix}", 0.501)
    with pytest.raises(BadMedia, match="is cut off"):
        probe_clip(half)
    media = probe_clip(half, as_is=True)
    assert media.shortfall
    assert any(media.shortfall in warning for warning in media.warnings)
    assert probe_clip(whole).shortfall == ""


def _subtitles(path: Path) -> None:
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")


BAD = [_text, _empty, _ffconcat, _playlist, _without_index, _cut, _subtitles]


@pytest.mark.parametrize("make", BAD)
def test_what_is_no_whole_clip_is_refused_by_name_with_a_next_action(make, tmp_path):
    path = tmp_path / "A001 [b]\x1b[31m.mp4"
    make(path)
    with pytest.raises(BadMedia) as refused:
        probe_clip(path)
    assert path.name in refused.value.message
    assert refused.value.hint


def test_a_cut_file_is_told_from_a_foreign_one(tmp_path):
    path = tmp_path / "A001.mp4"
    _cut(path)
    with pytest.raises(BadMedia, match="cut off"):
        probe_clip(path)


@pytest.mark.parametrize("pictures_ahead", [0, 2])
def test_an_avi_is_taken_unless_its_pictures_are_reordered(pictures_ahead, tmp_path):
    options = {"preset": "veryfast", "bf": str(pictures_ahead)}
    shot = Shot(steady(25, 2), options=options, time_base=Fraction(1, 25))
    path = film(tmp_path / "clip.avi", shot)
    if not pictures_ahead:
        assert probe_clip(path).video.rate == Rate(25)
        return
    with pytest.raises(BadMedia, match="reordered"):
        probe_clip(path)


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        probe_clip(tmp_path / "gone.mp4")


def test_a_name_that_is_not_utf8_is_read(tmp_path):
    path = tmp_path / "A\udcff001.mp4"
    film(tmp_path / "plain.mp4", Shot(steady(30, 1))).rename(path)
    assert probe_clip(path).video.rate == Rate(30)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no folder of real camera files beside this checkout")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("drewnoakes__with-gps.mov", {"rotation": 90, "variable_rate": False}),
        ("drewnoakes__FLIR_Thermal.mp4", {"variable_rate": True}),
        ("drewnoakes__Sony_ILCE-7M3__A7M3_.mts", {"interlaced": True, "rate": Rate(25)}),
        ("gopro__max-heromode_4s.mov", {"rate": Rate(30000, 1001)}),
        ("Vanilagy__cursed-vfr.mp4", {"variable_rate": True}),
        ("Vanilagy__rotate-buck-bunny.mp4", {"rotation": 90, "start_us": 83_333}),
        ("meta-pytorch__nasa_13013.mp4", {"width": 480, "rate": Rate(30000, 1001)}),
        ("meta-pytorch__test_non_zero_start.mp4", {"start_us": 8_333_008}),
        ("WyattBlue__testsrc.mkv", {"start_us": 23_000, "rate": Rate(30)}),
    ],
)
def test_real_camera_files_are_understood(name, expected):
    video = probe_clip(SAMPLES / name).video
    assert {key: getattr(video, key) for key in expected} == expected


def test_a_picture_that_cannot_be_decoded_is_named(tmp_path):
    """Camera raw is in MOV, under four letters that no decoder knows."""
    clip = film(tmp_path / "clip.mov", Shot(steady(25, 2), (0.5, 2)))
    content = clip.read_bytes()
    codec = next(name for name in (b"avc1", b"mp4v") if name in content)
    clip.write_bytes(content.replace(codec, b"brxq"))
    media = probe_clip(clip)
    assert media.video is None
    assert media.audio
    assert media.hidden_picture == "brxq"
    assert "its picture (brxq) cannot be decoded: only its sound is used" in media.warnings


def test_a_picture_that_cannot_be_decoded_is_named_without_sound_too(tmp_path):
    clip = film(tmp_path / "clip.mov", Shot(steady(25, 2)))
    content = clip.read_bytes()
    codec = next(name for name in (b"avc1", b"mp4v") if name in content)
    clip.write_bytes(content.replace(codec, b"brxq"))
    media = probe_clip(clip)
    assert (media.video, media.audio, media.hidden_picture) == (None, (), "brxq")
    assert abs(media.duration_us - 2_000_000) <= 40_000
    assert "its picture (brxq) cannot be decoded" in media.warnings
