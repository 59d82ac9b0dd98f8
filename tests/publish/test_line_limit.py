"""The limit on the line: what all processes send together, and no more."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from mcsyncd.model.timetable import parse_timetable
from mcsyncd.publish.line_limit import LineLimit

RATE = 125_000
"""Bytes a second: 1 Mbit."""


class Line:
    """A clock that only moves while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 9000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def limit(path, line: Line, entry: str = "1Mbit") -> LineLimit:
    return LineLimit(path / "line", parse_timetable([entry]), clock=line.clock, sleep=line.sleep)


def test_what_is_sent_takes_its_time(tmp_path):
    line = Line()
    one = limit(tmp_path, line)
    for _ in range(1000):
        one.take(16 << 10)
    took_s = line.now - 9000
    assert took_s == pytest.approx((1000 * (16 << 10)) / RATE, rel=0.05)


def test_two_share_one_line(tmp_path):
    line = Line()
    one, other = limit(tmp_path, line), limit(tmp_path, line)
    for _ in range(500):
        one.take(16 << 10)
        other.take(16 << 10)
    assert line.now - 9000 == pytest.approx((1000 * (16 << 10)) / RATE, rel=0.05)


def test_a_pause_is_not_made_up_for(tmp_path):
    line = Line()
    one = limit(tmp_path, line)
    one.take(64 << 10)
    line.now += 3000
    began = line.now
    for _ in range(16):
        one.take(64 << 10)
    assert line.now - began > 0.9 * ((1 << 20) / RATE) - 1


@pytest.mark.parametrize("entry", ["full", "07:00-07:01 full"])
def test_a_free_line_costs_nothing(tmp_path, entry):
    line = Line()
    limit(tmp_path, line, entry).take(1 << 30)
    assert line.now == 9000
    assert not (tmp_path / "line").exists()


@pytest.mark.parametrize("content", [b"", b"xy", b"\xff" * 8, b"\x00" * 8])
def test_a_damaged_file_stops_nobody(tmp_path, content):
    line = Line()
    (tmp_path / "line").write_bytes(content)
    limit(tmp_path, line).take(64 << 10)
    assert line.now - 9000 < 2


def test_a_clock_that_began_again_stops_nobody(tmp_path):
    line = Line()
    limit(tmp_path, line).take(64 << 10)
    line.now = 5.0  # the machine was started again
    limit(tmp_path, line).take(64 << 10)
    assert line.now < 7


def test_two_processes_share_one_line(tmp_path):
    """A megabyte a second for two that send half a megabyte each: one would be through in half the time."""
    spawn = multiprocessing.get_context("spawn")
    senders = [spawn.Process(target=_take_twice, args=(str(tmp_path / "line"),)) for _ in range(2)]
    began = time.monotonic()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    assert all(sender.exitcode == 0 for sender in senders)
    assert time.monotonic() - began > 1.4


def _take_twice(path: str) -> None:
    one = LineLimit(Path(path), parse_timetable(["8Mbit"]))
    for _ in range(8):
        one.take(128 << 10)
