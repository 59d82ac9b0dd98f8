"""What is told, and when: an outbox in a world of sessions, receivers that fail, nights and restarts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsyncd.model.notice import MAX_NOTICES, Notice
from mcsyncd.notify.outbox import (
    MAX_TRIES,
    MAX_WAIT_S,
    Condition,
    Outbox,
    SessionLook,
    choose_wait_s,
    make_bulletin,
    may_send,
    note_conditions,
    note_failure,
    note_sent,
    note_sessions,
    resume_outbox,
)
from mcsyncd.notify.outbox_file import _OUTBOX, read_outbox, write_outbox

COLLECT_S = 120.0
KINDS = ("needs_review", "failed", "published")


def notice(kind="needs_review", subject="s1", text="") -> Notice:
    return Notice(kind, subject, text or f"{subject} {kind}", "", "2026-11-27T09:00:00.000000Z")


def tell(outbox: Outbox, *notices: Notice, now=0.0) -> Outbox:
    looks = [SessionLook(one.subject, one, is_new=True) for one in notices]
    return note_sessions(outbox, looks, outbox.seq + 1, now)


def make(outbox: Outbox, now: float, *, is_quiet=False, name="msg_1") -> Outbox:
    return make_bulletin(outbox, now, collect_s=COLLECT_S, is_quiet=is_quiet, bulletin_id=name, at="then")


def told_in(outbox: Outbox) -> list[tuple[str, str]]:
    return [(one.subject, one.kind) for one in outbox.sending.notices] if outbox.sending else []


def test_three_sessions_come_in_one_bulletin_after_the_time_of_collecting():
    outbox = Outbox(0)
    for second, subject in enumerate(["s1", "s2", "s3"]):
        outbox = tell(outbox, notice(subject=subject), now=second * 40.0)
        assert make(outbox, second * 40.0).sending is None
    assert make(outbox, COLLECT_S - 1).sending is None
    assert [subject for subject, _ in told_in(make(outbox, COLLECT_S))] == ["s1", "s2", "s3"]


def test_a_session_is_told_as_it_is_by_then():
    outbox = tell(Outbox(0), notice("needs_review"))
    outbox = note_sessions(outbox, [SessionLook("s1", None, is_new=False)], 2, 10.0)
    assert make(outbox, COLLECT_S).sending is None, "approved: there is nothing to do any more"
    outbox = tell(outbox, notice("published"), now=20.0)
    assert told_in(make(outbox, 20.0 + COLLECT_S)) == [("s1", "published")]


def test_an_event_that_changes_no_state_tells_nothing_twice():
    sent = note_sent(make(tell(Outbox(0), notice()), COLLECT_S))
    nudged = note_sessions(sent, [SessionLook("s1", notice(text="nudged"), is_new=False)], 2, COLLECT_S)
    assert make(nudged, 10 * COLLECT_S).sending is None
    retried = tell(sent, notice("failed"), now=COLLECT_S)
    assert told_in(make(retried, 2 * COLLECT_S)) == [("s1", "failed")]


def test_quiet_hours_keep_all_but_what_is_urgent():
    outbox = tell(Outbox(0), notice(subject="s1"), notice("failed", "s2"))
    night = make(outbox, COLLECT_S, is_quiet=True)
    assert told_in(night) == [("s2", "failed")]
    assert may_send(night, COLLECT_S, is_quiet=True)
    later = note_sent(night)
    assert make(later, 8 * 3600.0, is_quiet=True).sending is None
    assert told_in(make(later, 8 * 3600.0)) == [("s1", "needs_review")]


def test_a_bulletin_that_waits_for_the_morning_does_not_hold_up_what_is_urgent():
    under_way = make(tell(Outbox(0), notice(subject="s1")), COLLECT_S)
    assert not may_send(under_way, COLLECT_S, is_quiet=True)
    night = tell(under_way, notice("failed", "s2"), now=COLLECT_S)
    assert may_send(night, COLLECT_S, is_quiet=True)
    assert told_in(make(note_sent(night), 2 * COLLECT_S, is_quiet=True)) == [("s2", "failed")]


def test_a_store_is_told_after_its_ten_minutes_once_and_again_if_it_comes_back():
    down = [Condition(notice("store_unreachable", "store r2"), 600.0)]
    outbox = note_conditions(Outbox(0), down, 0.0)
    assert note_conditions(outbox, down, 599.0).pending == ()
    assert note_conditions(note_conditions(outbox, [], 300.0), down, 601.0).pending == (), "it was up between"
    outbox = make(note_conditions(outbox, down, 600.0), 600.0 + COLLECT_S)
    assert told_in(outbox) == [("store r2", "store_unreachable")]
    outbox = note_sent(outbox)
    assert note_conditions(outbox, down, 9000.0).pending == ()
    again = note_conditions(note_conditions(outbox, [], 9001.0), down, 9002.0)
    assert note_conditions(again, down, 9602.0).pending != ()


def test_a_condition_is_told_since_it_began_and_as_it_is_now():
    first = Condition(Notice("disk_low", "work disk", "19 GB", "", "09:00"), 600.0)
    later = Condition(Notice("disk_low", "work disk", "3 GB", "", "09:10"), 600.0)
    outbox = note_conditions(note_conditions(Outbox(0), [first], 0.0), [later], 600.0)
    assert [(one.notice.text, one.notice.at) for one in outbox.pending] == [("3 GB", "09:00")]
    told = make(outbox, 600.0 + COLLECT_S)
    assert note_conditions(told, [later], 600.0 + COLLECT_S) == told, "nothing that would be written again"


def test_what_has_ended_before_it_was_told_is_not_told():
    low = [Condition(notice("disk_low", "work disk"))]
    outbox = note_conditions(note_conditions(Outbox(0), low, 0.0), [], 60.0)
    assert make(outbox, COLLECT_S).sending is None


def test_after_eight_tries_the_next_bulletin_says_what_holds_by_then():
    outbox = make(tell(Outbox(0), notice(subject="s1"), notice(subject="s2")), COLLECT_S)
    for _ in range(MAX_TRIES - 1):
        outbox = note_failure(outbox, COLLECT_S, 10.0)
        assert outbox.sending.id == "msg_1"
    outbox = note_sessions(outbox, [SessionLook("s1", None, is_new=False)], 2, COLLECT_S)
    outbox = tell(outbox, notice("published", "s3"), now=COLLECT_S)
    outbox = note_failure(outbox, COLLECT_S, 500.0)
    assert make(outbox, COLLECT_S + 499.0, name="msg_2").sending is None, "it would be old when it is sent"
    outbox = make(outbox, COLLECT_S + 500.0, name="msg_2")
    assert (outbox.sending.id, sorted(told_in(outbox))) == (
        "msg_2",
        [("s2", "needs_review"), ("s3", "published")],
    )


def test_a_bulletin_is_short_and_the_others_follow():
    outbox = tell(Outbox(0), *(notice(subject=f"s{n}") for n in range(MAX_NOTICES)), notice("failed", "last"))
    outbox = make(outbox, COLLECT_S)
    assert (len(outbox.sending.notices), outbox.sending.more) == (MAX_NOTICES, 1)
    assert told_in(outbox)[0] == ("last", "failed"), "what is urgent comes first"
    rest = note_sent(outbox)
    assert make(rest, 2 * COLLECT_S - 1).sending is None
    assert len(make(rest, 2 * COLLECT_S).sending.notices) == 1


@given(st.integers(0, 100), st.floats(0, 1), st.floats(0, 1e6))
def test_waits_are_within_their_bounds(failures, chance, asked_s):
    wait_s = choose_wait_s(failures, chance, asked_s)
    assert min(asked_s, MAX_WAIT_S) <= wait_s <= MAX_WAIT_S
    assert choose_wait_s(failures, 1.0) >= choose_wait_s(failures, chance)
    assert choose_wait_s(failures + 1, chance) >= choose_wait_s(failures, chance)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00" * 200, b'{"seq": "x"}', None])
def test_a_damaged_file_begins_at_the_present(tmp_path, damage):
    path = tmp_path / "outbox-webhook.json"
    if damage is not None:
        path.write_bytes(damage)
    assert read_outbox(path, 900, 5.0) == (Outbox(seq=900), False)


def test_a_file_of_another_ledger_begins_at_the_present(tmp_path):
    path = tmp_path / "outbox-webhook.json"
    write_outbox(path, tell(Outbox(1000), notice()))
    assert read_outbox(path, 900, 5.0) == (Outbox(seq=900), False)


def test_a_reboot_in_which_the_clock_begins_again_holds_nothing_up(tmp_path):
    """The moments of an earlier life lie weeks ahead."""
    path, late = tmp_path / "outbox-webhook.json", 1e6
    outbox = note_failure(make(tell(Outbox(0), notice(subject="s1"), now=late), late + COLLECT_S), late, 60.0)
    write_outbox(path, tell(outbox, notice(subject="s2"), now=late))
    back, was_kept = read_outbox(path, 10, 30.0)
    assert was_kept
    assert may_send(back, 30.0 + MAX_WAIT_S, is_quiet=False)
    assert told_in(make(note_sent(back), 30.0 + COLLECT_S)) == [("s2", "needs_review")]


DUMP = _OUTBOX.dump_json


@dataclass
class World:
    """Sessions that go from state to state, a receiver, and the daemon's loop around an outbox."""

    kept: bytes = DUMP(Outbox(0))
    now: float = 0.0
    events: list[tuple[str, str | None]] = field(default_factory=list)
    works: bool = True
    is_quiet: bool = False
    received: dict[str, tuple] = field(default_factory=dict)
    made: list[tuple[str, float]] = field(default_factory=list)
    made_ids: int = 0
    unanswered: set[str] = field(default_factory=set)
    outages: int = 0
    is_down: bool = False
    outbox: Outbox = field(default_factory=lambda: Outbox(0))

    def take_step(self, step: tuple) -> None:
        match step:
            case ("event", session, kind):
                self.events.append((session, kind))
            case ("wait", wait_s):
                self.now += wait_s
            case ("store", is_down):
                self.outages += is_down and not self.is_down
                self.is_down = is_down
            case ("receiver", works):
                self.works = works
            case ("night", is_quiet):
                self.is_quiet = is_quiet
            case ("kill", where):
                self.look(crash=where)

    def look(self, *, crash: str = "") -> None:
        """One turn of the notifier, as the daemon does it; `crash` says where the daemon is killed."""
        outbox, latest = self.outbox, {}
        for number, (session, kind) in enumerate(self.events[outbox.seq :], outbox.seq + 1):
            held = notice(kind, session, f"{session} {kind} {number}") if kind else None
            latest[session] = SessionLook(session, held, is_new=kind is not None)
        outbox = note_sessions(outbox, latest.values(), len(self.events), self.now)
        outage = notice("store_unreachable", "store r2", f"outage {self.outages}")
        outbox = note_conditions(outbox, [Condition(outage, 600.0)] if self.is_down else [], self.now)
        name = f"msg_{self.made_ids}"
        self.made_ids += 1
        outbox = make(outbox, self.now, is_quiet=self.is_quiet, name=name)
        if crash != "before":
            self.kept = DUMP(outbox)
            if outbox.sending is not None and outbox.sending.id == name:
                self.made.append((name, self.now))
            if may_send(outbox, self.now, is_quiet=self.is_quiet):
                waiting = [*outbox.sending.notices, *(one.notice for one in outbox.pending)]
                assert not self.is_quiet or any(one.kind == "failed" for one in waiting)
                if self.works:
                    before = self.received.setdefault(outbox.sending.id, outbox.sending)
                    assert before == outbox.sending, "the same id, the same bulletin"
                    if crash:
                        self.unanswered.add(outbox.sending.id)
                    outbox = note_sent(outbox)
                else:
                    outbox = note_failure(outbox, self.now, choose_wait_s(outbox.failures, 0.5))
            if not crash:
                self.kept = DUMP(outbox)
        self.outbox = outbox
        if crash:
            self.outbox = resume_outbox(_OUTBOX.validate_json(self.kept), self.now)


SESSIONS = st.sampled_from(["s1", "s2", "s3"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("event"), SESSIONS, st.sampled_from([*KINDS, None])),
        st.tuples(st.just("wait"), st.sampled_from([2.0, 50.0, COLLECT_S, 5000.0])),
        st.tuples(st.just("receiver"), st.booleans()),
        st.tuples(st.just("store"), st.booleans()),
        st.tuples(st.just("night"), st.booleans()),
        st.tuples(st.just("kill"), st.sampled_from(["before", "after"])),
    ),
    max_size=40,
)


@settings(max_examples=250, deadline=None)
@given(steps=STEPS)
def test_nothing_is_told_twice_nothing_is_lost_and_nothing_comes_too_often(steps):
    world = World()
    for step in steps:
        world.take_step(step)
        world.look()
    world.works, world.is_quiet = True, False
    for _ in range(6):
        world.now += MAX_WAIT_S
        world.look()
    told = Counter(one.text for bulletin in world.received.values() for one in bulletin.notices)
    doubtful = {one.text for name in world.unanswered for one in world.received[name].notices}
    twice = {text for text, count in told.items() if count > 1}
    assert twice <= doubtful, (
        "an event is told in one bulletin, unless the daemon was killed before the answer"
    )
    present = dict(world.events)
    last = {session: number for number, (session, _) in enumerate(world.events, 1)}
    for session, kind in present.items():
        if kind is not None:
            assert told[f"{session} {kind} {last[session]}"] >= 1, "what holds at the end was told"
    if world.is_down:
        assert told[f"outage {world.outages}"] >= 1
    moments = [moment for _, moment in world.made]
    assert all(after - before >= COLLECT_S for before, after in pairwise(moments))
