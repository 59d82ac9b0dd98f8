"""The log in bounded space: what a fault of every second, or of a huge value, costs."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import structlog

from mcsyncd.daemon.log_records import MAX_ALIKE, WINDOW_S, configure_logging


@pytest.fixture
def now():
    """The seconds of the clock, to be set."""
    return [0.0]


@pytest.fixture
def lines(monkeypatch, now):
    """Return the lines that were logged since the last call, as the daemon's log has them."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    before = structlog.get_config()
    root = logging.getLogger()
    handlers = list(root.handlers)
    configure_logging(lambda: now[0])

    def read():
        text = written.getvalue()
        written.seek(0)
        written.truncate()
        return text.splitlines()

    yield read
    structlog.configure(**before)
    root.handlers[:] = handlers


def fail_deeply(depth: int, huge: object) -> None:
    secret = "the value of a local variable"
    if depth:
        fail_deeply(depth - 1, huge)
    raise RuntimeError(secret[:3])


def test_an_error_has_its_traceback_without_locals_and_in_a_few_kilobytes(lines):
    huge = {f"key {number}": "x" * 1000 for number in range(1000)}
    try:
        fail_deeply(60, huge)
    except RuntimeError:
        structlog.get_logger("test").exception("it failed", session="s1")
    (line,) = lines()
    assert len(line) < 10_000
    record = json.loads(line)
    assert (record["event"], record["session"], record["level"]) == ("it failed", "s1", "error")
    assert "the value of a local" not in line
    assert "xxxx" not in line
    assert record["exception"][0]["exc_type"] == "RuntimeError"
    assert record["exception"][0]["frames"][-1]["name"] == "fail_deeply"


def test_a_huge_value_is_cut_wherever_it_is(lines):
    log = structlog.get_logger("test")
    log.error("one", text="x" * 1_000_000)
    log.error("two", problems=["y" * 100_000] * 100_000)
    log.error("three", nested={"a": {"b": [{"c": "z" * 1_000_000}] * 1000}})
    log.error("four" * 100_000)
    found = lines()
    assert len(found) == 4
    assert all(len(line) < 50_000 for line in found)
    assert json.loads(found[0])["text"].startswith("xxx")


def test_an_error_that_repeats_is_counted_and_told_later(lines, now):
    log = structlog.get_logger("test")
    for number in range(1000):
        log.error("the scan failed", number=number)
        log.warning(("another 0", "another 1")[number % 2])
        log.info("progress")
    found = [json.loads(line) for line in lines()]
    events = [record["event"] for record in found]
    assert events.count("the scan failed") == MAX_ALIKE
    assert events.count("another 0") == events.count("another 1") == MAX_ALIKE
    assert events.count("progress") == 1000, "only warnings and errors are limited"
    now[0] = WINDOW_S
    log.error("the scan failed")
    (again,) = lines()
    assert json.loads(again)["repeated"] == 1000 - MAX_ALIKE


def test_two_errors_of_different_kinds_are_not_alike(lines):
    for error in (ValueError("a"), OSError("b")) * 10:
        try:
            raise error
        except (ValueError, OSError):
            structlog.get_logger("test").exception("it failed")
    assert len(lines()) == 2 * MAX_ALIKE


def test_what_libraries_log_is_limited_in_the_same_way(lines):
    for _ in range(100):
        try:
            fail_deeply(100, None)
        except RuntimeError:
            logging.getLogger("asyncio").exception("socket.accept() out of system resource")
    found = lines()
    assert len(found) == MAX_ALIKE
    assert json.loads(found[0])["source"] == "asyncio"
    assert all(len(line) < 10_000 for line in found)
