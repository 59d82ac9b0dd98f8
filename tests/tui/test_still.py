"""Which key presses are decisions."""

from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.tui.still import STILL_S, Stillness


class Clock:
    def __init__(self):
        self.s = 100.0

    def __call__(self):
        return self.s


def still_screen():
    clock = Clock()
    stillness = Stillness(clock)
    stillness.note_sight("session")
    clock.s += 10
    return clock, stillness


def test_a_key_on_a_still_screen_decides():
    _, stillness = still_screen()
    stillness.note_key()
    assert stillness.is_still
    assert stillness.watch_key()()


def test_a_key_right_after_a_change_of_what_is_decided_on_does_not():
    clock, stillness = still_screen()
    stillness.note_sight("session, with another confidence")
    clock.s += STILL_S / 2
    stillness.note_key()
    assert not stillness.is_still
    clock.s += 2 * STILL_S
    stillness.note_key()
    assert stillness.is_still


def test_the_same_sight_again_is_no_change():
    clock, stillness = still_screen()
    stillness.note_sight("session")
    clock.s += 0.01
    stillness.note_key()
    assert stillness.is_still


@given(st.floats(0.2, 2.0), st.floats(0.02, 0.1), st.integers(2, 60))
def test_a_held_key_never_decides(delay_s, interval_s, repeats):
    """Whatever the terminal's delay is: the first key opens the screen, the others must not press."""
    clock, stillness = still_screen()
    stillness.note_key()
    stillness.note_sight("opened by this key")
    waits = []
    for at in range(repeats):
        clock.s += interval_s if at else delay_s
        stillness.note_key()
        if stillness.is_still:
            waits.append(stillness.watch_key())
    assert not any(is_let_go() for is_let_go in waits)
