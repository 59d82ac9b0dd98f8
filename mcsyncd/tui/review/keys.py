"""The keys of the review: what each does, how the help describes it, which ones the last line names."""

from __future__ import annotations

from textual.binding import BindingType

BINDINGS: list[BindingType] = [
    ("escape", "leave", "Back"),
    ("left", "nudge_dots(-1)"),
    ("right", "nudge_dots(1)"),
    ("shift+left", "nudge_us(-1000)"),
    ("shift+right", "nudge_us(1000)"),
    ("left_square_bracket", "nudge_frames(-1)"),
    ("right_square_bracket", "nudge_frames(1)"),
    ("n", "candidate(1)"),
    ("N", "candidate(-1)"),
    ("0", "reset"),
    ("u", "undo"),
    ("U", "redo"),
    ("j,down", "angle(1)"),
    ("k,up", "angle(-1)"),
    ("equals_sign", "type_offset"),
    ("plus", "zoom(-1)"),
    ("minus", "zoom(1)"),
    ("f", "fit"),
    ("comma", "cursor(-1)"),
    ("full_stop", "cursor(1)"),
    ("less_than_sign", "cursor(-10)"),
    ("greater_than_sign", "cursor(10)"),
    ("g", "ghost"),
    ("space", "listen('apart')"),
    ("1", "listen('reference')"),
    ("2", "listen('angle')"),
    ("3", "listen('mixed')"),
    ("s", "approve"),
    ("x", "reject"),
    ("t", "take_over"),
]
"""Textual's bindings: key and action, a method `action_*` of the screen."""

ALL_KEYS = (
    ("enter", "press the button"),
    ("← →", "nudge by one dot at this zoom"),
    ("shift+← →", "nudge by 1 ms"),
    ("[  ]", "nudge by one frame"),
    ("n  N", "next, previous candidate"),
    ("=", "type the offset, in any unit"),
    ("0", "reset to the computed offset"),
    ("u  U", "undo, redo"),
    ("j  k", "next, previous angle"),
    ("+  -", "zoom in, out"),
    ("f", "whole session; again: back to the cursor"),
    (",  .", "move the cursor; < > in big steps"),
    ("g", "ghost of the reference on, off"),
    ("space", "listen: reference left, angle right; again: stop"),
    ("1 2 3", "listen: reference alone, angle alone, mixed"),
    ("s", "approve these offsets"),
    ("x", "reject, with a reason"),
    ("t", "take over from another reviewer"),
    ("esc", "back; asks what becomes of unsent nudges"),
)
"""Every key, for the help."""

KEY_HINTS = (
    ("←→", "Nudge"),
    ("[ ]", "Frame"),
    ("space", "Listen"),
    ("s", "Approve"),
    ("x", "Reject"),
    ("u", "Undo"),
    ("esc", "Back"),
    ("j k", "Angle"),
    ("n", "Candidate"),
    ("=", "Type"),
    ("+ -", "Zoom"),
)
"""The keys in the last lines, most wanted first: those that do not fit are left out."""
