"""The checks of `doctor`: everything around the daemon that can be wrong before it starts.

Each check is a function that yields its results; an OSError in it is one, too.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mcsyncd.checks.audio_device import check_audio
from mcsyncd.checks.check_result import CheckResult, CheckStatus
from mcsyncd.checks.host import (
    check_accounts,
    check_clock_sync,
    check_lease,
    check_shared_folder,
    check_size_of_terminal,
    check_time_zone,
    check_umask,
    has_default_list,
    measure_busiest_day,
    read_umask,
)
from mcsyncd.checks.ledger_export import check_signing_key
from mcsyncd.checks.ledger_history import require_known_history
from mcsyncd.checks.machines import check_machines
from mcsyncd.checks.notifications import check_notifications
from mcsyncd.errors import ConfigError, LedgerMismatch
from mcsyncd.ingest.network import is_network_mount
from mcsyncd.ingest.scan import scan_drop_folders
from mcsyncd.integrity.derived_file import write_derived_file
from mcsyncd.model.text import escape_text
from mcsyncd.publish.distant_store import find_publisher_fault
from mcsyncd.publish.open_store import check_named_store, check_store
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.schema import NAME_APPROVERS_HINT, Settings
from mcsyncd.workers.sandbox.support import describe_support, list_gaps

if TYPE_CHECKING:
    from mcsyncd.checks.encoders import HardwareCheck

_MIN_FREE_BYTES = 20_000_000_000
"""Bytes on the work disk below which `doctor` warns. Judgement: twelve minutes of three cameras with
their mezzanines (100 GB an hour, docs/operations.md); lower, and the first shoot already waits for space."""
_MIN_INOTIFY_WATCHES = 8192
"""The kernel's default before Linux 5.11. A watch is needed for each folder of each card; with fewer,
new files are found by the regular scans alone."""
_WAL_RESET_FIXED = (3, 51, 3)
"""SQLite release that fixes the WAL-reset bug (sqlite.org/wal.html)."""
_MAX_SOCKET_PATH_BYTES = 107
"""`sun_path` of unix(7) has 108 bytes with its terminating zero; a longer path cannot be bound."""
_MIN_SANE_TIME = 1_750_000_000
"""Seconds since the epoch, June 2025: before mcsyncd existed. An earlier clock has not been set."""


def run_checks(config: ActiveConfig, credential: Path | None = None) -> tuple[CheckResult, ...]:
    """Run all checks; return their results in the order in which an operator would fix the problems.

    `credential` is the file with a bucket's access key, where the unit's own is not to be used.
    """
    checks = {name: partial(check, config) for name, check in _CHECKS.items()}
    checks["storage"] = partial(_check_storage, config, credential)
    first = {"user database": _check_accounts}
    return tuple(_run({**first, **checks, **_MACHINE_CHECKS}))


def report_broken_settings(error: ConfigError) -> tuple[CheckResult, ...]:
    """Return what is wrong with settings that cannot be read, and run the checks that need none."""
    faults = [CheckResult("settings", "fail", problem) for problem in error.problems or (error.message,)]
    return (*faults[:-1], replace(faults[-1], hint=error.hint), *_run(_MACHINE_CHECKS))


def _run(checks: Mapping[str, Callable[[], Iterator[CheckResult]]]) -> Iterator[CheckResult]:
    silent = False
    for name, check in checks.items():
        if silent and name == "socket":
            continue  # it asks the user database, and would hang as well
        try:
            for result in check():
                silent = silent or (result.name == "user database" and result.status == "fail")
                yield result
        except OSError as error:
            yield CheckResult(name, "fail", str(error), "fix it, then run `mcsyncd doctor` again")


def _check_folders(config: ActiveConfig) -> Iterator[CheckResult]:
    layout = config.layout
    for key in config.settings.cameras:
        yield _check_drop_folder(f"drop folder {key}", layout.drop / key)
    yield from _check_sharing(config)
    yield from _check_strays(config)
    yield _check_folder("work folder", layout.work)
    yield _check_folder("state folder", config.settings.paths.state)
    if is_network_mount(config.settings.paths.state):
        yield CheckResult(
            "state folder", "fail", "is on a network share", "SQLite needs a local disk: move it"
        )
    if _find_existing_parent(layout.drop).stat().st_dev != _find_existing_parent(layout.work).stat().st_dev:
        yield CheckResult(
            "drop and work",
            "warn",
            "are on two filesystems: every card is copied, not moved",
            "put both on the same filesystem if possible",
        )


def _check_drop_folder(name: str, path: Path) -> CheckResult:
    """Reading is enough to take a card in; without writing, the files stay until somebody removes them."""
    existing = _find_existing_parent(path)
    if existing == path and not os.access(path, os.R_OK | os.X_OK):
        return CheckResult(name, "fail", f"{path}: not readable", "give the daemon's user read access")
    if existing == path and not os.access(path, os.W_OK):
        return CheckResult(
            name,
            "warn",
            f"{path}: not writable: files are copied and stay there",
            "give the daemon's user write access, or remove files by hand once they are taken in",
        )
    return _check_folder(name, path)


def _check_sharing(config: ActiveConfig) -> Iterator[CheckResult]:
    """Say who can drop, where the settings name groups: with one user, there is nobody to share with."""
    folders = [config.layout.drop / key for key in config.settings.cameras]
    there = [folder for folder in folders if folder.is_dir()]
    if not there or not config.settings.review.approvers.groups:
        return
    for folder in there:
        yield from check_shared_folder(f"drop folder {folder.name}", folder)
    owner = _find_existing_parent(config.layout.work).stat().st_uid
    yield from check_umask(owner, read_umask(), is_listed=all(map(has_default_list, there)))


def _check_strays(config: ActiveConfig) -> Iterator[CheckResult]:
    scan = scan_drop_folders(config.layout.drop, tuple(config.settings.cameras))
    for folder in scan.unknown_folders:
        yield CheckResult(
            "drop folder",
            "warn",
            f"{escape_text(folder)}: no camera has this name",
            "rename the folder, or add it to `cameras`",
        )
    for file in scan.loose_files:
        yield CheckResult(
            "drop folder",
            "warn",
            f"{escape_text(file)}: lies beside the camera folders",
            "move it into the folder of its camera",
        )


def _check_folder(name: str, path: Path) -> CheckResult:
    existing = _find_existing_parent(path)
    if not os.access(existing, os.W_OK | os.X_OK):
        return CheckResult(name, "fail", f"{path}: not writable", "give the daemon's user write access")
    return CheckResult(
        name, "ok", str(path) if existing == path else f"{path} (will be created when the daemon starts)"
    )


def _find_existing_parent(path: Path) -> Path:
    """Return the nearest existing folder at or above `path`: the first start creates the rest."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _check_folder_events(config: ActiveConfig) -> Iterator[CheckResult]:
    if config.settings.ingest.watch == "poll" or is_network_mount(config.layout.drop):
        yield CheckResult("folder events", "ok", "not used: regular scans find all files")
        return
    limit = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    enough = limit >= _MIN_INOTIFY_WATCHES
    yield CheckResult(
        "folder events",
        "ok" if enough else "warn",
        f"{limit} inotify watches",
        "" if enough else "raise fs.inotify.max_user_watches; until then, regular scans find all files",
    )


def _check_free_space(config: ActiveConfig) -> Iterator[CheckResult]:
    free = shutil.disk_usage(_find_existing_parent(config.layout.work)).free
    day = measure_busiest_day(config.layout.work / "sessions")
    enough = free >= max(_MIN_FREE_BYTES, day)
    known = f"; your busiest day took {day / 1e9:.0f} GB" if day >= _MIN_FREE_BYTES else ""
    yield CheckResult(
        "free space",
        "ok" if enough else "warn",
        f"{free / 1e9:.0f} GB for work{known}",
        "" if enough else "make room: an hour of three cameras takes about 100 GB with its mezzanines",
    )


def _check_writers(config: ActiveConfig) -> Iterator[CheckResult]:
    """Try a lease on a file of our own, on the disk of the work folder; on a share it would say nothing."""
    work = config.layout.work
    if not os.access(work, os.W_OK | os.X_OK) or is_network_mount(work):
        return
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=work) as folder:
        path = Path(folder) / "lease"
        write_derived_file(path, b"", durable=False)
        yield from check_lease(path)


def _check_accounts() -> Iterator[CheckResult]:
    yield from check_accounts(os.geteuid(), Path("/proc/self/uid_map").read_text())


def _check_encoders(config: ActiveConfig) -> Iterator[CheckResult]:
    from mcsyncd.checks.encoders import check_hardware, list_lacking_encoders  # noqa: PLC0415  # loads the codecs

    for profile in (config.terms.mezzanine, config.terms.proxy):
        lacking = list_lacking_encoders(profile)
        if lacking:
            message = f"no encoder {', '.join(lacking)}"
            yield CheckResult(f"profile {profile.name}", "fail", message, "install av from its wheel")
        else:
            yield CheckResult(f"profile {profile.name}", "ok", "its encoders are available")
        if (hardware := check_hardware(profile)) is not None:
            yield _describe_hardware(profile.name, hardware)


def _describe_hardware(profile: str, check: HardwareCheck) -> CheckResult:
    """Return whether the hardware encoder of a profile works for whoever runs this."""
    name = f"hardware {profile}"
    if not check.obstacle:
        return CheckResult(name, "ok", f"{check.encoder} works; its bytes differ from device to device")
    hint = "install its driver, and let the service use the device: systemd/mcsyncd-hardware.conf"
    message = f"{check.encoder} does not work: {escape_text(check.obstacle, 200)}"
    if check.fallback:
        return CheckResult(name, "warn", f"{message}; {check.fallback} is used instead", hint)
    return CheckResult(name, "fail", message, f"{hint}; or leave out fallback: false")


def _check_clock() -> Iterator[CheckResult]:
    sane = time.time() > _MIN_SANE_TIME
    yield CheckResult(
        "clock",
        "ok" if sane else "fail",
        time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "" if sane else "set the clock: timedatectl",
    )


def _check_socket(config: ActiveConfig) -> Iterator[CheckResult]:
    path = config.settings.socket
    if len(os.fsencode(path)) > _MAX_SOCKET_PATH_BYTES:
        yield CheckResult("socket", "fail", f"{path}: too long for a Unix socket", "choose a shorter path")
        return
    yield CheckResult("socket", "ok", f"{path}{'' if path.exists() else ' (no daemon is running)'}")
    yield from _check_approvers(config.settings)


def _check_approvers(settings: Settings) -> Iterator[CheckResult]:
    named = settings.review.approvers
    for group in named.groups:
        try:
            members = grp.getgrnam(group).gr_mem
        except KeyError:
            yield CheckResult(f"group {group}", "fail", "does not exist", f"groupadd {group}")
            continue
        yield CheckResult(
            f"group {group}",
            "ok" if members else "warn",
            ", ".join(members) or "has no members",
            "" if members else f"adduser NAME {group}; as somebody's main group it is not listed here",
        )
    for user in named.users:
        known = any(entry.pw_name == user for entry in pwd.getpwall())
        yield CheckResult(
            f"approver {user}",
            "ok" if known else "fail",
            "may decide" if known else "no such user",
            "" if known else "mend the name under review.approvers, or adduser it",
        )
    if named.names_nobody:
        yield CheckResult("approvers", "fail", "none in the settings: nobody may decide", NAME_APPROVERS_HINT)
    if named.daemon_user:
        yield CheckResult(
            "approvers",
            "warn",
            "the user who runs the daemon may decide: what takes over the daemon can approve",
            "for a service, name a group under review.approvers and remove daemon_user",
        )


def _check_machines(config: ActiveConfig) -> Iterator[CheckResult]:
    for name, is_well, message, hint in check_machines(config):
        yield CheckResult(name, "ok" if is_well else "warn", message, hint)


def _check_storage(config: ActiveConfig, credential: Path | None = None) -> Iterator[CheckResult]:
    path = config.settings.uploads.publisher
    if path is not None:
        fault = find_publisher_fault(config.layout)
        status: CheckStatus = "ok" if fault is None else "fail"
        message = f"answers at {path}" if fault is None else fault.message
        yield CheckResult("publisher", status, message, "" if fault is None else fault.hint)
    for storage in config.settings.stores:
        name = config.settings.name_store(storage)
        if path is not None and credential is None:
            health = check_named_store(config.layout, name)
        else:
            health = check_store(storage, config.layout.locate_store_identity(name), credential)
        ok = health == "ok"
        yield CheckResult(
            f"storage {storage.key}",
            "ok" if ok else "fail",
            health,
            "" if ok else "mount it, or mend what it says; a new one: mcsyncd storage init (docs/storage.md)",
        )


def _check_sqlite() -> Iterator[CheckResult]:
    affected = sqlite3.sqlite_version_info < _WAL_RESET_FIXED
    message = sqlite3.sqlite_version
    if affected:
        message += " (has the WAL-reset bug, which mcsyncd's single writing connection avoids)"
    yield CheckResult("sqlite", "ok", message)


def _check_ledger(config: ActiveConfig) -> Iterator[CheckResult]:
    try:
        require_known_history(config.settings, config.settings.paths.state / "ledger.db")
    except LedgerMismatch as error:
        yield CheckResult("ledger", "fail", error.message, error.hint)
    except sqlite3.DatabaseError as error:
        yield CheckResult("ledger", "fail", str(error), "check it with `mcsyncd verify log`")
    else:
        yield CheckResult("ledger", "ok", "knows all that is in the work folder and in the store")
    if config.settings.ledger.signing_key is not None:
        yield from check_signing_key(config.settings.ledger.signing_key)


def _check_sandbox() -> Iterator[CheckResult]:
    gaps = list_gaps()
    for gap in gaps:
        yield CheckResult("sandbox", "warn", gap, "run a kernel that has it: docs/security.md")
    if not gaps:
        yield CheckResult("sandbox", "ok", describe_support())


def _check_terminal() -> Iterator[CheckResult]:
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    yield CheckResult(
        "terminal",
        "ok" if utf8 else "warn",
        f"{os.environ.get('TERM', 'no TERM')}, {sys.stdout.encoding}",
        "" if utf8 else "set a UTF-8 locale to see waveforms",
    )


_CHECKS: dict[str, Callable[[ActiveConfig], Iterator[CheckResult]]] = {
    "folders": _check_folders,
    "folder events": _check_folder_events,
    "writers": _check_writers,
    "free space": _check_free_space,
    "encoders": _check_encoders,
    "machines": _check_machines,
    "socket": _check_socket,
    "storage": _check_storage,
    "notifications": check_notifications,
    "ledger": _check_ledger,
}
"""The checks that need settings, by the name that a failing one is reported under, in their order."""

_MACHINE_CHECKS: dict[str, Callable[[], Iterator[CheckResult]]] = {
    "user database": _check_accounts,
    "clock": _check_clock,
    "clock sync": check_clock_sync,
    "time zone": check_time_zone,
    "sqlite": _check_sqlite,
    "sandbox": _check_sandbox,
    "audio": check_audio,
    "terminal": _check_terminal,
    "terminal size": check_size_of_terminal,
}
"""Those that need none."""
