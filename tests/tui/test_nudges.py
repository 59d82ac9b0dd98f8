from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.tui.review.nudges import PendingNudges

RECORDED = {"cam_a": 0, "cam_b": -134_000, "cam_c": None}
moves = st.lists(st.tuples(st.sampled_from(sorted(RECORDED)), st.integers(-50_000, 50_000)), max_size=20)


@given(moves)
def test_undo_all_the_way_leads_back_and_redo_all_the_way_forth(steps):
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
def test_the_shift_is_what_the_moves_add_up_to(steps):
    nudges = PendingNudges(RECORDED)
    for camera, by in steps:
        nudges.move(camera, by)
    for camera in RECORDED:
        assert nudges.get_shift_us(camera) == sum(by for moved, by in steps if moved == camera)


def test_a_move_and_its_opposite_is_no_change():
    nudges = PendingNudges(RECORDED)
    nudges.move("cam_b", 5_000)
    nudges.move("cam_b", -5_000)
    assert nudges.pending == {}


def test_a_camera_that_could_not_be_placed_is_taken_up_at_zero():
    nudges = PendingNudges(RECORDED)
    nudges.move("cam_c", 1_000)
    assert nudges.pending == {"cam_c": 1_000}


def test_what_was_sent_is_no_longer_a_change():
    nudges = PendingNudges(RECORDED)
    nudges.set_offset("cam_b", -94_000)
    nudges.rebase({**RECORDED, "cam_b": -94_000})
    assert nudges.pending == {}
    assert nudges.get_shift_us("cam_b") == 0


def test_a_new_move_forgets_what_was_undone():
    nudges = PendingNudges(RECORDED)
    nudges.move("cam_b", 1)
    nudges.undo()
    nudges.move("cam_b", 2)
    assert not nudges.redo()
