from __future__ import annotations

import socket

import pytest

from mcsyncd.daemon.systemd import SystemdNotifier


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_hears_every_word(tmp_path, abstract):
    name = f"mcsyncd-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}" if abstract else name)
        manager.settimeout(5)
        notify = SystemdNotifier(
            {"NOTIFY_SOCKET": f"@{name}" if abstract else name, "WATCHDOG_USEC": "60000000"}
        )
        assert notify.watchdog_s == 20
        notify.notify_ready("three cameras")
        assert manager.recv(200).decode().splitlines() == ["READY=1", "STATUS=three cameras"]
        notify.feed_watchdog()
        assert manager.recv(200) == b"WATCHDOG=1"
        notify.notify_reloading()
        assert manager.recv(200).decode().startswith("RELOADING=1\nMONOTONIC_USEC=")


def test_without_a_manager_nothing_is_said_and_nothing_breaks(tmp_path):
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        notify = SystemdNotifier(environ)
        assert notify.watchdog_s is None
        notify.notify_stopping()
