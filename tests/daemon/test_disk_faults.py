"""The short form of the soak of failing disks: the cells that lost slots, sessions or the ledger."""

from __future__ import annotations

import pytest
from disk_faults import RESUME_S, can_fail_disks, mount_folders, run_faults

from line import Line
from mcsyncd.daemon.service import RETRY_TICK_S
from mcsyncd.model.decide import BACKOFF_S


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not can_fail_disks(), reason="a disk that fails needs root and FUSE")
def test_work_goes_on_by_itself_once_the_disk_does_not_fail(tmp_path, shoot):
    stages = ("ingest", "publish")
    cells, outcome = run_faults(tmp_path / "home", shoot, "work", "i/o", stages, hold_s=2.0)
    assert [cell.stage for cell in cells] == list(stages)
    assert any(cell.is_hit for cell in cells)
    problems = [f"{cell.stage}: {problem}" for cell in cells for problem in cell.problems]
    assert not problems, "\n".join(problems)
    assert not outcome.faults


@pytest.mark.skipif(not can_fail_disks(), reason="a disk that fails needs root and FUSE")
@pytest.mark.parametrize(("folder", "fault"), [("work", "read-only"), ("drop", "i/o")])
def test_a_daemon_starts_although_a_disk_fails_and_says_so(tmp_path, folder, fault):
    """It ended, and after some tries within a minute systemd gave up."""
    with mount_folders(tmp_path / "var", folder, fault) as disk:
        line = Line(tmp_path)
        disk.fail()
        try:
            line.start()
            assert str(disk.path) in line.log
        finally:
            disk.mend()
            line.stop()


def test_the_longest_wait_is_over_in_time():
    """It was a minute: work resumed later than promised after a fault that lasted."""
    assert max(BACKOFF_S) + RETRY_TICK_S < RESUME_S
