"""Opening a file that nobody vouches for.

What a file is, is told by its content and never by its name, and only formats that cameras and
recorders write are tried: a playlist (HLS, ffconcat) named .mp4 would otherwise make the decoder
open other files or the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer

from mcsyncd.errors import BadMedia

CAMERA_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mxf,avi,dv,wav,w64,aiff,flac,mp3,ogg"  # ffmpeg's names
)
MAX_PIXELS = 8192 * 8192
"""More than any camera records in one picture; a header that claims more is wrong or hostile."""

COPY_AGAIN = (
    "copy it again from the card; if it fails there too, the recording was cut off: use the camera's repair"
)


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a clip for reading. Raises BadMedia (also for what goes wrong inside the block), OSError."""
    size = path.stat().st_size
    if not path.is_file():
        raise BadMedia(f"{path.name} is not a file", "drop the clip itself")
    if size == 0:
        raise BadMedia(f"{path.name} is empty", COPY_AGAIN)
    options = {
        "format_whitelist": CAMERA_FORMATS,
        "protocol_whitelist": "file",
        "max_pixels": str(MAX_PIXELS),
    }
    try:
        # An absolute path, because "concat:x" or "http:x" would be read as an address.
        with av.open(str(path.absolute()), options=options, metadata_errors="replace") as container:
            yield container
    except av.FFmpegError as error:
        raise _translate_media_error(path, error) from error


def _translate_media_error(path: Path, error: av.FFmpegError) -> Exception:
    if isinstance(error, OSError):  # the system's own (not allowed, a broken disk) is not the clip's fault
        return OSError(error.errno, error.strerror, str(path))
    return BadMedia(
        f"{path.name} is not a clip that can be read",
        "check that it is a camera's file and plays in the camera; if it does, copy it again from the card",
    )
