"""Frames as cells: read back, they are the frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from rich.style import Style

from mcsyncd.tui.review.frame_cells import draw_dots, draw_half_blocks

BLANK = Style(color="#d7dce2", bgcolor="#101418")
GROUND = (0x10, 0x14, 0x18)


def read_cells(strips, width, height):
    """The pixels that a terminal shows, uint8 (2 * height, width, 3)."""
    shown = np.zeros((2 * height, width, 3), np.uint8)
    assert len(strips) == height
    for y, strip in enumerate(strips):
        x = 0
        for segment in strip:
            for character in segment.text:
                ground = segment.style.bgcolor.triplet
                assert character in {" ", "▀"}
                shown[2 * y, x] = segment.style.color.triplet if character == "▀" else ground
                shown[2 * y + 1, x] = ground
                x += 1
        assert x == width
    return shown


frames = st.tuples(st.integers(1, 9), st.integers(1, 12)).flatmap(
    lambda size: arrays.arrays(np.uint8, (*size, 3), elements=st.sampled_from([0, 8, 120, 248]))
)


@given(frames, st.integers(1, 12), st.integers(1, 6))
def test_every_pixel_is_where_it_was_and_what_is_left_is_blank(pixels, width, height):
    shown = read_cells(draw_half_blocks(pixels, width, height, BLANK), width, height)
    kept = pixels[: 2 * height, :width]
    rows = -(-len(kept) // 2)
    top, left = 2 * ((height - rows) // 2), (width - kept.shape[1]) // 2
    assert (shown[top : top + len(kept), left : left + kept.shape[1]] == kept).all()
    outside = np.ones(shown.shape[:2], bool)
    outside[top : top + 2 * rows, left : left + kept.shape[1]] = False
    assert (shown[outside] == GROUND).all()


def test_an_even_wall_is_sent_once():
    wall = np.full((40, 60, 3), 96, np.uint8)
    strips = draw_half_blocks(wall + np.arange(60, dtype=np.uint8)[None, :, None] % 4, 60, 20, BLANK)
    assert all(len(list(strip)) <= 3 for strip in strips)


@pytest.mark.parametrize("is_dark", [True, False])
def test_without_colour_what_is_bright_has_the_more_dots_in_a_dark_terminal(is_dark):
    halves = np.full((32, 40, 3), 20, np.uint8)
    halves[:, 20:] = 220
    strips = draw_dots(halves, 20, 8, BLANK, is_dark=is_dark)
    counts = np.array([[(ord(c) - 0x2800).bit_count() for c in strip.text] for strip in strips])
    assert counts.shape == (8, 20)
    dark, bright = counts[:, :10].mean(), counts[:, 10:].mean()
    assert (bright - dark > 6) if is_dark else (dark - bright > 6)
