"""An encrypted recording is called encrypted, not damaged."""

import pytest

from mcsyncd.errors import BadMedia
from mcsyncd.probe.probe import probe_clip
from recordings import record


@pytest.mark.parametrize(("plain", "encrypted"), [(b"avc1", b"encv"), (b"mp4a", b"enca")])
def test_an_encrypted_track_is_named(plain, encrypted, tmp_path):
    path = record(tmp_path, "mp4", 0.4)
    path.write_bytes(path.read_bytes().replace(plain, encrypted))
    with pytest.raises(BadMedia, match=r"mp4\.mp4 is encrypted"):
        probe_clip(path)
