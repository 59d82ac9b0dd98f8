"""One thread per file, which encodes its segments while the source is still being decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread

import av
from av.video.frame import VideoFrame

from mcsyncd.conform.evidence import FrameGroup
from mcsyncd.conform.filter_graphs import FrameConverter
from mcsyncd.conform.plan import FilePlan
from mcsyncd.conform.segment_writer import SegmentWriter
from mcsyncd.conform.segments import Segment
from mcsyncd.errors import McsyncError
from mcsyncd.media.failures import is_file_error
from mcsyncd.model.rate import Rate

_QUEUE_DEPTH = 6
"""Inputs that may wait for an encoder. Judgement: enough to keep decoder and encoders busy at once.
Memory grows with it: six frames take 18 MiB at 1080p and 72 MiB at 2160p."""


@dataclass(frozen=True, slots=True)
class SegmentEvidence:
    """Evidence about a segment's file: its hashed groups, and the line that x264 writes about itself."""

    groups: tuple[FrameGroup, ...]
    encoder_signature: str


@dataclass(frozen=True, slots=True)
class _Begin:
    segment: Segment
    path: Path


@dataclass(frozen=True, slots=True)
class _End:
    pass


_Input = tuple[VideoFrame, int] | _Begin | _End
"""A frame and the number of ticks that show it, or where a segment begins or ends."""


class EncoderThread:
    """Encodes the segments of one file from a bounded queue, each with an encoder of its own.

    The next segment may begin before the file of the last one is complete, so that the decoder does not
    wait while an encoder writes what it still buffers. An error in the thread is raised by the next call
    from outside. Even after an error the thread keeps emptying the queue until the end of input, so the
    decoder never blocks on a full queue.
    """

    def __init__(self, plan: FilePlan, rate: Rate) -> None:
        self._plan, self._rate = plan, rate
        self._queue: Queue[_Input | None] = Queue(_QUEUE_DEPTH)
        self._finished: Queue[SegmentEvidence | None] = Queue()
        self._error: Exception | None = None
        self._is_wanted = True
        self._queue_ended = False
        self._path = Path()
        self._thread = Thread(target=self._run, name=f"conform {plan.kind}")
        self._thread.start()

    def begin_segment(self, segment: Segment, path: Path) -> None:
        """Begin a segment, which is written to `path`. Raises the thread's error."""
        self._put(_Begin(segment, path))

    def put_frame(self, frame: VideoFrame, ticks: int) -> None:
        """Enqueue a frame with the number of ticks that show it. Raises the thread's error."""
        self._put((frame, ticks))

    def end_segment(self) -> None:
        """End the segment. Raises the thread's error."""
        self._put(_End())

    @property
    def has_finished_segment(self) -> bool:
        """Whether the file of a segment is complete, so that `take_evidence` does not wait."""
        return not self._finished.empty()

    def take_evidence(self) -> SegmentEvidence:
        """Wait until the next segment's file is complete, index included.

        Raises OSError (disk full) or McsyncError.
        """
        evidence = self._finished.get()
        self._raise_error()
        assert evidence is not None
        return evidence

    def close(self) -> None:
        """End the thread as soon as possible. Files that are not complete are left to the caller."""
        self._is_wanted = False
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _put(self, item: _Input) -> None:
        self._raise_error()
        self._queue.put(item)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._write_segments()
        except av.FFmpegError as error:
            self._error = translate_encoder_error(self._path, error)
        except Exception as error:  # noqa: BLE001  # raised again in the calling thread
            self._error = error
        self._finished.put(None)  # whoever waits for a segment learns of the error
        for _ in self._iterate_inputs():
            pass  # after an error: discard the rest, so that nobody waits for room in the queue

    def _write_segments(self) -> None:
        assert self._plan.conversion is not None
        converter = FrameConverter(self._plan.conversion)
        with ExitStack() as files:
            writer: SegmentWriter | None = None
            for item in self._iterate_inputs():
                if not self._is_wanted:
                    continue
                match item:
                    case _Begin():
                        self._path = item.path
                        writer = files.enter_context(
                            SegmentWriter(item.path, self._plan, self._rate, item.segment, converter)
                        )
                    case _End():
                        assert writer is not None
                        writer.flush()
                        files.close()
                        self._finished.put(SegmentEvidence(*writer.collect_evidence()))
                        writer = None
                    case (frame, ticks):
                        assert writer is not None
                        writer.write_frame(frame, ticks)

    def _iterate_inputs(self) -> Iterator[_Input]:
        """Yield inputs until the end of input; afterwards nothing, however often it is called."""
        while not self._queue_ended:
            item = self._queue.get()
            if item is None:
                self._queue_ended = True
            else:
                yield item


def translate_encoder_error(path: Path, error: av.FFmpegError) -> Exception:
    """Return what to raise for an error of an encoder or a muxer that writes to `path`."""
    if is_file_error(error):  # from the system, such as no space left
        return OSError(error.errno, error.strerror, str(path))
    return McsyncError(
        f"{path.name} cannot be encoded: {error.strerror}", "run `mcsyncd doctor` to check the codecs"
    )
