"""What an upload over https costs, and how soon it goes on after a restart. The store keeps nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.cost import Cost, measure_process
from benchmarks.prepared_upload import prepare_zeros
from benchmarks.s3_sink import SinkReport, run_sink
from mcsyncd.publish.identity import StoreIdentity
from r2strict.authority import write_tls_files
from r2strict.bucket import build_storage

_IDENTITY = StoreIdentity("0" * 32, "2026-11-26T10:00:00Z").body
_PATIENCE_S = 120
"""Seconds after which a restarted upload that sends nothing has failed."""


def measure_upload(folder: Path, size: int) -> tuple[Cost, Cost]:
    """Upload a sparse file of `size` bytes; return what its process cost, start included.

    And what it cost to send as many bytes through a bare TLS socket. Raises AssertionError if anything but
    the file arrived.
    """
    upload, tls = prepare_zeros(folder / "work", size), write_tls_files(folder)
    with run_sink(upload.kept, tls, _IDENTITY) as sink:
        cost = measure_process(upload.build_command(build_storage(sink.endpoint, tls.ca_file)))
    assert (sink.report.part_bytes, sink.report.wrong_parts) == (size, 0), sink.report
    with run_sink(upload.kept, tls, _IDENTITY) as sink:
        port = sink.endpoint.rpartition(":")[2]
        bare = measure_process([sys.executable, "-m", "benchmarks.bare_send", port, tls.ca_file, str(size)])
    assert sink.report.part_bytes == size, sink.report
    return cost, bare


def time_restart(folder: Path, size: int) -> tuple[float, SinkReport]:
    """Restart the upload of a sparse file that is half done; return the seconds to its first new byte.

    From the start of the process to the first byte of a part at the store. Then the process is ended.
    """
    upload, tls = prepare_zeros(folder / "work", size), write_tls_files(folder)
    with run_sink(upload.kept, tls, _IDENTITY, stored_parts=len(upload.sums.md5s) // 2) as sink:
        command = upload.build_command(build_storage(sink.endpoint, tls.ca_file))
        began = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL)
        try:
            first_byte_at = sink.wait_for_first_byte(_PATIENCE_S)
        finally:
            process.kill()
            process.wait()
    return first_byte_at - began, sink.report
