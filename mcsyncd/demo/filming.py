"""One camera films the scene: what its worker process does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mcsyncd.demo.camera_view import CAMERA_VIEWS, CameraLens
from mcsyncd.demo.clip_writer import write_clip
from mcsyncd.demo.microphone import record_take
from mcsyncd.demo.painting import Pixels
from mcsyncd.demo.scene import Scene, make_scene
from mcsyncd.demo.stage import StagePainter
from mcsyncd.demo.truth import Take

SceneSpan = tuple[float, float]
"""Begin and end of a scene, in seconds of the session clock."""


def film_take(
    path: Path,
    take: Take,
    *,
    size: tuple[int, int],
    seed: int,
    span: SceneSpan,
    report_progress: Callable[[float], None],
) -> None:
    """Write the file of one camera to `path`; `progress` hears how far it is, 0 to 1.

    The scene is made anew from its seed: it is the same for every camera, and cheaper to make
    than to send.
    """
    scene = make_scene(seed, *span)
    pictures, sound = _paint_frames(scene, take, size), record_take(scene, take, seed)
    write_clip(path, take, size=size, frames=pictures, audio=sound, report_progress=report_progress)
    report_progress(1.0)


def _paint_frames(scene: Scene, take: Take, size: tuple[int, int]) -> Iterator[Pixels]:
    stage = StagePainter(scene, CameraLens(CAMERA_VIEWS[take.camera_model.kind], *size), take.label)
    for frame in range(take.frames):
        yield stage.paint_frame(take.compute_frame_s(frame))
