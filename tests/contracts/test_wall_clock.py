"""The wall clock may be set at any moment: it dates what happens, and decides on nothing."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2] / "mcsyncd"
WALL_CLOCK = re.compile(
    r"\btime\.(?:time|time_ns|gmtime|localtime|ctime)\(|\bdatetime\.(?:now|utcnow|today)\(|\bdate\.today\("
)
ALLOWED = {
    "checks/doctor.py": "says whether the clock can be right",
    "checks/retention_plan.py": "how long ago a session was approved and read back, by its events",
    "checks/store_garbage.py": "which objects were superseded long ago, by the events that say so",
    "checks/store_identity.py": "dates the identity of a store",
    "checks/ledger_recovery.py": "dates the rows of a rebuilt ledger",
    "cli/reports.py": "for people: today's times are shown without their date",
    "cli/share.py": "says when the URLs end",
    "cli/status.py": "for people: since when something is wrong is shown on their clock",
    "cli/storage_cost.py": "which month's uploads are in the first bill",
    "daemon/clock.py": "dates events, and names sessions",
    "daemon/store_keeper.py": "the same; too early or too late removes nothing that is not proven",
    "daemon/store_surveyor.py": "when a store was surveyed; too early or too late does no harm",
    "daemon/intake.py": "how old a session is that a daemon before this one may have opened",
    "daemon/ledger_monitor.py": "names the copy of the day",
    "ingest/leftovers.py": "how long ago a folder changed, by the clock that dates it",
    "notify/webhook.py": "the time of a try, which the receiver compares with its own",
    "publish/line_limit.py": "which hours of the timetable it is",
    "publish/store_probes.py": "compares it with the store's",
    "store/backup.py": "names a copy",
    "store/damage.py": "names a ledger that is set aside",
    "workers/hash_history.py": "dates a generation of a hash history",
    "workers/quarantine.py": "for people: since when a machine gets no work",
    "tui/shell.py": "for people: today's times are shown without their date",
}
"""Who reads it, and what for. Waits, limits and rates are on the monotonic clock."""


def test_the_wall_clock_is_read_for_dates_only():
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if WALL_CLOCK.search(path.read_text().replace("`datetime.now`", ""))
    }
    assert readers == ALLOWED.keys()
