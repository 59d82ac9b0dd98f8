"""Every screen with the bindings on it: what a keymap is checked against."""

from __future__ import annotations

from mcsyncd.tui.dialogs import LeaveDialog
from mcsyncd.tui.key_choice import Screens
from mcsyncd.tui.live_screen import HELP
from mcsyncd.tui.queue.activity import ActivityScreen
from mcsyncd.tui.queue.screen import QueueScreen
from mcsyncd.tui.review.keys import REVIEW_KEYS
from mcsyncd.tui.session.clips import ClipsDialog
from mcsyncd.tui.session.screen import SessionScreen
from mcsyncd.tui.shell import COMMANDS

SCREENS: Screens = {
    "queue": QueueScreen.list_bindings(),
    "session": SessionScreen.list_bindings(),
    "activity": ActivityScreen.list_bindings(),
    "review": (*REVIEW_KEYS, COMMANDS, HELP),  # not from its screen, which loads numpy
    "clips": ClipsDialog.KEYS,
    "leaving a review": LeaveDialog.KEYS,
}
"""The screens by the names that messages call them by."""
