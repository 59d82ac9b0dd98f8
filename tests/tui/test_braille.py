import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mcsyncd.tui.review import braille

# Unicode's own table, chapter "Braille Patterns": the bit of the dot in that row and column.
BITS = [(0, 3), (1, 4), (2, 5), (6, 7)]


def unpacked(text_lines):
    """The dots that lines of braille show, read with Unicode's table."""
    rows = []
    for line in text_lines:
        rows += [[bool((ord(char) - 0x2800) >> bit & 1) for char in line for bit in bits] for bits in BITS]
    return np.array(rows, dtype=bool)


@st.composite
def dots(draw):
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 20))
    return draw(arrays(np.bool_, (4 * rows, 2 * columns)))


@given(dots())
def test_dots_survive_a_round_trip_through_rows(picture):
    lines = braille.decode_rows(braille.pack_dots(picture))
    assert np.array_equal(unpacked(lines), picture)
    assert {len(line) for line in lines} == {picture.shape[1] // 2}


@given(dots())
def test_blank_cells_are_those_without_a_dot(picture):
    shown = [[char == "\u2800" for char in line] for line in braille.decode_rows(braille.pack_dots(picture))]
    assert np.array_equal(braille.find_blank_cells(braille.pack_dots(picture)), np.array(shown))


def test_silence_is_the_two_rows_in_the_middle():
    drawn = braille.draw_envelope(np.zeros(3), np.zeros(3), 8)
    assert drawn.any(axis=1).tolist() == [False, False, False, True, True, False, False, False]


def test_full_scale_fills_the_lane_and_half_scale_half_of_it():
    full, half = (braille.draw_envelope(np.full(2, -a), np.full(2, a), 16).sum(axis=0) for a in (1.0, 0.5))
    assert full.tolist() == [16, 16]
    assert half.tolist() == [8, 8]


def test_a_waveform_that_is_only_above_the_middle_has_no_dot_below():
    drawn = braille.draw_envelope(np.zeros(1), np.ones(1), 12)
    assert drawn[:6].all()
    assert not drawn[7:].any()
