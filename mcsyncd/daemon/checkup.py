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

from mcsyncd.daemon.live import Live
from mcsyncd.daemon.storing import check as check_store
from mcsyncd.ingest.network import is_network_mount
from mcsyncd.settings.schema import Settings

Verdict = Literal["ok", "warn", "fail"]

_ROOM = 20_000_000_000
_WATCHES = 8192
_WAL_RESET_FIXED = (3, 51, 3)
_PLAYERS = ("pw-play", "aplay", "ffplay", "afplay")


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: `fail` stops the daemon from doing its work, `warn` does not."""

    name: str
    verdict: Verdict
    words: str
    hint: str = ""


def checkup(live: Live) -> tuple[Check, ...]:
    """Return all findings, in the order in which a sysadmin would mend them."""
    checks: list[Check] = []
    for examine in _EXAMINATIONS:
        try:
            checks.extend(examine(live))
        except OSError as error:
            checks.append(Check(examine.__name__.strip("_"), "fail", str(error), "mend it, then ask again"))
    return tuple(checks)


def _folders(live: Live) -> Iterator[Check]:
    places = live.places
    for key in live.settings.cameras:
        yield _folder(f"drop folder {key}", places.drop / key)
    yield _folder("work folder", places.work)
    yield _folder("state folder", live.settings.paths.state)
    if is_network_mount(live.settings.paths.state):
        yield Check("state folder", "fail", "lies on a network share", "SQLite needs a local disk: move it")
    if _existing(places.drop).stat().st_dev != _existing(places.work).stat().st_dev:
        yield Check(
            "drop and work",
            "warn",
            "are two filesystems: every card is copied, not moved",
            "put both on one disk if you can",
        )


def _folder(name: str, path: Path) -> Check:
    there = _existing(path)
    if not os.access(there, os.W_OK | os.X_OK):
        return Check(name, "fail", f"{path}: not writable", "give the daemon's user write access")
    return Check(name, "ok", str(path) if there == path else f"{path} (is made at the start)")


def _existing(path: Path) -> Path:
    """Return the nearest folder above that is there: a first start makes the rest."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _watches(live: Live) -> Iterator[Check]:
    if live.settings.ingest.watch == "poll" or is_network_mount(live.places.drop):
        yield Check("folder events", "ok", "not used: regular looks find everything")
        return
    limit = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    enough = limit >= _WATCHES
    yield Check(
        "folder events",
        "ok" if enough else "warn",
        f"{limit} inotify watches",
        "" if enough else "raise fs.inotify.max_user_watches; until then files are found by looking",
    )


def _space(live: Live) -> Iterator[Check]:
    free = shutil.disk_usage(_existing(live.places.work)).free
    enough = free >= _ROOM
    yield Check(
        "free space",
        "ok" if enough else "warn",
        f"{free / 1e9:.0f} GB for work",
        "" if enough else "an hour of three cameras takes about 100 GB with its mezzanines",
    )


def _codecs(live: Live) -> Iterator[Check]:
    from mcsyncd.daemon.build import missing  # noqa: PLC0415  # loads the codecs

    for profile in (live.terms.mezzanine, live.terms.proxy):
        lacking = missing(profile)
        if lacking:
            words = f"no encoder {', '.join(lacking)}"
            yield Check(f"profile {profile.name}", "fail", words, "install av from its wheel")
        else:
            yield Check(f"profile {profile.name}", "ok", "its encoders are there")


def _clock(live: Live) -> Iterator[Check]:
    del live  # every check is asked alike
    sane = time.time() > 1_750_000_000
    yield Check(
        "clock",
        "ok" if sane else "fail",
        time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "" if sane else "set it",
    )


def _socket(live: Live) -> Iterator[Check]:
    path = live.settings.socket
    if len(os.fsencode(path)) > 107:
        yield Check("socket", "fail", f"{path}: too long for a Unix socket", "name a shorter path")
        return
    yield Check("socket", "ok", f"{path}{'' if path.exists() else ' (no daemon answers there now)'}")
    yield from _approvers(live.settings)


def _approvers(settings: Settings) -> Iterator[Check]:
    named = settings.review.approvers
    for group in named.groups:
        try:
            members = grp.getgrnam(group).gr_mem
        except KeyError:
            yield Check(f"group {group}", "fail", "does not exist", f"groupadd {group}")
            continue
        yield Check(f"group {group}", "ok" if members else "warn", ", ".join(members) or "has no member")
    for user in named.users:
        known = any(entry.pw_name == user for entry in pwd.getpwall())
        yield Check(f"approver {user}", "ok" if known else "fail", "may decide" if known else "no such user")
    if not named.groups and not named.users:
        yield Check("approvers", "ok", "nobody named: the user who runs the daemon decides")


def _storage(live: Live) -> Iterator[Check]:
    health = check_store(live.settings.storage)
    ok = health == "ok"
    yield Check(
        f"storage {live.settings.storage.kind}",
        "ok" if ok else "fail",
        health,
        "" if ok else "see docs/operations.md",
    )


def _sqlite(live: Live) -> Iterator[Check]:
    del live  # every check is asked alike
    affected = sqlite3.sqlite_version_info < _WAL_RESET_FIXED
    words = sqlite3.sqlite_version
    if affected:
        words += " (has the WAL-reset fault; one writing connection keeps clear of it)"
    yield Check("sqlite", "ok", words)


def _faces(live: Live) -> Iterator[Check]:
    del live  # every check is asked alike
    player = next((name for name in _PLAYERS if shutil.which(name)), None)
    yield Check(
        "audio",
        "ok" if player else "warn",
        player or "no player found",
        "" if player else "listening in the review needs pw-play, aplay or ffplay",
    )
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    yield Check(
        "terminal",
        "ok" if utf8 else "warn",
        f"{os.environ.get('TERM', 'no TERM')}, {sys.stdout.encoding}",
        "" if utf8 else "set a UTF-8 locale for the waveforms",
    )


_EXAMINATIONS: tuple[Callable[[Live], Iterator[Check]], ...] = (
    _folders,
    _watches,
    _space,
    _codecs,
    _clock,
    _socket,
    _storage,
    _sqlite,
    _faces,
)
