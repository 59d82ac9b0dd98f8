"""Opening an original for conform: only as what probe found it to be, and read-only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Discard

from mcsyncd.errors import BadMedia

_UNREADABLE = "copy it again from the card; if that does not help, the recording is damaged"


@contextmanager
def opened(path: Path, container: str, stream: int) -> Iterator[InputContainer]:
    """Open one stream of an original; all others are skipped without being read.

    `container` is the format that probe saw: nothing else is tried, and no address is followed.
    Raises BadMedia when the file is not that any more, or breaks while it is read.
    """
    options = {"format_whitelist": container, "protocol_whitelist": "file"}
    try:
        with av.open(str(path.absolute()), options=options, metadata_errors="replace") as found:
            if stream >= len(found.streams):
                raise BadMedia(f"{path.name} is not the file that was probed", "probe it again")
            for other in found.streams:
                other.discard = Discard.none if other.index == stream else Discard.all
            yield found
    except av.FFmpegError as error:
        if isinstance(error, OSError):  # the disk's fault
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise BadMedia(f"{path.name} cannot be decoded: {error.strerror}", _UNREADABLE) from error
