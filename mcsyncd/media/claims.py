"""What the header of a file may claim: checked before anything is decoded.

A wrong or hostile header would otherwise decide how much memory and time a worker spends.
"""

from __future__ import annotations

from pathlib import Path

from av.container import InputContainer

from mcsyncd.errors import BadMedia

MAX_PIXELS = 8192 * 8192
"""Pixels in one frame. Judgement: twice an 8K frame (7680 x 4320), more than any camera records.
Without the limit, a wrong or hostile header decides how much memory the decoder allocates."""

MAX_DURATION_US = 48 * 3_600_000_000
"""Microseconds that a file may claim to last. Judgement: twice the longest recording of a day. Without the
limit, a header decides for how long a worker prepares frames that do not exist."""

MAX_STREAMS = 64
"""Streams in one file. Judgement: more than any camera or field recorder writes. Without the limit, a
hostile file decides how many decoders are opened."""

NO_CAMERA_HINT = "no camera writes such a file: take it out of the drop folder"


def check_claims(path: Path, container: InputContainer) -> None:
    """Raise BadMedia if a file claims more streams, larger pictures or a longer time than it may.

    Probe checks more: the rate of the pictures, for which FFmpeg takes the time base where the header has
    none, and the shape of the sound, because a track that claims too much is left out.
    """
    if len(container.streams) > MAX_STREAMS:
        raise BadMedia(f"{path.name} claims to hold more than {MAX_STREAMS} streams", NO_CAMERA_HINT)
    check_pictures(path, container)
    if container.duration is not None and container.duration > MAX_DURATION_US:
        raise BadMedia(
            f"{path.name} claims to be {container.duration / 3_600_000_000:,.0f} h long",
            "check that it plays in the camera; if it does, copy it from the card again",
        )


def check_pictures(path: Path, container: InputContainer) -> None:
    """Raise BadMedia if a file claims pictures that are larger than they may be."""
    for stream in container.streams.video:
        # A codec that FFmpeg does not know has no context, and so no size.
        if stream.codec_context is not None and stream.width * stream.height > MAX_PIXELS:
            raise BadMedia(
                f"{path.name} claims pictures of {stream.width} x {stream.height} pixels", NO_CAMERA_HINT
            )
