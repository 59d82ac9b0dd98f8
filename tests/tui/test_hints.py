"""Hints in the app name its own buttons and keys."""

import pytest
from tui import scenes

from mcsyncd.tui.hints import format_hint

SESSION = scenes.SURE


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        (f"fix what it reports, then: mcsyncd retry {SESSION}", "fix what it reports, then: Retry"),
        (f"see `mcsyncd show {SESSION}`", "see the session and its details"),
        ("see `mcsyncd show` for its cameras", "see the session and its details for its cameras"),
        (
            f"leave it out: mcsyncd clip {SESSION} cam_a/A B.MOV leave-out --reason TEXT",
            "leave it out: Clips",
        ),
        ("copy it again; see `mcsyncd status`", "copy it again; see the queue"),
        (f"mcsyncd retry {SESSION}; then look again", "Retry; then look again"),
        ("check the disk, then try again", "check the disk, then try again"),
        ("mcsyncd storage resume", "resume the uploads, in the queue"),
        ("mcsyncd storage plan shows it", "mcsyncd storage plan shows it"),
    ],
)
def test_a_command_with_a_key_is_named_by_its_word(hint, shown):
    assert format_hint(hint) == shown


@pytest.mark.parametrize(
    "hint",
    [
        "run `mcsyncd doctor` to check the codecs",
        f"to get them back: mcsyncd return-originals {SESSION}",
        "mend it, or start without it: mcsyncd seal --without cam_a/A.MOV",
    ],
)
def test_a_command_that_the_app_lacks_stays(hint):
    assert format_hint(hint) == hint


def test_a_hint_is_safe_to_show_and_bounded():
    assert "\x1b" not in format_hint("see\x1b[2J `mcsyncd show`")
    assert len(format_hint("x" * 1000)) <= 300
