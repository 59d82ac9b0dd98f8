"""The sample of a renderer: in every frame, all three panes show the same instant, and it is heard then.

Needs the sample's packages: `make samples` installs them and runs this.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from playback.chromium import CHROMIUM, NEEDS_BROWSER

from line import Line
from readers import serve_folder, write_share

SAMPLE = Path(__file__).parents[2] / "examples" / "remotion"
RATE = Fraction(30000, 1001)
PANE = (192, 108)
NOISE = 0.3
"""Levels of luma by which two encodes of one frame may differ more than two that look alike. Judgement: a
still scene repeats itself within 0.1; a frame of motion away is 1 and more."""

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (SAMPLE / "node_modules").exists(),
        reason="the packages of examples/remotion are not installed (make samples)",
    ),
]


@pytest.fixture(scope="module")
def published(tmp_path_factory, shoot):
    """The folder of a store with the shoot, its session and its manifest."""
    line = Line(tmp_path_factory.mktemp("remotion"), forked=True).start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait_for("published", patience_s=120)
    manifest = json.loads(line.ask("manifest", reviewed["id"]).stdout)
    line.stop()
    store = line.home / "var" / "bucket"
    return SimpleNamespace(store=store, session=reviewed["id"], manifest=manifest)


def render(base: Path, session: str, out: Path, kind: str, ticks: range) -> np.ndarray:
    """Render these frames of the session; return the luma of their panes: (frames, 3, height, width)."""
    told = run_sample(base, session, out, "--kind", kind, f"--from={ticks[0]}", "--frames", str(len(ticks)))
    assert told.returncode == 0, told.stderr[-3000:]
    width, height = PANE
    return read_luma(out).reshape(len(ticks), height, 3, width).transpose(0, 2, 1, 3)


def run_sample(base: Path, session: str, out: Path, *options: str) -> subprocess.CompletedProcess:
    # A short path of its own: the browser's socket lies there, whose path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="mcsync-") as temporary:
        told = subprocess.run(
            ["node", SAMPLE / "render.mjs", base, session, out, *options, "--pane", "192x108"],
            env=os.environ | {"CHROMIUM": CHROMIUM, "TMPDIR": temporary},
            check=False,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert not list(Path(temporary).glob("panes-*"))
    return told


def read_luma(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.array([frame.to_ndarray(format="gray") for frame in container.decode(video=0)], np.float32)


def read_sound(path: Path) -> np.ndarray:
    resampler = av.AudioResampler("flt", "mono", 48_000)
    with av.open(str(path)) as container:
        found = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
    return np.concatenate([made.to_ndarray().ravel() for made in found])


def list_files(published, kind: str) -> dict[str, Path]:
    return {
        camera["id"]: published.store / clip[kind]["key"]
        for camera in published.manifest["cameras"]
        for clip in camera["clips"]
    }


def assert_panes_are_exact(panes: np.ndarray, files: dict[str, Path], shoot, ticks: range) -> None:
    """Each pane shows the frame that is nearest to the instant, by the truth about its camera."""
    for pane, (camera, file) in enumerate(files.items()):
        source, offset = read_luma(file), Fraction(shoot.offsets_us[camera], 10**6)
        apart = []
        for tick, shown in zip(ticks, panes[:, pane], strict=True):
            frame = round(tick - offset * RATE)
            if frame < 0:
                assert shown.mean() < 20, (camera, frame)  # not begun yet: black
            elif frame > 0:
                near = [abs(shown - source[frame + step]).mean() for step in (-1, 0, 1)]
                assert near[1] <= min(near) + NOISE, (camera, frame, near)
                apart.append(near)
        earlier, exact, later = np.mean(apart, axis=0)
        assert min(earlier, later) > exact + NOISE  # the frames beside it would not have passed


def test_three_panes_show_the_flash_at_once_and_it_is_heard_with_it(published, shoot, tmp_path):
    flash = Fraction(shoot.flashes_us[1], 10**6)
    first = int(flash * RATE) - 10
    ticks, out = range(first, first + 30), tmp_path / "out.mov"
    panes = render(published.store, published.session, out, "proxy", ticks)
    files = list_files(published, "proxy")
    assert_panes_are_exact(panes, files, shoot, ticks)

    lit = panes.mean(axis=(2, 3)) > 150
    begins = lit.argmax(axis=0)
    assert lit.any(axis=0).all()
    assert begins.max() - begins.min() <= 1
    assert all(abs((first + int(one)) / RATE - flash) <= 1 / RATE for one in begins)

    sound, source = read_sound(out), read_sound(files["cam_a"])
    begin, search = round(first / RATE * 48_000), 2400
    around = source[begin - search : begin + len(sound) + search]
    lag = int(np.argmax(np.correlate(around, sound, "valid"))) - search
    assert abs(lag) <= 48  # a millisecond

    assert list(published.store.glob("v1/proxy/*")) != []  # the bundle had a link to it, and was removed


def test_addresses_do_as_well_and_what_has_not_begun_is_black(published, shoot, tmp_path):
    files, ticks = list_files(published, "mezzanine"), range(-6, 18)
    keys = [str(file.relative_to(published.store)) for file in files.values()]
    with serve_folder(published.store) as address:
        share = write_share(tmp_path / "share.json", published.store, published.session, address, keys)
        panes = render(share, published.session, tmp_path / "out.mov", "mezzanine", ticks)
    assert_panes_are_exact(panes, files, shoot, ticks)


def test_nothing_is_rendered_that_must_not_be_or_lacks_a_file(published, tmp_path):
    """At once, and not while it renders: what a composition throws then is not always noticed."""
    store, out = tmp_path / "store", tmp_path / "out.mov"
    shutil.copytree(published.store, store)
    session = published.session

    def refuse(base: Path, words: str, kind: str = "mezzanine") -> None:
        told = run_sample(base, session, out, "--kind", kind)
        assert told.returncode != 0
        assert words in told.stderr
        assert not out.exists()

    files = [store / file.relative_to(published.store) for file in list_files(published, "proxy").values()]
    keys = [str(file.relative_to(store)) for file in files]
    with serve_folder(store) as address:
        refuse(write_share(tmp_path / "share.json", store, session, address, keys[:2]), keys[2], "proxy")
        refuse(tmp_path / "share.json", "is not shared: mcsyncd share --kind mezzanine")
    files[1].chmod(0o644)
    files[1].write_bytes(files[1].read_bytes()[:-1])
    refuse(store, f"{keys[1]} is not whole", "proxy")
    files[1].unlink()
    refuse(store, "ENOENT", "proxy")
    pointer = store / "head" / f"{session}.json"
    pointer.write_text(
        json.dumps(json.loads(pointer.read_text()) | {"state": "withdrawn", "reason": "wrong takes"})
    )
    refuse(store, "withdrawn: wrong takes")
