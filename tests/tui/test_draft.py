from tui import scenes

from mcsyncd.tui.review.draft import ReviewDraft, format_nudge_target


def desk(session=None):
    return ReviewDraft(session or scenes.unsure(), 0.85)


def test_the_weakest_angle_is_looked_at_first():
    assert desk().camera == "cam_c"


def test_candidates_are_gone_through_best_first_and_around():
    on = desk()
    places = []
    for _ in range(3):
        on.select_candidate(1)
        places.append(on.nudges.get_offset_us("cam_c"))
    assert places == [87_000, 127_000, 87_000]
    on.nudges.move("cam_c", 3)
    on.select_candidate(1)
    assert on.nudges.get_offset_us("cam_c") == 127_000


def test_reset_returns_to_the_computed_offset():
    on = desk()
    on.nudges.move("cam_c", 9_000)
    on.reset_to_computed()
    assert on.nudges.pending == {}


def test_after_a_nudge_the_computed_offset_is_the_best_candidate():
    by_hand = scenes.unsure(sync_method="manual", offsets_ms={"cam_a": 0.0, "cam_b": -134.0, "cam_c": 11.0})
    on = desk(by_hand)
    on.reset_to_computed()
    assert on.nudges.get_offset_us("cam_c") == 127_000


def test_the_reference_stands_still():
    on = desk()
    on.checklist.current = "cam_a"
    assert "reference" in on.explain_immovable()


def test_what_is_not_in_review_is_not_moved():
    assert desk(scenes.unsure(state="approved")).explain_immovable()


def test_decisions_are_one_nudge_for_each_moved_camera():
    on = desk()
    on.nudges.set_offset("cam_c", 87_000)
    on.nudges.move("cam_b", 33_367)
    assert [(nudge.camera, nudge.to) for nudge in on.build_nudges()] == [
        ("cam_c", "=87ms"),
        ("cam_b", "=-100.633ms"),
    ]


def test_an_offset_is_written_as_the_daemon_reads_it():
    assert [format_nudge_target(us) for us in (0, -134_000, 33_367, 100_000)] == [
        "=0ms",
        "=-134ms",
        "=33.367ms",
        "=100ms",
    ]


def test_another_revision_waits_while_something_is_moved():
    on = desk()
    moved_on = scenes.unsure(revision=4)
    assert on.can_adopt(moved_on)
    on.nudges.move("cam_c", 1_000)
    assert not on.can_adopt(moved_on)
    assert on.can_adopt(scenes.unsure(claimed_by="a.ruiz"))


def test_adopting_names_the_cameras_that_lie_elsewhere():
    offsets = {"cam_a": 0.0, "cam_b": -134.0, "cam_c": 87.0}
    assert desk().adopt(scenes.unsure(revision=4, offsets_ms=offsets)) == ["cam_c"]


def test_enter_walks_over_every_unsure_angle_before_it_approves():
    session = scenes.unsure(offsets_ms={"cam_a": 0.0, "cam_b": None, "cam_c": 127.0})
    walk = desk(session).checklist
    said = [walk.label_button(session)]
    presses = 0
    while not walk.advance(session):
        said.append(walk.label_button(session))
        presses += 1
    assert said == ["Cam C Looks Good", "Cam B Looks Good", "Looks Good"]
    assert presses == 2


def test_elsewhere_the_button_leads_to_the_unsure_angle():
    session = scenes.unsure()
    walk = desk(session).checklist
    walk.current = "cam_b"
    assert walk.label_button(session) == "Review Cam C"
    assert not walk.advance(session)
    assert walk.current == "cam_c"
