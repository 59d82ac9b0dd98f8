"""What is said of the originals: what was seen, with its time, and nothing where nobody looked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tui import scenes

from mcsyncd import api
from mcsyncd.present.files import format_file_fates
from mcsyncd.present.originals import format_originals

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
LABELS = {"cam_a": "Cam A"}
AT = "2026-11-23T19:50:00.000000+00:00"


def fault(name: str) -> api.OriginalFaultBody:
    return api.OriginalFaultBody(
        file=f"cam_a/{name}", kind="missing", message="is missing", hint="put it back"
    )


def look(count: int, *faults: api.OriginalFaultBody) -> api.OriginalsBody:
    return api.OriginalsBody(checked_at=AT, count=count, faults=list(faults))


@pytest.mark.parametrize("found", [None, look(0)])
def test_nothing_is_said_where_nothing_was_seen(found):
    assert format_originals(found, LABELS, NOW) == ()


def test_one_is_one():
    assert format_originals(look(1), LABELS, NOW) == (
        "At 19:50 the original was there, size and date as recorded.",
    )


def test_what_is_wrong_is_named_with_what_to_do_and_nothing_else_is_claimed():
    found = look(5, *(fault(f"{name}\x1b[2J.MOV") for name in "123"))
    said = format_originals(found, LABELS, NOW)
    assert said[0].startswith("1")
    assert said[0].endswith(".MOV (Cam A) is missing: put it back.")
    assert said[2] == "1 more is missing or changed."
    assert len(said) == 3
    assert "\x1b" not in "".join(said)


def test_a_decision_says_of_each_file_only_what_was_seen():
    camera = api.CameraBody(
        label="Cam A", clips=[api.ClipBody(name="1.MOV", bytes=1, original="sessions/x/original/cam_a/1.MOV")]
    )
    body = scenes.session(cameras={"cam_a": camera})
    place = "work/sessions/x/original/cam_a/1.MOV"
    for found, said in (
        (None, f"belongs at {place}; what is known of it still counts"),
        (look(1), f"is at {place}; what is known of it still counts"),
        (look(1, fault("1.MOV")), "is missing (put it back)"),
    ):
        assert list(format_file_fates("retry", body, body, found)) == [f"  cam_a/1.MOV: {said}"]


def test_a_file_that_is_gone_need_not_be_put_back_for_a_session_that_does_not_go_on():
    camera = api.CameraBody(
        label="Cam A", clips=[api.ClipBody(name="1.MOV", bytes=1, original="sessions/x/original/cam_a/1.MOV")]
    )
    body, found = scenes.session(cameras={"cam_a": camera}), look(1, fault("1.MOV"))
    told = {
        action: next(iter(format_file_fates(action, body, body, found))) for action in ("return", "reject")
    }
    assert told["return"] == "  cam_a/1.MOV: is missing; it does not come back"
    assert told["reject"] == "  cam_a/1.MOV: is missing"


@pytest.mark.parametrize(
    ("lost", "ways"), [((), 1), (("1.MOV",), 1), (("1.MOV", "2.MOV"), 0)], ids=["none", "one", "all"]
)
def test_a_way_back_is_named_only_while_an_original_is_left(lost, ways):
    clips = [
        api.ClipBody(name=name, bytes=1, original=f"sessions/x/original/cam_a/{name}")
        for name in ("1.MOV", "2.MOV")
    ]
    body = scenes.session(cameras={"cam_a": api.CameraBody(label="Cam A", clips=clips)}, originals_taken=True)
    lines = list(format_file_fates("reject", body, body, look(2, *(fault(name) for name in lost))))
    assert len(lines) == 2 + ways
    assert sum("mcsyncd return-originals" in line for line in lines) == ways
