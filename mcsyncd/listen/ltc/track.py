"""Read the linear timecode of a whole channel: the runs of its labels, each to a part of a sample.

A second is read here and there, and at both ends. Where two of them continue each other, what lies
between is taken to do so as well; where they do not, seconds between them are read until the place is
found. So an hour costs what some minutes cost, and a jump is found wherever it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mcsyncd.listen.ltc.demodulate import demodulate_bits, has_bit_clock
from mcsyncd.listen.ltc.words import LtcWord, find_words
from mcsyncd.listen.resample import ANALYSIS_RATE
from mcsyncd.model.linear_timecode import LtcRun
from mcsyncd.model.rate import Rate
from mcsyncd.model.timecode import Timecode

_CHUNK_SAMPLES = ANALYSIS_RATE
"""Samples read at once, 1 s. Judgement: long enough to see every frame number, short enough that the rate
is constant in it."""
_MARGIN_SAMPLES = ANALYSIS_RATE // 10
"""Samples read beyond either end of a chunk, 0.1 s: two words at the slowest rate, so that none is cut."""
_FIRST_STRIDE = 16
"""Chunks from one that is read at first to the next. Judgement: a clock that wanders by 300 ppm is then 5 ms
off where it is expected, less than `_MAX_MISS_FRAMES`. A break between them after which the labels are where
they would have been stays unseen, and does no harm."""
_MAX_CHUNKS_READ = 1200
"""Chunks. Judgement: four hours at the first stride are 900; the rest finds dozens of jumps. It bounds the
time that hours of broken timecode take."""
_MAX_CHUNKS_TRIED = 12
"""Chunks by which a channel is judged. Judgement: LTC in a tenth of a clip is then mostly seen, and nobody
records it for less."""
_TRIED_SAMPLES = ANALYSIS_RATE // 4
"""Samples at the beginning of a chunk that are looked at first, because that is cheap."""
_MAX_MISS_FRAMES = 0.25
"""Frames by which a label may miss where those before expect it. Judgement: an edge is known to a part of a
sample, a jump is a frame at least; anything between tells them apart."""
_MIN_WORDS = 3
"""Words that must continue each other before they are believed. A sync word and a valid label occur about
once in a million random bits, a few minutes; none of those continues another."""
_OPEN_STRETCHES = 4
"""Stretches that a word may continue, the latest ones. Judgement: a misread word opens a stretch of its own,
beside which the true one goes on."""
_MAX_NTSC_MISS = 3e-4
"""Relative distance up to which a measured rate is taken for 29.97, not 30: they differ by 1e-3. Judgement:
crystals are within 1e-4."""

Samples = NDArray[np.int16]
Words = list[LtcWord]


@dataclass(frozen=True, slots=True)
class _FrameCount:
    """How labels count: frames in a label's second, and whether some labels are dropped."""

    nominal: int
    drop_frame: bool

    def build_label(self, word: LtcWord) -> Timecode:
        """Return the word's label."""
        return Timecode(word.hours, word.minutes, word.seconds, word.frames, self.drop_frame)

    def compute_number(self, word: LtcWord) -> int | None:
        """Return the word's frame number since midnight; None for a label that this count does not have."""
        rate = Rate(30000, 1001) if self.drop_frame else Rate(self.nominal)
        try:
            return self.build_label(word).to_frame_number(rate)
        except ValueError:
            return None

    @property
    def frames_a_day(self) -> int:
        """The number of labels from midnight to midnight."""
        return 24 * 6 * 17_982 if self.drop_frame else 24 * 3600 * self.nominal


@dataclass(frozen=True, slots=True)
class _Mark:
    """A word in the channel: frame `number` begins at sample `at`; `chunk` is where it was read."""

    at: float
    number: int
    chunk: int
    word: LtcWord

    def is_continued_by(self, other: _Mark, frames_a_day: int) -> bool:
        """Whether `other`, later in the channel, has the number that is due there."""
        if self.word.reverse != other.word.reverse:
            return False
        frames = (other.at - self.at) * 2 / (self.word.samples + other.word.samples)
        counted = (other.number - self.number) * (-1 if self.word.reverse else 1)
        miss = (counted - frames + frames_a_day / 2) % frames_a_day - frames_a_day / 2
        return abs(miss) < _MAX_MISS_FRAMES


def read_ltc(channel: Samples, start_us: int = 0) -> tuple[LtcRun, ...]:
    """Return the runs of labels in a channel at 8 kHz, in order of time; empty where there is no LTC.

    Sample 0 is at clip time `start_us`; the runs' times are clip times.
    """
    last = max(0, -(-channel.size // _CHUNK_SAMPLES) - 1)
    read = {chunk: _read_chunk(channel, chunk) for chunk in {*range(0, last, _FIRST_STRIDE), last}}
    count = _choose_frame_count(read)
    if count is None:
        return ()
    stretches = _collect_stretches(read, count)
    while wanted := _choose_chunks_between(read, stretches)[: max(0, _MAX_CHUNKS_READ - len(read))]:
        read |= {chunk: _read_chunk(channel, chunk) for chunk in wanted}
        stretches = _collect_stretches(read, count)
    return tuple(_build_run(marks, count, start_us) for marks in stretches)


def measure_ltc(channel: Samples) -> float:
    """Return how purely a channel at 8 kHz carries LTC, by some of its seconds; 0 where it carries none.

    It is the share of bits that begin with a change of level: 1 for LTC alone, 0.95 for LTC 6 dB above
    speech, 0.8 for LTC 6 dB below it.
    """
    chunks = max(1, channel.size // _CHUNK_SAMPLES)
    tried = np.unique(np.linspace(0, chunks - 1, min(chunks, _MAX_CHUNKS_TRIED)).astype(int)).tolist()
    read = {chunk: _read_chunk(channel, chunk) for chunk in tried if _may_be_ltc(channel, chunk)}
    count = _choose_frame_count(read)
    stretches = _collect_stretches(read, count) if count is not None else []
    shares = [mark.word.boundary_share for stretch in stretches for mark in stretch]
    return float(np.median(shares)) if shares else 0.0


def _may_be_ltc(channel: Samples, chunk: int) -> bool:
    begin = chunk * _CHUNK_SAMPLES
    return has_bit_clock(channel[begin : begin + _TRIED_SAMPLES].astype(np.float32))


def _read_chunk(channel: Samples, chunk: int) -> Words:
    """Return the words that begin in second `chunk`, their places in samples of the channel."""
    begin = chunk * _CHUNK_SAMPLES
    first, end = begin - _MARGIN_SAMPLES, begin + _CHUNK_SAMPLES + _MARGIN_SAMPLES
    # Silence before the first sample and after the last one, so that the words there are whole.
    inside = channel[max(0, first) : end].astype(np.float32)
    stream = demodulate_bits(np.pad(inside, (max(0, -first), max(0, end - channel.size))))
    if stream is None:
        return []
    words = [word.shift(first) for word in find_words(stream)]
    return [word for word in words if begin <= word.begin + 0.5 < begin + _CHUNK_SAMPLES]


def _choose_frame_count(read: dict[int, Words]) -> _FrameCount | None:
    """Return how the labels count, None for too few words.

    Drop frame has a flag. Otherwise it is the count by which most words continue each other: a wrong one
    breaks at the end of every second. Words within one second fit any, and their rate decides.
    """
    words = [word for words in read.values() for word in words]
    if len(words) < _MIN_WORDS:
        return None
    if sum(word.drop_frame for word in words) * 2 > len(words):
        return _FrameCount(30, drop_frame=True)
    measured = ANALYSIS_RATE / float(np.median([word.samples for word in words]))

    def rank(count: _FrameCount) -> tuple[int, float]:
        stretches = _collect_stretches(read, count)
        return sum(len(one) - 1 for one in stretches), -abs(measured / count.nominal - 1.0)

    return max((_FrameCount(nominal, drop_frame=False) for nominal in (24, 25, 30)), key=rank)


def _collect_stretches(read: dict[int, Words], count: _FrameCount) -> list[list[_Mark]]:
    """Return the words that continue each other, as one list for each stretch, in order of time."""
    stretches: list[list[_Mark]] = []
    for mark in _list_marks(read, count):
        for stretch in reversed(stretches[-_OPEN_STRETCHES:]):
            if stretch[-1].is_continued_by(mark, count.frames_a_day):
                stretch.append(mark)
                break
        else:
            stretches.append([mark])
    return [stretch for stretch in stretches if len(stretch) >= _MIN_WORDS]


def _list_marks(read: dict[int, Words], count: _FrameCount) -> Iterable[_Mark]:
    for chunk in sorted(read):
        for word in read[chunk]:
            number = count.compute_number(word)
            if number is not None:
                yield _Mark(word.begin, number, chunk, word)


def _choose_chunks_between(read: dict[int, Words], stretches: list[list[_Mark]]) -> list[int]:
    """Return the chunks in the middle of gaps beside which there is a stretch that does not span them."""
    known = [{mark.chunk for mark in stretch} for stretch in stretches]
    return [
        (low + high) // 2
        for low, high in pairwise(sorted(read))
        if high - low > 1
        and any(low in chunks or high in chunks for chunks in known)
        and not any(low in chunks and high in chunks for chunks in known)
    ]


def _build_run(marks: list[_Mark], count: _FrameCount, start_us: int) -> LtcRun:
    """Fit a line through the places of the words and describe it."""
    first = marks[0]
    at = np.array([mark.at for mark in marks])
    direction = -1 if first.word.reverse else 1
    passed = np.array([(mark.number - first.number) * direction % count.frames_a_day for mark in marks])
    samples_a_frame, begin = np.polyfit(passed, at, 1)
    rate = _choose_rate(ANALYSIS_RATE / samples_a_frame, count)
    drift = ANALYSIS_RATE / samples_a_frame / float(rate.fraction) - 1.0
    # Backwards, a word ends where its frame begins.
    end = begin + samples_a_frame * (passed[-1] + (0 if first.word.reverse else 1))
    user_bits = Counter(mark.word.user_bits for mark in marks).most_common(1)[0][0]
    return LtcRun(
        begin_us=start_us + _convert_to_us(begin),
        end_us=start_us + _convert_to_us(end),
        label=str(count.build_label(first.word)),
        rate=rate,
        drift_ppm=round(float(drift) * 1e6, 2),
        user_bits=user_bits,
        reverse=first.word.reverse,
    )


def _convert_to_us(samples: float) -> int:
    return round(samples * 1e6 / ANALYSIS_RATE)


def _choose_rate(measured: float, count: _FrameCount) -> Rate:
    """Return the rate that the labels count: the measured one only tells 29.97 from 30."""
    if count.drop_frame:
        return Rate(30000, 1001)
    ntsc = Rate(count.nominal * 1000, 1001)
    return ntsc if abs(measured / float(ntsc.fraction) - 1.0) < _MAX_NTSC_MISS else Rate(count.nominal)
