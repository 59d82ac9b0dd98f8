"""The unit, its users and its folders, judged by systemd's own tools (Debian package systemd)."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mcsyncd.cli.tui import REMOTE_SOCKET
from mcsyncd.settings.load import load_settings

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "mcsyncd.service"
SYSUSERS = ROOT / "systemd" / "mcsyncd.sysusers"
TMPFILES = ROOT / "systemd" / "mcsyncd.tmpfiles"
CEILING = 10
"""Tenths of systemd's exposure level, as measured with version 252. Lower it, never raise it unread."""


def needs(tool):
    return pytest.mark.skipif(
        shutil.which(tool) is None, reason=f"{tool} is not here: install Debian's package systemd"
    )


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="giving folders to other users needs root")


def run(*command):
    words = [str(part) for part in command]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)


def unit():
    """The [Service] section; a key that is given twice has its values in one string."""
    values = {}
    section = UNIT.read_text().split("[Service]")[1].split("[Install]")[0]
    for line in section.splitlines():
        if (found := re.fullmatch(r"([A-Za-z]+)=(.*)", line)) is not None:
            values.setdefault(found[1], []).append(found[2])
    return values


@pytest.fixture
def installed(tmp_path):
    """The unit as it would be installed, but for a program that exists on this machine."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/mcsync/bin/mcsyncd", shutil.which("true")))
    return copy


@pytest.fixture(scope="module")
def settings():
    return load_settings(ROOT / "config" / "production.yaml")


@needs("systemd-analyze")
def test_systemd_finds_nothing_to_say_about_the_unit(installed):
    told = run("systemd-analyze", "verify", installed)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


@needs("systemd-analyze")
def test_systemd_would_find_a_mistake_in_the_unit(installed):
    installed.write_text(installed.read_text().replace("ProtectHome=yes", "ProtectHmoe=yes"))
    assert "ProtectHmoe" in run("systemd-analyze", "verify", installed).stderr


@needs("systemd-analyze")
def test_the_drop_in_for_hardware_opens_the_devices_and_nothing_else(installed):
    folder = installed.with_name(f"{UNIT.name}.d")
    folder.mkdir()
    drop_in = UNIT.with_name("mcsyncd-hardware.conf").read_text()
    (folder / "hardware.conf").write_text(drop_in)
    told = run("systemd-analyze", "verify", installed)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")
    keys = dict(re.findall(r"^(\w+)=(.*)$", drop_in, re.MULTILINE))
    assert keys["PrivateDevices"] == "no"
    assert "DevicePolicy" not in keys  # closed, as in the unit
    assert all(
        path.startswith("/dev/") for path in re.findall(r"^DeviceAllow=(.*) rw$", drop_in, re.MULTILINE)
    )
    (folder / "hardware.conf").write_text(drop_in.replace("PrivateDevices", "PrivateDevicse"))
    assert "PrivateDevicse" in run("systemd-analyze", "verify", installed).stderr


@needs("systemd-analyze")
def test_the_exposure_stays_below_its_ceiling(installed):
    told = run("systemd-analyze", "security", "--offline=true", f"--threshold={CEILING}", installed)
    assert told.returncode == 0, told.stdout[-300:]
    installed.write_text(
        re.sub(r"^(Protect|Private|Restrict)\w+=.*\n", "", UNIT.read_text(), flags=re.MULTILINE)
    )
    bare = run("systemd-analyze", "security", "--offline=true", f"--threshold={CEILING}", installed)
    assert bare.returncode != 0, "without its protections the unit must not pass"


CLUSTER_UNITS = {"mcsyncd-worker.service": 12, "mcsyncd-scheduler.service": 12}
"""The units of docs/cluster.md, with the ceiling of each, as above."""
OTHER_UNITS = {**CLUSTER_UNITS, "mcsyncd-publish.service": 15}


@needs("systemd-analyze")
@pytest.mark.parametrize("name", OTHER_UNITS)
def test_the_other_units_are_valid_and_hardly_exposed(tmp_path, name):
    text = (ROOT / "systemd" / name).read_text()
    copy = tmp_path / name
    program = "dask" if name in CLUSTER_UNITS else "mcsyncd"
    copy.write_text(text.replace(f"/opt/mcsync/bin/{program}", shutil.which("true")))
    told = run("systemd-analyze", "verify", copy)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")
    told = run("systemd-analyze", "security", "--offline=true", f"--threshold={OTHER_UNITS[name]}", copy)
    assert told.returncode == 0, told.stdout[-300:]


@pytest.mark.parametrize("name", CLUSTER_UNITS)
def test_dask_takes_the_options_of_its_units_and_listens_with_tls_alone(name):
    command = next(
        line.removeprefix("ExecStart=/opt/mcsync/bin/")
        for line in (ROOT / "systemd" / name).read_text().splitlines()
        if line.startswith("ExecStart=")
    )
    _, kind, *options = command.split()
    help_text = run(Path(sys.executable).with_name("dask"), kind, "--help").stdout
    named = [option.partition("=")[0] for option in options if option.startswith("--")]
    assert [option for option in named if option not in help_text] == []
    assert {"--tls-ca-file", "--tls-cert", "--tls-key"} <= set(named)
    assert "--dashboard-address=127.0.0.1:0" in options, "its web pages are open to everybody"
    assert "--protocol=tls" in options or "${SCHEDULER}" in options, "the settings' scheduler is tls:// alone"


@needs("systemd-sysusers")
def test_the_users_and_groups_are_made(tmp_path):
    (tmp_path / "etc").mkdir()
    told = run("systemd-sysusers", f"--root={tmp_path}", SYSUSERS)
    assert told.returncode == 0, told.stderr
    groups = {
        line.split(":")[0]: line.split(":")[3] for line in (tmp_path / "etc/group").read_text().splitlines()
    }
    assert groups["mcsync-ingest"] == groups["mcsync-supervisors"] == "mcsync"
    service = unit()
    assert service["User"] == service["Group"] == ["mcsync"]
    assert set(service["SupplementaryGroups"][0].split()) <= set(groups)


@needs("systemd-sysusers")
@needs("systemd-tmpfiles")
@as_root
def test_the_folders_of_the_production_settings_are_made_with_their_rights(tmp_path, settings):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    assert run("systemd-sysusers", f"--root={root}", SYSUSERS).returncode == 0
    # An access list names its group by this machine's own table, where ours is not yet.
    rules = tmp_path / "mcsyncd.conf"
    rules.write_text(TMPFILES.read_text().replace("default:group:mcsync-ingest", "default:group:adm"))
    told = run("systemd-tmpfiles", "--create", f"--root={root}", rules)
    assert (told.returncode, told.stderr) == (0, "")
    gids = {
        line.split(":")[0]: int(line.split(":")[2]) for line in (root / "etc/group").read_text().splitlines()
    }
    for camera in settings.cameras:
        folder = root / settings.paths.drop.relative_to("/") / camera
        found = folder.stat()
        assert stat.S_IMODE(found.st_mode) == 0o2770
        assert found.st_gid == gids["mcsync-ingest"]
        card = folder / "DCIM"
        before = os.umask(0o022)
        card.mkdir()
        os.umask(before)
        assert card.stat().st_mode & stat.S_IWGRP, "the daemon can take clips out of an op's own folder"
    for folder in (settings.paths.work, settings.storage.path):
        assert (root / folder.relative_to("/")).is_dir()


def test_the_unit_may_write_where_the_settings_write_and_nowhere_else(settings):
    service = unit()
    writable = [
        *map(Path, service["ReadWritePaths"]),
        *(Path("/var/lib") / name for name in service["StateDirectory"]),
        *(Path("/run") / name for name in service["RuntimeDirectory"]),
    ]
    needed = (
        settings.paths.drop,
        settings.paths.work,
        settings.paths.state,
        settings.socket,
        settings.storage.path,
    )
    for path in needed:
        assert any(path.is_relative_to(allowed) for allowed in writable), path
    assert service["ProtectSystem"] == ["strict"]


def test_a_supervisor_elsewhere_finds_the_socket_where_the_unit_puts_it(settings):
    assert settings.socket == REMOTE_SOCKET


def test_drop_and_work_lie_on_one_mount_so_that_taking_in_is_a_rename(settings):
    (only,) = unit()["ReadWritePaths"]
    assert settings.paths.drop.is_relative_to(only)
    assert settings.paths.work.is_relative_to(only)


@needs("systemd-analyze")
def test_the_daemon_may_give_its_socket_to_the_supervisors():
    """chown is among @privileged; a later line has to let it in again."""
    told = run("systemd-analyze", "syscall-filter", "@privileged").stdout
    lines = unit()["SystemCallFilter"]
    assert "@chown" in told
    assert lines.index("@chown") > lines.index("~@privileged")


def test_the_watchdog_and_the_reload_speak_to_the_daemon():
    service = unit()
    assert service["Type"] == ["notify"]
    assert service["WatchdogSec"] == ["60s"]
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["ExecStart"] == ["/opt/mcsync/bin/mcsyncd --config /etc/mcsync/config.yaml run"]


def test_no_secret_stands_in_the_unit_or_the_settings():
    for file in (UNIT, ROOT / "config" / "production.yaml", ROOT / "config" / "local.yaml"):
        assert not re.search(r"(?i)secret_access_key|^\s*Environment=", file.read_text(), re.MULTILINE)


def test_the_r2_line_of_the_sample_is_valid_once_it_is_uncommented(tmp_path):
    lines = (ROOT / "config" / "production.yaml").read_text().splitlines()
    lines = [line for line in lines if not line.startswith("storage:")]
    text = "\n".join(line.removeprefix("# ") if line.startswith("# storage:") else line for line in lines)
    file = tmp_path / "config.yaml"
    file.write_text(text)
    assert load_settings(file).storage.kind == "r2"


PUBLISHER = UNIT.with_name("mcsyncd-publish.service")


def test_only_the_publisher_has_the_network_and_the_keys(settings):
    daemon, publisher = UNIT.read_text(), PUBLISHER.read_text()
    assert "PrivateNetwork=yes\nIPAddressDeny=any\nRestrictAddressFamilies=AF_UNIX\n" in daemon
    assert "LoadCredential" not in daemon
    assert "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n" in publisher
    assert "User=mcsync-publish\nGroup=mcsync\n" in publisher, "another user, who lets the daemon in"
    folder = re.search(r"^RuntimeDirectory=(.*)$", publisher, re.MULTILINE)[1]
    assert settings.uploads.publisher.parent == Path("/run") / folder
    writable = re.search(r"^ReadWritePaths=-(.*)$", publisher, re.MULTILINE)[1]
    assert settings.storage.path.is_relative_to(writable)
    assert not settings.paths.work.is_relative_to(writable)


@needs("systemd-analyze")
def test_the_drop_in_for_a_cluster_opens_the_network_and_nothing_else(installed):
    folder = installed.with_name(f"{UNIT.name}.d")
    folder.mkdir()
    drop_in = UNIT.with_name("mcsyncd-cluster.conf").read_text()
    (folder / "cluster.conf").write_text(drop_in)
    told = run("systemd-analyze", "verify", installed)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")
    keys = set(re.findall(r"^(\w+)=", drop_in.split("[Service]")[1], re.MULTILINE))
    assert keys == {"PrivateNetwork", "RestrictAddressFamilies", "IPAddressDeny"}
