"""The only place that decodes: the audio packets of a file, in blocks, with exact times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.stream import Discard
from numpy.typing import NDArray

from mcsyncd.errors import BadMedia

STEP_S = Fraction(3, 2000)
"""A step of more than 1.5 ms between a frame's end and the next one's time begins a new run.

Matroska rounds times to 1 ms, so that smaller steps are the container's, not the recorder's.
"""

_BLOCK = 1 << 15
_FULL_SCALE = {"u1": 128.0, "i2": 32768.0, "i4": 2147483648.0}


@dataclass(frozen=True, slots=True)
class Heard:
    """A block of decoded sound without a hole: float32 (channels, samples), full scale 1.0.

    `start` is its presentation time in the file in seconds, None where the file gives none.
    """

    track: int
    start: Fraction | None
    rate: int
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Damage:
    """A packet of a track that could not be decoded."""

    track: int


class _Gatherer:
    """Joins the frames of one track into blocks.

    A frame is 21 ms, 170,000 of them an hour: what is done for each costs more than the decoding
    when it is done in Python. FFmpeg's queue joins them, and all else is done once a block.
    """

    def __init__(self, track: int) -> None:
        self._track = track
        self._fifo: AudioFifo | None = None
        self._key: tuple[object, ...] = ()
        self._start: int | None = None
        self._base = Fraction(0)
        self._count = 0

    def put(self, frame: AudioFrame) -> Iterator[Heard]:
        """Take a frame; yield the block before it when it does not join on, or a full block."""
        key = (frame.sample_rate, frame.format.name, frame.layout.name)
        if self._fifo is None or key != self._key or self._steps(frame.pts):
            yield from self.flush()
            self._begin(frame, key)
        assert self._fifo is not None
        frame.pts = None
        self._fifo.write(frame)
        self._count += frame.samples
        if self._count >= _BLOCK:
            yield from self.flush()

    def flush(self) -> Iterator[Heard]:
        """Yield what is there."""
        if self._fifo is None or self._count == 0:
            return
        frame = self._fifo.read(0)
        start = None if self._start is None else self._start * self._base
        self._fifo, self._count = None, 0
        if frame is not None:
            yield Heard(self._track, start, int(self._key[0]), floats(frame))  # type: ignore[call-overload]  # the key's first part is the rate

    def _begin(self, frame: AudioFrame, key: tuple[object, ...]) -> None:
        self._fifo, self._key, self._count = AudioFifo(), key, 0
        self._base = Fraction(frame.time_base) if frame.time_base else Fraction(0)
        self._start = frame.pts if self._base else None
        self._scale = self._base.numerator * frame.sample_rate
        self._loose = int(STEP_S * frame.sample_rate * self._base.denominator)

    def _steps(self, pts: int | None) -> bool:
        if pts is None or self._start is None:
            return False
        late = (pts - self._start) * self._scale - self._count * self._base.denominator
        return abs(late) > self._loose


def open_sound(source: Path) -> InputContainer:
    """Open `source` with everything but its audio tracks discarded.

    The demuxer then skips the picture's packets instead of handing them over, so that a 50 GB
    clip costs its audio. Raises BadMedia.
    """
    try:
        container = av.open(str(source), metadata_errors="replace")
    except (OSError, ValueError) as error:
        raise BadMedia(
            f"{source.name}: cannot be opened: {error}", "copy the clip from the card again"
        ) from error
    for stream in container.streams:
        if stream.type != "audio":
            stream.discard = Discard.all
    return container


def decoded(container: InputContainer) -> Iterator[Heard | Damage]:
    """Yield the sound of all tracks in the order of the file.

    A damaged packet costs its own time and no more: it is skipped, and the gap that it leaves
    shows in the next frame's time. A file that ends in the middle of a packet ends there.
    """
    tracks = {
        stream.index: _Gatherer(stream.index) for stream in container.streams.audio if _decodable(stream)
    }
    if not tracks:
        return
    packets = container.demux([container.streams[index] for index in tracks])
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except (StopIteration, av.EOFError):
            break
        except av.FFmpegError:
            yield Damage(packet.stream_index)
            continue
        for frame in frames:
            if isinstance(frame, AudioFrame) and frame.samples:
                yield from tracks[packet.stream_index].put(frame)
    for track in tracks.values():
        yield from track.flush()


def _decodable(stream: av.AudioStream) -> bool:
    # A track that FFmpeg has no decoder for has no codec context.
    return stream.codec_context is not None and stream.codec_context.sample_rate > 0


def floats(frame: AudioFrame) -> NDArray[np.float32]:
    """Return a frame's samples as float32 (channels, samples), full scale 1.0, finite."""
    raw = frame.to_ndarray()
    if not frame.format.is_planar:
        raw = raw.reshape(-1, frame.layout.nb_channels).T
    kind = raw.dtype.str[1:]
    if kind in _FULL_SCALE:
        scale = np.float32(_FULL_SCALE[kind])
        return (raw.astype(np.float32) - (scale if kind == "u1" else np.float32(0.0))) / scale
    sound = raw.astype(np.float32, copy=False)
    # A broken float track carries NaN and infinities; one of them would spoil a whole block.
    return sound if np.isfinite(sound).all() else np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
