"""The rarer traps: what hides in a container, what a card does to a clip. Judged by the system's ffmpeg."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from footage import EVENTS, Shot, cut_off, damage, film, steady
from judge import beeps_in, facts, needs_ffmpeg, numbers, pictures, remade, rgb, sound
from mcsyncd.errors import BadMedia
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip

pytestmark = needs_ffmpeg

BEEP_S = 0.0001
GROUP = {"preset": "veryfast", "crf": "12", "g": "15", "sc_threshold": "0", "bf": "0"}


def packets(source: Path, kind: str = "video") -> list[tuple[int, int]]:
    """Where each packet of a stream lies in the file, and how long it is."""
    with av.open(str(source)) as container:
        stream = container.streams.get(**{kind: 0})[0]
        return [(packet.pos, packet.size) for packet in container.demux(stream) if packet.size]


def test_hidden_pictures_before_an_edit_list_stay_hidden(run, tmp_path):
    shot = Shot(steady(30, 4), (0, 4), options=GROUP | {"g": "30"})
    source = remade(
        film(tmp_path / "whole.mov", shot),
        tmp_path / "clip.mov",
        *("-c", "copy", "-movie_timescale", "48000"),
        before=("-ss", "1.1"),
    )
    stored = len(packets(source))
    made = run(source, Rate(30)).get_rendition("mezzanine")
    assert stored == 90  # from the key picture at 1.0 s on
    assert numbers(Path(made.path)) == list(range(33, 120))
    expected = [event - 1.1 for event in EVENTS if event > 1.1]
    assert beeps_in(Path(made.path)) == pytest.approx(expected, abs=BEEP_S)


def test_sound_of_another_rate_that_begins_late_in_aac(run, tmp_path):
    shot = Shot(steady(25, 4), (0.256, 4), sound_codec="aac", sample_rate=44_100)
    made = run(film(tmp_path / "clip.mp4", shot), Rate(25)).get_rendition("mezzanine")
    assert beeps_in(Path(made.path)) == pytest.approx(list(EVENTS), abs=BEEP_S)


def test_96_khz(run, tmp_path):
    made = run(film(tmp_path / "clip.mov", Shot(steady(25, 4), (0, 4), sample_rate=96_000)), Rate(25))
    assert beeps_in(Path(made.get_rendition("mezzanine").path)) == pytest.approx(list(EVENTS), abs=BEEP_S)


def test_a_transport_stream_whose_sound_begins_21_ms_before_the_picture(run, shown, tmp_path):
    shot = Shot(steady(30, 3.8, Fraction(1, 5)), (0.179, 4), sound_codec="aac")
    made = run(film(tmp_path / "clip.ts", shot), Rate(30)).get_rendition("mezzanine")
    assert numbers(Path(made.path)) == shown(shot.pictures, Rate(30), made.frames)
    assert beeps_in(Path(made.path)) == pytest.approx([event - 0.2 for event in EVENTS], abs=BEEP_S)


def test_a_hole_in_the_sound_of_a_transport_stream_is_silent_counted_and_told(run, tmp_path):
    shot = Shot(steady(30, 4), (0, 4), hole=(1.0, 1.4), sound_codec="aac")
    made = run(film(tmp_path / "clip.ts", shot), Rate(30))
    path = Path(made.get_rendition("mezzanine").path)
    assert beeps_in(path) == pytest.approx(list(EVENTS), abs=BEEP_S)
    assert not sound(path)[round(1.05 * 48_000) : round(1.35 * 48_000)].any()
    assert abs(made.report.missing_audio_us - 400_000) < 30_000  # whole packets are missing
    assert any("of audio are missing" in said for said in made.report.warnings)


def test_a_packet_of_sound_with_a_wrong_time_tears_no_hole(run, tmp_path):
    # Seen in AAC: one packet's time is 10 ms late, and the next is on the line again.
    source = film(tmp_path / "clip.mkv", Shot(steady(30, 4), (0, 4), sound_codec="flac"))
    crooked = tmp_path / "crooked.mkv"
    late = "setts=pts='PTS+10*eq(N,5)':dts='DTS+10*eq(N,5)'"  # the packet of the first beep
    remade(source, crooked, "-c", "copy", "-bsf:a", late)
    made = run(crooked, Rate(30))
    assert beeps_in(Path(made.get_rendition("mezzanine").path)) == pytest.approx(list(EVENTS), abs=0.0006)
    assert made.report.missing_audio_us == 0


@pytest.mark.parametrize("order", ["tff=1", "bff=1"])
def test_whole_pictures_of_either_field_order_are_those_of_the_judge(order, run, tmp_path):
    shot = Shot(steady(50, 2), events=(), options={"preset": "ultrafast", "crf": "4"})
    fields = remade(
        film(tmp_path / "whole.mov", shot),
        tmp_path / "clip.ts",
        *("-vf", f"tinterlace=interleave_{'top' if order == 'tff=1' else 'bottom'}", "-r", 25),
        *("-c:v", "libx264", "-crf", 4, "-flags", "+ildct+ilme", "-x264-params", order),
    )
    media = probe_clip(fields)
    assert media.video.interlaced
    made = run(fields, Rate(25)).get_rendition("mezzanine")
    judged = remade(fields, tmp_path / "judged.mkv", "-vf", "bwdif=mode=send_frame", "-c:v", "ffv1")
    got, wanted = pictures(Path(made.path)).astype(int), pictures(judged).astype(int)
    assert len(got) == len(wanted) == 50
    assert np.abs(got[5:45] - wanted[5:45]).mean() < 2


@pytest.mark.parametrize(("turned", "size"), [(0, (214, 120)), (90, (120, 214))])
def test_wide_pixels_are_stretched_as_the_judge_does(turned, size, run, tmp_path):
    shot = Shot(steady(25, 1), events=(), pixel_aspect=Fraction(4, 3), rotation=turned)
    source = film(tmp_path / "clip.mp4", shot)
    made = Path(run(source, Rate(25)).get_rendition("mezzanine").path)
    # The judge turns by itself, and its pixel aspect turns along.
    square = "scale=214:120" if not turned else "scale=120:214"
    judged = remade(source, tmp_path / "judged.mkv", "-vf", f"{square},setsar=1", "-c:v", "ffv1")
    got, wanted = pictures(made), pictures(judged)
    assert got.shape == wanted.shape == (25, size[1], size[0])
    assert np.abs(got.astype(int) - wanted.astype(int)).mean() < 3


def test_odd_sizes_become_even_ones(run, tmp_path):
    whole = film(tmp_path / "whole.mov", Shot(steady(25, 1), events=()))
    odd = remade(
        whole, tmp_path / "clip.mkv", *("-vf", "scale=163:121", "-c:v", "ffv1", "-pix_fmt", "yuv444p")
    )
    assert (facts(odd, "v")["width"], facts(odd, "v")["height"]) == (163, 121)
    made = Path(run(odd, Rate(25)).get_rendition("mezzanine").path)
    assert (facts(made, "v")["width"], facts(made, "v")["height"]) == (164, 120)
    assert numbers(made) == list(range(25))


@pytest.mark.parametrize(("size", "bars"), [((240, 180), False), ((256, 144), True)])
def test_a_size_that_changes_midway_is_fitted_into_the_first(size, bars, run, tmp_path):
    small = film(tmp_path / "1.ts", Shot(steady(30, 2), events=()))
    later = steady(30, 2, 2)
    large = film(tmp_path / "2.ts", Shot(later, events=(), size=size, numbered_from=60, grey=120))
    source = tmp_path / "clip.ts"
    source.write_bytes(small.read_bytes() + large.read_bytes())
    made = run(source, Rate(30))
    path = Path(made.get_rendition("mezzanine").path)
    seen = pictures(path)
    assert seen.shape == (120, 120, 160)
    assert abs(int(seen[100][60, 80]) - 120) < 4
    # 256x144 in 160x120 is 160x90: 15 lines of black above and below
    assert (seen[100][5].max() < 24) == bars
    if not bars:
        assert numbers(path) == list(range(120))
    assert any(f"{size[0]}x{size[1]}" in said for said in made.report.warnings)


@pytest.mark.parametrize("mezzanine", ["mezz-h264", "mezz-prores-lt", "mezz-dnxhr-lb"])
def test_full_range_looks_as_bright_in_every_mezzanine(mezzanine, run, tmp_path):
    tags = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "pc"}
    shot = Shot(steady(25, 1), events=(), tags=tags, grey=200, size=(320, 240))
    made = run(film(tmp_path / "clip.mp4", shot), Rate(25), mezzanine=mezzanine)
    for rendition in made.renditions:
        shade = np.median(rgb(Path(rendition.path))[10][:100].reshape(-1, 3), axis=0)
        assert shade == pytest.approx([200, 200, 200], abs=3)  # taken for limited range it would be 214


def test_a_header_that_claims_8k_is_not_believed(run, tmp_path):
    source = film(tmp_path / "clip.mov", Shot(steady(25, 1), events=()))
    whole = bytearray(source.read_bytes())
    entry = whole.index(b"avc1") + 4 + 24  # of the sample description: width and height
    assert whole[entry : entry + 4] == bytes([0, 160, 0, 120])
    whole[entry : entry + 4] = (7680).to_bytes(2) + (4320).to_bytes(2)
    source.write_bytes(whole)
    assert (probe_clip(source).video.width, probe_clip(source).video.height) == (160, 120)
    made = Path(run(source, Rate(25)).get_rendition("mezzanine").path)
    assert numbers(made) == list(range(25))


def test_hevc_of_10_bits_keeps_them_in_prores(run, tmp_path):
    options = {"preset": "ultrafast", "x265-params": "log-level=none:crf=8"}
    shot = Shot(steady(25, 1), (0, 1), codec="libx265", pix_fmt="yuv420p10le", options=options, events=(0.5,))
    source = film(tmp_path / "clip.mov", replace(shot, size=(320, 240)))
    made = Path(run(source, Rate(25), mezzanine="mezz-prores-lt").get_rendition("mezzanine").path)
    assert facts(made, "v")["pix_fmt"] == "yuv422p10le"
    assert numbers(made) == list(range(25))
    assert beeps_in(made) == pytest.approx([0.5], abs=BEEP_S)


def test_29_97_with_drop_frame_on_a_grid_of_30(run, shown, tmp_path):
    times = steady(Fraction(30000, 1001), 4)
    shot = Shot(times, (0, 4), timecode="09:59:59;28", time_base=Fraction(1001, 30000))
    made = run(film(tmp_path / "clip.mov", shot), Rate(30)).get_rendition("mezzanine")
    assert numbers(Path(made.path)) == shown(times, Rate(30), made.frames)
    assert beeps_in(Path(made.path)) == pytest.approx(list(EVENTS), abs=BEEP_S)
    assert facts(Path(made.path), "v")["tags"]["timecode"] == made.timecode == "09:59:59:28"


def test_a_picture_that_is_damaged_in_part_is_not_shown(run, tmp_path):
    # One byte of picture 50 is wrong: the decoder patches it up and says so, and of 51 to 59 it says nothing.
    source = film(tmp_path / "clip.mov", Shot(steady(30, 4), (0, 4), options=GROUP, size=(320, 240)))
    position, size = packets(source)[50]
    whole = bytearray(source.read_bytes())
    whole[position + size // 2] ^= 0x55
    source.write_bytes(whole)
    made = run(source, Rate(30))
    seen = numbers(Path(made.get_rendition("mezzanine").path))
    assert seen[:50] + seen[60:] == [*range(50), *range(60, 120)]
    assert set(seen[50:60]) <= {49, 60}
    assert made.report.damaged_ranges == ((50, 10),)
    assert "damaged for 0.33 s in total, first at 0:00:01.67" in made.report.warnings[0]


def test_damage_at_the_end_is_held_to_the_end(run, tmp_path):
    shot = Shot(steady(30, 4), (0, 4), options=GROUP)
    source = damage(film(tmp_path / "clip.mov", shot), 3.59, 4)
    made = run(source, Rate(30))
    seen = numbers(Path(made.get_rendition("mezzanine").path))
    assert len(seen) == 120
    assert set(seen[108:]) == {107}
    assert made.report.damaged_ranges == ((108, 12),)
    assert beeps_in(Path(made.get_rendition("mezzanine").path)) == pytest.approx(list(EVENTS), abs=BEEP_S)


def test_damage_in_interlaced_footage_is_marked_where_it_is(run, tmp_path):
    fields = GROUP | {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    shot = Shot(steady(25, 3), (0, 3), options=fields)
    made = run(damage(film(tmp_path / "clip.mov", shot), 1.59, 1.7), Rate(25))
    ((first, ticks),) = made.report.damaged_ranges
    assert (first, ticks) == (40, 5)  # picture 40 is the first one hit, 45 the next key picture


def test_damaged_sound_is_silent_and_told(run, tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(steady(30, 4), (0, 4), sound_codec="flac", layout="stereo"))
    whole = bytearray(source.read_bytes())
    hit = packets(source, "audio")[12:15]
    for position, size in hit:
        whole[position : position + size] = b"\xaa" * size
    source.write_bytes(whole)
    made = run(source, Rate(30))
    assert beeps_in(Path(made.get_rendition("mezzanine").path)) == pytest.approx(list(EVENTS), abs=BEEP_S)
    assert made.report.damaged_audio_packets >= 1
    assert any("audio packets are damaged" in said for said in made.report.warnings)


def test_a_camera_that_pauses_is_counted_and_told(run, tmp_path):
    times = [*steady(30, 1), *steady(30, 1, Fraction(5, 2))]
    made = run(film(tmp_path / "clip.mov", Shot(times, (0, 3.5), events=(0.5, 3.0))), Rate(30))
    assert made.report.frame_interval_us == (33_333, pytest.approx(1_533_333, abs=1))
    assert any("one frame is shown for 1.53 s" in said for said in made.report.warnings)
    assert beeps_in(Path(made.get_rendition("mezzanine").path)) == pytest.approx([0.5, 3.0], abs=BEEP_S)


def test_of_a_clean_clip_nothing_is_asked(run, tmp_path):
    made = run(film(tmp_path / "clip.mov", Shot(steady(Fraction(30000, 1001), 2), (0, 2))), Rate(30))
    assert made.report.warnings == ()
    assert made.report.damaged_ticks == made.report.missing_audio_us == 0


def test_a_picture_that_is_cut_ends_before_what_the_index_declares(tmp_path, run):
    whole = film(tmp_path / "whole.mov", Shot(steady(30, 4), (0, 4), sound_codec="aac"))
    half = cut_off(whole, tmp_path / "half.mov", 0.5)
    made = run(half, media=probe_clip(half, as_is=True))
    assert any("before the end that the file declares" in said for said in made.report.warnings)
    assert not any("declares" in said for said in run(whole).report.warnings)


def test_a_clip_whose_picture_cannot_be_decoded_is_refused_and_nothing_is_left(run, tmp_path):
    """What was made of its sound had the name of a mezzanine and 0 frames."""
    clip = film(tmp_path / "clip.mov", Shot(steady(25, 1), (0, 1)))
    media = replace(probe_clip(clip), video=None, hidden_picture="brxq")
    with pytest.raises(BadMedia, match="brxq"):
        run(clip, Rate(25), media=media)
    assert list((tmp_path / "out").iterdir()) == []
