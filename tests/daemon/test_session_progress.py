"""How far a session is: by what there is to do in its jobs, and the time left by what was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcsyncd.daemon.session_progress import build_session_progress, measure_stage
from mcsyncd.daemon.throughput_meter import ThroughputMeter
from mcsyncd.model.clip import Clip, Digest
from mcsyncd.model.due import list_open_jobs
from mcsyncd.model.jobs import Conform, Hash, Upload
from mcsyncd.model.publishing import PlannedObject, Publishing, PublishingPlan
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.session import Session, State
from mcsyncd.workers.progress import ProgressReport
from shoots import AT, NTSC, TERMS, media

MB = 1_000_000
SMALL = [PlannedObject(f"v1/proxy/{name}", "proxy", name, MB, name * 64, "cam_a/A001.MOV") for name in "ab"]
LARGE = PlannedObject("v1/orig/c", "original", "c", 98 * MB, "c" * 64, "cam_a/A001.MOV")
PUBLISHING = Session(
    "20261123-091502-k7q",
    AT,
    state=State.PUBLISHING,
    terms=TERMS,
    offloaded=True,
    publishing=Publishing(1, AT, PublishingPlan((*SMALL, LARGE))),
)
UPLOADS = {planned.key: Upload(PUBLISHING.id, planned) for planned in (*SMALL, LARGE)}


def store(session: Session, *planned: PlannedObject) -> Session:
    stored = (StoredObject(one.key, one.kind, one.bytes, one.sha256, one.clip) for one in planned)
    return replace(session, stored=(*session.stored, *stored))


def report(count: int, total: int, first: int = 0, unit: str = "bytes") -> ProgressReport:
    return ProgressReport(count, total, unit, 0.0, 10.0, first)


def measure(session: Session, running: dict):
    return measure_stage(session, running, list_open_jobs(session, 0.85))


def test_uploads_count_by_their_bytes():
    """Two of three objects are stored: a hundredth each."""
    running = {UPLOADS[LARGE.key]: report(10 * MB, 98 * MB)}
    work = measure(store(PUBLISHING, *SMALL), running)
    body = build_session_progress(work, running, None)
    assert body.done == pytest.approx(0.12)
    assert (body.count, body.total, body.unit) == (12 * MB, 100 * MB, "bytes")
    assert body.eta_s is None, "nothing was measured, so nothing is promised"
    assert build_session_progress(work, running, 2 * MB).eta_s == pytest.approx(44)


def test_a_job_that_is_no_longer_needed_divides_nothing_by_nought():
    """A session that became stale: its jobs are not due any more, and run until they are stopped."""
    running = {UPLOADS[LARGE.key]: None}
    work = measure_stage(replace(PUBLISHING, state=State.STALE), running, ())
    assert (work.done, work.total) == (0, 98 * MB)
    assert build_session_progress(work, running, None).done == 0


def test_how_fast_small_objects_go_says_nothing_of_large_ones():
    work = measure(PUBLISHING, {UPLOADS[SMALL[0].key]: None})
    assert build_session_progress(work, {UPLOADS[SMALL[0].key]: None}, MB).eta_s is None
    meter = ThroughputMeter()
    for second in range(4):
        small = {UPLOADS[SMALL[0].key]: report(second * 1000, MB)}
        meter.note(measure(PUBLISHING, small), float(second))
    assert meter.throughput == pytest.approx(1000)
    meter.note(measure(store(PUBLISHING, *SMALL), {UPLOADS[LARGE.key]: report(0, 98 * MB)}), 4.0)
    assert meter.throughput is None


def test_what_waits_counts_and_a_job_without_a_report_is_not_begun():
    work = measure(PUBLISHING, {UPLOADS[SMALL[0].key]: None})
    assert (work.done, work.total) == (0, 100 * MB)
    assert measure(PUBLISHING, {}) is None


def test_a_stage_is_not_complete_while_its_last_job_runs():
    session = store(PUBLISHING, *SMALL, LARGE)
    (manifest,) = list_open_jobs(session, 0.85)
    assert 0.99 < build_session_progress(measure(session, {manifest: None}), {manifest: None}, None).done < 1


def test_other_stages_count_by_what_there_is_to_do():
    long = replace(media(), duration_us=90_000_000)
    clips = (
        Clip("cam_a", "A.MOV", 900, 1, "a", digest=Digest("a" * 64, "b" * 32, 900), media=long),
        Clip("cam_b", "B.MOV", 100, 1, "b", media=replace(media(), duration_us=10_000_000)),
    )
    session = Session("20261123-091502-k7q", AT, state=State.WORKING, clips=clips)
    hashing = Hash(session.id, clips[1])
    assert measure_stage(session, {hashing: report(50, 100)}, [hashing]).done == 950
    conforming = [
        Conform(session.id, clip, NTSC, 0, 0.0, TERMS.mezzanine, TERMS.proxy) for clip in reversed(clips)
    ]
    running = {conforming[0]: report(300, 300, unit="frames"), conforming[1]: None}
    work = measure_stage(session, running, conforming)
    assert work.done / work.total == pytest.approx(0.1)
    body = build_session_progress(work, running, None)
    assert (body.count, body.total, body.unit) == (300, 300, "frames")


def test_throughput_is_measured_over_the_jobs_of_a_stage():
    meter, session = ThroughputMeter(), PUBLISHING
    for second in range(4):
        meter.note(measure(session, {UPLOADS[SMALL[0].key]: report(second * 1000, MB)}), float(second))
        assert (meter.throughput is None) == (second < 2)
    assert meter.throughput == pytest.approx(1000)
    meter.note(measure(store(session, SMALL[0]), {UPLOADS[SMALL[1].key]: report(0, MB)}), 4.0)
    assert meter.throughput == pytest.approx(MB / 4)


def test_what_the_store_had_already_is_done_but_was_not_sent():
    meter = ThroughputMeter()
    meter.note(measure(PUBLISHING, {UPLOADS[LARGE.key]: None}), 0.0)
    for second in (1, 2, 3):
        running = {UPLOADS[LARGE.key]: report((90 + second) * MB, 98 * MB, first=90 * MB)}
        meter.note(measure(PUBLISHING, running), float(second))
    assert meter.throughput == pytest.approx(MB)
    running = {UPLOADS[LARGE.key]: report(98 * MB, 98 * MB, first=90 * MB)}
    meter.note(measure(PUBLISHING, running), 4.0)
    assert meter.throughput == pytest.approx(2 * MB), "eight in four seconds"


def test_a_line_that_stands_still_makes_the_time_left_grow_until_nothing_is_promised():
    meter, running = ThroughputMeter(), {UPLOADS[LARGE.key]: report(0, 98 * MB)}
    meter.note(measure(PUBLISHING, running), 0.0)
    running = {UPLOADS[LARGE.key]: report(20 * MB, 98 * MB)}
    told = []
    for second in range(4, 300, 4):
        meter.note(measure(PUBLISHING, running), float(second))
        told.append(meter.throughput)
    assert told[0] == pytest.approx(5 * MB)
    assert told[10] < told[0] / 5
    assert told[-1] is None


def test_an_upload_that_was_stopped_is_no_negative_speed_and_a_pause_is_no_slow_line():
    meter = ThroughputMeter()
    for second in range(4):
        meter.note(measure(PUBLISHING, {UPLOADS[LARGE.key]: report(second * MB, 98 * MB)}), float(second))
    meter.note(measure(PUBLISHING, {UPLOADS[LARGE.key]: None}), 4.0)
    assert meter.throughput == pytest.approx(MB), "a result is being recorded, perhaps"
    meter.note(measure(PUBLISHING, {UPLOADS[LARGE.key]: None}), 6.0)
    assert meter.throughput is None
    for second in range(4):
        running = {UPLOADS[LARGE.key]: report((3 + second) * MB, 98 * MB, first=3 * MB)}
        meter.note(measure(PUBLISHING, running), 3600.0 + second)
    assert meter.throughput == pytest.approx(MB)
