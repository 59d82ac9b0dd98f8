"""`mcsyncd align` on real files, as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys

import av
import numpy as np
import pytest
from hearing import babble, taken, write_sound

RATE = 8000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three angles of one scene at 8 kHz: b began 2.5 s after a, c 1 s before; and a stranger."""
    folder = tmp_path_factory.mktemp("align")
    scene = babble(1, 40)
    sounds = {"a": taken(scene, 5, 25), "b": taken(scene, 7.5, 25, seed=2), "c": taken(scene, 4, 25, seed=3)}
    sounds["stranger"] = babble(9, 25)
    sounds["silent"] = np.zeros(25 * RATE)
    return {name: write_sound(folder / f"{name}.mov", [sound[None]], RATE) for name, sound in sounds.items()}


def align(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own; `before` is Python that runs ahead of it."""
    program = f"{before}\nfrom mcsyncd.cli.main import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, "align", *arguments], capture_output=True, text=True, check=False
    )


def test_json_is_one_document_with_the_offsets(files):
    done = align("--json", f"cam_a={files['a']}", f"cam_b={files['b']}", f"cam_c={files['c']}")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["reference"] == "cam_a"
    assert found["offsets_ms"] == pytest.approx({"cam_a": 0.0, "cam_b": 2500.0, "cam_c": -1000.0}, abs=0.1)
    assert set(found["drift_ppm"]) == {"cam_a", "cam_b", "cam_c"}
    assert found["method"] == "audio-corr"
    assert found["confidence"] == min(angle["confidence"] for angle in found["angles"].values())
    assert found["confidence"] > 0.85
    assert found["angles"]["cam_b"]["candidates"][0]["offset_ms"] == found["offsets_ms"]["cam_b"]
    assert "clips" not in found


def test_the_table_floors_confidence_and_shows_offsets(files):
    done = align(f"cam_a={files['a']}", f"cam_b={files['b']}")
    assert done.returncode == 0
    assert "Sync Confidence: 99%" in done.stdout
    assert "+2500.0" in done.stdout


def test_an_unsure_answer_is_an_answer(files):
    done = align("--json", f"cam_a={files['a']}", f"cam_b={files['b']}", f"cam_c={files['stranger']}")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["offsets_ms"]["cam_c"] is None
    assert found["confidence"] < 0.85
    assert found["reasons"]


def test_words_go_to_stderr(files):
    done = align("--json", f"cam_a={files['a']}", f"cam_b={files['silent']}")
    assert "silent" in done.stderr
    assert json.loads(done.stdout)["offsets_ms"]["cam_b"] is None


def test_several_clips_of_an_angle_are_listed(files):
    done = align("--json", f"cam_a={files['a']}", f"cam_b={files['b']}", f"cam_b={files['stranger']}")
    clips = json.loads(done.stdout)["clips"]["cam_b"]
    assert [clip["name"] for clip in clips] == ["b.mov", "stranger.mov"]
    assert clips[0]["offset_ms"] == pytest.approx(2500.0, abs=0.1)
    assert clips[1]["offset_ms"] is None


@pytest.mark.parametrize(
    ("arguments", "code"), [(["cam_a"], 2), (["cam_a={a}"], 2), (["cam_a={a}", "cam_b={text}"], 6)]
)
def test_exit_codes(files, tmp_path, arguments, code):
    text = tmp_path / "text.mp4"
    text.write_text("no movie")
    done = align(*(argument.format(a=files["a"], text=text) for argument in arguments))
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_without_matplotlib_a_plot_is_refused_at_once(files, tmp_path):
    picture = tmp_path / "a.png"
    done = align(
        "--plot",
        str(picture),
        f"cam_a={files['a']}",
        f"cam_b={files['b']}",
        before="import sys; sys.modules['matplotlib'] = None",
    )
    assert done.returncode == 2
    assert "mcsyncd[plot]" in done.stderr
    assert done.stdout == ""
    assert not picture.exists()


def test_a_plot_is_a_picture_with_a_row_for_each_angle(files, tmp_path):
    pytest.importorskip("matplotlib")
    heights = []
    for names in (["a", "b"], ["a", "b", "stranger"]):
        picture = tmp_path / f"{len(names)}.png"
        done = align("--plot", str(picture), *(f"cam_{name}={files[name]}" for name in names))
        assert done.returncode == 0, done.stderr
        with av.open(str(picture)) as opened:
            frame = next(opened.decode(video=0)).to_ndarray(format="gray")
        assert frame.std() > 10
        heights.append(len(frame))
    assert heights[1] > 1.2 * heights[0]
