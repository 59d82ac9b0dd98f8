"""Try a profile on an excerpt of a clip: how large, how fast, how faithful, how quick to seek."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import repeat
from math import inf, log10
from pathlib import Path

from av.filter import Graph
from av.video.frame import VideoFrame

from mcsyncd.conform.explain import estimate_audio_gb_per_hour
from mcsyncd.conform.filter_graphs import FrameConverter
from mcsyncd.conform.frame_conversion import FrameConversion
from mcsyncd.conform.grid import Grid, TickMap
from mcsyncd.conform.hardware_check import find_usable_encoders
from mcsyncd.conform.plan import FilePlan, plan_renditions
from mcsyncd.conform.segment_writer import SegmentWriter
from mcsyncd.conform.segments import Segment
from mcsyncd.conform.video_reader import open_video_at
from mcsyncd.errors import BadMedia
from mcsyncd.media.failures import COPY_AGAIN_HINT
from mcsyncd.media.open import open_media
from mcsyncd.model.clip import Media, VideoStream
from mcsyncd.model.rate import Rate
from mcsyncd.settings.profiles import Profile

_SEEKS = 40
"""Judgement: enough for a 95th percentile that is not the largest; each decodes at most a group of frames."""


@dataclass(frozen=True, slots=True)
class TrialExcerpt:
    """The part of a clip that is tried: from `start`, for `length`, both in seconds."""

    start: Fraction
    length: Fraction


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a profile makes of an excerpt.

    `bytes` are those of the picture; `gb_per_hour` includes the estimated sound. `speed` is in seconds of
    footage per second, decoding included. `ssim` (0 to 1) and `psnr_db` (infinite if lossless) compare with
    the source converted to the same size and format. Seeks decode from the key frame, on one thread.
    `notes` are those that the rendition would have.
    """

    frames: int
    bytes: int
    gb_per_hour: float
    speed: float
    cpu_ms_per_frame: float
    ssim: float
    psnr_db: float
    seek_p50_ms: float
    seek_p95_ms: float
    notes: tuple[str, ...] = ()


def try_profile(
    source: Path,
    media: Media,
    name: str,
    profile: Profile,
    *,
    rate: Rate,
    excerpt: TrialExcerpt,
    folder: Path,
) -> TrialResult:
    """Encode the excerpt's picture into `folder`, measure the file, and return what was found.

    The caller removes the folder. Raises BadMedia if the source has no picture there, OSError if a file
    cannot be read or written.
    """
    if media.video is None or media.hidden_picture:
        raise BadMedia(f"{source.name}: it has no picture that could be encoded", "name a clip with video")
    grid = Grid(rate, -excerpt.start)
    wanted = ((profile.kind, profile.build_ref(name), profile),)
    planned = plan_renditions(media, grid, wanted, find_usable_encoders([profile])).files[0]
    frames = _ExcerptReader(source, media.container, media.video, grid, excerpt)
    path = folder / f"{name}.{planned.container}"
    # The sound is left out: reaching it would read everything before the excerpt.
    wall_s, cpu_s, ticks = _encode_excerpt(frames, path, replace(planned, audio_tracks=()), rate)
    assert planned.conversion is not None
    ssim, psnr_db = _compare_frames(frames, path, planned.conversion)
    seeks = sorted(_measure_seeks(path, ticks))
    size = path.stat().st_size
    seconds = ticks / rate.fraction
    return TrialResult(
        frames=ticks,
        bytes=size,
        gb_per_hour=float(size * 3600 / seconds) / 1e9 + estimate_audio_gb_per_hour(profile, planned),
        speed=float(seconds) / wall_s,
        cpu_ms_per_frame=1000 * cpu_s / ticks,
        ssim=ssim,
        psnr_db=psnr_db,
        seek_p50_ms=seeks[len(seeks) // 2],
        seek_p95_ms=seeks[len(seeks) * 95 // 100],
        notes=planned.notes,
    )


@dataclass(frozen=True, slots=True)
class _ExcerptReader:
    """Decodes an excerpt, as often as wanted: each frame with the number of ticks that show it."""

    path: Path
    container: str
    video: VideoStream
    grid: Grid
    excerpt: TrialExcerpt

    def __iter__(self) -> Iterator[tuple[VideoFrame, int]]:
        tick_map = TickMap(self.grid)
        end = self.excerpt.start + self.excerpt.length
        held: VideoFrame | None = None
        _, frames = open_video_at(self.path, self.container, self.video, self.excerpt.start)
        with closing(frames):
            for timed in frames:
                if timed.time >= end:
                    break
                ticks = tick_map.add_frame(timed.time)
                if held is not None and ticks:
                    yield held, ticks
                held = timed.frame
        ticks = tick_map.finish(self.grid.count_ticks(end))
        if held is not None and ticks:
            yield held, ticks

    def convert(self, conversion: FrameConversion) -> Iterator[VideoFrame]:
        """Yield a converted frame for every tick."""
        converter = FrameConverter(conversion)
        for frame, ticks in self:
            yield from repeat(converter.convert_frame(frame), ticks)


def _encode_excerpt(
    frames: _ExcerptReader, path: Path, plan: FilePlan, rate: Rate
) -> tuple[float, float, int]:
    """Write the file; return the seconds it took by the clock and of CPU time, and its ticks."""
    wall, cpu, ticks = time.perf_counter(), time.process_time(), 0
    assert plan.conversion is not None
    with SegmentWriter(path, plan, rate, Segment(0, 0, None), FrameConverter(plan.conversion)) as writer:
        for frame, count in frames:
            writer.write_frame(frame, count)
            ticks += count
        writer.flush()
    if not ticks:
        raise BadMedia(f"{frames.path.name}: no frame can be decoded there", COPY_AGAIN_HINT)
    return time.perf_counter() - wall, time.process_time() - cpu, ticks


def _compare_frames(frames: _ExcerptReader, path: Path, conversion: FrameConversion) -> tuple[float, float]:
    """Return the mean SSIM and the PSNR (dB) of the file against the converted source."""
    ssim_graph: _ComparisonGraph | None = None
    psnr_graph: _ComparisonGraph | None = None
    ssims: list[float] = []
    errors: list[float] = []
    peak = 255
    with open_media(path) as container:
        for made, wanted in zip(container.decode(video=0), frames.convert(conversion), strict=True):
            if ssim_graph is None or psnr_graph is None:
                ssim_graph, psnr_graph = _ComparisonGraph("ssim", made), _ComparisonGraph("psnr", made)
                peak = 1023 if made.format.components[0].bits > 8 else 255
            ssims.append(ssim_graph.measure(made, wanted, "lavfi.ssim.All"))
            errors.append(psnr_graph.measure(made, wanted, "lavfi.psnr.mse_avg"))
    error = sum(errors) / len(errors)
    return sum(ssims) / len(ssims), 10 * log10(peak**2 / error) if error else inf


class _ComparisonGraph:
    """A filter that compares two frames of one shape and writes the result into the first one's metadata."""

    def __init__(self, name: str, like: VideoFrame) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        self._inputs = [
            self._graph.add(
                "buffer",
                video_size=f"{like.width}x{like.height}",
                pix_fmt=like.format.name,
                time_base="1/1000",
                pixel_aspect="1/1",
            )
            for _ in range(2)
        ]
        comparison = self._graph.add(name)
        for position, node in enumerate(self._inputs):
            node.link_to(comparison, 0, position)
        comparison.link_to(self._graph.add("buffersink"))
        self._graph.configure()
        self._count = 0

    def measure(self, made: VideoFrame, wanted: VideoFrame, key: str) -> float:
        """Return the figure that the filter finds for this pair."""
        for node, frame in zip(self._inputs, (made, wanted), strict=True):
            frame.pts, frame.time_base = self._count, Fraction(1, 1000)
            node.push(frame)
        self._count += 1
        return float(self._graph.vpull().metadata[key])


def _measure_seeks(path: Path, frames: int) -> Iterator[float]:
    """Yield the milliseconds that it takes to reach a random frame, decoded on one thread."""
    chosen = random.Random(0)  # noqa: S311  # the same frames each time, so that profiles can be compared
    with open_media(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        rate, base = stream.average_rate, stream.time_base
        assert rate
        assert base
        for _ in range(_SEEKS):
            target = round(chosen.randrange(frames) / rate / base)
            begin = time.perf_counter()
            container.seek(target, stream=stream)
            for frame in container.decode(stream):
                if frame.pts is not None and frame.pts >= target:
                    break
            yield 1000 * (time.perf_counter() - begin)
