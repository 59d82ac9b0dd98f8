"""Where offsets lie on the match strip."""

from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.tui.review.strip_axis import build_axis

distances = st.lists(st.floats(-1e8, 1e8), min_size=1, max_size=8)


@given(st.integers(20, 200), st.floats(1, 500), distances)
def test_every_offset_has_its_cell_and_none_passes_another(cells, half_ms, distances_ms):
    axis = build_axis(cells, half_ms, distances_ms)
    found = [axis.find_cell(one) for one in sorted(distances_ms)]
    assert found == sorted(found)
    assert all(0 <= cell < cells for cell in found)


@given(st.integers(20, 200), st.floats(1, 500))
def test_what_lies_beyond_the_curve_is_never_inside_it(cells, half_ms):
    axis = build_axis(cells, half_ms, [half_ms * 1.01, -half_ms * 50])
    assert axis.find_cell(half_ms * 1.01) >= cells - axis.margin
    assert axis.find_cell(-half_ms * 50) == 0
    assert axis.find_cell(0) == axis.margin + round((cells - 2 * axis.margin - 1) / 2)


def test_without_anything_beyond_the_curve_has_all_cells():
    assert build_axis(80, 200, [0.0, 40.0, -120.0]).margin == 0
