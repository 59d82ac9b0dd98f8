"""What a rendition is made of, picked up while it is written: samples of decoded pictures, the PCM.

A file's own hash proves that nobody changed it; it cannot prove that it holds what was meant. So
the encoder's packets are decoded again before they are muxed, and the pictures hashed as
ffmpeg's `framehash` does. All of them would cost a third of the whole job (docs/adr/0010), every
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

EVERY = 16
"""One group of pictures in so many is hashed; the first one always."""

_SIGNED = re.compile(rb"x264 - core [^\0]+")
_FINE = np.int32(~0xFF)
"""Of a 32-bit sample, what a 24-bit codec keeps."""


@dataclass(frozen=True, slots=True)
class Group:
    """A key picture and those up to the next: the first one's tick, their number, their digest."""

    tick: int
    pictures: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was picked up of one file. `signed` is x264's own line.

    `samples` are those of each audio track (all are as long as the picture), `pcm` has the hash
    of each track, "" where it is not lossless.
    """

    groups: tuple[Group, ...] = ()
    samples: int = 0
    pcm: tuple[str, ...] = ()
    signed: str = ""

    @property
    def pictures(self) -> str:
        """Digest of the list of groups; "" where there is no picture."""
        return list_digest(self.groups)


def list_digest(groups: Iterable[Group]) -> str:
    """Return the sha256 of the groups, a line each; "" for none."""
    lines = "".join(f"{group.tick} {group.pictures} {group.sha256}\n" for group in groups)
    return hashlib.sha256(lines.encode()).hexdigest() if lines else ""


class GroupHash:
    """Counts pictures into groups and hashes those of every `every`-th."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._begun = -1
        self._hash = hashlib.sha256()
        self._first = self._tick = 0
        self.groups: list[Group] = []

    def begins(self, tick: int) -> bool:
        """Begin a group at this tick; tell whether its pictures are wanted."""
        self.ends()
        self._begun += 1
        self._first = self._tick = tick
        return self.wanted

    @property
    def wanted(self) -> bool:
        """Whether the present group is one that is hashed."""
        return self._begun >= 0 and self._begun % self._every == 0

    def add(self, picture: VideoFrame) -> None:
        """Add a picture of the present group, if it is wanted."""
        if self.wanted:
            self._hash.update(picture_hash(picture).encode() + b"\n")
            self._tick += 1

    def ends(self) -> None:
        """End the present group."""
        if self._tick > self._first:
            self.groups.append(Group(self._first, self._tick - self._first, self._hash.hexdigest()))
        self._hash, self._first = hashlib.sha256(), self._tick


class PictureEvidence:
    """Decodes every sixteenth group of an encoder's packets, and hashes its pictures."""

    def __init__(self, codec: str) -> None:
        decoder = av.CodecContext.create(codec, "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.thread_count = 1  # one group in sixteen: it keeps up, and holds one picture
        self._decoder, self._hash = decoder, GroupHash(EVERY)
        self._tick = 0
        self.signed = ""

    def take(self, packets: Iterable[Packet[Stream]], header: bytes | None) -> None:
        """Look at packets in order, before they are muxed. `header` is the encoder's extradata."""
        for packet in packets:
            if self._tick == 0:
                self._decoder.extradata = header
                found = _SIGNED.search(bytes(packet)) or _SIGNED.search(header or b"")
                self.signed = found[0].decode("ascii", "replace") if found else ""
            if packet.is_keyframe:
                self._drain()
                self._hash.begins(self._tick)
            if self._hash.wanted:
                self._add(packet)
            self._tick += 1

    def groups(self) -> tuple[Group, ...]:
        """Return the groups, after the last packet."""
        self._drain()
        self._hash.ends()
        return tuple(self._hash.groups)

    def _drain(self) -> None:
        if self._hash.wanted:
            self._add(None)
            self._decoder.flush_buffers()

    def _add(self, packet: Packet[Stream] | None) -> None:
        for picture in self._decoder.decode(packet):
            self._hash.add(picture)


class SoundEvidence:
    """Hashes packed samples as they are encoded; counts them only where the codec is not lossless."""

    def __init__(self, fmt: str) -> None:
        self._fmt = fmt
        self._hash = hashlib.sha256()
        self.samples = 0

    def add(self, frame: AudioFrame) -> None:
        """Add packed sound in the encoder's own sample format."""
        self.samples += frame.samples
        if self._fmt == "s16":
            self._hash.update(frame.to_ndarray().tobytes())
        elif self._fmt == "s32":
            self._hash.update((frame.to_ndarray().astype(np.int32, copy=False) & _FINE).tobytes())

    @property
    def pcm(self) -> str:
        """The sha256 of all samples, little-endian; "" where the codec is not lossless."""
        return self._hash.hexdigest() if self._fmt in {"s16", "s32"} else ""


def picture_hash(picture: VideoFrame) -> str:
    """Return the sha256 of a picture's planes without padding: what `ffmpeg -f framehash` gives."""
    found = hashlib.sha256()
    for plane, component in zip(picture.planes, picture.format.components, strict=True):
        row = plane.width * (2 if component.bits > 8 else 1)
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, :row]
        found.update(rows.tobytes())
    return found.hexdigest()
