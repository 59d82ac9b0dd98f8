"""The package that is upgraded from: built from an older commit of this repository, by its own `packages`."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

COMMIT = "9aee3b3dee98b7ee6189440a1bf9137563b82db5"
"""The first commit whose package was seen to run on a booted Debian."""

VERSION = "0.0.9"
"""A version below each that was released, since that commit had the number of today's."""


def find_older_package(checkout: Path, cache: Path) -> Path:
    """Return the older .deb, built once and kept in `cache`. Raises CalledProcessError without history."""
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    package = cache / f"mcsyncd_{VERSION}_{architecture}.deb"
    if not package.exists():
        with tempfile.TemporaryDirectory(prefix="mcsync-older-", dir="/var/tmp") as folder:
            archive = subprocess.run(
                ["git", "-C", str(checkout), "-c", "tar.umask=0022", "archive", COMMIT],
                check=True,
                stdout=subprocess.PIPE,
            )
            subprocess.run(["tar", "-C", folder, "-xf", "-"], input=archive.stdout, check=True)
            date = ["git", "-C", str(checkout), "log", "-1", "--format=%ct", COMMIT]
            epoch = subprocess.run(date, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
            build = [sys.executable, "-m", "packages", "--version", VERSION, "--out", str(cache)]
            environ = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
            subprocess.run(build, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
    return package
