"""Sheets of thumbnails, judged by an independent decoder through the track that names them."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from footage import Shot, film, number_in, steady
from judge import facts, needs_ffmpeg, pictures, rgb
from mcsyncd.model.rate import Rate

pytestmark = needs_ffmpeg

NTSC = Fraction(30000, 1001)
_CUE = re.compile(r"\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)\n")


def thumbnails(sprites) -> list[np.ndarray]:
    """What a player cuts out of the sheets, in the order of the track: gray."""
    folder = Path(sprites.webvtt.path).parent
    sheets = {path.name: pictures(path)[0] for path in folder.glob("*.jpg")}
    cut = []
    for name, *place in _CUE.findall((folder / Path(sprites.webvtt.path).name).read_text()):
        x, y, width, height = map(int, place)
        cut.append(sheets[name][y : y + height, x : x + width])
    return cut


@pytest.mark.parametrize("rate", [Rate(25), Rate(30000, 1001)])
def test_each_thumbnail_shows_the_frame_of_the_proxy_that_it_stands_for(rate, run, tmp_path):
    # 105 s, so that a second sheet begins; at two pictures a second, to be filmed quickly
    source = film(tmp_path / "clip.mov", Shot(steady(2, 105), events=()))
    made = run(source, rate)
    sprites, proxy = made.sprites, made.get_rendition("proxy")
    assert sprites.count == -(-proxy.frames // sprites.step_ticks)
    assert len(sprites.sheets) == 2
    seen = [number_in(gray) for gray in thumbnails(sprites)]
    ticks = [tile * sprites.step_ticks / rate.fraction for tile in range(sprites.count)]
    # the nearest picture; of two equally near, the earlier
    assert seen == [-int(-(2 * tick - Fraction(1, 2)) // 1) for tick in ticks]


def test_a_sheet_holds_a_hundred_and_the_last_ends_with_its_thumbnails(run, tmp_path):
    source = film(tmp_path / "clip.mov", Shot(steady(2, 112), events=()))
    sprites = run(source, Rate(25)).sprites
    shapes = [
        (facts(Path(one.path), "v")["width"], facts(Path(one.path), "v")["height"]) for one in sprites.sheets
    ]
    assert shapes == [(10 * 120, 10 * 90), (10 * 120, 2 * 90)]


def test_colours_of_a_thumbnail_are_those_of_the_clip(run, tmp_path):
    tags = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "tv"}
    shot = Shot(steady(25, 1), events=(), tags=tags, tint=(90, 200))
    source = film(tmp_path / "clip.mp4", shot)
    made = run(source, Rate(25))
    height = made.sprites.height
    wanted = rgb(Path(made.get_rendition("proxy").path))[0, 10:60].mean(axis=(0, 1))
    got = rgb(Path(made.sprites.sheets[0].path))[0, : height // 2].mean(axis=(0, 1))
    # the wrong matrix would be 14 off in red
    assert np.abs(wanted - got).max() < 6


def test_the_same_again_gives_the_same_thumbnails(run, tmp_path):
    source = film(tmp_path / "clip.mov", Shot(steady(30, 3)))
    first, second = (run(source, folder=tmp_path / name).sprites for name in ("one", "two"))
    assert [file.sha256 for file in first.files] == [file.sha256 for file in second.files]


def test_thumbnails_of_an_earlier_run_are_replaced(run, tmp_path):
    stale = tmp_path / "out" / "clip.sprites"
    stale.mkdir(parents=True)
    (stale / "old.jpg").write_bytes(b"old")
    (tmp_path / "out" / "clip.sprites.part").mkdir()
    made = run(film(tmp_path / "clip.mov", Shot(steady(30, 1))))
    assert sorted(path.name for path in stale.iterdir()) == sorted(
        Path(one.path).name for one in made.sprites.files
    )
    assert not (tmp_path / "out" / "clip.sprites.part").exists()


def test_a_clip_without_picture_has_none(run, tmp_path):
    assert run(film(tmp_path / "clip.wav", Shot((), (0, 1))), Rate(25)).sprites is None
