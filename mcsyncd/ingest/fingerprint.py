"""Hashes of a few blocks of a file, by which a copy of a clip is recognised when it is dropped again.

Not a proof: that is the hash of the whole file, which takes a minute for each 50 GB. A sample says
"the same recording" early enough to keep a second copy from becoming a second session.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from mcsyncd.containers.duration import measure_duration_us
from mcsyncd.containers.inspection import begins_container, find_shortfall
from mcsyncd.ingest.folders import Folder
from mcsyncd.model.clip import DropFile

HEAD_BYTES = 64 << 10
"""Bytes at the beginning that the head covers. Judgement: past the headers of any container and into the
picture or the sound, which differ from clip to clip; more only costs time."""
_BLOCK_BYTES = 16 << 10
"""Bytes of each sampled block. Judgement: one read of a disk."""
_BLOCKS = 8
"""Blocks, spread evenly and the last at the very end. Judgement: a copy with a hole of an eighth of its size
is told from a whole one; more blocks cost a seek each on a disk."""
_DIGITS = 32
"""Hexadecimal digits that are kept of a sha256: 128 bits."""


@dataclass(frozen=True, slots=True)
class SampledFile:
    """A file with its `head` and `sample`.

    `has_beginning` tells whether it begins like a recording, `has_shortfall` whether a part of it may be
    missing by its container's bytes. `duration_us` is how long it says that it is, None where it does not.
    """

    file: DropFile
    has_beginning: bool = True
    has_shortfall: bool = False
    duration_us: int | None = None


def sample_files(drop: Path, files: Iterable[DropFile]) -> tuple[SampledFile, ...]:
    """Return the files with their fingerprints; one that cannot be read has none. Blocks."""
    with Folder.open_root(drop) as root:
        return tuple(_sample_file(root, file) for file in files)


def _sample_file(root: Folder, file: DropFile) -> SampledFile:
    path = Path(file.camera, file.name)
    try:
        with root.open_below(path.parent) as folder:
            descriptor = folder.open_file(path.name)
        with os.fdopen(descriptor, "rb", buffering=0) as opened:
            head, sample = compute_fingerprint(descriptor, file.bytes)
            return SampledFile(
                replace(file, head=head, sample=sample),
                has_beginning=begins_container(opened),
                has_shortfall=find_shortfall(opened) is not None,
                duration_us=measure_duration_us(opened),
            )
    except OSError:
        return SampledFile(file)


def compute_fingerprint(descriptor: int, size: int) -> tuple[str, str]:
    """Return the hash of the first `HEAD_BYTES`, and of the size and blocks from all over the file.

    The head of a shorter file is empty: it has no beginning that a longer one could share. Raises OSError.
    """
    head = os.pread(descriptor, HEAD_BYTES, 0)
    sample = hashlib.sha256(f"{size}\n".encode())
    step = max(1, (size - _BLOCK_BYTES) // (_BLOCKS - 1)) if size > _BLOCK_BYTES else max(1, size)
    for index in range(_BLOCKS if size > _BLOCK_BYTES else 1):
        sample.update(os.pread(descriptor, _BLOCK_BYTES, index * step))
    full_head = hashlib.sha256(head).hexdigest()[:_DIGITS] if len(head) == HEAD_BYTES else ""
    return full_head, sample.hexdigest()[:_DIGITS]
