"""An original that is ready to be uploaded, as a worker finds it: the file, its kept sums, the access key."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost import Command
from mcsyncd.integrity.part_sums import CRC64NVME, compute_part_sums, keep_part_sums
from mcsyncd.model.part_sums import PartSums, choose_part_bytes
from mcsyncd.publish.keys import build_original_key
from mcsyncd.settings.stores import R2Storage
from mcsyncd.settings.work_layout import WorkLayout
from r2strict.bucket import ACCESS, build_storage

SESSION = "20261126-091502-k7q"
CLIP = "cam_a/A.mov"
_CHUNK_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class PreparedUpload:
    """A file in the work folder `work`, its sums and where they are kept, and its key in the store."""

    work: Path
    path: Path
    sums: PartSums
    kept: Path

    @property
    def key(self) -> str:
        """The key of the object."""
        return build_original_key(SESSION, "cam_a", self.sums.sha256, self.path.name)

    def build_command(self, storage: R2Storage) -> Command:
        """Return the command line of a process that uploads it as a worker does."""
        (self.work / "store.json").unlink(missing_ok=True)  # each store of a benchmark is the first one
        relative = self.path.relative_to(self.work)
        facts = (self.key, relative, self.sums.bytes, self.sums.sha256)
        job = [sys.executable, "-m", "benchmarks.upload_job", self.work, storage.model_dump_json()]
        return [*job, *map(str, facts)]


def prepare_zeros(work: Path, size: int) -> PreparedUpload:
    """Prepare a sparse file of zeros. Its sums are computed and not read: all full parts are alike.

    The sha256 is made up, because an upload never computes it.
    """
    part_bytes = choose_part_bytes(size)
    full, rest = divmod(size, part_bytes)
    lengths = [part_bytes] * full + [rest] * bool(rest)
    by_length = {length: _sum_zeros(length) for length in set(lengths)}
    whole = 0
    for length in lengths:
        whole = CRC64NVME.combine(whole, by_length[length][1], length)
    sums = PartSums(
        hashlib.sha256(b"%d zeros" % size).hexdigest(),
        size,
        part_bytes,
        tuple(by_length[length][0] for length in lengths),
        tuple(by_length[length][1] for length in lengths),
        whole,
    )
    return _prepare(work, sums, "zeros.mov", size)


def prepare_noise(work: Path, size: int) -> PreparedUpload:
    """Prepare a file of random bytes."""
    path = _locate(work, "noise.mov")
    with path.open("wb") as file:
        for start in range(0, size, _CHUNK_BYTES):
            file.write(os.urandom(min(_CHUNK_BYTES, size - start)))
    return _prepare(work, compute_part_sums(path)[1], path.name, size)


def _prepare(work: Path, sums: PartSums, name: str, size: int) -> PreparedUpload:
    path = _locate(work, name)
    with path.open("ab") as file:
        file.truncate(size)
    kept = WorkLayout(work / "drop", work, build_storage("http://127.0.0.1:9")).locate_part_sums(
        SESSION, sums.sha256
    )
    keep_part_sums(kept, sums)
    credential = work / "r2"
    credential.unlink(missing_ok=True)
    credential.write_text(f"ACCESS_KEY_ID={ACCESS.id}\nSECRET_ACCESS_KEY={ACCESS.secret}\n")
    credential.chmod(0o400)
    return PreparedUpload(work, path, sums, kept)


def _locate(work: Path, name: str) -> Path:
    folder = work / "sessions" / SESSION / "original" / "cam_a"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _sum_zeros(length: int) -> tuple[str, int]:
    zeros = bytes(length)
    return hashlib.md5(zeros, usedforsecurity=False).hexdigest(), CRC64NVME.calc(zeros)
