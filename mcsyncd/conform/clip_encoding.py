"""Have all segments of a clip encoded, and hand them on in order: here, or by any executor."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import closing
from itertools import chain, takewhile

from mcsyncd.conform.segment_task import SegmentResult, SegmentTask, encode_segment, encode_segments
from mcsyncd.conform.segments import Segment

ReportProgress = Callable[[int, int], None]
"""Called with ticks done and ticks expected."""


class ClipEncoding:
    """The segments of one clip, in order, some of which an earlier job may have encoded.

    `expected` are the ticks that the clip should have. With an `executor`, all segments are given to it at
    once; otherwise they are encoded one after the other in the caller's thread, and none after the end of
    the source. `report_progress` is called in the caller's thread.
    """

    def __init__(
        self,
        tasks: Sequence[SegmentTask],
        expected: int,
        report_progress: ReportProgress,
        executor: Executor | None = None,
    ) -> None:
        self._tasks, self._executor = tasks, executor
        self._expected, self._report_progress = expected, report_progress
        self._ticks: dict[int, int] = {}  # of finished segments, by number
        self._reported = 0
        self._is_ended = False

    def iterate_finished(self) -> Generator[Segment]:
        """Yield every segment in order, as soon as it and all before it are finished.

        Raises BadMedia and OSError as `encode_segment` does; what is finished stays.
        """
        proven = [task.segment.number for task in self._tasks if self._find_proven(task)]
        missing = [task for task in self._tasks if task.segment.number not in proven]
        finished = set(proven)
        following = 0
        for number in chain(proven[:1], self._encode(missing)):
            finished.add(number)
            while following in finished:
                yield self._tasks[following].segment
                following += 1

    def _find_proven(self, task: SegmentTask) -> bool:
        encoded = task.folder.find_proven(task.segment)
        if encoded is not None:
            self._add_finished(task.segment, encoded.findings.ticks)
        return encoded is not None

    def _encode(self, missing: Sequence[SegmentTask]) -> Generator[int]:
        """Encode segments, and yield the number of each as soon as it is finished."""
        results = self._encode_here(missing) if self._executor is None else self._encode_elsewhere(missing)
        with closing(results):
            for result in results:
                task = self._tasks[result.number]
                encoded = task.folder.read_record(task.segment)
                self._add_finished(task.segment, encoded.findings.ticks if encoded else 0)
                yield result.number

    def _encode_here(self, missing: Sequence[SegmentTask]) -> Generator[SegmentResult]:
        return encode_segments(takewhile(lambda _task: not self._is_ended, missing), self._report_partial)

    def _encode_elsewhere(self, missing: Sequence[SegmentTask]) -> Generator[SegmentResult]:
        assert self._executor is not None
        futures = [self._executor.submit(encode_segment, task) for task in missing]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def _add_finished(self, segment: Segment, ticks: int) -> None:
        self._ticks[segment.number] = ticks
        self._is_ended = self._is_ended or not (segment.end is None or segment.is_filled_by(ticks))
        self._report_partial(0)

    def _report_partial(self, ticks: int) -> None:
        """Report the finished segments, and `ticks` of one that is being encoded."""
        # A segment counts while it is decoded, and then not until its encoders are done, too.
        self._reported = max(self._reported, sum(self._ticks.values()) + ticks)
        self._report_progress(self._reported, max(self._reported, self._expected))
