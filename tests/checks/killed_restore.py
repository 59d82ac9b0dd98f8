"""A child that restores a session from a folder and is killed (SIGKILL) once `limit` bytes were written."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from mcsyncd.checks.restore_plan import plan_restore
from mcsyncd.checks.session_restore import restore_files
from mcsyncd.publish.local import LocalStore
from mcsyncd.publish.published_manifest import read_published_manifest


def main(bucket: str, session: str, into: str, limit: str) -> None:
    def die(_path: str, done: int, _size: int) -> None:
        if done >= int(limit):
            os.kill(os.getpid(), signal.SIGKILL)

    store = LocalStore(Path(bucket))
    plan = plan_restore(read_published_manifest(store, session, None).document)
    list(restore_files(store, plan.files, Path(into), die))


if __name__ == "__main__":
    main(*sys.argv[1:])
