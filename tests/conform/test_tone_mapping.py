"""High dynamic range brought down: against the standards' own figures, and as a decoder shows it."""

from pathlib import Path

import numpy as np
import pytest

from footage import Shot, film, steady
from judge import facts, make_pq, needs_ffmpeg, needs_zscale, rgb
from mcsyncd.conform.tone_mapping import build_cube_lut, map_to_standard_range
from mcsyncd.model.rate import Rate

# ITU-R BT.2408, table 1 (signal in percent): grey card 18 % and reference white, and 1000 cd/m2 in PQ.
GREY = {"smpte2084": 0.38, "arib-std-b67": 0.38}
WHITE = {"smpte2084": 0.58, "arib-std-b67": 0.75}
PEAK = {"smpte2084": 0.7518, "arib-std-b67": 1.0}
TRANSFERS = pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])


def grey(level: float, transfer: str) -> np.ndarray:
    return map_to_standard_range(np.array([[level] * 3]), transfer)[0]


@TRANSFERS
def test_black_stays_black_and_the_peak_becomes_white(transfer):
    assert grey(0.0, transfer) == pytest.approx([0, 0, 0], abs=1e-3)
    assert grey(PEAK[transfer], transfer) == pytest.approx([1, 1, 1], abs=2e-3)


@TRANSFERS
def test_a_grey_card_is_as_bright_as_it_was_meant_to_be_and_white_has_room_above(transfer):
    # 26 cd/m2 of 203, by the display's gamma of 2.4
    assert grey(GREY[transfer], transfer)[0] == pytest.approx((26 / 203) ** (1 / 2.4), abs=0.02)
    assert 0.8 < grey(WHITE[transfer], transfer)[0] < 0.95


@TRANSFERS
def test_brighter_never_becomes_darker_and_grey_stays_grey(transfer):
    levels = np.linspace(0, 1, 500)
    mapped = map_to_standard_range(np.repeat(levels[:, None], 3, axis=1), transfer)
    assert (np.diff(mapped[:, 1]) >= -1e-6).all()
    assert np.abs(mapped - mapped[:, 1:2]).max() < 0.01


def test_the_table_has_every_step_in_its_order():
    head, *lines = build_cube_lut("smpte2084").splitlines()
    assert head == "LUT_3D_SIZE 33"
    assert len(lines) == 33**3
    red = [float(part) for part in lines[16].split()]  # red runs fastest
    assert red == pytest.approx(map_to_standard_range(np.array([[0.5, 0, 0]]), "smpte2084")[0], abs=1e-6)


@needs_ffmpeg
@TRANSFERS
def test_the_proxy_shows_it_and_the_mezzanine_keeps_it(transfer, run, tmp_path):
    level = round(16 + 219 * GREY[transfer])
    tags = {"color_primaries": "bt2020", "color_trc": transfer, "colorspace": "bt2020nc", "color_range": "tv"}
    shot = Shot(steady(25, 1), events=(), tags=tags, grey=level, pix_fmt="yuv420p10le")
    made = run(film(tmp_path / "clip.mp4", shot), Rate(25))
    proxy, mezzanine = (Path(made.get_rendition(kind).path) for kind in ("proxy", "mezzanine"))
    assert facts(proxy, "v")["color_transfer"] == "bt709"
    assert facts(mezzanine, "v")["color_transfer"] == transfer
    wanted = 255 * (26 / 203) ** (1 / 2.4)
    for path in (proxy, Path(made.sprites.sheets[0].path)):
        assert rgb(path)[0, 10:40, :60].mean(axis=(0, 1)) == pytest.approx([wanted] * 3, abs=6)


@needs_zscale
def test_colours_made_pq_by_an_independent_tool_come_back(run, tmp_path):
    """A colour of standard range, white at 203 cd/m2, is below the knee: nothing about it changes."""
    colour = (150, 96, 70)
    source = tmp_path / "clip.mov"
    make_pq(source, colour)
    made = run(source, Rate(25))
    assert rgb(Path(made.get_rendition("proxy").path))[0].mean(axis=(0, 1)) == pytest.approx(colour, abs=6)
