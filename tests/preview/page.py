"""The preview command as a process, and a real Chromium that works its page."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playback.chromium import CHROMIUM
from preview.published_store import SESSION

from mcsyncd.settings.load import find_shipped_profiles

IN_BACKGROUND = ("sh", "-c", """trap '' INT; exec "$@" """, "sh")
"""Runs a command as a shell without job control does behind `&`: with SIGINT ignored."""
TRIAL = Path(__file__).with_name("trial.mjs")
SETTINGS = """
paths: {{drop: {home}/drop, work: {home}/work, state: {home}/state}}
socket: {home}/api.sock
cameras: {{cam_a: {{label: A}}, cam_b: {{label: B}}}}
profiles: {{directory: {profiles}, mezzanine: mezz-h264, proxy: proxy-540p, rate: auto}}
storage: {{kind: local, path: {store}}}
"""


def write_settings(store: Path) -> Path:
    """Settings with this folder as their store, beside it."""
    settings = store.parent / "settings.yaml"
    settings.write_text(SETTINGS.format(home=store.parent, store=store, profiles=find_shipped_profiles()))
    return settings


def build_command(settings: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "mcsyncd", "--config", str(settings), "preview", SESSION, *options]


@contextmanager
def previewing(settings: Path, *options: str) -> Iterator[str]:
    """Run the command; yields the address that it prints."""
    command = [*IN_BACKGROUND, *build_command(settings, *options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{22}/", address), process.stderr.read()
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in told


def work(browser: Path, address: str, trial: str) -> tuple[dict | list, list[str]]:
    done = subprocess.run(
        ["node", TRIAL, CHROMIUM, address, trial],
        cwd=browser,
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    return answer["told"], answer["errors"]
