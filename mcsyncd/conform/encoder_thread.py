"""A thread for each file: it encodes while the decoder goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

import av
from av.video.frame import VideoFrame

from mcsyncd.conform.evidence import Evidence
from mcsyncd.conform.plan import FilePlan
from mcsyncd.conform.resample import Samples
from mcsyncd.conform.writer import Writer
from mcsyncd.errors import McsyncError
from mcsyncd.model.rate import Rate

_DEPTH = 6
"""Parts that may wait for an encoder. Six pictures of 1080p are 18 MiB, of 2160p 72 MiB."""

Part = tuple[VideoFrame, int] | list[Samples]
"""A picture and the number of ticks it shows, or sound of every track of the source."""


class Lane:
    """Feeds one file from a bounded queue; its thread owns the container.

    What goes wrong there is raised by the next call here. The thread takes parts until it is
    told to stop, even after an error, so that the decoder never waits for ever.
    """

    def __init__(self, path: Path, plan: FilePlan, rate: Rate) -> None:
        self._path = path
        self._queue: Queue[Part | None] = Queue(_DEPTH)
        self._error: Exception | None = None
        self._wanted = True
        self._ended = False
        self._evidence = Evidence()
        self._thread = Thread(target=self._run, args=(plan, rate), name=f"conform {plan.kind}")
        self._thread.start()

    def put(self, part: Part) -> None:
        """Hand over sound, or a picture with the number of ticks it shows. Raises what the file met."""
        self._raise()
        self._queue.put(part)

    def finish(self) -> Evidence:
        """Wait until all is written, index included. Raises OSError (disk full) or McsyncError."""
        self._queue.put(None)
        self._thread.join()
        self._raise()
        return self._evidence

    def abandon(self) -> None:
        """Stop as soon as may be and remove the file."""
        self._wanted = False
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        self._path.unlink(missing_ok=True)

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self, plan: FilePlan, rate: Rate) -> None:
        try:
            self._write(plan, rate)
        except av.FFmpegError as error:
            self._error = _explained(self._path, error)
        except Exception as error:  # noqa: BLE001  # it is raised again in the thread that asked
            self._error = error
        for _ in self._parts():
            pass  # what still comes after an error, so that nobody waits for room in the queue

    def _write(self, plan: FilePlan, rate: Rate) -> None:
        with Writer(self._path, plan, rate) as writer:
            for part in self._parts():
                if not self._wanted:
                    continue
                if isinstance(part, tuple):
                    writer.picture(*part)
                else:
                    writer.sound(part)
            if self._wanted:
                writer.flush()
                self._evidence = writer.evidence()

    def _parts(self) -> Iterator[Part]:
        """Yield parts until told that there are no more; then nothing, however often it is asked."""
        while not self._ended:
            part = self._queue.get()
            if part is None:
                self._ended = True
            else:
                yield part


def _explained(path: Path, error: av.FFmpegError) -> Exception:
    if isinstance(error, OSError):  # the system's: no space left
        return OSError(error.errno, error.strerror, str(path))
    return McsyncError(
        f"{path.name} cannot be encoded: {error.strerror}", "see `mcsyncd doctor` for the codecs"
    )
