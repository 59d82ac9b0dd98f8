"""Samples from a disk that answers with an error."""

from __future__ import annotations

import pytest

from mcsyncd.listen.samples import map_samples


def test_an_error_names_the_file_although_the_kernel_does_not(tmp_path):
    """An alignment that met a failing disk told which session waits, but not for which disk."""
    path = tmp_path / "channel"
    path.symlink_to("/sys/kernel/notes")  # it has a size, and cannot be mapped
    with pytest.raises(OSError, match="channel"):
        map_samples(path)


def test_an_empty_file_has_no_samples(tmp_path):
    (tmp_path / "channel").write_bytes(b"")
    assert map_samples(tmp_path / "channel").size == 0
