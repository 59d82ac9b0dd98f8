"""The wall clock of a working daemon is set: no session waits longer, and the record stays whole."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from kills import Life, film_clips
from mcsyncd.errors import Unreachable
from nursery import Kill, find_compiler, open_nursery
from power_cut import read_log

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(find_compiler() is None, reason="no C compiler for the library that sets the clock"),
]

POINTS = ("settling", "after a crash", "encoding", "store failed")
CRASH_AT = 20
"""The call of a worker at which it is killed: while the clips are analysed."""
JUMPS = {
    "a day back at every stage": dict.fromkeys(POINTS, timedelta(days=-1)),
    "by seconds around midnight": {
        point: timedelta(seconds=seconds) for point, seconds in zip(POINTS, (-1, 1, -1, -1), strict=True)
    },
}


def reach_points(life: Life) -> set[str]:
    """Return the points that the session has reached by now."""
    status, entries = life.line.status(), read_log(life.line)
    failed = {entry["body"]["failure"]["stage"] for entry in entries if entry["kind"] == "job_postponed"}
    found = {
        "settling": any(folder["settling"] for folder in status["folders"].values()),
        "after a crash": bool(failed),
        "encoding": any(worker["stage"] == "conform" for worker in status["workers"])
        or any(entry["kind"] == "clip_conformed" for entry in entries),  # two more are being encoded
        "store failed": any(alert["code"].startswith("store_") for alert in status["alerts"]),
    }
    return {point for point, reached in found.items() if reached}


def process_shoot(life: Life, jump: Callable[[str], None], limit_s: float) -> float:
    """Take a shoot through a crash of a worker and a failure of the store; return the seconds it took.

    `jump` is called once at each point.
    """
    bucket, passed = life.line.home / "var" / "bucket", set()
    away = bucket.rename(bucket.with_name("away"))
    bucket.write_text("in the way")
    config = life.line.config
    config.write_text(config.read_text().replace("settle: 100ms", "settle: 2s"))  # long enough to be seen
    for days, camera in ((1, "cam_a"), (-20_000, "cam_b")):  # no camera's clock is right
        file = life.line.drop / camera / life.originals[camera].name
        os.utime(file, (0, time.time() + days * 86_400))
    life.start(Kill(at_call=CRASH_AT, only_workers=True))
    began = time.monotonic()
    while (found := life.follow(0.05)) == "time":
        assert time.monotonic() - began < limit_s, (passed, life.line.log[-3000:])
        with suppress(Unreachable):  # it has only just been started
            for point in reach_points(life) - passed:
                passed.add(point)
                jump(point)
                if point == "store failed":
                    bucket.unlink()
                    away.rename(bucket)
    assert (found, passed) == ("over", set(POINTS)), life.line.log[-3000:]
    return time.monotonic() - began


def test_no_session_waits_longer_when_the_wall_clock_is_set(tmp_path):
    clips = film_clips(tmp_path)
    with open_nursery(tmp_path / "nursery", backoff_s=1.5) as nursery:
        life = Life.begin(nursery, tmp_path / "undisturbed", clips)
        usual_s = process_shoot(life, lambda point: None, 300)
        expected = life.judge()
        assert expected.faults == ()
        for number, (name, jumps) in enumerate(JUMPS.items()):
            now = datetime.now(UTC)
            midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1, seconds=-2)
            nursery.set_clock(midnight - now if "midnight" in name else timedelta())

            def jump(point, jumps=jumps):
                nursery.set_clock(nursery.clock_offset + jumps[point])

            # A short name: the socket below it has a path of at most 107 characters.
            life = Life.begin(nursery, tmp_path / str(number), clips)
            process_shoot(life, jump, 3 * usual_s + 30)
            outcome = life.judge()
            assert outcome.faults == (), name
            assert outcome.objects == expected.objects, name
