"""A start that is stopped, or that must not happen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from mcsyncd.store.ledger import Ledger

SLOW_START = """
import sys, time
from mcsyncd.daemon import service

def wait(*_):
    print("starting", flush=True)
    time.sleep(2)

service.require_known_history = wait
service.run_daemon(__import__("pathlib").Path(sys.argv[1]))
"""


@pytest.mark.parametrize("signals", [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGHUP, signal.SIGTERM)])
def test_a_signal_while_the_daemon_starts_ends_it_in_order(line, signals):
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_START, str(line.config)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "starting\n"
    for number in signals:
        os.kill(process.pid, number)
    told, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "stopped while starting" in told
    assert not (line.home / "var" / "api.sock").exists()
    Ledger(line.home / "var" / "state", "1.0").close()  # it is free, and whole
