"""What an error of the media libraries means: bad media, something that is not supported, or a failing disk.

A file decides what the libraries raise: a value that their enumerations do not know is a ValueError, a header
that lies a MemoryError or a division by zero. Whatever it is, people are told which file, and what to do.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

import av

from mcsyncd.errors import PASSING_ERRNOS, BadMedia

COPY_AGAIN_HINT = (
    "copy it from the card again; if that copy fails too, the recording is incomplete or damaged: "
    "use the camera's repair function"
)
"""The operator's next action when a file is incomplete or damaged."""

CONVERT_HINT = "convert it to H.264 and PCM in MOV with its maker's program, and drop that"
"""The operator's next action when a file is whole, as far as can be told, but cannot be used here."""

_FILE_ERRNOS = PASSING_ERRNOS | {errno.ENOENT, errno.EACCES, errno.ENODEV, errno.EFBIG}
"""Errors that reading or writing a file gives. Everything else that a demuxer or codec returns (EPERM,
EAGAIN, EOPNOTSUPP) is about the content. One too few, and a failing disk is blamed on the clip."""

_UNSUPPORTED = (
    av.PatchWelcomeError,
    av.DecoderNotFoundError,
    av.DemuxerNotFoundError,
    av.FilterNotFoundError,
    av.OptionNotFoundError,
    av.ExperimentalError,
    NotImplementedError,
)
_UNSUPPORTED_ERRNOS = {errno.ENOSYS, errno.EOPNOTSUPP}
"""How FFmpeg says that it knows what this is, and cannot do it. What is missing here is called damaged."""

_CONTENT_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    av.FFmpegError,
)
"""What reading a file may raise because of its content. With a type missing, people see a traceback."""


@contextmanager
def translate_media_errors(path: Path, verb: str = "decoded") -> Iterator[None]:
    """Turn every error that the content of `path` provokes in the block into one that people understand.

    `verb` says what cannot be done.

    Raises BadMedia, or OSError for what the system says of a file. McsyncErrors pass unchanged.
    """
    try:
        yield
    except _CONTENT_ERRORS as error:
        raise translate_media_error(path, error, verb) from error


def is_file_error(error: Exception) -> TypeGuard[OSError]:
    """Tell whether the system failed to read or write a file: codecs return numbers of `errno`, too."""
    return isinstance(error, OSError) and error.errno in _FILE_ERRNOS


def translate_media_error(path: Path, error: Exception, verb: str = "decoded") -> Exception:
    """Return the BadMedia or OSError that an error of a media library is."""
    if is_file_error(error):
        return OSError(error.errno, error.strerror, str(path))
    if isinstance(error, MemoryError):
        return BadMedia(f"{path.name} cannot be {verb}: it asks for too much memory", COPY_AGAIN_HINT)
    detail = describe_error(error)
    if isinstance(error, _UNSUPPORTED) or getattr(error, "errno", None) in _UNSUPPORTED_ERRNOS:
        return BadMedia(f"{path.name} is not supported: {detail}", CONVERT_HINT)
    return BadMedia(f"{path.name} cannot be {verb}: {detail}", COPY_AGAIN_HINT)


def describe_error(error: Exception) -> str:
    """Return what an error says, in a few words."""
    if isinstance(error, av.FFmpegError):
        return error.strerror or type(error).__name__
    return f"{error} ({type(error).__name__})" if str(error) else type(error).__name__
