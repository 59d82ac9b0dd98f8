"""The day sheet: everything that counts is on it, and nothing from a card can become markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from mcsyncd.api import CameraBody, ClipBody, SessionBody
from mcsyncd.api.sessions import AngleBody, HandSetBody
from mcsyncd.present.day_sheet import SheetSession, Thumbnail, build_day_sheet
from mcsyncd.present.numbers import format_offset

HOSTILE = '"><script>alert(1)</script>\x1b[2J.MOV'


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def session(**changes):
    body = SessionBody(
        id="20261127-103000-a1b", state="published", revision=2, sync_confidence=0.97, sync_method="manual",
        offsets_ms={"cam_a": 0.0, "cam_b": -134.0}, drift_ppm={"cam_a": 0.0, "cam_b": 3.2}, reference="cam_a",
        angles={"cam_a": AngleBody(confidence=1.0), "cam_b": AngleBody(confidence=0.97)},
        cameras={
            "cam_a": CameraBody(label="Cam A", clips=[ClipBody(name="A.MOV", bytes=5, sha256="ab" * 32)]),
            "cam_b": CameraBody(
                label=HOSTILE, clips=[ClipBody(name=HOSTILE, bytes=5, disposition="set_aside")]
            ),
        },
        approved_by="kim", approved_at="2026-11-27T11:00:00.123456Z",
        left_out={f"cam_a/{HOSTILE}": "not complete"},
        hand_set=[HandSetBody(camera="cam_b", offset_ms=-134.0, solved_ms=-130.0, by=HOSTILE, at="now")],
    )  # fmt: skip
    return SheetSession(
        body.model_copy(update=changes), "cd" * 32, 41, {"cam_a/A.MOV": Thumbnail("QUJD", 160, 90, 160, 90)}
    )


def test_all_that_counts_is_on_it():
    text = build_day_sheet("2026-11-27", [session()])
    for said in (
        "97%",
        "kim",
        "at 2026-11-27 11:00:00 UTC",
        "ab" * 32,
        "cd" * 32,
        "41 events",
        format_offset(-134.0),
        "set aside",
    ):
        assert said in text, said
    assert "the machine had" in text


def test_names_from_a_card_are_text_and_nothing_is_loaded():
    text = build_day_sheet(HOSTILE, [session()])
    page = Page(text)
    assert page.open == []
    assert "script" not in page.tags
    assert "\x1b" not in text
    sources = [value for name, value in page.attributes if name in {"src", "href"}]
    assert sources == ["data:image/jpeg;base64,QUJD"]
    assert any(name == "content" and "default-src 'none'" in (value or "") for name, value in page.attributes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "in_review", "call_to_action": "review_sync"}, "Waits for a person: Review Sync"),
        ({"state": "in_review", "call_to_action": "looks_good"}, "Waits for a person: Looks Good"),
        ({"state": "rejected"}, "Approved by nobody"),
        ({"sync_confidence": None, "state": "collecting"}, "Not synced yet"),
    ],
)
def test_what_nobody_approved_does_not_look_approved(changes, said):
    text = build_day_sheet("x", [session(approved_by=None, **changes)])
    assert said in text
    assert "Approved by <b>" not in text


def test_a_day_without_sessions_says_so():
    assert "No session was opened." in build_day_sheet("2026-11-27", [])
