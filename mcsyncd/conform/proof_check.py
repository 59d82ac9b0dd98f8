"""Does a rendition decode to what was recorded when it was made? Run it in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.frame import VideoFrame

from mcsyncd.conform.evidence import GroupHash, SoundEvidence, list_digest
from mcsyncd.model.rate import Rate
from mcsyncd.model.rendition import Proof, Rendition


def differences(path: Path, made: Rendition) -> tuple[str, ...]:
    """Decode a rendition from end to end and return, in words, what is not as recorded.

    Every picture has to come and to lie on its tick; the pictures of every `proof.every`-th
    group have to be those that the encoder made, and lossless sound what it was given. The bytes
    of the file are not looked at. Nothing is checked of a rendition without a proof.
    """
    if made.proof is None:
        return ()
    try:
        return (*_about_pictures(path, made, made.proof), *_about_sound(path, made, made.proof))
    except av.FFmpegError as error:
        return (f"cannot be decoded: {error.strerror}",)


def _about_pictures(path: Path, made: Rendition, proof: Proof) -> Iterator[str]:
    if not made.frames:
        return
    hashed, count, misplaced = GroupHash(proof.every), 0, 0
    with av.open(str(path)) as container:
        for picture in _pictures(container):
            misplaced += _tick(picture, made.rate) != count
            if picture.key_frame:
                hashed.begins(count)
            hashed.add(picture)
            count += 1
    hashed.ends()
    if count != made.frames:
        yield f"{count} pictures come out of it, {made.frames} were written"
    if misplaced:
        yield f"{misplaced} pictures do not lie on their ticks"
    if list_digest(hashed.groups) != proof.pictures:
        yield "its pictures are not those that were encoded"


def _pictures(container: InputContainer) -> Iterator[VideoFrame]:
    stream = container.streams.video[0]
    stream.codec_context.thread_type = ThreadType.FRAME
    yield from container.decode(stream)


def _tick(picture: VideoFrame, rate: Rate) -> Fraction | None:
    if picture.pts is None or not picture.time_base:
        return None
    return picture.pts * picture.time_base * rate.fraction


def _about_sound(path: Path, made: Rendition, proof: Proof) -> Iterator[str]:
    recorded = [track.pcm for track in made.tracks] or [proof.pcm]
    if not any(recorded):
        return
    with av.open(str(path)) as container:
        found = len(container.streams.audio)
    if found < len(recorded):
        yield f"{found} audio tracks are in it, {len(recorded)} were written"
    for number, pcm in enumerate(recorded[:found]):
        named = f"audio track {number + 1}: " if len(recorded) > 1 else ""
        with av.open(str(path)) as container:
            heard = _heard(container, number)
        if heard.samples != proof.samples:
            yield f"{named}{heard.samples} samples of sound come out of it, {proof.samples} were written"
        if heard.pcm != pcm:
            yield f"{named}its sound is not what was encoded"


def _heard(container: InputContainer, number: int) -> SoundEvidence:
    stream = container.streams.audio[number]
    fmt = stream.codec_context.format.packed.name
    packed, heard = AudioResampler(fmt), SoundEvidence(fmt)
    for frame in container.decode(stream):
        for part in packed.resample(frame):
            heard.add(part)
    for part in packed.resample(None):
        heard.add(part)
    return heard
