from tui import scenes

from mcsyncd.tui.desk import Desk, laid


def desk(session=None):
    return Desk(session or scenes.unsure(), 0.85)


def test_the_weakest_angle_is_looked_at_first():
    assert desk().camera == "cam_c"


def test_candidates_are_gone_through_best_first_and_around():
    on = desk()
    places = []
    for _ in range(3):
        on.to_candidate(1)
        places.append(on.nudges.offset_us("cam_c"))
    assert places == [87_000, 127_000, 87_000]
    on.nudges.move("cam_c", 3)
    on.to_candidate(1)
    assert on.nudges.offset_us("cam_c") == 127_000


def test_back_to_the_machines_answer():
    on = desk()
    on.nudges.move("cam_c", 9_000)
    on.to_machine()
    assert on.nudges.changed == {}


def test_after_a_nudge_by_hand_the_machines_answer_is_its_best_candidate():
    by_hand = scenes.unsure(sync_method="manual", offsets_ms={"cam_a": 0.0, "cam_b": -134.0, "cam_c": 11.0})
    on = desk(by_hand)
    on.to_machine()
    assert on.nudges.offset_us("cam_c") == 127_000


def test_the_reference_stands_still():
    on = desk()
    on.walk.current = "cam_a"
    assert "reference" in on.stands_still()


def test_what_is_not_in_review_is_not_moved():
    assert desk(scenes.unsure(state="approved")).stands_still()


def test_decisions_are_one_nudge_for_each_moved_camera():
    on = desk()
    on.nudges.lay("cam_c", 87_000)
    on.nudges.move("cam_b", 33_367)
    assert [(nudge.camera, nudge.to) for nudge in on.decisions()] == [
        ("cam_c", "=87ms"),
        ("cam_b", "=-100.633ms"),
    ]


def test_an_offset_is_written_as_the_daemon_reads_it():
    assert [laid(us) for us in (0, -134_000, 33_367, 100_000)] == ["=0ms", "=-134ms", "=33.367ms", "=100ms"]


def test_another_revision_waits_while_something_is_moved():
    on = desk()
    moved_on = scenes.unsure(revision=4)
    assert on.accepts(moved_on)
    on.nudges.move("cam_c", 1_000)
    assert not on.accepts(moved_on)
    assert on.accepts(scenes.unsure(claimed_by="a.ruiz"))


def test_adopting_names_the_cameras_that_lie_elsewhere():
    offsets = {"cam_a": 0.0, "cam_b": -134.0, "cam_c": 87.0}
    assert desk().adopt(scenes.unsure(revision=4, offsets_ms=offsets)) == ["cam_c"]


def test_enter_walks_over_every_unsure_angle_before_it_approves():
    session = scenes.unsure(offsets_ms={"cam_a": 0.0, "cam_b": None, "cam_c": 127.0})
    walk = desk(session).walk
    said = [walk.button(session)]
    presses = 0
    while not walk.press(session):
        said.append(walk.button(session))
        presses += 1
    assert said == ["Cam C Looks Good", "Cam B Looks Good", "Looks Good"]
    assert presses == 2


def test_elsewhere_the_button_leads_to_the_unsure_angle():
    session = scenes.unsure()
    walk = desk(session).walk
    walk.current = "cam_b"
    assert walk.button(session) == "Review Cam C"
    assert not walk.press(session)
    assert walk.current == "cam_c"
