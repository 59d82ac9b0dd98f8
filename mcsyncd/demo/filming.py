"""Film the scene with one camera: the work of one worker process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mcsyncd.demo.camera_view import CAMERA_VIEWS, CameraLens
from mcsyncd.demo.clip_writer import write_clip
from mcsyncd.demo.microphone import record_take
from mcsyncd.demo.painting import Pixels
from mcsyncd.demo.scene import Scene, make_scene
from mcsyncd.demo.sound_events import Wave
from mcsyncd.demo.stage import StagePainter
from mcsyncd.demo.truth import Take

SpoilAudio = Callable[[Take, Iterator[Wave]], Iterator[Wave]]
SceneSpan = tuple[float, float]
"""Start and end of a scene, in seconds of the session clock."""


def film_take(
    path: Path,
    take: Take,
    *,
    size: tuple[int, int],
    seed: int,
    span: SceneSpan,
    report_progress: Callable[[float], None],
    spoil: SpoilAudio | None = None,
) -> None:
    """Write the file of one camera to `path`. `report_progress` is called with the fraction done.

    `spoil` makes the audio what it becomes on a shoot with trouble.

    Every camera generates the same scene from the seed: that is cheaper than sending it to the worker.
    """
    scene = make_scene(seed, *span)
    frames, audio = _paint_frames(scene, take, size), record_take(scene, take, seed)
    if spoil is not None:
        audio = spoil(take, audio)
    write_clip(path, take, size=size, frames=frames, audio=audio, report_progress=report_progress)
    report_progress(1.0)


def _paint_frames(scene: Scene, take: Take, size: tuple[int, int]) -> Iterator[Pixels]:
    stage = StagePainter(scene, CameraLens(CAMERA_VIEWS[take.camera_model.kind], *size), take.label)
    for frame in range(take.frames):
        yield stage.paint_frame(take.compute_frame_s(frame))
