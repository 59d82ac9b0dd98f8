"""Opening a media file that must not be trusted.

A file's format is determined by its content, never by its name, and only formats that cameras
and recorders write are accepted: a playlist (HLS, ffconcat) named .mp4 would otherwise make
FFmpeg open other files or the network. Probe, listen, playback and conform all open files here,
so that none of them can miss a restriction.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

import av
from av import logging
from av.container import InputContainer
from av.stream import Discard

from mcsyncd.errors import BadMedia
from mcsyncd.media.failures import COPY_AGAIN_HINT, is_file_error, translate_media_errors

ALLOWED_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2",  # one demuxer with six names
    "matroska,webm",
    "mpegts",
    "mpeg",
    "mxf",
    "avi",
    "dv",
    "wav",
    "w64",
    "aiff",
    "flac",
    "mp3",
    "aac",  # without a container (ADTS), as some recorders write it
    "ogg",
)
"""FFmpeg's names of the demuxers that may be used: what cameras, phones and sound recorders write.

Security boundary: a demuxer that follows references (hls, concat, dash, sdp) must never be added.
Remove one, and its recordings are refused as unreadable.
"""

MAX_PIXELS = 8192 * 8192
"""Pixels in one frame. Judgement: twice an 8K frame (7680 x 4320), more than any camera records.
Without the limit, a wrong or hostile header decides how much memory the decoder allocates."""

MAX_DURATION_US = 48 * 3_600_000_000
"""Microseconds that a file may claim to last. Judgement: twice the longest recording of a day. Without the
limit, a header decides for how long a worker prepares frames that do not exist."""

MAX_STREAMS = 64
"""Streams in one file. Judgement: more than any camera or field recorder writes. Without the limit, a
hostile file decides how many decoders are opened."""

_PROBED = re.compile(r"Format (\S+) probed with size=\d+ and score=(\d+)")
"""How FFmpeg's log says what it takes a file for. PyAV has no function that only asks."""

_LEAST_SCORE = 51
"""FFmpeg's certainty, of 100, from which its guess is named. Up to 50 it goes by the name of the file, or by
little (`AVPROBE_SCORE_EXTENSION`); lower, damaged recordings are taken for formats that they never had."""

_LOG_LOCK = Lock()
"""The level of FFmpeg's log is that of the process."""

_NO_CLIP_HINT = "a picture, an animation or a playlist is no recording: take it out of the drop folder"


@contextmanager
def open_media(
    path: Path, *, streams: Collection[int] | None = None, expected_format: str | None = None
) -> Iterator[InputContainer]:
    """Open a media file for reading and close it when the block ends.

    `streams` are the indices of the streams to read; the demuxer skips the packets of all others,
    so that the audio of a 50 GB clip costs only its audio. None reads all of them.
    `expected_format` is the format name that probe found (`Media.container`).

    Raises BadMedia, naming the file and the next action, if the file is not a readable recording,
    is not the file that was probed, or fails to decode inside the block. Raises OSError if the
    system cannot read it: a failing disk or missing permission is not the clip's fault.
    """
    _check_file(path)
    options = {
        "format_whitelist": ",".join(ALLOWED_FORMATS),
        "protocol_whitelist": "file",
    }
    try:
        # An absolute path, because "concat:x" or "http:x" would be read as an address.
        container = av.open(str(path.absolute()), options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError, TypeError, MemoryError, ArithmeticError, LookupError) as error:
        raise _translate_open_error(path, error) from error
    with container, translate_media_errors(path):
        _check_container(path, container, streams or (), expected_format)
        if streams is not None:
            keep_streams(container, streams)
        yield container


def keep_streams(container: InputContainer, indices: Collection[int]) -> None:
    """Make the demuxer skip the packets of every stream whose index is not in `indices`."""
    for stream in container.streams:
        stream.discard = Discard.none if stream.index in indices else Discard.all


def _check_file(path: Path) -> None:
    size = path.stat().st_size
    if not path.is_file():
        raise BadMedia(f"{path.name} is not a file", "drop the clip itself")
    if size == 0:
        raise BadMedia(f"{path.name} is empty", COPY_AGAIN_HINT)


def _check_container(
    path: Path, container: InputContainer, streams: Collection[int], expected_format: str | None
) -> None:
    count = len(container.streams)
    if count > MAX_STREAMS:
        raise BadMedia(
            f"{path.name} claims to hold {count} streams",
            "no camera writes such a file: take it out of the drop folder",
        )
    for stream in container.streams.video:
        # A codec that FFmpeg does not know has no context, and so no size.
        if stream.codec_context is not None and stream.width * stream.height > MAX_PIXELS:
            raise BadMedia(
                f"{path.name} claims pictures of {stream.width} x {stream.height} pixels",
                "no camera writes such a file: take it out of the drop folder",
            )
    if container.duration is not None and container.duration > MAX_DURATION_US:
        raise BadMedia(
            f"{path.name} claims to be {container.duration / 3_600_000_000:,.0f} h long",
            "check that it plays in the camera; if it does, copy it from the card again",
        )
    if expected_format not in {None, container.format.name} or any(index >= count for index in streams):
        raise BadMedia(f"{path.name} is not the file that was probed", "probe it again")


def _translate_open_error(path: Path, error: Exception) -> Exception:
    if is_file_error(error):
        return OSError(error.errno, error.strerror, str(path))
    found = find_format(path)
    if found in ALLOWED_FORMATS and not isinstance(error, av.PatchWelcomeError):
        return BadMedia(
            f"{path.name} cannot be opened: its {_describe_format(found)} header is damaged, or it is only "
            "a part of a recording",
            COPY_AGAIN_HINT,
        )
    if name := _describe_format(found):
        return BadMedia(
            f"{path.name} is not supported: its format is {name}",
            f"re-wrap it, for example with `ffmpeg -i FILE -c copy FILE.mkv`, and drop that; {_NO_CLIP_HINT}",
        )
    return BadMedia(
        f"{path.name} is not a readable recording",
        "check that it is a camera file and plays in the camera; if it does, copy it from the card again",
    )


def find_format(path: Path) -> str:
    """Return FFmpeg's name of the format that a file's content shows, "" if that is not certain.

    Nothing of the file is opened but its first bytes: no format is on the list of those allowed.
    """
    with _LOG_LOCK, logging.Capture() as lines:
        level = logging.get_level()
        logging.set_level(logging.DEBUG)
        try:
            with suppress(av.FFmpegError, ValueError):
                av.open(
                    str(path.absolute()), options={"format_whitelist": "none", "protocol_whitelist": "file"}
                ).close()
        finally:
            logging.set_level(level)
    for _, _, line in lines:
        found = _PROBED.match(line)
        if found and int(found[2]) >= _LEAST_SCORE:
            return found[1]
    return ""


def _describe_format(name: str) -> str:
    """Return a format's name for people, "" for none."""
    if not name:
        return ""
    with suppress(ValueError, av.FFmpegError):
        return av.ContainerFormat(name.partition(",")[0], "r").long_name or name
    return name
