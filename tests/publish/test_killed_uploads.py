"""The short form of `python -m soak uploads`: an upload that is killed while its parts are on their way."""

from __future__ import annotations

import os

from killed_uploads import InFlight, KilledUpload, list_commit_points
from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.publish.keys import build_original_key

LEAST = 5 << 20
"""The least part size that S3 allows."""
PARTS = 6


def test_killed_with_a_part_in_flight_it_comes_out_whole(strict, tmp_path):
    path = tmp_path / "clip.mov"
    path.write_bytes(os.urandom(PARTS * LEAST - 7))
    _, sums = compute_part_sums(path, part_bytes=LEAST)
    upload = KilledUpload(
        strict, build_original_key("killed", "cam_a", sums.sha256, path.name), path, sums, tmp_path
    )
    assert all(upload.run_and_kill(InFlight(after)) for after in (1, 5 * LEAST // 2))
    upload.finish()
    assert list(upload.find_faults()) == []
    assert upload.kills == 2
    assert upload.sent_bytes >= sums.bytes
    assert max(upload.lost_bytes) < 3 * LEAST, "two parts are in flight, and what the kernel had of them"


def test_what_the_soak_calls_a_fault_is_one(strict, tmp_path):
    """Another object under the key, and an upload beside it."""
    path = tmp_path / "clip.mov"
    path.write_bytes(os.urandom(LEAST + 7))
    _, sums = compute_part_sums(path, part_bytes=LEAST)
    upload = KilledUpload(
        strict, build_original_key("killed", "cam_b", sums.sha256, path.name), path, sums, tmp_path
    )
    point = list_commit_points(2)[1]
    assert upload.run_and_kill(point)
    upload._client.put_object(**upload._names, Body=b"another")
    assert [fault.rpartition(": ")[2] for fault in upload.find_faults()] == [
        "another object was stored",
        "an upload is left over",
    ]
