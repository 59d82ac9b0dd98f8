"""Evidence of what a rendition contains, collected while it is written: hashes of frames and PCM.

A file's own hash proves that nobody changed it. It cannot prove that the file holds what was
intended. So the encoder's packets are decoded again before they are muxed, and the frames hashed as
ffmpeg's `framehash` does. Hashing all frames would add 27% to the job, hashing every sixteenth group
adds 2.4% (docs/adr/0007). Lossless audio is hashed before it is encoded: the file must later decode
to the same samples.
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
"""One group of pictures in this many is hashed, beginning with the first.

Measured (docs/adr/0007): 16 keeps the cost within the allowance of 3% of the job. Each proof records the
interval that it was made with, so changing this does not invalidate older ones.
"""

_SOFTWARE_DECODERS = {"av1": "libdav1d"}
"""Decoders by codec, where ffmpeg's decoder of the codec's own name only drives hardware."""

_X264_SIGNATURE = re.compile(rb"x264 - core [^\0]+")
"""The version and options that x264 writes into its first packet (an SEI message)."""
_PCM_24_BIT_MASK = np.int32(~0xFF)
"""The part of a 32-bit sample that a 24-bit codec keeps."""


@dataclass(frozen=True, slots=True)
class FrameGroup:
    """A key frame and the frames up to the next one: tick of the first, number of frames, digest."""

    tick: int
    frames: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RenditionEvidence:
    """Evidence about one file. `encoder_signature` is the line that x264 writes about itself.

    `samples` is the length of each audio track (all are as long as the video). `pcm_sha256s` has a
    digest for each track, "" if its codec is lossy.
    """

    groups: tuple[FrameGroup, ...] = ()
    samples: int = 0
    pcm_sha256s: tuple[str, ...] = ()
    encoder_signature: str = ""

    @property
    def frames_sha256(self) -> str:
        """Digest of the list of groups; "" without video."""
        return compute_group_list_digest(self.groups)


def compute_group_list_digest(groups: Iterable[FrameGroup]) -> str:
    """Return the SHA-256 of the groups, written one per line as `tick frames sha256`; "" for none."""
    lines = "".join(f"{group.tick} {group.frames} {group.sha256}\n" for group in groups)
    return hashlib.sha256(lines.encode()).hexdigest() if lines else ""


class FrameGroupHasher:
    """Divides frames into groups and hashes those of every `interval`-th group.

    `groups_before` is the number of groups of the file before the first one that is added.
    """

    def __init__(self, interval: int, groups_before: int = 0) -> None:
        self._interval = interval
        self._is_begun = False
        self._group_number = groups_before - 1
        self._hash = hashlib.sha256()
        self._first = self._tick = 0
        self.groups: list[FrameGroup] = []

    def begin_group(self, tick: int) -> bool:
        """Begin a group at this tick; return whether its frames are to be hashed."""
        self.end_group()
        self._group_number += 1
        self._is_begun = True
        self._first = self._tick = tick
        return self.is_hashing

    @property
    def is_hashing(self) -> bool:
        """Whether the current group is hashed."""
        return self._is_begun and self._group_number % self._interval == 0

    def add_frame(self, frame: VideoFrame) -> None:
        """Add a frame of the current group; ignored if the group is not hashed."""
        if self.is_hashing:
            self._hash.update(compute_frame_digest(frame).encode() + b"\n")
            self._tick += 1

    def end_group(self) -> None:
        """End the current group."""
        if self._tick > self._first:
            self.groups.append(FrameGroup(self._first, self._tick - self._first, self._hash.hexdigest()))
        self._hash, self._first = hashlib.sha256(), self._tick


class FrameEvidence:
    """Decodes every sixteenth group of an encoder's packets and hashes its frames.

    `first_tick` is that of the first packet, `groups_before` the number of groups before it.
    """

    def __init__(self, codec: str, first_tick: int = 0, groups_before: int = 0) -> None:
        decoder = av.CodecContext.create(_SOFTWARE_DECODERS.get(codec, codec), "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.thread_count = 1  # fast enough for one group in sixteen, and holds one frame
        self._decoder = decoder
        self._hasher = FrameGroupHasher(HASHED_GROUP_INTERVAL, groups_before)
        self._first_tick = self._tick = first_tick
        self.encoder_signature = ""

    def add_packets(self, packets: Iterable[Packet[Stream]], header: bytes | None) -> None:
        """Add packets in order, before they are muxed. `header` is the encoder's extradata."""
        for packet in packets:
            if self._tick == self._first_tick:
                self._decoder.extradata = header
                match = _X264_SIGNATURE.search(bytes(packet)) or _X264_SIGNATURE.search(header or b"")
                self.encoder_signature = match[0].decode("ascii", "replace") if match else ""
            if packet.is_keyframe:
                self._drain_decoder()
                self._hasher.begin_group(self._tick)
            if self._hasher.is_hashing:
                self._decode_packet(packet)
            self._tick += 1

    def finish_groups(self) -> tuple[FrameGroup, ...]:
        """Return the hashed groups. Call once, after the last packet."""
        self._drain_decoder()
        self._hasher.end_group()
        return tuple(self._hasher.groups)

    def _drain_decoder(self) -> None:
        if self._hasher.is_hashing:
            self._decode_packet(None)
            self._decoder.flush_buffers()

    def _decode_packet(self, packet: Packet[Stream] | None) -> None:
        for frame in self._decoder.decode(packet):
            self._hasher.add_frame(frame)


class AudioEvidence:
    """Counts samples as they are encoded, and hashes them if the codec is lossless."""

    def __init__(self, sample_format: str) -> None:
        self._sample_format = sample_format
        self._hash = hashlib.sha256()
        self.samples = 0

    def add_frame(self, frame: AudioFrame) -> None:
        """Add packed samples in the encoder's own sample format."""
        self.samples += frame.samples
        if self._sample_format == "s16":
            self._hash.update(frame.to_ndarray().tobytes())
        elif self._sample_format == "s32":
            self._hash.update((frame.to_ndarray().astype(np.int32, copy=False) & _PCM_24_BIT_MASK).tobytes())

    @property
    def pcm_sha256(self) -> str:
        """The SHA-256 of all samples, little-endian; "" if the codec is lossy."""
        return self._hash.hexdigest() if self._sample_format in {"s16", "s32"} else ""


def compute_frame_digest(frame: VideoFrame) -> str:
    """Return the SHA-256 of a frame's planes without padding, equal to `ffmpeg -f framehash -hash sha256`."""
    digest = hashlib.sha256()
    for plane, component in zip(frame.planes, frame.format.components, strict=True):
        row = plane.width * (2 if component.bits > 8 else 1)
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, :row]
        digest.update(rows.tobytes())
    return digest.hexdigest()
