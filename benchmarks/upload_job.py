"""Store one original as a worker does: `python -m benchmarks.upload_job WORK STORAGE KEY PATH BYTES SHA256`.

WORK is a work folder with the kept sums of the file, and the access key beside it in `r2`; STORAGE are the
settings of the bucket as JSON. The sums of the file are not taken again.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.prepared_upload import CLIP, SESSION
from mcsyncd.model.jobs import Upload
from mcsyncd.model.publishing import PlannedObject
from mcsyncd.settings.stores import R2Storage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers import publishing
from mcsyncd.workers.perform import perform_job

_NO_LIMIT = 1 << 40


def main(work: str, storage: str, *facts: str) -> None:
    """Upload; a reading of the whole file would be an error, since its sums are kept."""
    key, path, size, sha256 = facts
    os.environ["CREDENTIALS_DIRECTORY"] = work
    layout = WorkLayout(Path(work) / "drop", Path(work), R2Storage.model_validate_json(storage))
    publishing.compute_part_sums = None  # type: ignore[assignment]  # must not be needed: a call fails
    perform_job(
        Upload(SESSION, PlannedObject(key, "original", path, int(size), sha256, CLIP)), layout, _NO_LIMIT
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
