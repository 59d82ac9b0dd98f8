"""Nudges that were not sent yet: offsets with undo and redo. Pure.

Offsets are integer microseconds. Nothing here reaches the daemon: every nudge it records is a
new revision, and one for each key press would make the log unreadable.
"""

from __future__ import annotations

from collections.abc import Mapping


class PendingNudges:
    """Pending offsets on top of the recorded ones.

    `recorded` is what the daemon has. It is None for a camera that was not placed; its first move
    starts from 0.
    """

    def __init__(self, recorded: Mapping[str, int | None]) -> None:
        self.recorded = dict(recorded)
        self._offsets_us: dict[str, int] = {}
        self._undo_stack: list[dict[str, int]] = []
        self._redo_stack: list[dict[str, int]] = []

    def get_offset_us(self, camera: str) -> int | None:
        """Return the pending offset of a camera, or else its recorded one."""
        return self._offsets_us.get(camera, self.recorded.get(camera))

    def get_shift_us(self, camera: str) -> int:
        """Return how far a camera was moved from its recorded offset."""
        offset_us = self.get_offset_us(camera)
        return 0 if offset_us is None else offset_us - (self.recorded.get(camera) or 0)

    @property
    def pending(self) -> dict[str, int]:
        """The cameras whose offset differs from the recorded one, with their offsets."""
        return {
            camera: offset_us
            for camera, offset_us in self._offsets_us.items()
            if offset_us != self.recorded.get(camera)
        }

    def move(self, camera: str, by_us: int) -> None:
        """Move a camera later (positive) or earlier (negative)."""
        self.set_offset(camera, (self.get_offset_us(camera) or 0) + by_us)

    def set_offset(self, camera: str, offset_us: int) -> None:
        """Move a camera to an offset; a step that `undo` takes back."""
        if offset_us == self.get_offset_us(camera):
            return
        self._undo_stack.append(dict(self._offsets_us))
        self._redo_stack.clear()
        self._offsets_us[camera] = offset_us

    def restore(self, offsets_us: Mapping[str, int]) -> None:
        """Put a draft back, camera by camera."""
        for camera, offset_us in offsets_us.items():
            self.set_offset(camera, offset_us)

    def undo(self) -> bool:
        """Take the last move back; False if there is none."""
        return self._restore_offsets(self._undo_stack, self._redo_stack)

    def redo(self) -> bool:
        """Repeat the move that was taken back last; False if there is none."""
        return self._restore_offsets(self._redo_stack, self._undo_stack)

    def rebase(self, recorded: Mapping[str, int | None]) -> None:
        """Replace the recorded offsets; the pending ones stay as they are."""
        self.recorded = dict(recorded)

    def _restore_offsets(self, source: list[dict[str, int]], target: list[dict[str, int]]) -> bool:
        if not source:
            return False
        target.append(dict(self._offsets_us))
        self._offsets_us = source.pop()
        return True
