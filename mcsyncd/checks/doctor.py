"""Everything around the daemon that can be wrong before it is started: what `doctor` asks.

Each check is a function that returns its finding and never raises.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcsyncd.ingest.network import is_network_mount
from mcsyncd.publish.open_store import check_store
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.schema import Settings

CheckStatus = Literal["ok", "warn", "fail"]

_MIN_FREE_BYTES = 20_000_000_000
_MIN_INOTIFY_WATCHES = 8192
_WAL_RESET_FIXED = (3, 51, 3)
_AUDIO_PLAYERS = ("pw-play", "aplay", "ffplay", "afplay")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One finding: `fail` stops the daemon from doing its work, `warn` does not."""

    name: str
    status: CheckStatus
    message: str
    hint: str = ""


def run_checks(config: ActiveConfig) -> tuple[CheckResult, ...]:
    """Return all findings, in the order in which a sysadmin would mend them."""
    checks: list[CheckResult] = []
    for examine in _CHECKS:
        try:
            checks.extend(examine(config))
        except OSError as error:
            checks.append(
                CheckResult(examine.__name__.strip("_"), "fail", str(error), "mend it, then ask again")
            )
    return tuple(checks)


def _check_folders(config: ActiveConfig) -> Iterator[CheckResult]:
    places = config.layout
    for key in config.settings.cameras:
        yield _check_folder(f"drop folder {key}", places.drop / key)
    yield _check_folder("work folder", places.work)
    yield _check_folder("state folder", config.settings.paths.state)
    if is_network_mount(config.settings.paths.state):
        yield CheckResult(
            "state folder", "fail", "lies on a network share", "SQLite needs a local disk: move it"
        )
    if _find_existing_parent(places.drop).stat().st_dev != _find_existing_parent(places.work).stat().st_dev:
        yield CheckResult(
            "drop and work",
            "warn",
            "are two filesystems: every card is copied, not moved",
            "put both on one disk if you can",
        )


def _check_folder(name: str, path: Path) -> CheckResult:
    there = _find_existing_parent(path)
    if not os.access(there, os.W_OK | os.X_OK):
        return CheckResult(name, "fail", f"{path}: not writable", "give the daemon's user write access")
    return CheckResult(name, "ok", str(path) if there == path else f"{path} (is made at the start)")


def _find_existing_parent(path: Path) -> Path:
    """Return the nearest folder above that is there: a first start makes the rest."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _check_folder_events(config: ActiveConfig) -> Iterator[CheckResult]:
    if config.settings.ingest.watch == "poll" or is_network_mount(config.layout.drop):
        yield CheckResult("folder events", "ok", "not used: regular looks find everything")
        return
    limit = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    enough = limit >= _MIN_INOTIFY_WATCHES
    yield CheckResult(
        "folder events",
        "ok" if enough else "warn",
        f"{limit} inotify watches",
        "" if enough else "raise fs.inotify.max_user_watches; until then files are found by looking",
    )


def _check_free_space(config: ActiveConfig) -> Iterator[CheckResult]:
    free = shutil.disk_usage(_find_existing_parent(config.layout.work)).free
    enough = free >= _MIN_FREE_BYTES
    yield CheckResult(
        "free space",
        "ok" if enough else "warn",
        f"{free / 1e9:.0f} GB for work",
        "" if enough else "an hour of three cameras takes about 100 GB with its mezzanines",
    )


def _check_encoders(config: ActiveConfig) -> Iterator[CheckResult]:
    from mcsyncd.checks.encoders import list_lacking_encoders  # noqa: PLC0415  # loads the codecs

    for profile in (config.terms.mezzanine, config.terms.proxy):
        lacking = list_lacking_encoders(profile)
        if lacking:
            words = f"no encoder {', '.join(lacking)}"
            yield CheckResult(f"profile {profile.name}", "fail", words, "install av from its wheel")
        else:
            yield CheckResult(f"profile {profile.name}", "ok", "its encoders are there")


def _check_clock(config: ActiveConfig) -> Iterator[CheckResult]:
    del config  # every check is asked alike
    sane = time.time() > 1_750_000_000
    yield CheckResult(
        "clock",
        "ok" if sane else "fail",
        time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "" if sane else "set it",
    )


def _check_socket(config: ActiveConfig) -> Iterator[CheckResult]:
    path = config.settings.socket
    if len(os.fsencode(path)) > 107:
        yield CheckResult("socket", "fail", f"{path}: too long for a Unix socket", "name a shorter path")
        return
    yield CheckResult("socket", "ok", f"{path}{'' if path.exists() else ' (no daemon answers there now)'}")
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
            f"group {group}", "ok" if members else "warn", ", ".join(members) or "has no member"
        )
    for user in named.users:
        known = any(entry.pw_name == user for entry in pwd.getpwall())
        yield CheckResult(
            f"approver {user}", "ok" if known else "fail", "may decide" if known else "no such user"
        )
    if not named.groups and not named.users:
        yield CheckResult("approvers", "ok", "nobody named: the user who runs the daemon decides")


def _check_storage(config: ActiveConfig) -> Iterator[CheckResult]:
    health = check_store(config.settings.storage)
    ok = health == "ok"
    yield CheckResult(
        f"storage {config.settings.storage.kind}",
        "ok" if ok else "fail",
        health,
        "" if ok else "see docs/operations.md",
    )


def _check_sqlite(config: ActiveConfig) -> Iterator[CheckResult]:
    del config  # every check is asked alike
    affected = sqlite3.sqlite_version_info < _WAL_RESET_FIXED
    words = sqlite3.sqlite_version
    if affected:
        words += " (has the WAL-reset fault; one writing connection keeps clear of it)"
    yield CheckResult("sqlite", "ok", words)


def _check_interfaces(config: ActiveConfig) -> Iterator[CheckResult]:
    del config  # every check is asked alike
    player = next((name for name in _AUDIO_PLAYERS if shutil.which(name)), None)
    yield CheckResult(
        "audio",
        "ok" if player else "warn",
        player or "no player found",
        "" if player else "listening in the review needs pw-play, aplay or ffplay",
    )
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    yield CheckResult(
        "terminal",
        "ok" if utf8 else "warn",
        f"{os.environ.get('TERM', 'no TERM')}, {sys.stdout.encoding}",
        "" if utf8 else "set a UTF-8 locale for the waveforms",
    )


_CHECKS: tuple[Callable[[ActiveConfig], Iterator[CheckResult]], ...] = (
    _check_folders,
    _check_folder_events,
    _check_free_space,
    _check_encoders,
    _check_clock,
    _check_socket,
    _check_storage,
    _check_sqlite,
    _check_interfaces,
)
