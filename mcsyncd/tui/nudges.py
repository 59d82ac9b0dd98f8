"""What a person's hand has moved and not sent yet: offsets, undo, redo. Pure.

Offsets are integer microseconds. Nothing here reaches the daemon: a nudge is a new revision,
and a revision for each key press would make the record unreadable.
"""

from __future__ import annotations

from collections.abc import Mapping


class Nudges:
    """The offsets as they stand under the hand, over the ones that are recorded.

    `recorded` is what the daemon has (None for a camera that could not be placed: it is taken
    up at 0 by the first move).
    """

    def __init__(self, recorded: Mapping[str, int | None]) -> None:
        self.recorded = dict(recorded)
        self._moved: dict[str, int] = {}
        self._past: list[dict[str, int]] = []
        self._future: list[dict[str, int]] = []

    def offset_us(self, camera: str) -> int | None:
        """Where the camera lies now."""
        return self._moved.get(camera, self.recorded.get(camera))

    def shift_us(self, camera: str) -> int:
        """How far the hand has moved it from where the daemon has it."""
        now = self.offset_us(camera)
        return 0 if now is None else now - (self.recorded.get(camera) or 0)

    @property
    def changed(self) -> dict[str, int]:
        """The cameras that lie elsewhere than recorded, with their offsets."""
        return {camera: at for camera, at in self._moved.items() if at != self.recorded.get(camera)}

    def move(self, camera: str, by_us: int) -> None:
        """Move a camera later (positive) or earlier."""
        self.lay(camera, (self.offset_us(camera) or 0) + by_us)

    def lay(self, camera: str, at_us: int) -> None:
        """Lay a camera at an offset."""
        if at_us == self.offset_us(camera):
            return
        self._past.append(dict(self._moved))
        self._future.clear()
        self._moved[camera] = at_us

    def undo(self) -> bool:
        """Take the last move back; False if there is none."""
        return self._step(self._past, self._future)

    def redo(self) -> bool:
        """Do again what was taken back; False if there is nothing."""
        return self._step(self._future, self._past)

    def rebase(self, recorded: Mapping[str, int | None]) -> None:
        """Go on over other recorded offsets; what the hand laid stays where it lies."""
        self.recorded = dict(recorded)

    def _step(self, source: list[dict[str, int]], target: list[dict[str, int]]) -> bool:
        if not source:
            return False
        target.append(dict(self._moved))
        self._moved = source.pop()
        return True
