"""The app behind `textual serve`, which starts it with its own driver and talks to it in packets."""

import os
import subprocess
import sys
import threading
import time

import pytest
from tui import scenes

PATIENCE_S = 40.0


@pytest.fixture
def daemon(serve):
    return serve(scenes.session())


class Browser:
    """What stands between the app and a browser: packets of a letter, a length and a payload."""

    def __init__(self, *command):
        driver = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "COLUMNS": "100", "ROWS": "30"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mcsyncd", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **driver},
        )
        self.shown = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self._reader.join()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def _read(self):
        while chunk := os.read(self.process.stdout.fileno(), 65536):
            self.shown += chunk

    def press(self, key):
        payload = key.encode()
        self.process.stdin.write(b"D" + len(payload).to_bytes(4, "big") + payload)
        self.process.stdin.flush()

    def wait_for(self, text):
        deadline = time.monotonic() + PATIENCE_S
        while text.encode() not in self.shown:
            assert time.monotonic() < deadline, self.shown.decode(errors="replace")
            time.sleep(0.05)


def test_in_a_browser_nobody_decides_and_nothing_plays(daemon, socket):
    with Browser("--socket", str(socket), "tui") as browser:
        browser.wait_for(scenes.SURE)
        time.sleep(1.0)
        browser.press("\r")
        browser.wait_for("read-only in a browser")
        for _ in range(3):
            time.sleep(0.8)
            browser.press("\r")
        browser.press("v")
        browser.wait_for("Nudge")
        browser.press(" ")
        browser.wait_for("In a browser there is no sound")
        for _ in range(2):
            time.sleep(0.8)
            browser.press("s")
        time.sleep(0.5)
        assert daemon.decisions == []
