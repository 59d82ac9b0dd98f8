"""A child that takes files in and is killed (SIGKILL) just before its n-th effect on the disk."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
from pathlib import Path

from mcsyncd.ingest.offload import offload_files
from mcsyncd.model.clip import DropFile

EFFECTS = ("mkdir", "rename", "fsync", "unlink", "rmdir", "utime", "write")


def main(drop: str, originals: str, files: str, kill_before: str) -> None:
    steps = itertools.count(1)
    for name in EFFECTS:
        setattr(os, name, _counted(getattr(os, name), steps, int(kill_before)))
    offload_files(
        [DropFile(**file | {"checks": ()}) for file in json.loads(files)], Path(drop), Path(originals)
    )


def _counted(real, steps, kill_before):
    def effect(*args, **kwargs):
        if next(steps) == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    return effect


if __name__ == "__main__":
    main(*sys.argv[1:])
