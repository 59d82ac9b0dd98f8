"""Runs `mcsyncd …` in forks of one process that has imported everything; `forked_process.py` is its client.

Each line of standard input is a request. `{"argv", "cwd", "out", "err", "backoff_s"}` runs a command with its
output in those files, in a session of its own, and answers with the process id. `{"reap": pid}` answers with
the exit status of a process that has ended; until then, nobody else gets its number.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

from worker_forks import STATIONS, fork_workers, start_fork_server

import mcsyncd
from mcsyncd.cli.main import COMMANDS, main
from mcsyncd.model import decide

_HEAVY = {"tui", "review"}
"""Commands whose imports no test that uses this server needs."""


def serve_forks() -> None:
    """Answer the requests on standard input, then end all processes that still run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this one ends it
    start_fork_server()
    running = set()
    print("ready", flush=True)  # noqa: T201  # the answer
    for line in sys.stdin:
        request = json.loads(line)
        if "reap" in request:
            running.remove(request["reap"])
            answer = os.waitpid(request["reap"], 0)[1]
        else:
            answer = os.fork()
            if answer == 0:
                _run_command(request)
            running.add(answer)
        print(answer, flush=True)  # noqa: T201  # the answer
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def _run_command(request: dict) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    os.chdir(request["cwd"])
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    nothing = os.open(os.devnull, os.O_RDONLY)
    out, err = (os.open(request[stream], flags, 0o600) for stream in ("out", "err"))
    for target, source in ((0, nothing), (1, out), (2, err)):
        os.dup2(source, target)
    for given in (nothing, out, err):
        os.close(given)
    fork_workers()
    if request["backoff_s"] is not None:
        decide.BACKOFF_S = (request["backoff_s"],)
    sys.argv = [str(Path(mcsyncd.__file__).with_name("__main__.py")), *request["argv"]]
    main(request["argv"])


if __name__ == "__main__":
    for module in (
        *(f"mcsyncd.cli.{command.replace('-', '_')}" for command in COMMANDS if command not in _HEAVY),
        "mcsyncd.daemon.log_records",
        "mcsyncd.daemon.service",
        *STATIONS,
    ):
        import_module(module)
    gc.freeze()  # or the first collection in a child would copy all of it
    serve_forks()
