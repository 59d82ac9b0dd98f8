"""One camera films the scene: what its worker process does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mcsyncd.demo.film import write_film
from mcsyncd.demo.microphone import recorded
from mcsyncd.demo.scene import Scene, make_scene
from mcsyncd.demo.shapes import Bytes
from mcsyncd.demo.stage import Stage
from mcsyncd.demo.truth import Take
from mcsyncd.demo.view import VIEWS, Lens

Span = tuple[float, float]
"""Begin and end of a scene, in seconds of the session clock."""


def film(
    path: Path, take: Take, *, size: tuple[int, int], seed: int, span: Span, progress: Callable[[float], None]
) -> None:
    """Write the file of one camera to `path`; `progress` hears how far it is, 0 to 1.

    The scene is made anew from its seed: it is the same for every camera, and cheaper to make
    than to send.
    """
    scene = make_scene(seed, *span)
    pictures, sound = _pictures(scene, take, size), recorded(scene, take, seed)
    write_film(path, take, size=size, pictures=pictures, sound=sound, progress=progress)
    progress(1.0)


def _pictures(scene: Scene, take: Take, size: tuple[int, int]) -> Iterator[Bytes]:
    stage = Stage(scene, Lens(VIEWS[take.body.kind], *size), take.label)
    for frame in range(take.frames):
        yield stage.picture(take.picture_s(frame))
