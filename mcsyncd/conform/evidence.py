"""What a rendition is made of, picked up while it is written: samples of decoded pictures, the PCM.

A file's own hash proves that nobody changed it; it cannot prove that it holds what was meant. So
the encoder's packets are decoded again before they are muxed, and the pictures hashed as
ffmpeg's `framehash` does. All of them would cost a third of the whole job (docs/adr/0007), every
sixteenth group of pictures costs a fiftieth. Lossless sound is hashed before it is encoded: what comes
out of the file later has to be the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

HASHED_GROUP_INTERVAL = 16
"""One group of pictures in so many is hashed; the first one always."""

_X264_SIGNATURE = re.compile(rb"x264 - core [^\0]+")
_PCM_24_BIT_MASK = np.int32(~0xFF)
"""Of a 32-bit sample, what a 24-bit codec keeps."""


@dataclass(frozen=True, slots=True)
class FrameGroup:
    """A key picture and those up to the next: the first one's tick, their number, their digest."""

    tick: int
    frames: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RenditionEvidence:
    """What was picked up of one file. `signed` is x264's own line.

    `samples` are those of each audio track (all are as long as the picture), `pcm` has the hash
    of each track, "" where it is not lossless.
    """

    groups: tuple[FrameGroup, ...] = ()
    samples: int = 0
    pcm_sha256s: tuple[str, ...] = ()
    encoder_signature: str = ""

    @property
    def frames_sha256(self) -> str:
        """Digest of the list of groups; "" where there is no picture."""
        return compute_group_list_digest(self.groups)


def compute_group_list_digest(groups: Iterable[FrameGroup]) -> str:
    """Return the sha256 of the groups, a line each; "" for none."""
    lines = "".join(f"{group.tick} {group.frames} {group.sha256}\n" for group in groups)
    return hashlib.sha256(lines.encode()).hexdigest() if lines else ""


class FrameGroupHasher:
    """Counts pictures into groups and hashes those of every `every`-th."""

    def __init__(self, interval: int) -> None:
        self._interval = interval
        self._group_number = -1
        self._hash = hashlib.sha256()
        self._first = self._tick = 0
        self.groups: list[FrameGroup] = []

    def begin_group(self, tick: int) -> bool:
        """Begin a group at this tick; tell whether its pictures are wanted."""
        self.end_group()
        self._group_number += 1
        self._first = self._tick = tick
        return self.is_hashing

    @property
    def is_hashing(self) -> bool:
        """Whether the present group is one that is hashed."""
        return self._group_number >= 0 and self._group_number % self._interval == 0

    def add_frame(self, frame: VideoFrame) -> None:
        """Add a picture of the present group, if it is wanted."""
        if self.is_hashing:
            self._hash.update(compute_frame_digest(frame).encode() + b"\n")
            self._tick += 1

    def end_group(self) -> None:
        """End the present group."""
        if self._tick > self._first:
            self.groups.append(FrameGroup(self._first, self._tick - self._first, self._hash.hexdigest()))
        self._hash, self._first = hashlib.sha256(), self._tick


class FrameEvidence:
    """Decodes every sixteenth group of an encoder's packets, and hashes its pictures."""

    def __init__(self, codec: str) -> None:
        decoder = av.CodecContext.create(codec, "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.thread_count = 1  # one group in sixteen: it keeps up, and holds one picture
        self._decoder, self._hasher = decoder, FrameGroupHasher(HASHED_GROUP_INTERVAL)
        self._tick = 0
        self.encoder_signature = ""

    def add_packets(self, packets: Iterable[Packet[Stream]], header: bytes | None) -> None:
        """Look at packets in order, before they are muxed. `header` is the encoder's extradata."""
        for packet in packets:
            if self._tick == 0:
                self._decoder.extradata = header
                found = _X264_SIGNATURE.search(bytes(packet)) or _X264_SIGNATURE.search(header or b"")
                self.encoder_signature = found[0].decode("ascii", "replace") if found else ""
            if packet.is_keyframe:
                self._drain_decoder()
                self._hasher.begin_group(self._tick)
            if self._hasher.is_hashing:
                self._decode_packet(packet)
            self._tick += 1

    def finish_groups(self) -> tuple[FrameGroup, ...]:
        """Return the groups, after the last packet."""
        self._drain_decoder()
        self._hasher.end_group()
        return tuple(self._hasher.groups)

    def _drain_decoder(self) -> None:
        if self._hasher.is_hashing:
            self._decode_packet(None)
            self._decoder.flush_buffers()

    def _decode_packet(self, packet: Packet[Stream] | None) -> None:
        for picture in self._decoder.decode(packet):
            self._hasher.add_frame(picture)


class AudioEvidence:
    """Hashes packed samples as they are encoded; counts them only where the codec is not lossless."""

    def __init__(self, sample_format: str) -> None:
        self._sample_format = sample_format
        self._hash = hashlib.sha256()
        self.samples = 0

    def add_frame(self, frame: AudioFrame) -> None:
        """Add packed sound in the encoder's own sample format."""
        self.samples += frame.samples
        if self._sample_format == "s16":
            self._hash.update(frame.to_ndarray().tobytes())
        elif self._sample_format == "s32":
            self._hash.update((frame.to_ndarray().astype(np.int32, copy=False) & _PCM_24_BIT_MASK).tobytes())

    @property
    def pcm_sha256(self) -> str:
        """The sha256 of all samples, little-endian; "" where the codec is not lossless."""
        return self._hash.hexdigest() if self._sample_format in {"s16", "s32"} else ""


def compute_frame_digest(frame: VideoFrame) -> str:
    """Return the sha256 of a picture's planes without padding: what `ffmpeg -f framehash` gives."""
    found = hashlib.sha256()
    for plane, component in zip(frame.planes, frame.format.components, strict=True):
        row = plane.width * (2 if component.bits > 8 else 1)
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, :row]
        found.update(rows.tobytes())
    return found.hexdigest()
