from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.tui.review.nudges import PendingNudges

RECORDED = {"cam_a": 0, "cam_b": -134_000, "cam_c": None}
moves = st.lists(st.tuples(st.sampled_from(sorted(RECORDED)), st.integers(-50_000, 50_000)), max_size=20)


@given(moves)
def test_undoing_everything_restores_the_start_and_redoing_the_end(steps):
    nudges = PendingNudges(RECORDED)
    for camera, by in steps:
        nudges.move(camera, by)
    laid = {camera: nudges.get_offset_us(camera) for camera in RECORDED}
    while nudges.undo():
        pass
    assert {camera: nudges.get_offset_us(camera) for camera in RECORDED} == RECORDED
    assert nudges.pending == {}
    while nudges.redo():
        pass
    assert {camera: nudges.get_offset_us(camera) for camera in RECORDED} == laid


@given(moves)
def test_the_shift_is_the_sum_of_the_moves(steps):
    nudges = PendingNudges(RECORDED)
    for camera, by in steps:
        nudges.move(camera, by)
    for camera in RECORDED:
        assert nudges.get_shift_us(camera) == sum(by for moved, by in steps if moved == camera)


def test_a_move_and_its_opposite_leave_nothing_pending():
    nudges = PendingNudges(RECORDED)
    nudges.move("cam_b", 5_000)
    nudges.move("cam_b", -5_000)
    assert nudges.pending == {}


def test_a_camera_that_was_not_placed_starts_from_zero():
    nudges = PendingNudges(RECORDED)
    nudges.move("cam_c", 1_000)
    assert nudges.pending == {"cam_c": 1_000}


def test_a_sent_nudge_is_no_longer_pending():
    nudges = PendingNudges(RECORDED)
    nudges.set_offset("cam_b", -94_000)
    nudges.rebase({**RECORDED, "cam_b": -94_000})
    assert nudges.pending == {}
    assert nudges.get_shift_us("cam_b") == 0


def test_a_new_move_clears_the_redo_stack():
    nudges = PendingNudges(RECORDED)
    nudges.move("cam_b", 1)
    nudges.undo()
    nudges.move("cam_b", 2)
    assert not nudges.redo()
