"""One thread per output file, which encodes while the source is still being decoded."""

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
"""Inputs that may wait for an encoder. Judgement: enough to keep decoder and encoders busy at once.
Memory grows with it: six frames take 18 MiB at 1080p and 72 MiB at 2160p."""

EncoderInput = tuple[VideoFrame, int] | list[Samples]
"""A frame and the number of ticks that show it, or samples of every audio track of the source."""


class EncoderThread:
    """Feeds one file from a bounded queue; its thread owns the container.

    An error in the thread is raised by the next call from outside. Even after an error the thread
    keeps emptying the queue until the end of input, so the decoder never blocks on a full queue.
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

    def put(self, item: EncoderInput) -> None:
        """Enqueue samples, or a frame with the number of ticks that show it. Raises the thread's error."""
        self._raise_error()
        self._queue.put(item)

    def finish(self) -> RenditionEvidence:
        """Wait until the file is complete, index included. Raises OSError (disk full) or McsyncError."""
        self._queue.put(None)
        self._thread.join()
        self._raise_error()
        return self._evidence

    def abandon(self) -> None:
        """Stop as soon as possible and remove the file."""
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
        except Exception as error:  # noqa: BLE001  # raised again in the calling thread
            self._error = error
        for _ in self._iterate_inputs():
            pass  # after an error: discard the rest, so that nobody waits for room in the queue

    def _write_file(self, plan: FilePlan, rate: Rate) -> None:
        with RenditionWriter(self._path, plan, rate) as writer:
            for item in self._iterate_inputs():
                if not self._is_wanted:
                    continue
                if isinstance(item, tuple):
                    writer.write_frame(*item)
                else:
                    writer.write_audio(item)
            if self._is_wanted:
                writer.flush()
                self._evidence = writer.collect_evidence()

    def _iterate_inputs(self) -> Iterator[EncoderInput]:
        """Yield inputs until the end of input; afterwards nothing, however often it is called."""
        while not self._queue_ended:
            item = self._queue.get()
            if item is None:
                self._queue_ended = True
            else:
                yield item


def _translate_encoder_error(path: Path, error: av.FFmpegError) -> Exception:
    if isinstance(error, OSError):  # from the system, such as no space left
        return OSError(error.errno, error.strerror, str(path))
    return McsyncError(
        f"{path.name} cannot be encoded: {error.strerror}", "run `mcsyncd doctor` to check the codecs"
    )
