"""What a daemon asks of a bucket when there is nothing to do: each hour, and for the ledger's daily copy."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from line import Line
from mcsyncd.checks.ledger_snapshots import publish_snapshot
from mcsyncd.daemon import service
from mcsyncd.demo.shoot import make_shoot
from mcsyncd.publish.keys import slugify_host
from mcsyncd.publish.open_store import open_known_store
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.store.backup import list_daily_backups
from r2strict.bucket import ACCESS, StrictBucket, open_strict_bucket
from r2strict.operations import get_billing_class

_HOURS_A_DAY = 24
_INTERVAL_S = service._BUCKET_CHECK_S  # noqa: SLF001  # what is measured
_DAEMON = """
import sys
from mcsyncd.cli.main import main
from mcsyncd.daemon import service
service._BUCKET_CHECK_S = float(sys.argv.pop(1))
main()
"""
"""A daemon whose interval between two questions to the bucket is another. All else runs at its own times."""
_AFTERWARDS_S = 5.0
"""Seconds in which late calls of a start may come."""


@dataclass(frozen=True, slots=True)
class CallsAtRest:
    """Calls by operation, of an hour at rest and of one copy of the ledger."""

    hourly: dict[str, float]
    daily_copy: dict[str, float]

    def count_day(self, billing_class: str, *, copy: bool) -> float:
        """Return the billed calls of 24 hours, with or without the copy of the day."""
        calls = [(name, count * _HOURS_A_DAY) for name, count in self.hourly.items()]
        calls += self.daily_copy.items() if copy else ()
        return sum(count for name, count in calls if get_billing_class(name) == billing_class)


def count_at_rest(weed: Path, folder: Path, intervals: int, interval_s: float) -> CallsAtRest:
    """Publish a session, then count the calls of a daemon at rest, and of another copy of the ledger.

    `intervals` between two questions to the bucket are shortened to `interval_s`; each stands for what the
    daemon's constant says, an hour.
    """
    (folder / "store").mkdir()
    with open_strict_bucket(weed, folder / "store") as bucket:
        line, tally = _publish_session(folder / "line", bucket), bucket.store.tally
        with _run_daemon(line, interval_s):
            time.sleep(_AFTERWARDS_S)
            tally.reset()
            line.wait(lambda: tally.read().by_operation.total() > 0, "the daemon asks the bucket")
            tally.reset()
            time.sleep((intervals + 0.5) * interval_s)  # half-way between two questions
            rest = tally.read().by_operation
        tally.reset()
        _publish_copy(line)
        copy = tally.read().by_operation
    hours = _INTERVAL_S / 3600 * intervals
    return CallsAtRest({name: count / hours for name, count in rest.items()}, dict(copy))


def _publish_copy(line: Line) -> None:
    """Publish the newest copy of the ledger as the daemon does, as one of the day after."""
    settings = ActiveConfig.read(line.config).settings
    copy = list_daily_backups(settings.backup_folder)[-1]
    tomorrow_s = time.time() + 86_400
    os.utime(copy, (tomorrow_s, tomorrow_s))
    os.environ |= line.environ
    store = open_known_store(WorkLayout.from_settings(settings))
    publish_snapshot(copy, store, slugify_host(socket.gethostname()), settings.ledger.backups)


def _publish_session(home: Path, bucket: StrictBucket) -> Line:
    """Bring one short session from drop to manifest; the daemon is stopped."""
    home.mkdir()
    key = home / "r2"
    key.write_text(f"ACCESS_KEY_ID={ACCESS.id}\nSECRET_ACCESS_KEY={ACCESS.secret}\n")
    key.chmod(0o400)
    storage = bucket.storage
    settings = f"{{kind: r2, account_id: '{storage.account_id}', bucket: {storage.bucket}, "
    line = Line(
        home,
        {"storage": f"{settings}endpoint: '{storage.endpoint}'}}"},
        {"CREDENTIALS_DIRECTORY": str(home)},
    )
    line.ask("storage", "init", "--credential", str(key))
    line.start()
    try:
        line.drop_in(make_shoot(home / "shoot", seconds=12.0, size=(160, 90)).files)
        reviewed = line.wait_for("in_review")
        line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
        line.wait_for("published", patience_s=300)
    finally:
        line.stop()
    return line


@contextmanager
def _run_daemon(line: Line, interval_s: float) -> Iterator[None]:
    """Run a daemon with that interval; the context begins when the copy of the day is in the store."""
    published = "the ledger's snapshot was published"
    before = line.log.count(published)
    command = [sys.executable, "-c", _DAEMON, str(interval_s), "--config", str(line.config), "run"]
    with (line.home / "daemon.log").open("ab") as log:
        line.process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | line.environ)
    try:
        line.wait(lambda: line.log.count(published) > before, "the copy of the day is in the store", 120)
        yield
    finally:
        line.stop()
