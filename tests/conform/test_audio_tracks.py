"""Several audio tracks, and more channels than a codec has, judged by an independent decoder."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from footage import Shot, film, steady
from judge import beeps_in, facts, needs_ffmpeg, numbers, sound, together
from mcsyncd.conform.proof_check import find_differences
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip

pytestmark = needs_ffmpeg

BEEP_S = 0.0001


def wav(path: Path, events, layout: str = "mono", *, seconds: float = 4, rate: int = 48_000) -> Path:
    return film(path, Shot((), (0, seconds), events=events, layout=layout, sample_rate=rate))


def silent_film(path: Path, **filmed) -> Path:
    return film(path, Shot(steady(25, 4), events=(), **filmed))


def test_two_stereo_tracks_that_start_at_different_times_are_both_kept_in_place(run, tmp_path):
    first = wav(tmp_path / "1.wav", (0.5, 2.9), "stereo")
    second = wav(tmp_path / "2.wav", (1.0, 1.7), "stereo", seconds=2.5, rate=44_100)
    source = together(
        tmp_path / "clip.mov", silent_film(tmp_path / "v.mov"), first, second, late=(0.125, 0.75)
    )
    made = run(source, Rate(30), phase_us=4_000)

    mezzanine = made.get_rendition("mezzanine")
    path = Path(mezzanine.path)
    assert beeps_in(path, 0) == pytest.approx([0.629, 3.029], abs=BEEP_S)
    assert beeps_in(path, 1) == pytest.approx([1.754, 2.454], abs=BEEP_S)
    assert facts(path, "a", 2) == {}
    assert len(sound(path, 0)) == len(sound(path, 1)) == mezzanine.frames * 1600
    assert [(track.layout, track.source_channels) for track in mezzanine.tracks] == [
        ("stereo", ((0, 0), (0, 1))),
        ("stereo", ((1, 0), (1, 1))),
    ]
    proxy = made.get_rendition("proxy")
    assert beeps_in(Path(proxy.path)) == pytest.approx([0.629, 3.029], abs=BEEP_S)
    assert facts(Path(proxy.path), "a", 1) == {}
    assert "only the first of 2 audio tracks included" in proxy.notes


@pytest.mark.parametrize("suffix", [".mov", ".mxf"])
def test_four_mono_tracks_stay_four_and_the_first_two_are_left_and_right_of_the_proxy(suffix, run, tmp_path):
    when = [(0.5,), (1.0,), (1.5,), (2.0,)]
    tracks = [wav(tmp_path / f"{number}.wav", events) for number, events in enumerate(when)]
    picture = silent_film(tmp_path / "v.mov")
    if suffix == ".mxf":  # MPEG-2 at a standard size: what MXF recorders write
        picture = tmp_path / "v.m2v"
        small = silent_film(tmp_path / "v.mov", size=(720, 576))
        encoded = ["-c:v", "mpeg2video", "-q:v", "2", "-pix_fmt", "yuv422p", "-r", "25"]
        subprocess.run(["ffmpeg", "-v", "error", "-i", small, *encoded, picture], check=True)
    source = together(tmp_path / f"clip{suffix}", picture, *tracks)
    media = probe_clip(source)
    assert [track.channels for track in media.audio] == [1, 1, 1, 1]

    made = run(source, Rate(25))
    mezzanine = Path(made.get_rendition("mezzanine").path)
    for number, events in enumerate(when):
        assert beeps_in(mezzanine, number) == pytest.approx(events, abs=BEEP_S)
        assert facts(mezzanine, "a", number)["channels"] == 1
        # Switched off, an editing system would not play it.
        assert facts(mezzanine, "a", number)["disposition"]["default"] == 1
    proxy = made.get_rendition("proxy")
    left_right = [beeps_in(Path(proxy.path), 0, channel) for channel in (0, 1)]
    assert left_right == [pytest.approx([0.5], abs=BEEP_S), pytest.approx([1.0], abs=BEEP_S)]
    assert proxy.tracks[0].source_channels == ((0, 0), (1, 0))
    assert any("left and right" in note for note in proxy.notes)


@pytest.mark.parametrize(("mezzanine", "kept"), [("mezz-h264", [8, 8]), ("mezz-prores-lt", [16])])
def test_sixteen_channels_of_one_track_are_all_kept(mezzanine, kept, run, tmp_path):
    many = wav(tmp_path / "16.wav", (0.5, 1.7), "hexadecagonal", seconds=2)
    picture = film(tmp_path / "v.mov", Shot(steady(25, 2), events=(), size=(320, 240)))
    source = together(tmp_path / "clip.mov", picture, many)
    made = run(source, Rate(25), mezzanine=mezzanine)

    path = Path(made.get_rendition("mezzanine").path)
    heard = [sound(path, number) for number in range(len(kept))]
    assert [one.shape[1] for one in heard] == kept
    loudest = np.abs(np.concatenate(heard, axis=1)).max(axis=0)
    # footage.py makes each channel a little quieter than the one before
    assert loudest == pytest.approx(0.7 * (1 - np.arange(16) / 32), abs=0.001)
    for number, channels in enumerate(kept):
        for channel in (0, channels - 1):
            assert beeps_in(path, number, channel) == pytest.approx([0.5, 1.7], abs=BEEP_S)
    said = " ".join(made.get_rendition("mezzanine").notes)
    assert ("split into 2 tracks" in said) == (len(kept) == 2)
    assert facts(Path(made.get_rendition("proxy").path), "a")["channels"] == 2
    assert any("of 16 channels" in note for note in made.get_rendition("proxy").notes)


def test_a_drifting_clock_is_taken_out_of_every_track(run, tmp_path):
    tracks = [wav(tmp_path / f"{number}.wav", (1.0, 15.0), seconds=16) for number in range(2)]
    picture = film(tmp_path / "v.mov", Shot(steady(25, 16), events=()))
    source = together(tmp_path / "clip.mov", picture, *tracks, late=(0, 0.5))
    made = run(source, Rate(25), drift_ppm=300.0)
    path = Path(made.get_rendition("mezzanine").path)
    for track, late in enumerate((0, 0.5)):
        wanted = [(event + late) * 1.0003 for event in (1.0, 15.0) if event + late < 15.9]
        assert beeps_in(path, track) == pytest.approx(wanted, abs=BEEP_S)


def test_a_track_that_ends_early_is_silent_from_there_on(run, tmp_path):
    short = wav(tmp_path / "1.wav", (0.5,), seconds=1)
    long = wav(tmp_path / "2.wav", (0.5, 3.5))
    source = together(tmp_path / "clip.mov", silent_film(tmp_path / "v.mov"), short, long)
    path = Path(run(source, Rate(25)).get_rendition("mezzanine").path)
    assert len(sound(path, 0)) == len(sound(path, 1)) == 4 * 48_000
    assert not sound(path, 0)[49_000:].any()
    assert beeps_in(path, 1) == pytest.approx([0.5, 3.5], abs=BEEP_S)


def test_tracks_without_a_picture_are_laid_against_the_one_that_begins_first(run, tmp_path):
    tracks = [wav(tmp_path / f"{number}.wav", (1.0,)) for number in range(2)]
    source = together(tmp_path / "clip.mov", None, *tracks, late=(0.5, 0.25))
    path = Path(run(source, Rate(25)).get_rendition("mezzanine").path)
    assert beeps_in(path, 0) == pytest.approx([1.25], abs=BEEP_S)
    assert beeps_in(path, 1) == pytest.approx([1.0], abs=BEEP_S)


def test_every_track_proves_itself(run, tmp_path):
    tracks = [wav(tmp_path / f"{number}.wav", (0.5 + number,)) for number in range(3)]
    source = together(tmp_path / "clip.mov", silent_film(tmp_path / "v.mov"), *tracks)
    made = run(source, Rate(25)).get_rendition("mezzanine")
    assert find_differences(Path(made.path), made) == ()
    assert len({track.pcm_sha256 for track in made.tracks}) == 3
    told = json.loads(Path(made.proof.sidecar.path).read_text())["audio"]["tracks"]
    assert [one["pcm_sha256"] for one in told] == [track.pcm_sha256 for track in made.tracks]
    swapped = replace(made, tracks=made.tracks[::-1])
    said = find_differences(Path(made.path), swapped)
    assert [one.partition(":")[0] for one in said] == ["audio track 1", "audio track 3"]
    lost = replace(made, tracks=(*made.tracks, made.tracks[0]))
    assert find_differences(Path(made.path), lost) == ("3 audio tracks found, 4 were written",)


def test_the_same_again_gives_the_same_bytes(run, tmp_path):
    tracks = [wav(tmp_path / f"{number}.wav", (0.5,)) for number in range(3)]
    source = together(tmp_path / "clip.mov", silent_film(tmp_path / "v.mov"), *tracks)
    one, two = (run(source, Rate(25), folder=tmp_path / name) for name in ("one", "two"))
    assert [made.sha256 for made in one.renditions] == [made.sha256 for made in two.renditions]
    assert numbers(Path(one.get_rendition("mezzanine").path)) == list(range(100))


def test_a_track_that_cannot_be_decoded_is_told(tmp_path):
    tracks = [wav(tmp_path / f"{number}.wav", (0.5,)) for number in range(2)]
    source = together(tmp_path / "clip.mov", silent_film(tmp_path / "v.mov"), *tracks)
    whole = source.read_bytes()
    second = whole.rindex(b"sowt")  # the second track's codec, as its sample description names it
    source.write_bytes(whole[:second] + b"xyzw" + whole[second + 4 :])
    media = probe_clip(source)
    assert len(media.audio) == 1
    assert "audio track 2 of the file cannot be decoded and is left out" in media.warnings


def test_words_on_a_track_say_which(tmp_path):
    tracks = [wav(tmp_path / f"{number}.wav", (0.5,)) for number in range(2)]
    source = together(tmp_path / "clip.mov", silent_film(tmp_path / "v.mov"), *tracks, late=(0, 0.25))
    assert [track.start_us for track in probe_clip(source).audio] == [0, pytest.approx(250_000, abs=25)]
    assert any(
        said.startswith("audio track 2: sound begins 250.0 ms after") for said in probe_clip(source).warnings
    )
