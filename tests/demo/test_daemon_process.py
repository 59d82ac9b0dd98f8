import time

import pytest

from mcsyncd.demo.daemon_process import DaemonProcess
from mcsyncd.errors import McsyncError


def test_a_daemon_that_ends_by_itself_leaves_its_last_words(tmp_path):
    config, said = tmp_path / "broken.yaml", []
    config.write_text("paths: 7\n")
    with DaemonProcess(config, tmp_path / "var" / "daemon.log", said.append) as child:
        ended = None
        until = time.monotonic() + 20
        while ended is None and time.monotonic() < until:
            try:
                child.check()
            except McsyncError as error:
                ended = error
            time.sleep(0.05)
    assert ended is not None
    assert "code 2" in ended.message
    assert "daemon.log" in ended.hint
    assert any("broken.yaml" in line for line in said)


def test_a_child_that_was_never_started_has_nothing_to_stop(tmp_path):
    child = DaemonProcess(tmp_path / "none.yaml", tmp_path / "log", pytest.fail)
    child.check()
    child.stop()
