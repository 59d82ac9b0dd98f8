"""What `run` shows: lines for a person in a terminal, JSON anywhere else."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
import zoneinfo
from datetime import datetime

import pytest

from mcsyncd.daemon.log_lines import LineRenderer
from mcsyncd.daemon.log_records import MAX_TEXT

SESSION = "20261123-091502-k7q"
TOLD = {"level": "info", "timestamp": "2026-11-23T09:15:02.000000Z"}
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (info|warning|error)  .*")

PROGRAM = """
import logging, structlog
from mcsyncd.daemon.log_records import configure_logging
configure_logging()
log = structlog.get_logger("test")
log.info("session_approved", said="Approved by kim (revision 3)", session="20261123-091502-k7q", seq=7)
log.warning("the drop-folder scan failed", error="no room on /srv", file="A\\x1b[2J\\n.MOV")
try:
    raise RuntimeError("x" * 100_000)
except RuntimeError:
    log.exception("it failed")
logging.getLogger("asyncio").warning("a library speaks")
"""


def run_in_terminal(**environ):
    """What the program writes on a terminal of its own."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stderr=slave, env={**os.environ, "TERM": "xterm-256color", **environ}
    )
    os.close(slave)
    written = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the other end of a terminal is closed
            break
        if not chunk:
            break
        written += chunk
    os.close(master)
    assert process.wait(30) == 0
    return written.decode()


def test_a_terminal_gets_aligned_lines_in_local_time():
    shown = run_in_terminal(NO_COLOR="1", TZ="Asia/Kathmandu")
    lines = shown.splitlines()
    approved = next(line for line in lines if "Approved" in line)
    assert approved.endswith(f"  info     {SESSION}  Approved by kim (revision 3)")
    failed = next(line for line in lines if "scan" in line)
    assert failed.index("the drop-folder scan") == approved.index("Approved")
    assert failed.endswith("failed: no room on /srv (file: A\\x1b[2J\\x0a.MOV)")
    heads = [line for line in lines if not line.startswith("    ")]
    assert all(LINE.fullmatch(line) for line in heads)
    assert len(heads) == 4
    there = datetime.now(zoneinfo.ZoneInfo("Asia/Kathmandu")).replace(tzinfo=None)
    said = datetime.strptime(approved[:19], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  # a local time on purpose
    assert abs((there - said).total_seconds()) < 60
    assert len(shown) < 2 * MAX_TEXT + 2000
    assert "RuntimeError" in shown


COLOURED = [({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb", "NO_COLOR": ""}, False)]


@pytest.mark.parametrize(("environ", "coloured"), COLOURED)
def test_colours_only_where_they_are_wanted(environ, coloured):
    shown = run_in_terminal(**environ)
    assert ("\x1b[33mwarning" in shown) is coloured
    assert ("\x1b" in shown) is coloured


@pytest.mark.parametrize("stream", ["", "8:1234"])
def test_anything_but_a_terminal_gets_json(stream):
    command = [sys.executable, "-c", PROGRAM]
    environ = {**os.environ, "JOURNAL_STREAM": stream}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert [record["level"] for record in records] == ["info", "warning", "error", "warning"]
    assert records[0]["event"] == "session_approved"
    assert records[0]["said"] == "Approved by kim (revision 3)"
    assert records[0]["timestamp"].endswith("Z")


def test_a_terminal_that_a_service_started_still_gets_lines():
    """Terminals of a desktop inherit the variable from their own service, and it names another stream."""
    assert "Approved by kim" in run_in_terminal(JOURNAL_STREAM="8:1234", NO_COLOR="1")


def test_no_record_can_forge_a_line_or_move_the_cursor():
    hostile = "\x1b[2J\r\n2026-11-23 09:00:00  info     all is well\u202e"
    record = dict.fromkeys(("event", "session", "error", "exception", hostile), hostile) | TOLD
    first, *traced = LineRenderer(colours=False)(None, "info", record).splitlines()
    assert "\x1b" not in first
    assert "\u202e" not in first
    assert all(line.startswith("    ") for line in traced)
    assert all("\x1b" not in line for line in traced)
