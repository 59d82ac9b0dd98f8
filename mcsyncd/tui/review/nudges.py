"""What a person's hand has moved and not sent yet: offsets, undo, redo. Pure.

Offsets are integer microseconds. Nothing here reaches the daemon: a nudge is a new revision,
and a revision for each key press would make the record unreadable.
"""

from __future__ import annotations

from collections.abc import Mapping


class PendingNudges:
    """The offsets as they stand under the hand, over the ones that are recorded.

    `recorded` is what the daemon has (None for a camera that could not be placed: it is taken
    up at 0 by the first move).
    """

    def __init__(self, recorded: Mapping[str, int | None]) -> None:
        self.recorded = dict(recorded)
        self._offsets_us: dict[str, int] = {}
        self._undo_stack: list[dict[str, int]] = []
        self._redo_stack: list[dict[str, int]] = []

    def get_offset_us(self, camera: str) -> int | None:
        """Where the camera lies now."""
        return self._offsets_us.get(camera, self.recorded.get(camera))

    def get_shift_us(self, camera: str) -> int:
        """How far the hand has moved it from where the daemon has it."""
        now = self.get_offset_us(camera)
        return 0 if now is None else now - (self.recorded.get(camera) or 0)

    @property
    def pending(self) -> dict[str, int]:
        """The cameras that lie elsewhere than recorded, with their offsets."""
        return {camera: at for camera, at in self._offsets_us.items() if at != self.recorded.get(camera)}

    def move(self, camera: str, by_us: int) -> None:
        """Move a camera later (positive) or earlier."""
        self.set_offset(camera, (self.get_offset_us(camera) or 0) + by_us)

    def set_offset(self, camera: str, offset_us: int) -> None:
        """Lay a camera at an offset."""
        if offset_us == self.get_offset_us(camera):
            return
        self._undo_stack.append(dict(self._offsets_us))
        self._redo_stack.clear()
        self._offsets_us[camera] = offset_us

    def undo(self) -> bool:
        """Take the last move back; False if there is none."""
        return self._restore_offsets(self._undo_stack, self._redo_stack)

    def redo(self) -> bool:
        """Do again what was taken back; False if there is nothing."""
        return self._restore_offsets(self._redo_stack, self._undo_stack)

    def rebase(self, recorded: Mapping[str, int | None]) -> None:
        """Go on over other recorded offsets; what the hand laid stays where it lies."""
        self.recorded = dict(recorded)

    def _restore_offsets(self, source: list[dict[str, int]], target: list[dict[str, int]]) -> bool:
        if not source:
            return False
        target.append(dict(self._offsets_us))
        self._offsets_us = source.pop()
        return True
