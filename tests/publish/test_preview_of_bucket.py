"""The preview page of a session in a bucket: on a real S3 server, in a real Chromium."""

from __future__ import annotations

import pytest
from playback.chromium import NEEDS_BROWSER, prepare_browser
from preview.page import previewing, work
from preview.published_store import STARTS, build_store

from mcsyncd.publish.r2 import connect_client
from r2strict.bucket import ACCESS

pytestmark = NEEDS_BROWSER


@pytest.fixture
def settings(r2_config, bucket, tmp_path):
    """Settings for the bucket, which has the session."""
    client = connect_client(bucket, ACCESS)
    store = build_store(tmp_path / "store", tmp_path / "footage")
    for path in (one for one in store.rglob("*") if one.is_file()):
        client.put_object(Bucket=bucket.bucket, Key=str(path.relative_to(store)), Body=path.read_bytes())
    return r2_config


def test_videos_come_from_the_bucket_and_waveforms_by_way_of_the_server(settings, bucket, tmp_path, request):
    browser = prepare_browser(request.config)
    with previewing(settings, "--credential", str(tmp_path / "key")) as address:
        told, errors = work(browser, address, "once")
        waves, _ = work(browser, address, "waves")
    assert errors == []
    assert told["numbers"] == [f"frame {60 - start}" for start in STARTS.values()]
    assert all(begin < end for begin, end in waves)
