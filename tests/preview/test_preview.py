"""The preview page in a real Chromium, served by the real command.

Exactness only: `python -m benchmarks preview` measures the speed.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from playback.chromium import NEEDS_BROWSER, prepare_browser
from preview.page import build_command, previewing, work, write_settings
from preview.published_store import (
    LOUD_S,
    PROXY_FOLDER,
    SESSION,
    STARTS,
    build_manifest,
    build_store,
    count_expected,
    write_manifest,
)

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="session")
def browser(request) -> Path:
    return prepare_browser(request.config)


@pytest.fixture(scope="module")
def footage(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("numbered")


@pytest.fixture
def store(tmp_path, footage) -> Path:
    return build_store(tmp_path / "store", footage)


def test_after_sixty_seeks_every_pane_shows_the_frame_that_the_page_names(browser, store):
    with previewing(write_settings(store)) as address:
        seen, errors = work(browser, address, "seeks")
    assert errors == []
    assert [one["numbers"] for one in seen] == [count_expected(one["frame"]) for one in seen]
    frames = [one["frame"] for one in seen]
    assert len(set(frames[:40])) == 40
    steps = [after - before for before, after in itertools.pairwise(frames[39:])]
    assert steps == [1] * 12 + [-1] * 8


def test_after_dragging_all_panes_are_where_the_pointer_is(browser, store):
    with previewing(write_settings(store)) as address:
        seen, errors = work(browser, address, "drag")
    assert errors == []
    first, length = min(STARTS.values()), max(STARTS.values()) + 240 - min(STARTS.values())
    assert abs(seen["frame"] - (first + 0.7 * length)) <= 1
    assert seen["numbers"] == count_expected(seen["frame"])
    assert seen["sets"] > 3


def test_it_is_worked_by_keys_alone(browser, store):
    with previewing(write_settings(store)) as address:
        told, errors = work(browser, address, "keys")
    assert errors == []
    assert told["start"]["frame"] == 30
    assert told["steps"]["frame"] == 32
    assert told["second"]["frame"] == 62
    assert told["first"] == told["before"] == {"frame": -4, "numbers": count_expected(-4)}
    assert told["last"] == {"frame": 272, "numbers": count_expected(272)}
    assert told["playing"]
    assert told["paused"]["frame"] > 20
    assert told["paused"]["numbers"] == count_expected(told["paused"]["frame"])
    assert told["back"]["frame"] <= told["paused"]["frame"] - 8
    assert told["back"]["numbers"] == count_expected(told["back"]["frame"])
    assert told["link"] == str(told["back"]["frame"])
    only_a, only_b, none = [True, False], [False, True], [False, False]
    heard = [one[:2] for one in told["heard"]]
    assert heard == [only_a, only_b, only_a, none, only_a]
    assert (told["alone"], told["all"]) == (1, 3)
    assert told["help"]
    assert {"Play", "Frame", "Mute Cam B", "Solo Cam C", "Copy link"} <= set(told["reached"])


def test_it_fits_every_screen_and_everybody_can_read_it(browser, store):
    with previewing(write_settings(store)) as address:
        told, errors = work(browser, address, "sizes")
    assert errors == []
    for width, seen in told.items():
        assert seen["found"] == [], width
        assert seen["wide"] <= 0
        assert len(set(seen["panes"])) == 1
        assert seen["panes"][0] >= min(0.85 * int(width), 280)


def test_a_waveform_stands_where_its_sound_is(browser, store):
    with previewing(write_settings(store)) as address:
        told, errors = work(browser, address, "waves")
    assert errors == []
    first, length = min(STARTS.values()), max(STARTS.values()) + 240 - min(STARTS.values())
    for start, found in zip(STARTS.values(), told, strict=True):
        wanted = [(start - first + 30 * second) / length for second in LOUD_S]
        assert found == pytest.approx(wanted, abs=0.003)


def test_a_file_that_is_missing_is_named_in_its_pane_and_the_others_play(browser, store):
    (store / PROXY_FOLDER / "1.mp4").unlink()
    with previewing(write_settings(store)) as address:
        told, _ = work(browser, address, "once")
    assert told["frame"] == 60
    numbers = count_expected(60)
    assert (told["numbers"][0], told["numbers"][2]) == (numbers[0], numbers[2])
    assert told["numbers"][1].startswith("cannot be played")


def test_of_many_angles_nine_are_shown_and_the_others_on_request(browser, store):
    manifest = build_manifest(store)
    first = manifest["cameras"][0]
    for number in range(8):
        clips = [one | {"id": f"more_{number}/{one['name']}"} for one in first["clips"]]
        manifest["cameras"].append(
            first | {"id": f"more_{number}", "label": f"More {number}", "clips": clips}
        )
    write_manifest(store, manifest)
    with previewing(write_settings(store)) as address:
        told, errors = work(browser, address, "many")
    assert errors == []
    nine = [*count_expected(60), *[60] * 6]
    assert told["first"] == {"frame": 60, "numbers": nine}
    assert told["players"] == 9
    assert told["more"] == {"frame": 60, "numbers": [*nine, 60]}


def test_names_from_a_card_are_text(browser, store):
    manifest = build_manifest(store)
    manifest["cameras"][0]["label"] = "<img src=x onerror=document.title='owned'>"
    write_manifest(store, manifest, state="under_review", reason="<script>document.title='owned'</script>")
    with previewing(write_settings(store)) as address:
        told, errors = work(browser, address, "once")
    assert told["title"] == f"{SESSION}: preview"
    assert "<script>document.title='owned'</script>" in told["text"]
    assert errors == []
    assert set(told["loaded"]) == {address.rsplit("/", 2)[0]}


def test_a_written_page_plays_from_a_web_server(browser, store):
    settings, page = write_settings(store), store / "watch" / "monday"
    written = build_command(settings, "--to", str(page), "--root", "../..")
    done = subprocess.run(written, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{page}/index.html\n"), done.stderr
    assert subprocess.run(written, check=False, capture_output=True).returncode == 2  # never replaced
    server = subprocess.Popen(
        [sys.executable, "-c", RANGE_SERVER, str(store)], stdout=subprocess.PIPE, text=True
    )
    try:
        port = server.stdout.readline().strip()
        told, errors = work(browser, f"http://127.0.0.1:{port}/watch/monday/index.html", "once")
    finally:
        server.kill()
        server.communicate()
    assert errors == []
    assert told["numbers"] == count_expected(60)


RANGE_SERVER = """
import asyncio, mimetypes, sys
from aiohttp import web
mimetypes.add_type("text/javascript", ".mjs")
app = web.Application()
app.router.add_static("/", sys.argv[1])
async def main():
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
"""A web server as there are many: files, types and ranges."""
