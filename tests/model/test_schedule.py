"""The order over all sessions: nobody starves, and a confidence never waits for anything but a confidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.clip import Clip, DropFile
from mcsyncd.model.jobs import Conform, Hash, Job, Listen, Offload, Probe, Upload
from mcsyncd.model.publishing import PlannedObject
from mcsyncd.model.schedule import Lane, choose_jobs, choose_lane, list_yielding_jobs
from shoots import NTSC, TERMS

SLOTS = {
    Lane.INGEST: 2,
    Lane.ANALYSIS: 2,
    Lane.HASHING: 1,
    Lane.ENCODING: 2,
    Lane.PUBLISHING: 2,
    Lane.BULK_UPLOAD: 1,
}
LONGEST = 7
"""Ticks that a job of these tests takes at most."""


def build_job(session: int, kind: str, number: int) -> Job:  # noqa: PLR0911  # one line for each kind
    name = f"{session:04}"
    clip = Clip("cam_a", f"{kind}{number}.mov", 1000, number)
    match kind:
        case "offload":
            return Offload(name, (DropFile("cam_a", f"{number}.mov", 1, number),))
        case "probe":
            return Probe(name, clip)
        case "listen":
            return Listen(name, clip)
        case "hash":
            return Hash(name, clip)
        case "conform":
            return Conform(name, clip, NTSC, 0, 0.0, TERMS.mezzanine, TERMS.proxy)
        case "proxy":
            return Upload(name, PlannedObject(f"key{number}", "proxy", "path", 1, "a" * 64, "cam_a/a"))
        case _:
            return Upload(name, PlannedObject(f"key{number}", "original", "path", 1, "a" * 64, "cam_a/a"))


@dataclass
class Shop:
    """Sessions whose jobs are all due from the start, worked off tick by tick."""

    sessions: dict[int, list[Job]] = field(default_factory=dict)
    running: dict[str, tuple[Job, int]] = field(default_factory=dict)
    started: list[Job] = field(default_factory=list)

    def list_due(self) -> list[Job]:
        return [job for number in sorted(self.sessions) for job in self.sessions[number]]

    def count_free(self) -> dict[Lane, int]:
        held = Counter(choose_lane(job) for job, _ in self.running.values())
        return {lane: slots - held[lane] for lane, slots in SLOTS.items()}

    def tick(self, duration: int = 1) -> tuple[Job, ...]:
        """Finish what is done, start what may start, and return what was started."""
        self.running = {id_: (job, left - 1) for id_, (job, left) in self.running.items() if left > 1}
        due = self.list_due()
        chosen = choose_jobs(due, [job for job, _ in self.running.values()], self.count_free())
        for job in chosen:
            self.sessions[int(job.session)].remove(job)
            self.running[job.id] = (job, duration)
            self.started.append(job)
        return chosen


kinds = st.sampled_from(["offload", "probe", "listen", "hash", "conform", "upload", "proxy"])
loads = st.lists(st.lists(kinds, max_size=8), min_size=1, max_size=6)
durations = st.lists(st.integers(1, LONGEST), min_size=1, max_size=20)


def has_small_upload(shop: Shop) -> bool:
    jobs = (*shop.list_due(), *(job for job, _ in shop.running.values()))
    return any(isinstance(job, Upload) and job.object.kind == "proxy" for job in jobs)


def open_shop(load: list[list[str]]) -> Shop:
    return Shop({n: [build_job(n, kind, i) for i, kind in enumerate(jobs)] for n, jobs in enumerate(load)})


@given(loads, durations)
def test_every_job_starts_and_no_lane_with_work_ever_idles(load, lasting):
    shop = open_shop(load)
    total = sum(len(jobs) for jobs in load)
    for tick in range(total * LONGEST + 1):
        shop.tick(lasting[tick % len(lasting)])
        busy_elsewhere = {job.session for job, _ in shop.running.values() if isinstance(job, Conform)}
        free = shop.count_free()
        for job in shop.list_due():
            lane = choose_lane(job)
            held_back = lane is Lane.ENCODING and busy_elsewhere and job.session not in busy_elsewhere
            held_back |= lane is Lane.BULK_UPLOAD and has_small_upload(shop)
            assert free[lane] == 0 or held_back
    assert len(shop.started) == total


@given(loads, durations)
def test_one_session_encodes_at_a_time(load, lasting):
    shop = open_shop(load)
    for tick in range(60):
        shop.tick(lasting[tick % len(lasting)])
        encoding = {job.session for job, _ in shop.running.values() if isinstance(job, Conform)}
        assert len(encoding) <= 1


@given(loads, durations)
def test_within_a_lane_the_oldest_session_goes_first(load, lasting):
    shop = open_shop(load)
    for tick in range(60):
        before = shop.list_due()
        chosen = shop.tick(lasting[tick % len(lasting)])
        for lane in Lane:
            if lane is not Lane.ENCODING:
                due = [job.id for job in before if choose_lane(job) is lane]
                started = [job.id for job in chosen if choose_lane(job) is lane]
                assert started == due[: len(started)]


@given(loads, durations)
def test_sessions_that_keep_coming_never_starve_an_older_one(load, lasting):
    shop = open_shop(load)
    first = len(shop.list_due())
    for tick in range(first * LONGEST + 1):
        number = len(load) + tick
        shop.sessions[number] = [
            build_job(number, kind, i) for i, kind in enumerate(("probe", "conform", "hash", "upload"))
        ]
        shop.tick(lasting[tick % len(lasting)])
    assert not any(shop.sessions[number] for number in range(len(load)))


def test_a_confidence_does_not_wait_for_encoders_uploads_or_hashes_of_older_sessions():
    shop = open_shop([["conform"] * 9, ["upload"] * 9, ["hash"] * 9])
    shop.tick(LONGEST)
    shop.sessions[3] = [build_job(3, "offload", 0), build_job(3, "probe", 1), build_job(3, "listen", 2)]
    assert [job.session for job in shop.tick()] == ["0003"] * 3


@given(loads, durations)
def test_no_original_of_any_session_starts_while_a_proxy_of_any_waits_or_runs(load, lasting):
    shop = open_shop(load)
    for tick in range(60):
        before = has_small_upload(shop)
        chosen = shop.tick(lasting[tick % len(lasting)])
        if before and has_small_upload(shop):
            assert not any(choose_lane(job) is Lane.BULK_UPLOAD for job in chosen)


def test_an_original_on_its_way_makes_way_for_a_proxy_and_for_nothing_else():
    original, proxy = build_job(0, "upload", 0), build_job(1, "proxy", 0)
    others = [build_job(1, kind, 1) for kind in ("probe", "hash", "conform", "upload")]
    assert list_yielding_jobs([proxy], [original, *others]) == (original, others[-1])
    assert list_yielding_jobs(others, [original]) == ()
    assert list_yielding_jobs([], [original]) == ()
    assert list_yielding_jobs([original], [proxy]) == ()
