"""The keys of the review, those that a decision needs first: the last lines leave the others out first."""

from __future__ import annotations

from mcsyncd.tui.keymap import build_binding

_DOT, _MS, _FRAME = "nudge by one dot at this zoom", "nudge by 1 ms", "nudge by one frame"
_ANGLE, _CANDIDATE, _ZOOM = "previous, next angle", "next, previous candidate", "zoom in, out"
_CURSOR, _FAR = "move the cursor", "move the cursor in big steps"
_LISTEN = "listen: reference left, angle right; again: stop"
_HEARD, _UNDO = "listen: reference alone, angle alone, mixed", "undo, redo"

REVIEW_KEYS = (
    build_binding("nudge_back", "left", "nudge_dots(-1)", _DOT, "Nudge"),
    build_binding("nudge_on", "right", "nudge_dots(1)", _DOT, "Nudge"),
    build_binding("ms_back", "shift+left", "nudge_us(-1000)", _MS),
    build_binding("ms_on", "shift+right", "nudge_us(1000)", _MS),
    build_binding("frame_back", "left_square_bracket", "nudge_frames(-1)", _FRAME, "Frame"),
    build_binding("frame_on", "right_square_bracket", "nudge_frames(1)", _FRAME, "Frame"),
    build_binding("cursor_back", "comma", "cursor(-1)", _CURSOR),
    build_binding("cursor_on", "full_stop", "cursor(1)", _CURSOR),
    build_binding("listen", "space", "listen('apart')", _LISTEN, "Listen"),
    build_binding("listen_reference", "1", "listen('reference')", _HEARD),
    build_binding("listen_angle", "2", "listen('angle')", _HEARD),
    build_binding("listen_mixed", "3", "listen('mixed')", _HEARD),
    build_binding("approve", "s", "approve", "approve these offsets", "Approve"),
    build_binding("reject", "x", "reject", "reject, with a reason", "Reject"),
    build_binding("undo", "u", "undo", _UNDO, "Undo"),
    build_binding("redo", "U", "redo", _UNDO),
    build_binding("back", "escape", "leave", "back; asks what becomes of unsent nudges", "Back"),
    build_binding("up", "up,k", "angle(-1)", _ANGLE, "Angle"),
    build_binding("down", "down,j", "angle(1)", _ANGLE, "Angle"),
    build_binding("next_candidate", "n", "candidate(1)", _CANDIDATE, "Candidate"),
    build_binding("previous_candidate", "N", "candidate(-1)", _CANDIDATE),
    build_binding("type_offset", "equals_sign", "type_offset", "type the offset, in any unit", "Type"),
    build_binding("reset", "0", "reset", "reset to the computed offset"),
    build_binding("picture", "p", "picture", "picture on, off; the cursor then steps frames", "Picture"),
    build_binding("zoom_in", "plus", "zoom(-1)", _ZOOM, "Zoom"),
    build_binding("zoom_out", "minus", "zoom(1)", _ZOOM, "Zoom"),
    build_binding("whole", "f", "fit", "whole session; again: back to the cursor"),
    build_binding("cursor_far_back", "less_than_sign", "cursor(-10)", _FAR),
    build_binding("cursor_far_on", "greater_than_sign", "cursor(10)", _FAR),
    build_binding("swap", "b", "swap", "A/B: to the other candidate; again: back", "A/B"),
    build_binding("both", "o", "show('rival')", "both candidates at once on, off", "Both"),
    build_binding("onsets", "i", "show('onsets')", "onsets in place of the sound on, off"),
    build_binding("ghost", "g", "show('ghost')", "ghost of the reference on, off"),
    build_binding("take_over", "t", "take_over", "take over from another reviewer"),
)
"""Key and action, a method `action_*` of the screen."""

STEP_HINTS = {"cursor_back": "Step", "cursor_on": "Step"}
"""What the keys of the cursor are called while the picture is shown."""
