from tui import scenes

from mcsyncd.review.nudge import format_nudge_target
from mcsyncd.tui.review.draft import ReviewDraft
from mcsyncd.tui.review.labels import explain_unplaced


def make_draft(session=None):
    return ReviewDraft(session or scenes.unsure(), 0.85)


def test_a_review_starts_at_the_angle_with_the_lowest_confidence():
    assert make_draft().camera == "cam_c"


def test_candidates_are_selected_best_first_and_wrap_around():
    draft = make_draft()
    offsets = []
    for _ in range(3):
        draft.select_candidate(1)
        offsets.append(draft.nudges.get_offset_us("cam_c"))
    assert offsets == [87_000, 127_000, 87_000]
    draft.nudges.move("cam_c", 3)
    draft.select_candidate(1)
    assert draft.nudges.get_offset_us("cam_c") == 127_000


def test_reset_returns_to_the_computed_offset():
    draft = make_draft()
    draft.nudges.move("cam_c", 9_000)
    draft.reset_to_computed()
    assert draft.nudges.pending == {}


def test_after_a_nudge_the_computed_offset_is_still_the_machines():
    draft = make_draft(scenes.by_hand())
    assert draft.camera == "cam_b"
    draft.reset_to_computed()
    assert draft.nudges.get_offset_us("cam_b") == -134_000


def test_an_angle_without_a_place_is_moved_by_no_key():
    """One arrow key gave it a position, and enter published that."""
    draft = make_draft(scenes.unplaced())
    assert draft.camera == "cam_c"
    assert not draft.is_placed
    why = explain_unplaced(draft, {"type_offset": "T"})
    assert why == "Cam C has no place yet, so it cannot be moved; T gives it one"
    assert draft.label_button() == "Place Cam C"
    draft.nudges.set_offset("cam_c", 500_000)
    assert draft.is_placed
    assert draft.label_button() == "Cam C As Moved"


def test_an_angle_whose_clips_were_left_out_is_not_asked_for():
    body = scenes.unplaced()
    gone = [clip.model_copy(update={"disposition": "left_out"}) for clip in body.cameras["cam_c"].clips]
    camera = body.cameras["cam_c"].model_copy(update={"clips": gone})
    draft = make_draft(scenes.changed(body, cameras={**body.cameras, "cam_c": camera}))
    assert "cam_c" not in draft.checklist.list_unchecked(draft.session)


def test_the_reference_cannot_be_moved():
    draft = make_draft()
    draft.checklist.current = "cam_a"
    assert "reference" in draft.explain_immovable()


def test_a_session_that_is_not_in_review_cannot_be_moved():
    assert make_draft(scenes.unsure(state="approved")).explain_immovable()


def test_decisions_are_one_nudge_for_each_moved_camera():
    draft = make_draft()
    draft.nudges.set_offset("cam_c", 87_000)
    draft.nudges.move("cam_b", 33_367)
    assert [(nudge.camera, nudge.to) for nudge in draft.build_nudges()] == [
        ("cam_c", "=87ms"),
        ("cam_b", "=-100.633ms"),
    ]


def test_a_nudge_target_is_what_the_daemon_parses():
    assert [format_nudge_target(us) for us in (0, -134_000, 33_367, 100_000)] == [
        "=0ms",
        "=-134ms",
        "=33.367ms",
        "=100ms",
    ]


def test_another_revision_is_not_adopted_while_nudges_are_pending():
    draft = make_draft()
    moved_on = scenes.unsure(revision=4)
    assert draft.can_adopt(moved_on)
    draft.nudges.move("cam_c", 1_000)
    assert not draft.can_adopt(moved_on)
    assert draft.can_adopt(scenes.unsure(claimed_by="a.ruiz"))


def test_adopting_returns_the_cameras_whose_offset_changed():
    offsets = {"cam_a": 0.0, "cam_b": -134.0, "cam_c": 87.0}
    assert make_draft().adopt(scenes.unsure(revision=4, offsets_ms=offsets)) == ["cam_c"]


def test_enter_visits_every_unsure_angle_before_it_approves():
    session = scenes.unsure(offsets_ms={"cam_a": 0.0, "cam_b": None, "cam_c": 127.0})
    checklist = make_draft(session).checklist
    said = [checklist.label_button(session)]
    presses = 0
    while not checklist.advance(session):
        said.append(checklist.label_button(session))
        presses += 1
    assert said == ["Cam C Looks Good", "Cam B Looks Good", "Looks Good"]
    assert presses == 2


def test_on_a_sure_angle_the_button_leads_to_the_unsure_one():
    session = scenes.unsure()
    checklist = make_draft(session).checklist
    checklist.current = "cam_b"
    assert checklist.label_button(session) == "Review Cam C"
    assert not checklist.advance(session)
    assert checklist.current == "cam_c"
