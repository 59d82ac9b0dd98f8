"""The same file uploaded to the same store over https by mcsyncd, boto3, rclone and s5cmd, in turn.

All with parts of one size, and as many at once as mcsyncd begins with. Each process is measured as a whole;
what its start takes is measured with a file of one byte and subtracted.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost import Command, Cost, measure_process
from benchmarks.prepared_upload import PreparedUpload, prepare_noise
from mcsyncd.model.part_sums import MIN_PART_BYTES
from mcsyncd.publish.identity import init_store
from mcsyncd.publish.pace import FIRST_LIMIT
from mcsyncd.publish.r2 import R2Store
from mcsyncd.settings.stores import R2Storage
from r2strict.authority import write_tls_files
from r2strict.bucket import ACCESS, build_storage, create_bucket
from r2strict.seaweed import run_seaweed

OURS = "mcsyncd"
_ENVIRONMENT = (
    f"AWS_ACCESS_KEY_ID={ACCESS.id}",
    f"AWS_SECRET_ACCESS_KEY={ACCESS.secret}",
    "AWS_REGION=us-east-1",
    "RCLONE_CONFIG=/dev/null",
)
_PART_MIB = MIN_PART_BYTES >> 20


@dataclass(frozen=True, slots=True)
class Result:
    """One tool in one round, without its start: MB a second and CPU seconds a gigabyte; its peak memory."""

    mb_s: float
    cpu_s_per_gb: float
    peak_bytes: int


def run_race(weed: Path, folder: Path, size: int, rounds: int) -> dict[str, list[Result]]:
    """Let every tool that is there upload a file of `size` random bytes, `rounds` times after a warm-up.

    Each round has a store of its own, because a store gives its space back late.
    """
    large = prepare_noise(folder / "large", size)
    small = prepare_noise(folder / "small", 1)
    results: dict[str, list[Result]] = {}
    for turn in range(-1, rounds):
        with tempfile.TemporaryDirectory(dir=folder) as name:
            for tool, (start, whole) in _run_round(weed, Path(name), (small, large), turn).items():
                if turn >= 0:
                    rate = size / 1e6 / (whole.wall_s - start.wall_s)
                    cpu_s = (whole.cpu_s - start.cpu_s) / (size / 1e9)
                    results.setdefault(tool, []).append(Result(rate, cpu_s, whole.peak_bytes))
    return results


def _run_round(
    weed: Path, folder: Path, uploads: tuple[PreparedUpload, PreparedUpload], turn: int
) -> dict[str, tuple[Cost, Cost]]:
    tls = write_tls_files(folder)
    with run_seaweed(weed, folder, ACCESS, tls=tls) as address:
        storage = build_storage(address, tls.ca_file)
        create_bucket(storage, ACCESS)
        init_store(R2Store(storage, ACCESS), "2026-11-26T10:00:00Z")
        tools = _find_tools(storage)
        small, large = uploads
        costs = {}
        for name in sorted(tools, reverse=bool(turn % 2)):
            costs[name] = (measure_process(tools[name](small)), measure_process(tools[name](large)))
            store = R2Store(storage, ACCESS)
            for upload in uploads:  # the next one finds the same store
                found = store.stat_object(upload.key)
                assert found is not None
                assert found.bytes == upload.sums.bytes, name
                store.remove_object(upload.key)
        return costs


def _find_tools(storage: R2Storage) -> dict[str, Callable[[PreparedUpload], Command]]:
    """Return how each tool that is installed is told to upload a file."""
    found: dict[str, Callable[[PreparedUpload], Command]] = {
        OURS: lambda upload: upload.build_command(storage),
        "boto3": lambda upload: _build_boto_command(storage, upload),
    }
    if (rclone := _find_program("rclone")) is not None:
        found["rclone"] = lambda upload: _build_rclone_command(rclone, storage, upload)
        unchecked = "--s3-disable-checksum"  # our sums are taken before the upload, too
        found["rclone, no MD5"] = lambda upload: [*_build_rclone_command(rclone, storage, upload), unchecked]
    if (s5cmd := _find_program("s5cmd")) is not None:
        found["s5cmd"] = lambda upload: _build_s5cmd_command(s5cmd, storage, upload)
    return found


def _find_program(name: str) -> str | None:
    """Return a program beside this Python, or on the path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def _build_boto_command(storage: R2Storage, upload: PreparedUpload) -> Command:
    names = (upload.path, storage.endpoint, storage.ca_file, storage.bucket, upload.key)
    return [sys.executable, "-m", "benchmarks.boto_upload", *map(str, (MIN_PART_BYTES, FIRST_LIMIT, *names))]


def _build_rclone_command(rclone: str, storage: R2Storage, upload: PreparedUpload) -> Command:
    options = {
        "s3-provider": "Other",
        "s3-env-auth": "true",
        "s3-endpoint": storage.endpoint,
        "s3-chunk-size": f"{_PART_MIB}Mi",
        "s3-upload-cutoff": f"{_PART_MIB}Mi",
        "s3-upload-concurrency": FIRST_LIMIT,
        "s3-no-check-bucket": "true",
        "ca-cert": storage.ca_file,
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    target = f":s3:{storage.bucket}/{upload.key}"
    return ["env", "-i", *_ENVIRONMENT, rclone, "copyto", *flags, upload.path, target]


def _build_s5cmd_command(s5cmd: str, storage: R2Storage, upload: PreparedUpload) -> Command:
    where = ["--endpoint-url", str(storage.endpoint), "--no-verify-ssl", "--log", "error"]
    cut = ["--part-size", str(_PART_MIB), "--concurrency", str(FIRST_LIMIT)]
    target = f"s3://{storage.bucket}/{upload.key}"
    return ["env", "-i", *_ENVIRONMENT, s5cmd, *where, "cp", *cut, upload.path, target]


def format_rows(results: Mapping[str, list[Result]]) -> list[str]:
    """Return a row for each tool: medians with the lowest and highest rate, and our rate against its."""
    rows = []
    for tool, some in sorted(results.items(), key=lambda entry: entry[0] != OURS):
        rates = [one.mb_s for one in some]
        ratios = [ours.mb_s / one.mb_s for ours, one in zip(results[OURS], some, strict=True)]
        cpu_s = statistics.median(one.cpu_s_per_gb for one in some)
        peak = max(one.peak_bytes for one in some) / 1e6
        rows.append(
            f"| {tool} | {statistics.median(rates):.0f} ({min(rates):.0f}, {max(rates):.0f}) MB/s | "
            f"{cpu_s:.2f} CPU-s a GB | {peak:.0f} MB | mcsyncd {statistics.median(ratios):.2f} x |"
        )
    return rows
