"""A clip in segments: what they are together, whoever encodes them, and what a kill costs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model.test_drift_curve import curves

from footage import Shot, film, phone, steady
from mcsyncd.conform import segments
from mcsyncd.conform.explain import TYPICAL_CLIP
from mcsyncd.conform.grid import Grid, TickMap
from mcsyncd.conform.plan import plan_renditions
from mcsyncd.conform.proof_check import find_differences
from mcsyncd.errors import BadMedia
from mcsyncd.model.drift_curve import DriftCurve, DriftKnot
from mcsyncd.model.rate import STANDARD_RATES, Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile

BEND = (DriftKnot(0, 0), DriftKnot(5_000_000, 1000), DriftKnot(12_000_000, -400))


@pytest.fixture
def short_segments(monkeypatch):
    """Segments of a second: small clips then have several, and a test takes no minutes."""
    monkeypatch.setattr(segments, "SEGMENT_S", 1)


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def film_phone(folder: Path, seconds: float = 6) -> Path:
    shot = Shot(phone(seconds), (0, seconds), sound_codec="aac", options={"preset": "ultrafast", "g": "45"})
    return film(folder / "clip.mp4", shot)


# --- pure --------------------------------------------------------------------------------------------------

grids = st.builds(
    Grid.from_drift,
    st.sampled_from(STANDARD_RATES),
    st.integers(-20_000, 20_000),
    st.floats(-1000, 1000, allow_nan=False),
    st.one_of(st.just(()), curves()),
)
times = st.lists(st.fractions(0, 2, max_denominator=90_000), min_size=2, max_size=40, unique=True).map(sorted)


def map_frames(
    grid: Grid, pictures: list[Fraction], first: int, end: int | None
) -> tuple[TickMap, list[int]]:
    """Map a part as a segment does, from as few frames before it as its reader guarantees."""
    total = grid.count_ticks(pictures[-1])
    mapped, shown = TickMap(grid, first, end), []
    start = grid.compute_clip_time(first - 1)
    lead = max(
        (n for n in range(len(pictures) - 1) if (pictures[n] + pictures[n + 1]) / 2 < start), default=0
    )
    held = None
    for picture in pictures[lead:] if first else pictures:
        shown += [held] * mapped.add_frame(picture)
        held = picture
        if mapped.is_full:
            return mapped, shown
    shown += [held] * mapped.finish(total)
    return mapped, shown


@settings(deadline=None, max_examples=50)
@given(grids, times, st.integers(1, 40))
def test_the_parts_of_a_tick_map_are_together_the_whole(grid, pictures, length):
    pictures = [picture - pictures[0] for picture in pictures]
    whole, all_shown = map_frames(grid, pictures, 0, None)
    frames, shown = [], []
    for first in range(0, whole.ticks, length):
        part, part_shown = map_frames(grid, pictures, first, first + length)
        frames += part.frames
        shown += part_shown
    if whole.ticks % length == 0:  # frames that no tick shows may follow the last one
        frames += map_frames(grid, pictures, whole.ticks, None)[0].frames
    assert shown == all_shown
    assert frames == whole.frames


@given(st.integers(1, 400_000), st.sampled_from(STANDARD_RATES))
def test_segments_cover_every_tick_once_and_begin_with_a_group_of_pictures(ticks, rate):
    profiles = tuple(
        (kind, profile.build_ref(name), profile)
        for kind, name in (("mezzanine", "mezz-h264"), ("proxy", "proxy-540p"))
        for profile in (load_profile(find_shipped_profiles(), name),)
    )
    plan = replace(plan_renditions(TYPICAL_CLIP, Grid(rate), profiles), ticks=ticks)
    cut = segments.plan_segments(plan)
    assert [one.number for one in cut] == list(range(len(cut)))
    assert cut[0].first == 0
    assert cut[-1].end is None
    assert all(one.end == following.first for one, following in pairwise(cut))
    for file in plan.files:
        gop = file.video_encoder.gop
        assert all(one.first % gop == 0 for one in cut)
        assert all(segments.count_groups_before(one, file) == one.first // gop for one in cut)


def test_segments_along_another_curve_are_others():
    """A knot at the end moves no frame before it; which segments that leaves alone is not guessed."""
    keys = {
        segments.compute_segments_key(plan_renditions(TYPICAL_CLIP, grid, ()), (), ())
        for shift_us in (0, 1, 2)
        for grid in [Grid.from_drift(Rate(30), 0, 0.0, (DriftKnot(0, 0), DriftKnot(9_000_000, shift_us)))]
    }
    assert len(keys) == 3


# --- real --------------------------------------------------------------------------------------------------


def test_the_bytes_are_the_same_in_one_process_and_in_two(run, short_segments, tmp_path):
    source = film_phone(tmp_path)
    how = {"phase_us": 5_000, "drift_ppm": 80.0, "curve": BEND}
    here = run(source, Rate(30), folder=tmp_path / "here", **how)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        there = run(source, Rate(30), folder=tmp_path / "there", **how, executor=executor)
    assert read_all(tmp_path / "here") == read_all(tmp_path / "there")
    assert here.report == there.report
    assert [one.proof.frames_sha256 for one in here.renditions] == [
        one.proof.frames_sha256 for one in there.renditions
    ]
    assert not list((tmp_path / "here").rglob("*.segments"))
    for rendition in here.renditions:
        assert find_differences(Path(rendition.path), rendition) == ()


@pytest.mark.parametrize(
    ("name", "shot"),
    [
        pytest.param("clip.mp4", Shot(phone(5), (0, 5)), id="variable rate"),
        pytest.param("clip.mov", Shot(steady(Fraction(60000, 1001), 5), (0, 5)), id="59.94 to 30"),
        pytest.param("clip.ts", Shot(steady(25, 5), (0, 5), sound_codec="aac"), id="without an index"),
        pytest.param(
            "clip.mp4",
            Shot(steady(25, 5), (0, 5), options={"preset": "ultrafast", "bf": "3", "g": "250"}),
            id="one key frame",
        ),
        pytest.param(
            "clip.mp4",
            Shot([*steady(30, 1), *steady(30, 1, Fraction(9, 2))], (0, 5.5), events=()),
            id="a pause longer than segments",
        ),
        pytest.param("clip.mkv", Shot([Fraction(0)], (0, 5), events=()), id="a still"),
    ],
)
def test_segments_find_what_one_pass_finds(name, shot, run, tmp_path, monkeypatch):
    source = film(tmp_path / name, shot)
    whole = run(source, Rate(30), folder=tmp_path / "whole")
    monkeypatch.setattr(segments, "SEGMENT_S", 1)
    cut = run(source, Rate(30), folder=tmp_path / "cut")
    assert cut.report == whole.report
    for one, other in zip(cut.renditions, whole.renditions, strict=True):
        assert one.proof.tick_map_sha256 == other.proof.tick_map_sha256
        assert (one.frames, one.duplicated, one.dropped) == (other.frames, other.duplicated, other.dropped)
        assert one.notes == other.notes
        assert find_differences(Path(one.path), one) == ()
    assert [file.sha256 for file in cut.sprites.files] == [file.sha256 for file in whole.sprites.files]


def test_a_clip_whose_timestamps_begin_again_is_read_in_one_pass(run, tmp_path, monkeypatch):
    first = film(tmp_path / "a.ts", Shot(steady(25, 4), (0, 4), sound_codec="aac", events=()))
    second = film(
        tmp_path / "b.ts", Shot(steady(25, 6), (0, 6), sound_codec="aac", events=(), numbered_from=500)
    )
    both = tmp_path / "clip.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    media = probe_clip(both, as_is=True)
    whole = run(both, Rate(25), folder=tmp_path / "whole", media=media)
    monkeypatch.setattr(segments, "SEGMENT_S", 1)
    cut = run(both, Rate(25), folder=tmp_path / "cut", media=media)
    assert read_all(tmp_path / "cut").keys() == read_all(tmp_path / "whole").keys()
    assert [one.proof.tick_map_sha256 for one in cut.renditions] == [
        one.proof.tick_map_sha256 for one in whole.renditions
    ]


_KILLED = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[3]]
from mcsyncd.conform import segments
segments.SEGMENT_S = 1
from mcsyncd.conform.conform import conform_clip
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
source, folder = Path(sys.argv[1]), Path(sys.argv[2])
refs = [load_profile(find_shipped_profiles(), name).build_ref(name) for name in ("mezz-h264", "proxy-540p")]
curve = tuple(DriftKnot(*map(int, knot.split())) for knot in sys.argv[4:])
conform_clip(source, probe_clip(source), rate=Rate(30), phase_us=0, drift_ppm=0.0, curve=curve,
        mezzanine=refs[0], proxy=refs[1], folder=folder, stem="clip")
"""


def kill_after(source: Path, folder: Path, finished: int, curve: DriftCurve = ()) -> int:
    """Run a job and kill it once so many segments are finished; return how many were."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", _KILLED, source, folder, str(Path(__file__).parents[2])]
    command += [f"{knot.clip_us} {knot.shift_us}" for knot in curve]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 60
        while len(list(folder.glob("clip.segments/*.json"))) < finished:
            assert process.poll() is None, "it was over before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    return len(list(folder.glob("clip.segments/*.json")))


def test_a_killed_job_goes_on_after_its_finished_segments_with_the_same_bytes(run, short_segments, tmp_path):
    """With a drift curve: its audio is one, and its segments lie along the curve."""
    source = film(tmp_path / "clip.mp4", Shot(phone(12), (0, 12), size=(640, 480)))
    run(source, Rate(30), folder=tmp_path / "never", curve=BEND)
    for finished in (1, 4):
        kept = kill_after(source, tmp_path / "killed", finished, BEND)
    reports: list[int] = []
    run(
        source,
        Rate(30),
        folder=tmp_path / "killed",
        progress=lambda done, _expected: reports.append(done),
        curve=BEND,
    )
    assert kept >= 4
    assert reports == sorted(reports), "nobody likes to see progress go back"
    assert all(done >= kept * 30 for done in reports[kept - 1 :])
    assert read_all(tmp_path / "killed") == read_all(tmp_path / "never")


def test_a_segment_that_is_not_as_recorded_is_encoded_again(run, short_segments, tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(phone(12), (0, 12), size=(640, 480)))
    run(source, Rate(30), folder=tmp_path / "never")
    kill_after(source, tmp_path / "killed", 3)
    segment = tmp_path / "killed" / "clip.segments" / "00001.mezz.mp4"
    changed = bytearray(segment.read_bytes())
    changed[len(changed) // 2] ^= 1
    segment.write_bytes(changed)
    (tmp_path / "killed" / "clip.segments" / "00000.json").write_text("{}")
    run(source, Rate(30), folder=tmp_path / "killed")
    assert read_all(tmp_path / "killed") == read_all(tmp_path / "never")


def test_segments_of_another_plan_are_not_taken(run, short_segments, tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(phone(12), (0, 12), size=(640, 480)))
    kill_after(source, tmp_path / "killed", 3)
    run(source, Rate(30), phase_us=9_000, folder=tmp_path / "killed")
    run(source, Rate(30), phase_us=9_000, folder=tmp_path / "never")
    assert read_all(tmp_path / "killed") == read_all(tmp_path / "never")


class FailingExecutor(Executor):
    """Encodes the first segments here, and then loses its disk."""

    def __init__(self, good: int) -> None:
        self.good = good

    def submit(self, call, /, *arguments):
        future = Future()
        if self.good:
            self.good -= 1
            future.set_result(call(*arguments))
        else:
            future.set_exception(OSError(28, "No space left on device"))
        return future


def test_what_is_finished_stays_where_the_cause_may_pass(run, short_segments, tmp_path):
    source = film_phone(tmp_path)
    folder = tmp_path / "out"
    with pytest.raises(OSError, match="No space"):
        run(source, Rate(30), folder=folder, executor=FailingExecutor(2))
    assert sorted(file.name for file in folder.glob("clip.segments/*.json")) == ["00000.json", "00001.json"]
    assert [entry.name for entry in folder.iterdir()] == ["clip.segments"]
    with pytest.raises(OSError, match="No space"):
        run(source, Rate(30), folder=tmp_path / "none", executor=FailingExecutor(0))
    assert list((tmp_path / "none").iterdir()) == []
    media = probe_clip(source)
    source.write_text("not a clip")
    with pytest.raises(BadMedia):
        run(source, Rate(30), folder=folder, media=media)
    assert list(folder.iterdir()) == []


def test_a_segment_can_be_played_on_its_own(run, short_segments, tmp_path):
    seen = {}

    class Looking(FailingExecutor):
        def submit(self, call, /, *arguments):
            result = super().submit(call, *arguments)
            for file in result.result().files:
                if file.path.endswith(".proxy.mp4"):
                    video = probe_clip(Path(file.path)).video
                    seen[Path(file.path).name] = (video.start_us, round(video.duration_us / 1e6, 3))
            return result

    run(film_phone(tmp_path), Rate(30), folder=tmp_path / "out", executor=Looking(100))
    assert [seen[name] for name in sorted(seen)][:4] == [(0, 1.0)] * 4
