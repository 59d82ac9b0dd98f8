"""The reference implementation of ASC MHL, in an environment of its own: its libraries exclude ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = "ascmhl==1.2"


def prepare_reference(config: pytest.Config) -> Path:
    """The folder of its commands; kept between runs."""
    folder = config.cache.mkdir("ascmhl")
    commands = folder / "bin"
    if not (commands / "ascmhl-debug").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, timeout=120)
        command = [commands / "python", "-m", "pip", "install", "--quiet", PACKAGE]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
        if done.returncode:
            pytest.skip(f"pip could not install {PACKAGE}")
    return commands


def run_reference(commands: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of its commands, `ascmhl` or `ascmhl-debug`."""
    command = [commands / arguments[0], *arguments[1:]]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
