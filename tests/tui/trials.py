"""Scripted reviews in a real pty: each has a fault that a tired person may approve, and the truth is known.

A trial is a session whose offsets are wrong in one way, the keys of a person who sees that, and what must
have become of it. A person's mistakes are part of it: a held key, a key for what was shown a moment ago.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tui import scenes
from tui.fake_daemon import FakeDaemon, ServedDaemon, serve_in_thread
from tui.terminal import Terminal

from mcsyncd import api

STILL_S = 1.5
"""Seconds that a person looks before a decision; the app wants 0.6 since it drew. A busy one draws late."""
FRAME_MS = 1001 / 30
ENTER, ESCAPE = "\r", "\x1b"


class Reviewer:
    """A person at the app: looks, presses keys, and counts them."""

    def __init__(self, terminal: Terminal, served: ServedDaemon) -> None:
        self.terminal, self.served = terminal, served
        self.keys = 0

    def press(self, *keys: str) -> None:
        """Press keys, each after a look at the screen."""
        for key in keys:
            time.sleep(STILL_S)
            self.terminal.type(key)
            self.keys += 1

    def type(self, text: str) -> None:
        """Type a text; each letter is a key."""
        self.terminal.type(text)
        self.keys += len(text)

    def see(self, text: str) -> None:
        """Wait until something is shown that was not there before."""
        self.terminal.wait_for(text)
        self.terminal.shown = ""


@dataclass
class Trial:
    """One session and one review of it. `truth_ms` are the right offsets, None if it must not be approved."""

    kind: str
    session: api.SessionBody
    review: Callable[[Reviewer], None]
    truth_ms: dict[str, float] | None
    keys: int = 0
    fault: str = field(default="", init=False)


def build_moved(name: str, dice: random.Random) -> Trial:
    """Somebody moved an angle by a few frames; the machine was right."""
    frames = dice.choice([-7, -2, -1, 1, 2, 7])
    moved_ms = round(-134.0 + frames * FRAME_MS, 3)
    session = scenes.by_hand(name)
    mark = session.hand_set[0].model_copy(update={"offset_ms": moved_ms})
    offsets = {**session.offsets_ms, "cam_b": moved_ms}
    session = scenes.changed(session, hand_set=[mark], offsets_ms=offsets)

    def review(person):
        person.press(ENTER)
        person.see("the machine had")
        person.press(ENTER)
        person.see("Frame")
        person.press("0", "s")

    return Trial(f"moved by {abs(frames)} frames", session, review, {**offsets, "cam_b": -134.0})


def build_echo(name: str, _: random.Random) -> Trial:
    """The machine took an echo for the sound, 40 ms late, and said that it may be one."""
    return _build_wrong_candidate("echo of 40 ms", scenes.unsure(name), "near-equal", 87.0)


def build_rival(name: str, _: random.Random) -> Trial:
    """The sound repeats itself, and the machine took the wrong repeat."""
    return _build_wrong_candidate("wrong candidate", scenes.far_rival(name), "repeats", 12127.0)


def _build_wrong_candidate(kind: str, session: api.SessionBody, doubt: str, truth_ms: float) -> Trial:
    """Return a trial in which the next candidate is the right one, and the screen says why it may be."""

    def review(person):
        person.press(ENTER)
        person.see(doubt)
        person.press(ENTER)
        person.see("Frame")
        person.press("n", "s")

    return Trial(kind, session, review, {**session.offsets_ms, "cam_c": truth_ms})


def build_unplaced(name: str, dice: random.Random) -> Trial:
    """Nothing says where an angle belongs; a person knows it. Stray arrow keys come first."""
    session = scenes.unplaced(name)
    offset = dice.randint(1, 9) * 1000

    def review(person):
        person.press(ENTER)
        person.see("Review")
        person.press(ENTER)
        person.see("Place Cam C")
        person.press("\x1b[C")
        person.see("no place yet")
        person.press(ENTER)
        person.see("At which offset")
        person.type(f"{offset // 1000}s")
        person.press(ENTER)
        person.see("by hand")
        person.press("s")

    return Trial("unplaced angle", session, review, {**session.offsets_ms, "cam_c": float(offset)})


def build_race(name: str, _: random.Random) -> Trial:
    """Somebody else approves while this person looks; nothing of theirs may be sent."""
    session = scenes.unsure(name)

    def review(person):
        person.press(ENTER)
        person.see("near-equal")
        person.press(ENTER)
        person.see("Frame")
        person.press("n")
        approved = {"approved_by": "a.ruiz", "approved_at": "2026-11-23T09:21:00.000000+00:00"}
        fields = {"state": "approved", "call_to_action": None, "revision": 5, **approved}
        person.served.put(scenes.changed(session, **fields))
        person.press("s")
        person.see("a.ruiz")

    return Trial("race", session, review, None)


def build_held(name: str, _: random.Random) -> Trial:
    """Enter is held from the queue on; nobody has looked at anything."""

    def review(person):
        time.sleep(STILL_S)
        person.terminal.hold(ENTER, 0.66, 1.5)

    return Trial("held key", scenes.unsure(name), review, None)


def build_stale(name: str, _: random.Random) -> Trial:
    """The session changes under the finger: enter was meant for what was there before."""
    session = scenes.session(name)

    def review(person):
        person.press(ENTER)
        person.see("Looks Good")
        time.sleep(STILL_S)
        moved = scenes.by_hand(name)
        person.served.put(moved)
        time.sleep(0.15)
        person.terminal.type(ENTER)
        person.keys += 1
        time.sleep(1.0)

    return Trial("stale view", session, review, None)


KINDS = (build_moved, build_echo, build_rival, build_unplaced, build_race, build_held, build_stale)


def build_trials(count: int, seed: int) -> list[Trial]:
    """Return trials of every kind in turn, the same for the same seed."""
    dice = random.Random(seed)
    names = (f"20261123-{number // 60:02}{number % 60:02}00-abc" for number in range(count))
    return [KINDS[number % len(KINDS)](name, dice) for number, name in enumerate(names)]


def run_trial(served: ServedDaemon, terminal: Terminal, trial: Trial) -> None:
    """Let a person review the trial's session from the queue; note the keys, and what went wrong."""
    daemon = served.daemon
    daemon.sessions.clear()
    daemon.decisions.clear()
    terminal.shown = ""
    served.put(trial.session)
    terminal.wait_for(trial.session.id)
    reviewer = Reviewer(terminal, served)
    trial.review(reviewer)
    trial.keys = reviewer.keys
    trial.fault = _wait_for_outcome(daemon, trial)


def _wait_for_outcome(daemon: FakeDaemon, trial: Trial) -> str:
    """Return what is wrong with what was decided; empty if nothing is."""
    due = time.monotonic() + (3.0 if trial.truth_ms is not None else 1.0)
    while time.monotonic() < due:
        approvals = [one for _, one, _ in daemon.decisions if one["action"] == "approve"]
        if approvals and trial.truth_ms is None:
            return "approved what nobody had looked at"
        if approvals and trial.truth_ms is not None:
            at = daemon.sessions[trial.session.id].offsets_ms
            off = {key: at[key] for key, ms in trial.truth_ms.items() if abs((at[key] or 0.0) - ms) > 0.01}
            return f"approved wrong offsets: {off}" if off else ""
        time.sleep(0.05)
    if trial.truth_ms is None:
        return f"sent {daemon.decisions}" if daemon.decisions else ""
    return "the corrected session was not approved"


def run_trials(socket, trials: list[Trial]) -> None:
    """Run each trial in an app of its own: what an earlier one left open must not help."""
    for trial in trials:
        with serve_in_thread(socket) as served, Terminal("--socket", str(socket), "tui") as terminal:
            terminal.wait_for("live")
            run_trial(served, terminal, trial)
