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


LOADED_AT_THE_FIRST_ANSWER = """
import os, signal, socket, sys, threading, time
from pathlib import Path
from mcsyncd.daemon.service import run_daemon

def ask():
    while True:
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(sys.argv[2])
            except OSError:
                time.sleep(0.05)
                continue
            line.sendall(b"GET /v1/status HTTP/1.1\\r\\nHost: d\\r\\nConnection: close\\r\\n\\r\\n")
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200"), answer
        print("loaded:", *{name.partition(".")[0] for name in sys.modules})
        os.kill(os.getpid(), signal.SIGTERM)
        return

threading.Thread(target=ask).start()
run_daemon(Path(sys.argv[1]))
"""


def test_the_daemon_answers_without_codecs_solver_numpy_or_migrations(line):
    Ledger(line.home / "var" / "state", "1.0").close()  # it has one, of the present schema
    command = [sys.executable, "-c", LOADED_AT_THE_FIRST_ANSWER, str(line.config)]
    socket = line.home / "var" / "api.sock"
    done = subprocess.run([*command, str(socket)], check=False, capture_output=True, text=True, timeout=60)
    (told,) = (row for row in done.stdout.splitlines() if row.startswith("loaded:"))
    loaded = set(told.split())
    assert {"mcsyncd", "aiohttp", "sqlite3"} <= loaded, done.stderr
    assert not loaded & {"scipy", "av", "boto3", "numpy", "sqlite_utils", "textual", "PIL", "matplotlib"}
