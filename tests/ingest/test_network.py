from __future__ import annotations

from pathlib import Path

import pytest

from mcsyncd.ingest.network import MOUNT_TABLE, is_network_mount

TABLE = r"""21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /mnt/nas rw - nfs4 server:/export rw
31 21 0:41 / /mnt/my\040share rw - cifs //server/x rw
32 30 8:2 / /mnt/nas/local rw - xfs /dev/sdb1 rw
33 21 0:42 / /mnt/ssh rw - fuse.sshfs host:/ rw
34 21 8:3 / /mnt/disk rw - fuseblk /dev/sdc1 rw
35 21 0:43 / /mnt/over rw - ext4 /dev/sdd1 rw
36 21 0:44 / /mnt/over rw - nfs server:/over rw
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/srv/drop", False),
        ("/mnt/nas/drop/cam_a", True),
        ("/mnt/nasty", False),
        ("/mnt/my share/cam_a", True),
        ("/mnt/nas/local/cam_a", False),
        ("/mnt/ssh", True),
        ("/mnt/disk/x", False),
        ("/mnt/over/x", True),
    ],
)
def test_the_mount_that_holds_a_folder_decides(tmp_path, path, expected):
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    assert is_network_mount(Path(path), table) is expected


@pytest.mark.skipif(not MOUNT_TABLE.exists(), reason="no /proc here")
def test_reads_the_table_of_this_machine():
    assert is_network_mount(Path("/proc")) is False
