"""A thread for each file: it encodes while the decoder goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

import av
from av.video.frame import VideoFrame

from mcsyncd.conform.evidence import RenditionEvidence
from mcsyncd.conform.plan import FilePlan
from mcsyncd.conform.rendition_writer import RenditionWriter
from mcsyncd.conform.resampler import Samples
from mcsyncd.errors import McsyncError
from mcsyncd.model.rate import Rate

_QUEUE_DEPTH = 6
"""Parts that may wait for an encoder. Six pictures of 1080p are 18 MiB, of 2160p 72 MiB."""

EncoderInput = tuple[VideoFrame, int] | list[Samples]
"""A picture and the number of ticks it shows, or sound of every track of the source."""


class EncoderThread:
    """Feeds one file from a bounded queue; its thread owns the container.

    What goes wrong there is raised by the next call here. The thread takes parts until it is
    told to stop, even after an error, so that the decoder never waits for ever.
    """

    def __init__(self, path: Path, plan: FilePlan, rate: Rate) -> None:
        self._path = path
        self._queue: Queue[EncoderInput | None] = Queue(_QUEUE_DEPTH)
        self._error: Exception | None = None
        self._is_wanted = True
        self._queue_ended = False
        self._evidence = RenditionEvidence()
        self._thread = Thread(target=self._run, args=(plan, rate), name=f"conform {plan.kind}")
        self._thread.start()

    def put(self, part: EncoderInput) -> None:
        """Hand over sound, or a picture with the number of ticks it shows. Raises what the file met."""
        self._raise_error()
        self._queue.put(part)

    def finish(self) -> RenditionEvidence:
        """Wait until all is written, index included. Raises OSError (disk full) or McsyncError."""
        self._queue.put(None)
        self._thread.join()
        self._raise_error()
        return self._evidence

    def abandon(self) -> None:
        """Stop as soon as may be and remove the file."""
        self._is_wanted = False
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        self._path.unlink(missing_ok=True)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self, plan: FilePlan, rate: Rate) -> None:
        try:
            self._write_file(plan, rate)
        except av.FFmpegError as error:
            self._error = _translate_encoder_error(self._path, error)
        except Exception as error:  # noqa: BLE001  # it is raised again in the thread that asked
            self._error = error
        for _ in self._iterate_inputs():
            pass  # what still comes after an error, so that nobody waits for room in the queue

    def _write_file(self, plan: FilePlan, rate: Rate) -> None:
        with RenditionWriter(self._path, plan, rate) as writer:
            for part in self._iterate_inputs():
                if not self._is_wanted:
                    continue
                if isinstance(part, tuple):
                    writer.write_frame(*part)
                else:
                    writer.write_audio(part)
            if self._is_wanted:
                writer.flush()
                self._evidence = writer.collect_evidence()

    def _iterate_inputs(self) -> Iterator[EncoderInput]:
        """Yield parts until told that there are no more; then nothing, however often it is asked."""
        while not self._queue_ended:
            part = self._queue.get()
            if part is None:
                self._queue_ended = True
            else:
                yield part


def _translate_encoder_error(path: Path, error: av.FFmpegError) -> Exception:
    if isinstance(error, OSError):  # the system's: no space left
        return OSError(error.errno, error.strerror, str(path))
    return McsyncError(
        f"{path.name} cannot be encoded: {error.strerror}", "see `mcsyncd doctor` for the codecs"
    )
