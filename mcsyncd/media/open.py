"""Opening a media file that must not be trusted.

A file's format is determined by its content, never by its name, and only formats and codecs that
cameras and recorders write are accepted: a playlist (HLS, ffconcat) named .mp4 would otherwise make
FFmpeg open other files or the network. What a header claims is checked before anything is decoded.
Probe, listen, playback and conform all open files here, so that none of them can miss a restriction.
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
from mcsyncd.media.claims import MAX_PIXELS, MAX_STREAMS, NO_CAMERA_HINT, check_claims, check_pictures
from mcsyncd.media.decoders import DECODER_WHITELIST, has_decoder, restrict_decoders
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

_PROBED = re.compile(r"Format (\S+) probed with size=\d+ and score=(\d+)")
"""How FFmpeg's log says what it takes a file for. PyAV has no function that only asks."""

_LEAST_SCORE = 51
"""FFmpeg's certainty, of 100, from which its guess is named. Up to 50 it goes by the name of the file, or by
little (`AVPROBE_SCORE_EXTENSION`); lower, damaged recordings are taken for formats that they never had."""

_LOG_LOCK = Lock()
"""The level of FFmpeg's log is that of the process."""

_NO_DECODER = "none"
"""What no decoder is called: as a whitelist, it allows none."""

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
    container = _open_container(path, DECODER_WHITELIST)
    with container, translate_media_errors(path):
        if any(has_decoder(stream) and not stream.width for stream in container.streams.video):
            _check_size_alone(path)
        check_claims(path, container)
        _require_probed_file(path, container, streams or (), expected_format)
        restrict_decoders(container, MAX_PIXELS)
        if streams is not None:
            keep_streams(container, streams)
        yield container


def _open_container(path: Path, decoders: str) -> InputContainer:
    """Open a file; meanwhile FFmpeg decodes some frames, with no other than the `decoders`."""
    options = {
        "format_whitelist": ",".join(ALLOWED_FORMATS),
        "protocol_whitelist": "file",
        "codec_whitelist": decoders,
        "max_pixels": str(MAX_PIXELS),
        "max_streams": str(MAX_STREAMS + 1),
    }
    try:
        # An absolute path, because "concat:x" or "http:x" would be read as an address.
        return av.open(str(path.absolute()), options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError, TypeError, MemoryError, ArithmeticError, LookupError) as error:
        raise _translate_open_error(path, error) from error


def _check_size_alone(path: Path) -> None:
    """Refuse a file by the size in its header: a decoder that must not begin such a picture forgets it."""
    with _open_container(path, _NO_DECODER) as container:
        check_pictures(path, container)


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


def _require_probed_file(
    path: Path, container: InputContainer, streams: Collection[int], expected_format: str | None
) -> None:
    count = len(container.streams)
    if expected_format not in {None, container.format.name} or any(index >= count for index in streams):
        raise BadMedia(f"{path.name} is not the file that was probed", "probe it again")


def _translate_open_error(path: Path, error: Exception) -> Exception:
    if is_file_error(error):
        return OSError(error.errno, error.strerror, str(path))
    found = find_format(path)
    if isinstance(error, MemoryError):
        return BadMedia(
            f"{path.name} claims to hold more than {MAX_STREAMS} streams, or asks for too much memory",
            NO_CAMERA_HINT,
        )
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
