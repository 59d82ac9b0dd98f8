"""A page of another origin plays what was shared, in a real browser against a real server."""

from __future__ import annotations

import json
import socket
from fractions import Fraction

import pytest
from playback.chromium import NEEDS_BROWSER, filmed, prepare_browser, seek, shown
from publish.sessions import sums_of

from mcsyncd.cli.main import main
from mcsyncd.model.rate import Rate
from mcsyncd.publish import keys
from mcsyncd.publish.manifest import SCHEMA_VERSION, serialize_canonical
from mcsyncd.publish.r2 import R2Store
from mcsyncd.publish.release import release_manifest
from r2strict.bucket import ACCESS

pytestmark = [*NEEDS_BROWSER, pytest.mark.slow]
SESSION = "20261126-101500-pla"
FRAMES = [17, 200, 18, 3, 119, 239, 0]


def find_free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def publish_proxies(store: R2Store, folder) -> None:
    """Publish a session of three cameras, of whose manifest only what is shared is there."""
    cameras = []
    for camera in range(3):
        file = filmed(folder, Rate(30), camera)
        sums = sums_of(file)
        key = f"v1/proxy/{SESSION}/cam_{camera}/{sums.sha256}.mp4"
        store.put_file(key, file, sums)
        proxy = {
            "key": key,
            "bytes": sums.bytes,
            "content_type": keys.get_content_type(key),
            "start_tick": 0,
            "sidecar": None,
        }
        without = dict.fromkeys(("mezzanine", "sprites", "peaks", "original"))
        cameras.append({"id": f"cam_{camera}", "clips": [{"id": file.name, "proxy": proxy, **without}]})
    document = {
        "schema": SCHEMA_VERSION,
        "session": {"id": SESSION},
        "revision": 1,
        "rate": [30, 1],
        "cameras": cameras,
    }
    release_manifest(store, serialize_canonical(document | {"generated_at": "2026-11-26T10:15:00Z"}))


def ask(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    said = capsys.readouterr()
    assert not ended.value.code, said.err
    return said.out


def test_three_proxies_are_scrubbed_by_a_page_that_the_rules_allow(
    request, bucket, r2_config, tmp_path, capsys
):
    page_port = find_free_port()
    browser, store = prepare_browser(request.config), R2Store(bucket, ACCESS)
    publish_proxies(store, tmp_path)
    options = ("--config", str(r2_config))
    credential = ("--credential", str(tmp_path / "key"))
    r2_config.write_text(
        r2_config.read_text().replace("https://edit.example.org", f"http://127.0.0.1:{page_port}")
    )
    ask(capsys, *options, "storage", "apply", "--yes", *credential)
    shared = json.loads(ask(capsys, *options, "share", SESSION, "--hours", "1", *credential))
    urls = [one["url"] for one in shared["objects"]]
    seen = shown(browser, Fraction(30), FRAMES, *urls, port=page_port)
    assert seen == [
        [{"frame": frame, "number": 1000 * camera + frame} for camera in range(3)] for frame in FRAMES
    ]

    r2_config.write_text(
        r2_config.read_text().replace(f"http://127.0.0.1:{page_port}", "https://edit.example.org")
    )
    ask(capsys, *options, "storage", "apply", "--yes", *credential)
    refused = seek(browser, Fraction(30), FRAMES[:1], *urls, port=page_port)
    assert refused.returncode != 0
