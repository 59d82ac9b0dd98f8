"""What `doctor` says of the machine: who may drop, whether its databases answer, its clock."""

from __future__ import annotations

import os
import pwd
import subprocess
import threading
from pathlib import Path

import pytest

from line import ME, Line
from mcsyncd.checks import doctor, host
from mcsyncd.checks.doctor import run_checks
from mcsyncd.settings.active_config import ActiveConfig

FIRST_UID_MAP = "         0          0 4294967295\n"
"""What the kernel shows outside of any user namespace but the first (user_namespaces(7))."""


def test_a_clock_that_nothing_keeps_right_is_a_warning():
    (bad,) = host.check_clock_sync(lambda _: 5)
    assert (bad.status, "set-ntp" in bad.hint) == ("warn", True)
    assert [one.status for one in host.check_clock_sync(lambda _: 0)] == ["ok"]
    assert list(host.check_clock_sync(lambda _: -1)) == []  # a sandbox that forbids to ask says nothing


def test_the_kernel_answers_and_nothing_is_set():
    assert all(one.status in {"ok", "warn"} for one in host.check_clock_sync())


def test_a_machine_without_a_time_zone_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.delenv("TZ", raising=False)
    (missing,) = host.check_time_zone(tmp_path / "localtime")
    assert (missing.status, "set-timezone" in missing.hint) == ("warn", True)
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
    (found,) = host.check_time_zone(tmp_path / "localtime")
    assert found.status == "ok"


def test_a_user_database_that_hangs_ends_no_doctor(monkeypatch, tmp_path):
    """LDAP behind a dead server blocks in the C library; the group look-ups after it would, too."""
    monkeypatch.setattr(host, "DATABASE_LIMIT_S", 0.2)
    gate = threading.Event()
    (hung,) = host.check_user_database("kim", 1000, lambda *_: gate.wait(30))
    gate.set()
    assert (hung.status, "getent initgroups kim" in hung.hint) == ("fail", True)
    monkeypatch.setitem(doctor._MACHINE_CHECKS, "user database", lambda: iter([hung]))
    names = [one.name for one in run_checks(ActiveConfig.read(Line(tmp_path).config))]
    assert names[0] == "user database"
    assert f"approver {ME}" not in names
    assert "ledger" in names


def test_a_slow_user_database_is_a_warning(monkeypatch):
    monkeypatch.setattr(host, "_SLOW_DATABASE_S", 0.0)
    (slow,) = host.check_user_database("root", 0)
    assert slow.status == "warn"


def test_a_user_without_a_name_ends_no_doctor():
    """Container engines run an image as any uid that they are told."""
    unknown = max(entry.pw_uid for entry in pwd.getpwall()) + 1
    (found,) = host.check_accounts(unknown, FIRST_UID_MAP)
    assert (found.status, str(unknown) in found.message) == ("warn", True)


def test_a_user_namespace_where_people_read_as_nobody_is_a_warning():
    """Asked in a real one, which knows a single uid, of the first namespace, which knows all."""
    command = ["unshare", "--user", "--map-root-user", "cat", "/proc/self/uid_map"]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no user namespaces here: {made.stderr}")
    (found,) = host.check_uid_map(made.stdout)
    assert (found.status, "65534" in found.message) == ("warn", True)
    assert list(host.check_uid_map(FIRST_UID_MAP)) == []


@pytest.mark.parametrize(
    ("mode", "said"), [(0o700, "may not write"), (0o770, "does not get the group"), (0o2770, "")]
)
def test_a_drop_folder_is_shared_by_its_group(tmp_path, mode, said):
    tmp_path.chmod(mode)
    found = list(host.check_shared_folder("drop folder cam_a", tmp_path))
    assert bool(found) == bool(said)
    assert all(said in one.message and "chmod" in one.hint for one in found)


@pytest.mark.parametrize(
    ("umask", "uid", "listed", "status"),
    [
        (0o077, os.geteuid() + 1, False, "warn"),
        (0o077, os.geteuid() + 1, True, "ok"),
        (0o077, os.geteuid(), False, "ok"),
        (0o022, os.geteuid() + 1, False, "ok"),
    ],
)
def test_a_umask_that_locks_the_daemon_out_is_a_warning(umask, uid, listed, status):
    (found,) = host.check_umask(uid, umask, is_listed=listed)
    assert found.status == status


def test_the_umask_is_read_and_not_set():
    before = os.umask(0o027)
    try:
        assert host.read_umask() == 0o027
    finally:
        os.umask(before)


def test_the_room_of_a_day_is_that_of_its_sessions(tmp_path):
    assert host.measure_busiest_day(tmp_path / "none") == 0
    for name, size in (("20261123-091502-k7q", 5), ("20261123-101502-k7q", 6), ("20261124-091502-k7q", 7)):
        folder = tmp_path / name / "original" / "cam_a"
        folder.mkdir(parents=True)
        (folder / "A.MOV").write_bytes(b"x" * size)
    assert host.measure_busiest_day(tmp_path) == 11


def test_a_full_day_that_does_not_fit_is_a_warning(tmp_path, monkeypatch):
    config = ActiveConfig.read(Line(tmp_path).config)
    monkeypatch.setattr(doctor, "measure_busiest_day", lambda _: 10**18)
    (room,) = doctor._check_free_space(config)
    assert (room.status, "your busiest day" in room.message) == ("warn", True)


def test_a_lease_on_a_file_of_our_own_is_tried(tmp_path):
    config = ActiveConfig.read(Line(tmp_path).config)
    assert list(doctor._check_writers(config)) == []  # there is no work folder yet
    config.layout.work.mkdir(parents=True)
    (found,) = doctor._check_writers(config)
    assert found.status in {"ok", "warn"}
    assert list(config.layout.work.iterdir()) == []


def test_whatever_is_wrong_has_a_next_action(tmp_path):
    line = Line(
        tmp_path, options={"users": "nobody-of-this-name", "storage": "{kind: local, path: missing/bucket}"}
    )
    text = line.config.read_text().replace("users: [", "groups: [no-such-group, nogroup], users: [")
    line.config.write_text(text)
    (Path(line.drop) / "cam_x").mkdir(parents=True)
    found = run_checks(ActiveConfig.read(line.config))
    assert {one.name for one in found if one.status == "fail"} >= {
        "approver nobody-of-this-name",
        "group no-such-group",
    }
    assert [one for one in found if one.status != "ok" and not one.hint] == []
