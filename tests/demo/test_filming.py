import hashlib
from dataclasses import replace

import numpy as np
import pytest

from mcsyncd.demo.camera_view import CAMERA_VIEWS, CameraLens
from mcsyncd.demo.filming import film_take
from mcsyncd.demo.painting import Canvas, YuvFrame, build_sprite
from mcsyncd.demo.scene import make_scene
from mcsyncd.demo.stage import StagePainter
from mcsyncd.demo.truth import DEFAULT_KEYS, plan_takes


@pytest.fixture(scope="module")
def take():
    return replace(plan_takes(DEFAULT_KEYS, 12.0, (0.0, 0.0, 0.0))[2], frames=20)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_equal_arguments_give_equal_files_and_another_seed_another(tmp_path, take):
    done = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        film_take(
            tmp_path / f"{name}.mp4",
            take,
            size=(160, 90),
            seed=seed,
            span=(-1.0, 3.0),
            report_progress=done.append,
        )
    one, same, other = (digest(tmp_path / f"{name}.mp4") for name in ("one", "same", "other"))
    assert one == same != other
    assert done[-1] == 1.0


def test_the_three_angles_differ_and_each_moves():
    scene = make_scene(1, 0.0, 10.0)
    seen = {}
    for kind, view in CAMERA_VIEWS.items():
        stage = StagePainter(scene, CameraLens(view, 320, 180), "A")
        first, later = stage.paint_frame(4.0).copy(), stage.paint_frame(4.5).copy()
        assert np.count_nonzero(first != later) > 200
        assert np.array_equal(stage.paint_frame(4.0), first), "a picture is a function of its instant"
        seen[kind] = first.astype(int)
    assert np.abs(seen["cinema"] - seen["phone"]).mean() > 5
    assert np.abs(seen["cinema"] - seen["mirrorless"]).mean() > 5


def test_a_sprite_keeps_its_colour_and_is_cut_at_the_edge():
    canvas = Canvas(8, 8)
    canvas.paint(np.ones((8, 8), dtype=np.float32), (1.0, 1.0, 1.0))
    white = build_sprite(canvas, (1.0, 1.0, 1.0))
    picture = YuvFrame(16, 16)
    picture.paste(white, 15, 15)
    luma, blue, red = picture.planes
    assert (luma[12:, 12:] == 235).all()
    assert (blue[6:, 6:] == 128).all()
    assert (red[6:, 6:] == 128).all()
    assert not luma[:10].any()
    picture.paste(white, -50, 400)
    assert not luma[:10].any()
