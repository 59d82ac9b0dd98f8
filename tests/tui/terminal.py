"""A command in a real pty, as a person has it."""

import os
import pty
import select
import subprocess
import sys
import termios
import time

PATIENCE_S = 30.0


class Terminal:
    """A command in a terminal of `size` (rows, columns): type, and wait for what it shows."""

    def __init__(self, *command, size=(24, 80), **environ):
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, size)
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "", **environ}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "mcsyncd", *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = ""
        self._is_hung_up = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._child.kill()
        self._child.wait()
        if not self._is_hung_up:
            os.close(self._master)

    def hang_up(self):
        """Take the terminal away, as a connection that breaks does."""
        os.close(self._master)
        self._is_hung_up = True

    @property
    def pid(self):
        return self._child.pid

    def type(self, text):
        os.write(self._master, text.encode())

    def hold(self, key, delay_s, seconds):
        """Hold a key: it repeats 30 times a second after a delay."""
        self.type(key)
        until = time.monotonic() + seconds
        wait_s = delay_s
        while time.monotonic() < until:
            self.read(0)
            time.sleep(wait_s)
            self.type(key)
            wait_s = 1 / 30

    def wait_for(self, text):
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            self.read(0.1)

    def ended(self):
        deadline = time.monotonic() + PATIENCE_S
        while self._child.poll() is None:
            assert time.monotonic() < deadline, "it goes on"
            if self._is_hung_up:
                time.sleep(0.05)
            else:
                self.read(0.05)
        return self._child.returncode

    def read(self, timeout):
        """Read what came within `timeout` seconds, and return how many bytes that was."""
        if select.select([self._master], [], [], timeout)[0]:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:  # the other end of a terminal is closed
                time.sleep(0.02)
                return 0
            self.shown += chunk.decode(errors="replace")
            return len(chunk)
        return 0
