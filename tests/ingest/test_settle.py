from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.ingest.observation import Observation
from mcsyncd.ingest.settle import MAX_PATIENCE_S, FileStatus, SettleRules, SettleState, settle_files

RULES = SettleRules(settle_s=5.0, settle_network_s=30.0, network_cameras=frozenset({"far"}))
KEY = ("cam_a", "A001.MOV")


def seen(name="A001.MOV", *, camera="cam_a", size=1000, inode=7, mtime=1, ctime=1, refusal="") -> Observation:
    return Observation(camera, name, 1, inode, size, mtime, ctime, refusal)


def after(*looks: tuple[float, list[Observation]], rules=RULES, **how) -> SettleState:
    state = SettleState()
    for now, observations in looks:
        state = settle_files(state, observations, now, rules, **how)
    return state


def standing(state: SettleState, key=KEY) -> FileStatus:
    return state.files[key].status


def test_settles_after_the_quiet_time_and_not_before():
    still = [seen()]
    assert standing(after((100.0, still), (104.9, still))) == "settling"
    assert standing(after((100.0, still), (105.0, still))) == "settled"


def test_one_look_is_never_enough_even_without_a_quiet_time():
    rules = SettleRules(settle_s=0.0)
    assert standing(after((100.0, [seen()]), rules=rules)) == "settling"
    assert standing(after((100.0, [seen()]), (100.1, [seen()]), rules=rules)) == "settled"


@pytest.mark.parametrize(
    "change",
    [
        *({"size": 1001}, {"mtime": 2}, {"ctime": 2}, {"inode": 8}),
        *({"size": 999}, {"mtime": 0}, {"ctime": 0}, {"inode": 6}),
    ],
)
def test_any_change_of_identity_starts_anew_also_for_a_settled_file(change):
    changed = [seen(**change)]
    state = after((100.0, [seen()]), (106.0, [seen()]), (107.0, changed))
    assert standing(state) == "settling"
    state = settle_files(state, changed, 111.9, RULES)
    assert standing(state) == "settling"


def test_a_file_that_stalls_gets_three_times_its_longest_pause():
    looks = [(100.0, [seen(size=1)]), (104.0, [seen(size=2)]), (105.0, [seen(size=3)])]
    assert standing(after(*looks, (116.9, [seen(size=3)]))) == "settling"
    assert standing(after(*looks, (117.0, [seen(size=3)]))) == "settled"


def test_patience_has_an_end():
    late = 100.0 + 3600
    looks = [(100.0, [seen(size=1)]), (late, [seen(size=2)])]
    assert standing(after(*looks, (late + MAX_PATIENCE_S - 0.1, [seen(size=2)]))) == "settling"
    assert standing(after(*looks, (late + MAX_PATIENCE_S, [seen(size=2)]))) == "settled"


def test_a_network_share_takes_its_own_time():
    far = [seen(camera="far")]
    key = ("far", "A001.MOV")
    assert standing(after((0.0, far), (29.0, far)), key) == "settling"
    assert standing(after((0.0, far), (30.0, far)), key) == "settled"


def test_a_file_of_a_share_that_is_gone_does_not_settle_unseen():
    near, far = seen(), seen(camera="far")
    gone = frozenset({"far"})
    state = after((0.0, [near, far]), (6.0, [near, far]))
    for now in (40.0, 80.0):
        state = settle_files(state, [near], now, RULES, unreadable_cameras=gone)
    assert standing(state, ("far", "A001.MOV")) == "settling"
    assert standing(state) == "settled"


@pytest.mark.parametrize(("before", "now"), [("", "a link"), ("a link", "")])
def test_an_entry_that_becomes_another_kind_of_thing_starts_anew(before, now):
    looks = [(0.0, [seen(refusal=before)]), (6.0, [seen(refusal=before)]), (7.0, [seen(refusal=now)])]
    assert standing(after(*looks)) == ("refused" if now else "settling")


def test_the_note_of_a_waiting_file_says_whether_it_is_empty():
    looks = [(0.0, [seen(), seen("A002.MOV", size=0)]), (2.0, [seen(), seen("A002.MOV", size=0)])]
    files = after(*looks).files
    assert not files[KEY].note.startswith("empty")
    assert files["cam_a", "A002.MOV"].note.startswith("empty")


def test_an_empty_file_waits_but_not_for_ever():
    empty = [seen(size=0)]
    state = after((0.0, empty), (29.9, empty))
    assert standing(state) == "waiting"
    assert state.awaits_time
    state = settle_files(state, empty, 30.0, RULES)
    assert standing(state) == "settled"
    assert state.files[KEY].note == "empty"


def test_an_open_file_is_not_settled_until_its_writer_is_gone():
    writing = True
    asked = []

    def obstacle(observation):
        asked.append(observation)
        return ("settling", "still open for writing") if writing else None

    state = after((0.0, [seen()]), (1.0, [seen()]), find_obstacle=obstacle)
    assert asked == [], "the kernel is asked only when all else is fine"
    state = settle_files(state, [seen()], 500.0, RULES, find_obstacle=obstacle)
    assert (standing(state), state.files[KEY].note) == ("settling", "still open for writing")
    writing = False
    assert standing(settle_files(state, [seen()], 501.0, RULES, find_obstacle=obstacle)) == "settled"


@pytest.mark.parametrize(
    ("observation", "expected"),
    [
        (seen(".A001.MOV.x1"), "ignored"),
        (seen("notes.txt"), "ignored"),
        (seen("b.mp4", refusal="a link: put the file itself there"), "refused"),
        (seen(b"caf\xe9.mp4".decode("utf-8", "surrogateescape")), "refused"),
    ],
)
def test_what_is_not_taken_waits_for_no_time_and_says_why(observation, expected):
    state = after((0.0, [observation]), (500.0, [observation]))
    assert standing(state, observation.key) == expected
    assert state.files[observation.key].note
    assert not state.awaits_time


def test_a_recording_that_is_not_supported_is_refused_unless_it_is_a_clip_s_companion():
    film, clip = seen("b.WMV", inode=9), seen()
    card = [seen("CARD/A001.MOV"), seen("CARD/A002.R3D", inode=8)]
    assert standing(after((0.0, [film, clip]), (9.0, [film, clip])), film.key) == "refused"
    assert standing(after((0.0, card), (9.0, card)), card[1].key) == "refused"
    beside = [clip, seen("A001.R3D", inode=9)]
    assert standing(after((0.0, beside), (9.0, beside)), beside[1].key) == "settled"
    rules = replace(RULES, suffixes=RULES.suffixes | {".wmv"})
    assert standing(after((0.0, [film]), (9.0, [film]), rules=rules), film.key) == "settled"


def test_a_sidecar_counts_from_when_its_clip_is_there():
    sidecar = seen("A001.XML", inode=9)
    alone = after((0.0, [sidecar]), (9.0, [sidecar]))
    assert standing(alone, sidecar.key) == "ignored"
    both = settle_files(alone, [sidecar, seen()], 10.0, RULES)
    assert standing(both, sidecar.key) == "settled"
    assert standing(settle_files(both, [sidecar], 11.0, RULES), sidecar.key) == "ignored"


def test_what_rests_is_carried_on_and_everything_else_is_judged_again():
    asked = []

    def unreadable(observation):
        asked.append(observation.name)
        return "refused", "not readable: give the daemon's user access"

    lying = [seen(), seen("notes.txt", inode=8)]
    rested = after((0.0, lying), (6.0, lying))
    assert settle_files(rested, lying, 11.0, RULES).files is rested.files
    locked = after((0.0, lying), (6.0, lying), (7.0, lying), find_obstacle=unreadable)
    assert (standing(locked), asked) == ("refused", ["A001.MOV"] * 2)
    assert standing(settle_files(locked, lying, 8.0, RULES)) == "settled", "somebody gave access"


def test_a_clip_of_that_name_makes_a_stranger_a_sidecar_though_neither_changed_since():
    stranger, clip = seen("A001.XML", inode=8), seen()
    alone = after((0.0, [stranger]), (6.0, [stranger]))
    assert standing(alone, stranger.key) == "ignored"
    assert standing(settle_files(alone, [stranger, clip], 7.0, RULES), stranger.key) == "settled"


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), max_size=4), max_size=8))
def test_it_matters_not_whether_a_look_brings_the_same_objects(looks):
    """The scan hands on what it knows; the answer must be that of a scan that knows nothing."""
    names = ["A001.MOV", "A001.XML", "notes.txt", ".A002.part"]
    reused, fresh, known = SettleState(), SettleState(), {}
    for step, look in enumerate(looks):
        new = {i: seen(names[i], inode=i, size=size) for i, size in look}
        known = {i: known[i] if known.get(i) == one else one for i, one in new.items()}
        reused = settle_files(reused, known.values(), 3.0 * step, RULES)
        fresh = settle_files(fresh, [replace(one) for one in new.values()], 3.0 * step, RULES)
        assert reused == fresh


def test_quiet_counts_from_the_last_change_of_anything():
    temporary = seen(".A002.part", inode=9)
    state = after((0.0, [seen()]), (20.0, [seen()]))
    assert state.quiet_for_s == 20.0
    state = settle_files(state, [seen(), temporary], 21.0, RULES)
    assert state.quiet_for_s == 0.0
    state = settle_files(state, [seen(), replace(temporary, size=2000)], 25.0, RULES)
    assert state.quiet_for_s == 0.0
    state = settle_files(state, [seen()], 30.0, RULES)
    assert state.quiet_for_s == 0.0, "that it went away is a change too"
    assert settle_files(state, [seen()], 33.0, RULES).quiet_for_s == 3.0


def test_a_share_that_went_away_has_not_lost_its_files():
    state = after((0.0, [seen()]), (6.0, [seen()]))
    gone = settle_files(state, [], 7.0, RULES, unreadable_cameras=frozenset({"cam_a"}))
    assert standing(gone) == "settled"
    assert gone.quiet_for_s == 0.0
    assert settle_files(gone, [], 8.0, RULES).files == {}


sizes = st.lists(st.integers(1, 5), min_size=1, max_size=30)
pauses = st.lists(st.floats(0.05, 20.0), min_size=31, max_size=31)
walls = st.lists(st.integers(-(10**18), 10**18), min_size=31, max_size=31)


@given(sizes, pauses, walls, st.floats(0.1, 3.0))
def test_never_settled_while_it_changes_whatever_the_wall_clock_does(growth, gaps, wall, period):
    """A writer with pauses shorter than the quiet time, a wall clock that jumps both ways."""
    now, size, state = 0.0, 0, SettleState()
    for step, gap, mtime in zip(growth, gaps, wall, strict=False):
        size += step
        wrote_at = now
        while now < wrote_at + min(gap, RULES.settle_s * 0.99):
            state = settle_files(state, [seen(size=size, mtime=mtime, ctime=mtime)], now, RULES)
            assert standing(state) != "settled"
            now += period


@given(sizes, pauses, walls)
def test_always_settles_at_last(growth, gaps, wall):
    now, state = 0.0, SettleState()
    last = seen()
    for size, gap, mtime in zip(growth, gaps, wall, strict=False):
        last = seen(size=size, mtime=mtime, ctime=mtime)
        state = settle_files(state, [last], now, RULES)
        now += gap
    state = settle_files(state, [last], now, RULES)
    state = settle_files(state, [last], now + MAX_PATIENCE_S, RULES)
    assert standing(state) == "settled"
    assert not state.awaits_time
