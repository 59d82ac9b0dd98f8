"""When a key press is a decision: on a screen that stood still, and from a key that was let go. Pure.

A terminal tells of no key that is released: one that is held down arrives again and again, the second
time after 250 to 660 ms (the delays of desktops and of the X server), and then 25 to 40 times a second.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

STILL_S = 0.6
"""Seconds for which nothing that is decided on may have changed, and no key may have arrived. Judgement:
the eye needs that long to see a new number; shorter than 0.5 a double press would decide."""

LET_GO_S = 0.12
"""Seconds after a press within which the next one shows that the key is held. Three to five repeats long,
so that one is not missed; longer would make the button feel slow."""

TOO_SOON = "Not yet: the screen has just changed. Press once more."
HELD = "Nothing was sent: a key that is held down decides nothing. Press it once."


class Stillness:
    """Knows since when the screen and the keys have been still. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sight: Hashable = None
        self._changed_at = clock()
        self._key_at, self._earlier_key_at = float("-inf"), float("-inf")
        self._keys = 0

    def note_sight(self, sight: Hashable) -> None:
        """Note what is on screen to be decided on; anything else than before is a change."""
        if sight != self._sight:
            self._sight, self._changed_at = sight, self._clock()

    def note_key(self) -> None:
        """Note that a key or a click arrived, the one that decides included."""
        self._earlier_key_at, self._key_at = self._key_at, self._clock()
        self._keys += 1

    @property
    def is_still(self) -> bool:
        """Whether what the last key met was still: the screen, and the keys before it."""
        return self._key_at - max(self._changed_at, self._earlier_key_at) >= STILL_S

    def watch_key(self) -> Callable[[], bool]:
        """Return what tells, `LET_GO_S` later, whether the last key was let go."""
        keys = self._keys
        return lambda: self._keys == keys
